"""What an engine passed over is found, so that absence is never concluded from it (Q4)."""

from dialer.telephony.outcomes import Leg
from qa.speech.holes import holes
from qa.speech.port import Segment, Word


def said(*spans: tuple[float, float]) -> list[Segment]:
    words = tuple(Word("字", start, end, 0.9) for start, end in spans)
    return [Segment(Leg.AGENT, words[0].start, words[-1].end, "字", 0.9, words)] if words else []


def test_speech_with_words_is_no_hole() -> None:
    assert holes([(1.0, 3.0), (5.0, 7.0)], said((1.2, 2.8), (5.1, 6.0))) == []


def test_speech_without_words_is_a_hole() -> None:
    assert holes([(1.0, 3.0), (9.0, 12.0), (15.0, 17.0)], said((1.2, 2.8), (15.1, 16.9))) == [(9.0, 12.0)]


def test_holes_that_lie_together_are_one_piece() -> None:
    assert holes([(1.0, 3.0), (4.0, 6.0), (10.0, 12.0)], []) == [(1.0, 6.0), (10.0, 12.0)]


def test_a_piece_is_not_longer_than_an_engine_can_decode() -> None:
    speech = [(float(at), at + 4.0) for at in range(0, 60, 5)]
    assert all(end - start <= 25.0 for start, end in holes(speech, []))


def test_a_sentence_whose_beginning_was_passed_over_has_a_hole() -> None:
    """34.8 to 41.5 is one utterance, and its first half has no words."""
    assert holes([(34.8, 41.5)], said((38.2, 39.0), (39.2, 41.4))) == [(34.8, 38.2)]
    assert holes([(34.8, 41.5)], said((35.0, 37.0), (37.9, 41.4))) == []


def test_a_short_sound_is_no_hole() -> None:
    assert holes([(1.0, 1.5)], []) == []
