"""A dialogue written down as lines, with word times as an engine gives them."""

from collections.abc import Iterator

from dialer.telephony.outcomes import Leg
from qa.dialogue.questions import Questions, QuestionUnit
from qa.dialogue.turns import Dialogue
from qa.matching.syllables import hear
from qa.speech.port import Word

_SYLLABLE_SECONDS = 0.2
_COMMA_SECONDS = 0.25
_SIDES = {"A": Leg.AGENT, "C": Leg.CUSTOMER}


def dialogue(*lines: str, pause: float = 0.6) -> Dialogue:
    """Lines as `A 您好，…` and `C 嗯`; `pause` seconds between lines. `C@3 嗯` begins at second 3."""
    words: dict[Leg, list[Word]] = {Leg.AGENT: [], Leg.CUSTOMER: []}
    now = 0.5
    for line in lines:
        who, text = line.split(" ", 1)
        side, _, at = who.partition("@")
        begin = float(at) if at else now
        spoken = list(_words(text, begin))
        words[_SIDES[side]].extend(spoken)
        now = max(now, spoken[-1].end + pause)
    return Dialogue({leg: hear(sorted(said, key=lambda word: word.start)) for leg, said in words.items()})


def unit(topic: str, *lines: str, number: int = 1) -> QuestionUnit:
    """The question unit of the `number`th time that the agent says `topic`."""
    made = dialogue(*lines)
    text = made.legs[Leg.AGENT].chars
    place = -1
    for _ in range(number):
        place = text.index(topic, place + 1)
    return Questions(made).unit(place, place + len(topic) - 1)


def _words(text: str, at: float) -> Iterator[Word]:
    for char in text:
        if char.isalnum():
            yield Word(char, at, at + _SYLLABLE_SECONDS, 0.9)
            at += _SYLLABLE_SECONDS
        else:
            yield Word(char, at, at, 0.9)
            at += _COMMA_SECONDS
