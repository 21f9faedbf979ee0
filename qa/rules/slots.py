"""Where a slot came up: whole wordings by likeness, groups of words by all being there (Q2)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import combinations, product, takewhile
from typing import NamedTuple

from dialer.telephony.outcomes import Leg
from qa.matching.phrases import Hit
from qa.matching.syllables import Spoken
from qa.rules.call import Call
from qa.rules.schema import Groups

# How unlike a word may be, by its syllables: a short one has no room for errors.
_FLOORS = {1: 100.0, 2: 80.0, 3: 70.0}
_FLOOR = 65.0
# A word that may be meant where the engine was unsure of what it heard.
_NEAR = {1: 100.0, 2: 75.0}
_NEAR_FLOOR = 60.0
_UNSURE = 0.7
_SAME = 100.0
_ALIKE = 80.0
_CERTAIN = 0.9
WITHIN = 40
# The words of a way to say something stand beside one another.
WAY_WITHIN = 12
# So many hits of a word are looked at; more of the same tell nothing new.
_MOST = 40


class Found(NamedTuple):
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


def whole(
    call: Call,
    leg: Leg,
    groups: Groups,
    within: int | None,
    *,
    ordered: bool = False,
    without: Collection[Hit] = (),
) -> list[Found]:
    """Every place where one word of each group lies within so many syllables, best first; hits `without`
    are other words."""
    if not groups:
        return []
    # Where nothing of one group was said, the others need not be looked for.
    looked = (_words(call, leg, group) for group in groups)
    if without:
        looked = ([one for one in some if one not in without] for some in looked)
    words = list(takewhile(bool, looked))
    return _together(call, leg, words, within or WITHIN, ordered) if len(words) == len(groups) else []


def by_ways(call: Call, leg: Leg, ways: Iterable[Groups], *, without: Collection[Hit] = ()) -> list[Found]:
    """Every place where one of the ways was said: a word of each of its groups in order, in one clause or
    with nothing between them (现在通话，合适吗)."""
    clauses = call.legs[leg].clauses
    return [
        one
        for groups in ways
        for one in whole(call, leg, groups, WAY_WITHIN, ordered=True, without=without)
        if clauses[one.first] == clauses[one.last] or _adjoin(one)
    ]


def _adjoin(found: Found) -> bool:
    return found.last - found.first + 1 == sum(len(hit.places) for hit in found.hits)


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


def _words(call: Call, leg: Leg, group: tuple[str, ...]) -> list[Hit]:
    """The places of any word of a group that nothing negates, best first, no two of them overlapping."""
    known = call.groups.get((leg, group))
    if known is None:
        known = call.groups[leg, group] = _look(call, leg, group)
    return known


def _look(call: Call, leg: Leg, group: tuple[str, ...]) -> list[Hit]:
    hits: list[Hit] = []
    spoken = call.legs[leg]
    for text in call.likely(leg, group, _floor):
        if "{" in text and not _known(call, text):
            continue
        hits += [hit for hit in call.find(leg, text, _floor) if hit.polar and not _was_other(hit, spoken)]
    hits.sort(key=lambda hit: (-round(hit.score), -len(hit.wording.syllables), hit.first))
    kept: list[Hit] = []
    taken: set[int] = set()
    for hit in hits:
        if taken.isdisjoint(hit.places):
            taken.update(hit.places)
            kept.append(hit)
            if len(kept) == _MOST:
                break
    return kept


def runs_over(hit: Hit, spoken: Spoken) -> bool:
    """Whether a short word runs over the end of a sentence: …忙不？录音了 is no 不录音."""
    return hit.wording.is_short and spoken.clauses[hit.first] != spoken.clauses[hit.last]


def _was_other(hit: Hit, spoken: Spoken) -> bool:
    """What only sounds like it, and the engine was certain of it (您讲 is no 零件), or a short word that runs
    over the end of a sentence."""
    first, last, short = hit.first, hit.last, hit.wording.is_short
    if runs_over(hit, spoken):
        return True
    other = hit.score < (_SAME if short else _ALIKE)
    if first == last:
        other = spoken.chars[first] != hit.wording.syllables[0].char
    return other and min(spoken.confidences[first : last + 1]) >= _CERTAIN


def _floor(size: int) -> float:
    return _FLOORS.get(size, _FLOOR)


def _near_floor(size: int) -> float:
    return _NEAR.get(size, _NEAR_FLOOR)


def _known(call: Call, text: str) -> bool:
    try:
        call.wording(text)
    except (KeyError, ValueError):
        return False
    return True


def _together(call: Call, leg: Leg, words: list[list[Hit]], within: int, ordered: bool) -> list[Found]:
    if not all(words):
        return []
    if len(words) == 1:
        alone = [(hit,) for hit in words[0] if len(hit.places) <= within]
        found = [_one(one) for one in alone if not _parted(call, leg, one[0].first, one[0].last)]
        return sorted(found, key=lambda one: (-one.score, one.first))
    anchor = min(range(len(words)), key=lambda number: len(words[number]))
    found = []
    for hit in words[anchor]:
        near = [
            [hit] if number == anchor else [other for other in hits if _close(hit, other, within)]
            for number, hits in enumerate(words)
        ]
        best: tuple[int, int] | None = None
        together: tuple[Hit, ...] = ()
        for some in product(*(hits[:4] for hits in near)):
            first, last = _ends(some)
            if last - first >= within or (ordered and not _in_order(some)) or _overlap(some):
                continue
            rank = (round(_likeness(some)), first - last)
            if (best is None or rank > best) and not _parted(call, leg, first, last):
                best, together = rank, some
        if together:
            found.append(_one(together))
    return sorted(found, key=lambda one: (-one.score, one.first))


def _close(hit: Hit, other: Hit, within: int) -> bool:
    return other.last - hit.first < within and hit.last - other.first < within


def _in_order(hits: Iterable[Hit]) -> bool:
    firsts = [hit.first for hit in hits]
    return firsts == sorted(firsts)


def _overlap(hits: tuple[Hit, ...]) -> bool:
    """A word that stands for two groups overlaps not with itself."""
    return len(hits) > 1 and any(a is not b and a.overlaps(b) for a, b in combinations(hits, 2))


def _ends(hits: tuple[Hit, ...]) -> tuple[int, int]:
    """The first and the last syllable of all of them."""
    if len(hits) == 1:
        return hits[0].first, hits[0].last
    return min([hit.first for hit in hits]), max([hit.last for hit in hits])


def _likeness(hits: tuple[Hit, ...]) -> float:
    """The mean of their scores, by syllable."""
    likeness, sizes = 0.0, 0
    for hit in hits:
        size = len(hit.wording.syllables)
        likeness += hit.score * size
        sizes += size
    return likeness / sizes


def _one(hits: tuple[Hit, ...]) -> Found:
    text = " … ".join(hit.wording.text for hit in sorted(hits, key=lambda hit: hit.first))
    return Found(*_ends(hits), _likeness(hits), text, hits)


def _parted(call: Call, leg: Leg, first: int, last: int) -> bool:
    """Whether the customer answered in between."""
    return leg is Leg.AGENT and call.block_of(first) != call.block_of(last)


def _near(call: Call, leg: Leg, group: Iterable[str], found: Found, within: int) -> bool:
    spoken = call.legs[leg]
    for text in group:
        if "{" in text and not _known(call, text):
            continue
        for hit in call.find(leg, text, _near_floor):
            if max(hit.last, found.last) - min(hit.first, found.first) < within and (
                min(spoken.confidences[hit.first : hit.last + 1]) < _UNSURE
                and not any(hit.overlaps(other) for other in found.hits)
            ):
                return True
    return False
