"""A transcript as a conversation (Q1, R2)."""

from dialer.telephony.outcomes import Leg
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
