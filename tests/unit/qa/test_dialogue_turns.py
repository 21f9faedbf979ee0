"""Turns from the word times of both channels (Q1)."""

from dialer.telephony.outcomes import Leg
from qa.dialogue.turns import Dialogue
from qa.matching.syllables import hear
from qa.speech.port import Word
from tests.unit.qa.dialogue_world import dialogue


def test_turns_follow_who_speaks() -> None:
    made = dialogue("A 您好，请问是李女士吗", "C 是我", "A 您现在方便吗", "C 方便")
    assert [(turn.channel, turn.text) for turn in made.turns] == [
        (Leg.AGENT, "您好请问是李女士吗"),
        (Leg.CUSTOMER, "是我"),
        (Leg.AGENT, "您现在方便吗"),
        (Leg.CUSTOMER, "方便"),
    ]


def test_a_pause_without_an_answer_parts_utterances_and_no_turn() -> None:
    made = dialogue("A 您的合同已经寄给您了", "A 条款您看过吗", pause=1.5)
    assert len(made.utterances[Leg.AGENT]) == 2
    assert [turn.text for turn in made.turns] == ["您的合同已经寄给您了条款您看过吗"]


def test_an_answer_between_two_words_of_one_segment_parts_them() -> None:
    """Engines join words far apart into one segment; the other channel shows that they are two turns."""
    agent = [Word("合同收到了吗", 0.0, 1.2, 0.9), Word("条款看过吗", 1.8, 2.8, 0.9)]
    made = Dialogue({Leg.AGENT: hear(agent), Leg.CUSTOMER: hear([Word("收到", 1.25, 1.7, 0.9)])})
    assert [turn.text for turn in made.turns] == ["合同收到了吗", "收到", "条款看过吗"]


def test_speaking_at_once_is_marked_with_its_seconds() -> None:
    made = dialogue("A 退保可能会有损失您知道吗", "C@1.5 嗯嗯", "C 知道")
    agent = made.turns[0]
    assert agent.overlap == 0.4
    assert made.turns[1].overlap == 0.4
    assert [turn.channel for turn in made.turns] == [Leg.AGENT, Leg.CUSTOMER]


def test_places_in_turns_are_places_in_the_leg() -> None:
    made = dialogue("A 您好", "C 你好", "A 您现在方便吗")
    last = made.turns[-1]
    assert made.legs[Leg.AGENT].text(last.first, last.last) == "您现在方便吗"


def test_a_missing_leg_has_no_turns() -> None:
    made = Dialogue({Leg.AGENT: hear([Word("您好", 0.0, 0.4, 0.9)])})
    assert [turn.channel for turn in made.turns] == [Leg.AGENT]
    assert made.utterances[Leg.CUSTOMER] == ()
