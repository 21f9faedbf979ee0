"""A transcript as a conversation (Q1, R2)."""

from dialer.telephony.outcomes import Leg
from qa.checks.speaking import Speaker, Speakers, Spell
from qa.speech.port import Segment, Word
from web.quality.dialogue import dialogue


def said(channel: Leg, *words: tuple[str, float, float]) -> Segment:
    """A segment of these words."""
    made = tuple(Word(text, start, end, 0.9) for text, start, end in words)
    return Segment(channel, made[0].start, made[-1].end, "".join(w.text for w in made), 0.9, made)


def texts(*segments: Segment) -> list[tuple[Leg, str]]:
    """Who said what in which order."""
    return [(turn.channel, "".join(word.text for word in turn.words)) for turn in dialogue(segments)]


def test_one_long_segment_is_cut_where_the_other_party_answers() -> None:
    agent = said(Leg.AGENT, ("您好", 0.0, 1.0), ("方便吗", 4.0, 5.0))
    customer = said(Leg.CUSTOMER, ("你好", 2.0, 3.0))
    assert texts(agent, customer) == [(Leg.AGENT, "您好"), (Leg.CUSTOMER, "你好"), (Leg.AGENT, "方便吗")]


def test_who_talks_at_once_keeps_whole_utterances() -> None:
    agent = said(Leg.AGENT, ("请", 0.0, 0.4), ("问", 0.5, 0.9), ("您", 1.0, 1.4))
    customer = said(Leg.CUSTOMER, ("嗯", 0.6, 0.7))
    assert texts(agent, customer) == [(Leg.AGENT, "请问您"), (Leg.CUSTOMER, "嗯")]


def test_neighbours_of_one_party_are_one_turn() -> None:
    first, second = said(Leg.AGENT, ("您好", 0.0, 1.0)), said(Leg.AGENT, ("方便吗", 5.0, 6.0))
    (turn,) = dialogue([first, second])
    assert (turn.start, turn.end, len(turn.words)) == (0.0, 6.0, 2)


def test_a_segment_without_word_times_is_one_word() -> None:
    (turn,) = dialogue([Segment(Leg.CUSTOMER, 1.0, 2.0, "好的", 0.5, ())])
    assert [(word.text, word.start, word.end) for word in turn.words] == [("好的", 1.0, 2.0)]


def test_nothing_said_is_no_turn() -> None:
    assert dialogue([]) == []


def test_a_turn_ends_where_the_call_was_handed_on() -> None:
    """D6: each part under who said it; what both may have said under both; the customer is the customer."""
    wang, li = Speaker("1001", "王芳"), Speaker("1002", "李梅")
    speakers = Speakers([Spell(wang, 0.0, 2.0), Spell(li, 1.5, None)])
    agent = said(Leg.AGENT, ("您好", 0.0, 1.0), ("请", 1.0, 1.2), ("稍等", 1.5, 1.9), ("我是李梅", 2.1, 3.0))
    customer = said(Leg.CUSTOMER, ("好", 3.5, 4.0))
    turns = dialogue([agent, customer], speakers)
    assert [(turn.who, "".join(word.text for word in turn.words)) for turn in turns] == [
        ("王芳", "您好请"),
        ("王芳 / 李梅", "稍等"),
        ("李梅", "我是李梅"),
        ("", "好"),
    ]
    assert [turn.who for turn in dialogue([agent])] == [""]
