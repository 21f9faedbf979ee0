"""Phrases in imperfect transcripts: near sounds are found, opposites are not (Q2)."""

from itertools import pairwise

import pytest

from qa.matching import costs
from qa.matching.costs import WHOLE, Phrases, Text
from qa.matching.phrases import Bands, Book, Hit, find, wording
from qa.matching.syllables import distance, hear, spell
from qa.speech.port import Word
from qa.speech.text import character_errors, plain, simplified


def best(text: str, said: str, keep: tuple[str, ...] = ()) -> Hit | None:
    words = [Word(char, i * 0.2, i * 0.2 + 0.2, 0.9) for i, char in enumerate(said)]
    hits = find(wording(text, keep), hear(words), Bands().doubtful)
    return hits[0] if hits else None


def found(text: str, said: str, keep: tuple[str, ...] = ()) -> bool:
    hit = best(text, said, keep)
    return hit is not None and hit.polar and hit.score >= Bands().found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("请问您现在方便接听电话吗", "请问您现在方便接请电话吗"),
        ("本次通话将会录音", "为了保证服务质量,本次通话将会露印。"),
        ("宏达汽车服务站", "我这边是红拿汽车服务站客服部"),
        ("維修的項目和費用有沒有向您解釋清楚", "微修的项目和费用有没有向您解释清楚"),
        ("感谢您的支持祝您用车愉快", "感谢您的支持祝您用车鱼快"),
    ],
)
def test_near_sounds_are_found(text: str, said: str) -> None:
    assert found(text, said)


def test_digits_are_read_one_by_one() -> None:
    assert found("工号四九九", "工号499")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("分红是不确定的", "分红是确定的"),
        ("退保会有损失", "退保不会有损失"),
        ("您知道吗", "您不知道吗"),
        ("解释清楚了", "没解释清楚了"),
        ("我很满意你们的服务", "我不太满意你们的服务"),
    ],
)
def test_an_opposite_is_alike_and_yet_not_the_wording(text: str, said: str) -> None:
    hit = best(text, said)
    assert hit is not None
    assert not hit.polar


def test_likeness_alone_would_pass_another_adjective() -> None:
    """不固定 for 不确定 has its negation: only a rival wording of the rule can tell them apart."""
    assert found("分红是不确定的", "分红是不固定的")


def test_the_question_holds_no_opposite_of_itself() -> None:
    """退保不会有损失 must not be found inside the question that asks for the loss."""
    said = "请问您是否清楚退保可能会有损失退保金额以现金价值为基础"
    assert not found("退保不会有损失", said)


def test_kept_words_may_not_be_missing() -> None:
    assert found("退保可能会有损失", "退保可能会有损失", keep=("可能",))
    assert not found("退保金额可能会有损失", "退保金额会有损失", keep=("可能",))


@pytest.mark.parametrize("said", ["可不可以", "行不行", "解决了没有", "有没有问题"])
def test_a_question_of_both_ways_negates_nothing(said: str) -> None:
    assert wording(said).keep == frozenset()


def test_a_negation_of_the_sentence_before_does_not_reach_over() -> None:
    words = [Word("没,", 0, 0.3, 0.9), Word("解释清楚了", 0.4, 1.4, 0.9)]
    hits = find(wording("解释清楚了"), hear(words), 80)
    assert hits[0].polar


def test_two_places_are_two_hits_and_times_are_the_words() -> None:
    said = "不行就是不行"
    spoken = hear([Word(said, 10.0, 11.2, 0.5)])
    hits = sorted(find(wording("不行"), spoken, 93), key=lambda hit: hit.first)
    assert [(hit.first, hit.last) for hit in hits] == [(0, 1), (4, 5)]
    assert spoken.starts[hits[1].first] == pytest.approx(10.8)
    assert spoken.ends[hits[1].last] == pytest.approx(11.2)


def test_nothing_is_found_in_nothing() -> None:
    assert find(wording("不行"), hear([]), 60) == []
    with pytest.raises(ValueError, match="spoken"):
        wording("。。")


def test_letters_and_rare_characters_are_one_syllable_each() -> None:
    assert [s.char for s in spell("京A12AB㗂")] == list("京A一二AB㗂")


def test_text_is_brought_to_one_form() -> None:
    assert plain("「車牌」京Ａ12，") == "车牌京A一二"
    assert simplified("錄音") == "录音"
    assert character_errors("您好，我是", "你好。我") == (2, 4)


SAID = "您好为了保证服务质量本次通话将会露印请问您知道退保不会有损失吗嗯好的那您的保险合童收到了吗"
LONG = "您好为了保证服务质量本次通话将会录音请问您是否知道退保会有损失吗"


@pytest.mark.parametrize("longest", ["本次通话将会录音", LONG])
def test_all_phrases_at_once_cost_what_each_costs_alone(longest: str) -> None:
    """In bytes where the longest phrase is short, in wider numbers where it is not (24 syllables)."""
    phrases = [spell(text) for text in ("收到", longest, "保险合同", "退保会有损失", "吗", "现金价值")]
    table = Phrases(phrases).costs(Text(spell(SAID)))
    for number, phrase in enumerate(phrases):
        row = [0] * (len(SAID) + 1)
        for row_number, syllable in enumerate(phrase, 1):
            above, row = row, [row_number * WHOLE]
            for place, heard in enumerate(spell(SAID)):
                change = above[place] + round(WHOLE * distance(syllable, heard))
                row.append(min(change, above[place + 1] + WHOLE))
            for _ in range(2):
                row = [row[0], *(min(one, before + WHOLE) for before, one in pairwise(row))]
        assert table.of(number).tolist() == row
        assert table.least(number) == min(row[1:])


@pytest.mark.parametrize("floor", [50.0, 75.0, 90.0, 100.0])
def test_what_is_told_to_be_nowhere_is_found_nowhere(floor: float) -> None:
    """Told of all wordings at once."""
    texts = ("收到", "本次通话将会录音", "保险合同", "退保会有损失", "现金价值")
    search = Book(map(wording, texts)).search(hear([Word(SAID, 0.0, 9.0, 0.9)]))
    possible = search.possible(lambda _size: floor)
    assert possible == {text for text in texts if search.find(wording(text), floor)}
    assert search.texts == set(texts)


def test_a_place_is_the_same_whatever_was_looked_for_before() -> None:
    """Fewer places are the first ones of more."""
    spoken, book = hear([Word(SAID, 0.0, 9.0, 0.9)]), Book([wording("退保会有损失")])
    search = book.search(spoken)
    for floor in (75.0, 95.0, 50.0, 80.0, 20.0):
        assert search.find(wording("退保会有损失"), floor) == find(wording("退保会有损失"), spoken, floor)


def test_phrases_cost_the_same_whatever_was_heard_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The distances to what was heard are kept, and not for ever."""
    monkeypatch.setattr(costs, "_KEPT", 30)
    texts = ("收到", "本次通话将会录音", "退保会有损失")
    kept = Phrases([spell(text) for text in texts])
    for said in (SAID, "收到了", LONG, "现金价值和分红是不确定的", SAID, ""):
        mine, fresh = (some.costs(Text(spell(said))) for some in (kept, Phrases([spell(t) for t in texts])))
        assert all(mine.of(number).tolist() == fresh.of(number).tolist() for number in range(len(texts)))
