"""Turns of a talk, built from the word times of both channels, with overlaps marked (Q1, Q2).

An utterance is a stretch of one party's speech without a long pause. A turn is what one party says until the
other one speaks; a turn begins and ends with whole utterances, so that two turns may overlap in time.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from dialer.telephony.outcomes import Leg
from qa.matching.syllables import Spoken, hear
from qa.speech.port import Transcript

# Longer than between the clauses of one sentence, shorter than an answer usually takes.
PAUSE_SECONDS = 0.7
_NOBODY = Spoken((), (), (), (), ())


class Utterance(NamedTuple):
    """Syllables `first` to `last` (both included) of a leg; seconds from the start of the file."""

    channel: Leg
    first: int
    last: int
    start: float
    end: float
    text: str


class Turn(NamedTuple):
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
    def _times(self) -> Mapping[Leg, tuple[list[float], list[float]]]:
        """When the utterances of each leg start and end."""
        return {
            leg: ([u.start for u in said], [u.end for u in said]) for leg, said in self.utterances.items()
        }

    def began(self, leg: Leg, since: float, until: float) -> Sequence[Utterance]:
        """The utterances of a leg that began from `since` on and before `until`, in seconds."""
        starts, _ = self._times[leg]
        first = bisect_left(starts, since)
        return self.utterances[leg][first : bisect_left(starts, until, first)]

    def _over(self, one: Utterance) -> Sequence[Utterance]:
        """What the other party said while this was said."""
        other = _other(one.channel)
        starts, ends = self._times[other]
        first = bisect_right(ends, one.start)
        return self.utterances[other][first : bisect_left(starts, one.end, first)]

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """Of both legs, in the order in which they began."""
        together = sorted((u for leg in Leg for u in self.utterances[leg]), key=attrgetter("start", "end"))
        return tuple(self._turn(list(row)) for _, row in groupby(together, key=attrgetter("channel")))

    def _utterances(self, leg: Leg) -> Iterator[Utterance]:
        spoken = self.legs[leg]
        begin = 0
        for last in (*_stops(spoken, self.legs[_other(leg)]), len(spoken.syllables) - 1):
            if last < begin:
                return
            start, end = spoken.starts[begin], spoken.ends[last]
            yield Utterance(leg, begin, last, start, end, spoken.text(begin, last))
            begin = last + 1

    def _turn(self, row: Sequence[Utterance]) -> Turn:
        one, last = row[0], row[-1]
        spoken = self.legs[one.channel]
        overlap = 0.0
        for mine in row:
            for other in self._over(mine):
                overlap += min(mine.end, other.end) - max(mine.start, other.start)
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


def _stops(spoken: Spoken, other: Spoken) -> list[int]:
    """The last syllables before a long pause, and before one in which the other party says a syllable."""
    since, until = np.array(spoken.ends[:-1]), np.array(spoken.starts[1:])
    stops = until - since >= PAUSE_SECONDS
    if other.syllables:
        after = np.array(other.starts).searchsorted(since)
        ends = np.array((*other.ends, np.inf))  # nobody speaks after the last one
        stops |= ends[after] <= until
    stopping: list[int] = np.flatnonzero(stops).tolist()
    return stopping
