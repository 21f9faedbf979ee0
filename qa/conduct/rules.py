"""Measures of a call: how loud, how fast, who broke in, who was silent, how soon an answer came (Q6). Pure.

Each measure has a value and the places that show it. What is too much is no matter of this file: rule sets
hold the thresholds (rules of the kind `measure`).
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Protocol

from dialer.telephony.outcomes import Leg
from qa.conduct.spans import Span, common, length, merged, quiet

# At most so many places are kept with a measure, the worst first.
_PLACES = 5


class Timed(Protocol):
    """A word as an engine heard it: seconds from the start of the file."""

    @property
    def text(self) -> str: ...
    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Hearing:
    """What counts as speech. Levels in dBFS and dB, times in seconds.

    A frame is speech above `least`, at most `below_loud` under the leg's loudest second and (as far as the
    noise leaves room) `over_noise` above its quiet. Where the other leg is `leak` louder at that moment, this
    is its echo. Pauses under `pause` do not part a stretch, sounds under `click` are none. Whoever starts
    while the other speaks breaks in if both go on for `break_in` and the newcomer says more than a `murmur`
    (嗯, 对). A reply counts up to `reply` seconds.
    """

    least: float = -50.0
    below_loud: float = 25.0
    over_noise: float = 8.0
    leak: float = 20.0
    pause: float = 0.35
    click: float = 0.2
    break_in: float = 0.6
    murmur: float = 1.0
    reply: float = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of the recording; `leg` is None where it is about both."""

    leg: Leg | None
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Measure:
    """A value (its unit is in the measure's name: see NAMES) and the places that show it, the worst first."""

    value: float
    places: tuple[Place, ...] = ()


# Every measure and its unit. Those of one leg begin with agent_ or customer_.
NAMES: Mapping[str, str] = {
    **{f"{leg}_loudness": "dBFS" for leg in Leg},
    **{f"{leg}_rate": "syllables/s" for leg in Leg},
    **{f"{leg}_talk_share": "share of the call" for leg in Leg},
    **{f"{leg}_silence_longest": "s" for leg in Leg},
    **{f"{leg}_silence_share": "share of the call" for leg in Leg},
    **{f"{leg}_response_median": "s" for leg in Leg},
    **{f"{leg}_response_longest": "s" for leg in Leg},
    **{f"{leg}_break_ins": "times" for leg in Leg},
    "loudness_difference": "dB",
    "overlap_longest": "s",
    "overlap_share": "share of the talk",
    "silence_longest": "s",
    "silence_share": "share of the call",
}

Conduct = Mapping[str, Measure]
_OTHER = {Leg.AGENT: Leg.CUSTOMER, Leg.CUSTOMER: Leg.AGENT}


def exchanged(conduct: Conduct) -> dict[str, Measure]:
    """The measures of a call whose legs were on each other's channels: each is the other party's."""
    return {
        _of_other(name): Measure(one.value, tuple(map(_at_other, one.places)))
        for name, one in conduct.items()
    }


def _of_other(name: str) -> str:
    for leg, other in _OTHER.items():
        if name.startswith(f"{leg}_"):
            return f"{other}{name.removeprefix(leg)}"
    return name


def _at_other(place: Place) -> Place:
    return place if place.leg is None else replace(place, leg=_OTHER[place.leg])


def measure(
    levels: Mapping[Leg, Sequence[float]],
    words: Mapping[Leg, Sequence[Timed]],
    seconds: float,
    step: float = 0.1,
    hearing: Hearing = Hearing(),
) -> dict[str, Measure]:
    """Everything that can be told of a call of so many `seconds`.

    `levels` holds the loudness of each frame of `step` seconds. A leg without levels is known by its words
    alone. What needs speech and has none (the rate of a silent leg) is left out.
    """
    found: dict[str, Measure] = {}
    talk: dict[Leg, list[Span]] = {}
    for leg in Leg:
        said = words.get(leg, ())
        if leg in levels:
            other = levels.get(Leg.CUSTOMER if leg is Leg.AGENT else Leg.AGENT, ())
            active = _active(levels[leg], other, hearing)
            spans = merged((place * step, (place + 1) * step) for place in active)
            loud = _loudness([levels[leg][place] for place in active])
            if loud is not None:
                found[f"{leg}_loudness"] = Measure(loud)
        else:
            spans = merged((word.start, word.end) for word in said)
        talk[leg] = [s for s in merged(spans, hearing.pause) if s[1] - s[0] >= hearing.click - 1e-6]
        found |= _of_leg(leg, talk[leg], said, seconds, hearing)
    loudness = [found[f"{leg}_loudness"].value for leg in Leg if f"{leg}_loudness" in found]
    if len(loudness) == len(Leg):
        found["loudness_difference"] = Measure(round(abs(loudness[0] - loudness[1]), 1))
    return found | _of_both(talk, seconds, hearing)


def _active(own: Sequence[float], other: Sequence[float], hearing: Hearing) -> list[int]:
    """Frames in which this leg speaks."""
    if not own:
        return []
    ranked = sorted(own, reverse=True)
    loud, noise = ranked[min(10, len(ranked) - 1)], ranked[int(0.9 * (len(ranked) - 1))]
    least = max(hearing.least, loud - hearing.below_loud, min(noise + hearing.over_noise, (noise + loud) / 2))
    return [
        place
        for place, level in enumerate(own)
        if level >= least and not (place < len(other) and other[place] - level >= hearing.leak)
    ]


def _loudness(levels: Sequence[float]) -> float | None:
    """The middle of the spoken frames, in dBFS."""
    return round(median(levels), 1) if levels else None


def _of_leg(
    leg: Leg, talk: list[Span], words: Sequence[Timed], seconds: float, hearing: Hearing
) -> dict[str, Measure]:
    found = {
        f"{leg}_talk_share": Measure(_share(length(talk), seconds)),
        f"{leg}_silence_share": Measure(_share(max(0.0, seconds - length(talk)), seconds)),
        f"{leg}_silence_longest": _longest(quiet(talk, seconds), leg),
    }
    stretches = merged(((word.start, word.end) for word in words), hearing.pause)
    count = sum(_syllables(word.text) for word in words)
    spoken = length(stretches)
    if count and spoken > 0:
        found[f"{leg}_rate"] = Measure(round(count / spoken, 2), _fastest(leg, stretches, words))
    return found


def _of_both(talk: Mapping[Leg, list[Span]], seconds: float, hearing: Hearing) -> dict[str, Measure]:
    agent, customer = talk[Leg.AGENT], talk[Leg.CUSTOMER]
    anyone = merged([*agent, *customer])
    both = common(agent, customer)
    found = {
        "overlap_longest": _longest(both, None),
        "overlap_share": Measure(_share(length(both), length(anyone))),
        "silence_longest": _longest(quiet(anyone, seconds), None),
        "silence_share": Measure(_share(max(0.0, seconds - length(anyone)), seconds)),
    }
    for leg, other in ((Leg.AGENT, customer), (Leg.CUSTOMER, agent)):
        places = tuple(_break_ins(leg, talk[leg], other, hearing))
        found[f"{leg}_break_ins"] = Measure(float(len(places)), places[:_PLACES])
        waits = _waits(talk[leg], other, hearing)
        if waits:
            found[f"{leg}_response_median"] = Measure(round(median(end - start for start, end in waits), 2))
            found[f"{leg}_response_longest"] = _longest(waits, leg)
    return found


def _break_ins(leg: Leg, own: list[Span], other: list[Span], hearing: Hearing) -> Iterable[Place]:
    """Where this leg began while the other was speaking, and both went on."""
    starts = [start for start, _ in other]
    for start, end in own:
        place = bisect_left(starts, start) - 1
        if place < 0 or end - start <= hearing.murmur:
            continue
        together = min(other[place][1], end)
        if together - start >= hearing.break_in:
            yield Place(leg, round(start, 2), round(together, 2))


def _waits(own: list[Span], other: list[Span], hearing: Hearing) -> list[Span]:
    """From the end of the other's words to this leg's next ones; who falls in while they last waits 0 s."""
    own_starts, other_starts = [start for start, _ in own], [start for start, _ in other]
    waits = []
    for _, end in other:
        mine = bisect_left(own_starts, end)
        if mine and own[mine - 1][1] > end:
            waits.append((end, end))
        elif mine < len(own) and own[mine][0] - end <= hearing.reply:
            theirs = bisect_left(other_starts, end)
            if theirs == len(other) or own[mine][0] < other[theirs][0]:
                waits.append((end, own[mine][0]))
    return waits


def _longest(spans: Sequence[Span], leg: Leg | None) -> Measure:
    ranked = sorted(spans, key=lambda span: span[0] - span[1])[:_PLACES]
    places = tuple(Place(leg, round(start, 2), round(end, 2)) for start, end in ranked)
    return Measure(round(ranked[0][1] - ranked[0][0], 2) if ranked else 0.0, places)


def _fastest(leg: Leg, stretches: Sequence[Span], words: Sequence[Timed]) -> tuple[Place, ...]:
    """The stretches of three seconds and more, the fastest first."""
    rated = []
    for start, end in stretches:
        if end - start >= 3:
            count = sum(_syllables(word.text) for word in words if start <= word.start < end)
            rated.append((count / (end - start), start, end))
    return tuple(
        Place(leg, round(start, 2), round(end, 2)) for _, start, end in sorted(rated, reverse=True)[:_PLACES]
    )


def _syllables(text: str) -> int:
    """A hanzi or a digit is one; a run of Latin letters counts by its letters, as plates are read."""
    return sum(char.isalnum() for char in text)


def _share(part: float, whole: float) -> float:
    return round(min(1.0, part / whole), 4) if whole > 0 else 0.0
