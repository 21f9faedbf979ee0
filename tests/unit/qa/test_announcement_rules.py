"""What the words and the sound of a line tell, and phrases as data (D3). Pure."""

from pathlib import Path

import pytest

from dialer.telephony.heard import OUTCOME, Heard
from qa.announcements.phrases import PhraseBook, PhrasesUnusable, parse_phrases, shipped_phrases
from qa.announcements.rules import Sound, Source, judge, of_sound
from qa.speech.port import Word

PHRASES = PhraseBook().get()
SPEECH = Sound(5.0, 3.0, ())


def words(text: str) -> tuple[Word, ...]:
    """As an engine gives them: a word a character."""
    return tuple(Word(char, at * 0.2, at * 0.2 + 0.2, 0.8) for at, char in enumerate(text))


# As whisper-base heard synthetic clips over a telephone, errors and all.
HEARD_EARLY = [
    ("您好,您不带的号码是空号,请和对后再播。", Heard.EMPTY_NUMBER),
    ("对不起您所不打的号码不存在,警察正后再拨。", Heard.EMPTY_NUMBER),
    ("对不起您不打的用户以关机,请稍后再拨。", Heard.POWERED_OFF),
    ("Sorry, the subscriber you dialed is power off", Heard.POWERED_OFF),
    ("您好您不打的电话已停机", Heard.SUSPENDED),
    ("您好您不打的号码,以暂停服务。请问", Heard.SUSPENDED),
    ("您好,您不代理电话, 30无法解通。 the number you dialed cannot be connected", Heard.UNREACHABLE),
    ("对不起您拨打的用户不再服务去,请稍后再拨。作词 作曲", Heard.UNREACHABLE),
    ("您好,您不打的用户正在通话中,请稍后再播。", Heard.BUSY),
    ("您不叫的用户正盲,请您稍后再拨。", Heard.BUSY),
    ("您好您不打的电话暂时无人接听,请稍后再拨。", Heard.NO_ANSWER),
    ("您好您拨打的用户已设置呼入限制", Heard.BARRED),
    ("您好您的电话以见费停机,请及时充职。", Heard.OWN_LINE),
    ("您拨打的电话正在转接中请稍候", Heard.FORWARDED),
    ("为你唱首歌作词作曲", Heard.UNCLEAR),
    ("以下是普通话的句子", Heard.UNCLEAR),
    ("", Heard.UNCLEAR),
]


@pytest.mark.parametrize(("text", "heard"), HEARD_EARLY)
def test_d3_announcements_are_known_through_the_errors_of_an_engine(text: str, heard: Heard) -> None:
    assert judge(words(text), PHRASES, Source.EARLY, SPEECH).heard is heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("您好我是基主的智能助理,基主现在不方便接电话", Heard.SECRETARY),
        ("您好,这里是来电秘书,对方暂时无法接听,有什么需要我转告的吗?", Heard.SECRETARY),
        ("您好您不打的用户无法阶厅,请在底声后留言。", Heard.VOICEMAIL),
        ("您好您柏大的电话一关极,请稍后再拨。", Heard.POWERED_OFF),
        ("喂你好哪位我现在正开车不方便晚点再打吧", Heard.PERSON),
        ("他手机关机了", Heard.PERSON),
        ("这个用户已关机很久了吧我不知道", Heard.PERSON),
        ("我正在通话中等会儿打给你", Heard.PERSON),
        ("这个号码是空号我换号码了", Heard.PERSON),
        ("您的电话已停机", Heard.PERSON),
        ("正在为您转接", Heard.PERSON),
        ("", Heard.PERSON),
    ],
)
def test_d3_after_an_answer_a_person_may_say_the_same_words(text: str, heard: Heard) -> None:
    assert judge(words(text), PHRASES, Source.TALK, SPEECH).heard is heard


@pytest.mark.parametrize(
    ("sound", "heard"),
    [
        (Sound(20.0, 0.0, ()), Heard.SILENCE),
        (Sound(20.0, 0.1, (1.0, 1.0, 1.0, 0.4)), Heard.RING_BACK),
        # Cut off in its only ring.
        (Sound(1.0, 0.0, (0.6,)), Heard.RING_BACK),
        (Sound(8.0, 0.1, (0.36, 0.36, 0.4, 0.36)), Heard.BUSY),
        (Sound(8.0, 2.0, (1.0,)), None),
    ],
)
def test_d3_silence_and_tones_are_told_without_words(sound: Sound, heard: Heard | None) -> None:
    assert of_sound(sound) is heard


@pytest.mark.parametrize(
    ("sound", "supervised", "heard"),
    [
        (Sound(20.0, 0.0, ()), True, Heard.SILENCE),
        (Sound(20.0, 0.0, (1.0, 1.0)), True, Heard.RING_BACK),
        (Sound(20.0, 0.0, ()), False, Heard.NOBODY),
        (Sound(20.0, 0.0, (1.0, 1.0)), False, Heard.NOBODY),
        (Sound(20.0, 0.0, (0.36, 0.36)), False, Heard.BUSY),
        (SPEECH, False, Heard.PERSON),
    ],
)
def test_d3_without_supervision_only_a_voice_proves_the_answer(
    sound: Sound, supervised: bool, heard: Heard
) -> None:
    assert judge((), PHRASES, Source.TALK, sound, supervised=supervised).heard is heard


def test_d3_each_class_that_corrects_has_its_phrases() -> None:
    assert set(PHRASES.classes) == set(OUTCOME) - {Heard.NOBODY}


def test_d3_a_site_changes_the_phrases_while_the_service_runs(tmp_path: Path) -> None:
    file = tmp_path / "phrases.yaml"
    file.write_text(shipped_phrases().read_text(encoding="utf-8"), encoding="utf-8")
    book = PhraseBook(file)
    said = words("尊敬的客户此号码由家人代管")
    assert judge(said, book.get(), Source.EARLY, SPEECH).heard is Heard.UNCLEAR
    changed = "classes:\n  secretary:\n    after_answer: always\n    say: [号码由家人代管]\n"
    file.write_text(changed, encoding="utf-8")
    assert judge(said, book.get(), Source.EARLY, SPEECH).heard is Heard.SECRETARY


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("classes: {powered_of: {say: [关机]}}", "powered_of"),
        ("classes: {person: {say: [你好]}}", "person cannot have phrases"),
        ("classes: {busy: {say: ['...']}}", "nothing in '...' can be spoken"),
        ("classes: {busy: {say: []}}", "classes.busy.say"),
        ("classes: {busy: {says: [占线]}}", "classes.busy.says"),
        ("classes: [", "no valid YAML"),
    ],
)
def test_what_is_wrong_in_a_file_of_phrases_is_named(text: str, said: str) -> None:
    with pytest.raises(PhrasesUnusable, match=r"here\.yaml") as refused:
        parse_phrases(text, "here.yaml")
    assert said in str(refused.value)


def test_a_file_of_phrases_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhrasesUnusable, match=r"announcements\.phrases"):
        PhraseBook(tmp_path / "none.yaml").get()
