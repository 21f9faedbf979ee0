"""Where a slot came up: whole wordings by likeness, groups of words by all being there (Q2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from dialer.telephony.outcomes import Leg
from qa.matching.phrases import Hit
from qa.rules.call import Call
from qa.rules.schema import Groups

# How unlike a word may be, by its syllables: a short one has no room for errors.
_FLOORS = {1: 100.0, 2: 80.0, 3: 70.0}
_FLOOR = 65.0
# A word that may be meant where the engine was unsure of what it heard.
_NEAR = {1: 100.0, 2: 75.0}
_NEAR_FLOOR = 60.0
_UNSURE = 0.7
WITHIN = 40
# So many hits of a word are looked at; more of the same tell nothing new.
_MOST = 12


@dataclass(frozen=True, slots=True)
class Found:
    """A place where something was said: syllables `first` to `last`, likeness 0 to 100, and the words' own
    places, for evidence. `text` is what was looked for."""

    first: int
    last: int
    score: float
    text: str
    hits: tuple[Hit, ...]

    def overlaps(self, first: int, last: int) -> bool:
        return self.first <= last and first <= self.last


@dataclass(frozen=True, slots=True)
class Partly:
    """A place where all but one of the groups were found. `near`: something like the missing one was heard by
    an engine that was not sure of it."""

    found: Found
    groups: int
    near: bool


def of_wording(hit: Hit) -> Found:
    return Found(hit.first, hit.last, hit.score, hit.wording.text, (hit,))


def whole(call: Call, leg: Leg, groups: Groups, within: int | None, *, ordered: bool = False) -> list[Found]:
    """Every place where one word of each group lies within so many syllables, best first."""
    if not groups:
        return []
    return _together(call, leg, [_words(call, leg, group) for group in groups], within or WITHIN, ordered)


def partly(call: Call, leg: Leg, groups: Groups, within: int | None) -> Partly | None:
    """The best place where only one group is missing; None for a single group."""
    if len(groups) < 2:
        return None
    words = [_words(call, leg, group) for group in groups]
    best: Partly | None = None
    for missing, group in enumerate(groups):
        rest = [hits for number, hits in enumerate(words) if number != missing]
        for found in _together(call, leg, rest, within or WITHIN, False):
            near = _near(call, leg, group, found, within or WITHIN)
            if best is None or (near, found.score) > (best.near, best.found.score):
                best = Partly(found, len(groups), near)
    return best


def _words(call: Call, leg: Leg, group: Iterable[str]) -> list[Hit]:
    """The places of any word of a group that nothing negates, best first, no two of them overlapping."""
    hits: list[Hit] = []
    for text in group:
        if "{" in text and not _known(call, text):
            continue
        size = len(call.wording(text).syllables)
        hits += [hit for hit in call.find(leg, text, _FLOORS.get(size, _FLOOR)) if hit.polar]
    if len(hits) > 1:
        hits.sort(key=lambda hit: (-round(hit.score), -len(hit.wording.syllables), hit.first))
        kept: list[Hit] = []
        for hit in hits:
            if not any(hit.overlaps(other) for other in kept):
                kept.append(hit)
        hits = kept
    return hits[:_MOST]


def _known(call: Call, text: str) -> bool:
    try:
        call.wording(text)
    except (KeyError, ValueError):
        return False
    return True


def _together(call: Call, leg: Leg, words: list[list[Hit]], within: int, ordered: bool) -> list[Found]:
    if not all(words):
        return []
    anchor = min(range(len(words)), key=lambda number: len(words[number]))
    found = []
    for hit in words[anchor]:
        near = [
            [hit] if number == anchor else [other for other in hits if _close(hit, other, within)]
            for number, hits in enumerate(words)
        ]
        best = None
        for some in product(*(hits[:4] for hits in near)):
            one = _one(some)
            if one.last - one.first >= within or (ordered and not _in_order(some)):
                continue
            if any(a is not b and a.overlaps(b) for a in some for b in some) or _parted(call, leg, one):
                continue
            if best is None or (round(one.score), -one.last + one.first) > (
                round(best.score),
                -best.last + best.first,
            ):
                best = one
        if best is not None:
            found.append(best)
    return sorted(found, key=lambda one: (-one.score, one.first))


def _close(hit: Hit, other: Hit, within: int) -> bool:
    return other.last - hit.first < within and hit.last - other.first < within


def _in_order(hits: Iterable[Hit]) -> bool:
    firsts = [hit.first for hit in hits]
    return firsts == sorted(firsts)


def _one(hits: tuple[Hit, ...]) -> Found:
    size = sum(len(hit.wording.syllables) for hit in hits)
    score = sum(hit.score * len(hit.wording.syllables) for hit in hits) / size
    text = " … ".join(hit.wording.text for hit in sorted(hits, key=lambda hit: hit.first))
    return Found(min(h.first for h in hits), max(h.last for h in hits), score, text, hits)


def _parted(call: Call, leg: Leg, found: Found) -> bool:
    """Whether the customer answered in between."""
    return leg is Leg.AGENT and call.block_of(found.first) != call.block_of(found.last)


def _near(call: Call, leg: Leg, group: Iterable[str], found: Found, within: int) -> bool:
    spoken = call.legs[leg]
    for text in group:
        if "{" in text and not _known(call, text):
            continue
        size = len(call.wording(text).syllables)
        for hit in call.find(leg, text, _NEAR.get(size, _NEAR_FLOOR)):
            if max(hit.last, found.last) - min(hit.first, found.first) < within and (
                min(spoken.confidences[hit.first : hit.last + 1]) < _UNSURE
                and not any(hit.overlaps(other) for other in found.hits)
            ):
                return True
    return False
