"""How words are cut and folded for the search (A4)."""

from hypothesis import given
from hypothesis import strategies as st

from dialer.telephony.outcomes import Leg
from qa.matching.syllables import CONFUSABLE, distance, spell
from qa.search.rules import Nearness, Passage, Phrase, kept_syllables, locate, passages, phrases, tokens
from qa.speech.port import Segment, Word

HANZI = "知资吃词是四南兰房黄忙满灯等英音样眼光关飞黑不没确定满意退保损失"


@given(st.sampled_from(HANZI), st.sampled_from(HANZI))
def test_folded_alike_are_just_those_easily_mixed_up(one: str, other: str) -> None:
    """The index and the soft-pinyin scorer agree on what is mixed up."""
    (first,), (second,) = spell(one), spell(other)
    folded = tokens([first])[2] == tokens([second])[2]
    assert folded == (distance(first, second) <= CONFUSABLE)


def test_every_token_is_plain_and_of_its_kind() -> None:
    """No typed character can reach the databases' query languages."""
    for kind, letter in zip(tokens(spell("京A1 满意\"*(:&|!')嗯")), "csf", strict=True):
        assert all(token.isascii() and token.isalnum() and token[0] == letter for token in kind)


@given(st.text(alphabet=HANZI + "AB12，。 嗯哦", max_size=30))
def test_a_stored_passage_gives_its_syllables_back(text: str) -> None:
    syllables = spell(text)
    one = Passage(Leg.AGENT, 0.0, syllables, ())
    assert not syllables or kept_syllables(one.chars, one.sounds) == syllables


def test_passages_part_at_silences_and_not_at_segments() -> None:
    words = [Word("退", 0.0, 0.3, 1.0), Word("保", 0.4, 0.6, 1.0), Word("好", 3.0, 3.2, 1.0)]
    made = passages(
        [
            Segment(Leg.AGENT, 0.0, 0.3, "退", 1.0, tuple(words[:1])),
            Segment(Leg.AGENT, 0.4, 3.2, "保好", 1.0, tuple(words[1:])),
        ]
    )
    assert [one.chars for one in made] == ["退保", "好"]


def test_the_nearest_place_is_shown() -> None:
    (phrase,) = phrases("满意")
    assert isinstance(phrase, Phrase)
    place = locate(phrase, spell("蛮意还是满意"))
    assert place is not None
    assert (place.nearness, place.first, place.likeness) == (Nearness.EXACT, 4, 100.0)
