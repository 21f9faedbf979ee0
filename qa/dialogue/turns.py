"""Turns of a talk, built from the word times of both channels, with overlaps marked (Q1, Q2).

An utterance is a stretch of one party's speech without a long pause. A turn is what one party says until the
other one speaks; a turn begins and ends with whole utterances, so that two turns may overlap in time.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from operator import attrgetter

from dialer.telephony.outcomes import Leg
from qa.matching.syllables import Spoken, hear
from qa.speech.port import Transcript

# Longer than between the clauses of one sentence, shorter than an answer usually takes.
PAUSE_SECONDS = 0.7
_NOBODY = Spoken((), (), (), (), ())


@dataclass(frozen=True, slots=True)
class Utterance:
    """Syllables `first` to `last` (both included) of a leg; seconds from the start of the file."""

    channel: Leg
    first: int
    last: int
    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """Utterances of one party in a row. `overlap` is for how many seconds of it the other one spoke too."""

    channel: Leg
    first: int
    last: int
    start: float
    end: float
    text: str
    overlap: float


class Dialogue:
    """Both legs of a call as utterances and turns. Values once made; a leg may be missing."""

    def __init__(self, legs: Mapping[Leg, Spoken]) -> None:
        self.legs: Mapping[Leg, Spoken] = {leg: legs.get(leg, _NOBODY) for leg in Leg}

    @cached_property
    def utterances(self) -> Mapping[Leg, tuple[Utterance, ...]]:
        """Of each leg, in the order of time."""
        return {leg: tuple(self._utterances(leg)) for leg in Leg}

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """Of both legs, in the order in which they began."""
        together = sorted((u for leg in Leg for u in self.utterances[leg]), key=attrgetter("start", "end"))
        return tuple(self._turn(list(row)) for _, row in groupby(together, key=attrgetter("channel")))

    def _utterances(self, leg: Leg) -> Iterator[Utterance]:
        spoken, other = self.legs[leg], self.legs[_other(leg)]
        begin = 0
        for place in range(len(spoken.syllables)):
            after = place + 1
            if after < len(spoken.syllables):
                silence = spoken.starts[after] - spoken.ends[place]
                if silence < PAUSE_SECONDS and not _speaks(other, spoken.ends[place], spoken.starts[after]):
                    continue
            yield Utterance(
                leg,
                begin,
                place,
                spoken.starts[begin],
                spoken.ends[place],
                spoken.text(begin, place),
            )
            begin = after

    def _turn(self, row: Sequence[Utterance]) -> Turn:
        one, last = row[0], row[-1]
        spoken = self.legs[one.channel]
        others = self.utterances[_other(one.channel)]
        overlap = sum(max(0.0, min(u.end, o.end) - max(u.start, o.start)) for u in row for o in others)
        return Turn(
            one.channel,
            one.first,
            last.last,
            one.start,
            last.end,
            spoken.text(one.first, last.last),
            round(overlap, 3),
        )


def turns(transcript: Transcript) -> tuple[Turn, ...]:
    """The turns of both legs, in the order in which they began."""
    return Dialogue({leg: hear(said.words) for leg, said in transcript.legs.items()}).turns


def breaks(spoken: Spoken) -> Iterator[int]:
    """Places of the first syllables after the ends of clauses."""
    return (place for place, (one, other) in enumerate(pairwise(spoken.clauses), 1) if one != other)


def _other(leg: Leg) -> Leg:
    return Leg.CUSTOMER if leg is Leg.AGENT else Leg.AGENT


def _speaks(spoken: Spoken, since: float, until: float) -> bool:
    """Whether a syllable begins and ends in between, where `since` to `until` is long enough for one."""
    place = bisect_left(spoken.starts, since)
    return place < len(spoken.starts) and spoken.ends[place] <= until
