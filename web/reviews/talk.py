"""The talk of a call as its reviewer reads it: turns, overlaps, corrected words, the form's answers. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dialer.telephony.outcomes import Leg
from qa.speech.port import Segment
from web.quality.dialogue import dialogue
from web.quality.view import GivenAnswer

# Below this confidence the engine was not sure of a word.
_UNSURE = 0.5
# People breathe into each other's words; only what is longer counts as talking at once. Seconds.
_OVERLAP = 0.3

# A word's place: the segment's position in the transcript and the word's index in it.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ShownWord:
    """One word with the place it has in the transcript; `was` is what the machine heard, where corrected."""

    text: str
    start: float
    end: float
    unsure: bool
    segment: int
    index: int
    was: str | None


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """What one party said, `over` where both talked at once, and what was put into the form meanwhile."""

    channel: Leg
    start: float
    words: tuple[ShownWord, ...]
    over: bool
    answers: tuple[GivenAnswer, ...]


def talk(
    segments: Sequence[Segment], heard: Mapping[Place, str], answers: Iterable[GivenAnswer]
) -> list[ShownTurn]:
    """The turns in order. `heard`: what the machine had heard where a person put a word right."""
    # A segment without words of its own is one word.
    places: dict[tuple[Leg, float, float, str], Place] = {}
    for position, segment in enumerate(segments):
        whole = ((segment.start, segment.end, segment.text),)
        words = tuple((word.start, word.end, word.text) for word in segment.words) or whole
        for index, (start, end, text) in enumerate(words):
            places.setdefault((segment.channel, start, end, text), (position, index))
    turns = dialogue(segments)
    waiting = sorted((one for one in answers if one.second is not None), key=lambda one: one.second or 0)
    shown = []
    for number, turn in enumerate(turns):
        next_start = turns[number + 1].start if number + 1 < len(turns) else float("inf")
        given = tuple(one for one in waiting if (one.second or 0) < next_start)
        waiting = waiting[len(given) :]
        words_shown = []
        for word in turn.words:
            place = places[turn.channel, word.start, word.end, word.text]
            words_shown.append(
                ShownWord(
                    text=word.text,
                    start=word.start,
                    end=word.end,
                    unsure=word.confidence < _UNSURE,
                    segment=place[0],
                    index=place[1],
                    was=heard.get(place),
                )
            )
        over = number > 0 and min(turns[number - 1].end, turn.end) - turn.start > _OVERLAP
        shown.append(ShownTurn(turn.channel, turn.start, tuple(words_shown), over, given))
    return shown
