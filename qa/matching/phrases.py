"""A wording found in an imperfect transcript: soft pinyin for candidates, a guard against opposites (Q2).

Likeness alone passes opposites (分红是确定的 is 86 % of 分红是不确定的), so a hit also says whether its
negations are those of the wording.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qa.matching.costs import WHOLE, Phrases, Table
from qa.matching.syllables import Spoken, Syllable, distance, spell

_NEGATIONS = frozenset("不没未")
# Between a negation and what it negates: 不太满意, 没能解决, 没有录音.
_FILLERS = frozenset("太是能会要很想再用必有")
_SHORT = 4


@dataclass(frozen=True, slots=True)
class Bands:
    """Thresholds, to be calibrated for each engine. Scores are from 0 to 100.

    From `found` on it was said, from `doubtful` on a person looks. A short wording has no room for errors and
    needs `short`. A right and a wrong wording less than `margin` apart are for a person. A leg whose mean
    confidence (0 to 1) is under `clear` was not understood well enough to say that something is absent.
    """

    found: float = 80.0
    doubtful: float = 60.0
    short: float = 93.0
    margin: float = 8.0
    clear: float = 0.8

    def floor(self, wording: "Wording") -> float:
        """The least score worth looking at."""
        return self.short if wording.is_short else self.doubtful

    def enough(self, wording: "Wording") -> float:
        return self.short if wording.is_short else self.found


@dataclass(frozen=True, slots=True)
class Wording:
    """A phrase ready to be looked for. `keep` are its syllables that must be heard themselves."""

    text: str
    syllables: tuple[Syllable, ...]
    keep: frozenset[int]

    def __hash__(self) -> int:
        return hash((self.text, self.keep))

    @property
    def is_short(self) -> bool:
        return len(self.syllables) < _SHORT


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a wording may have been said: syllables `first` to `last` of the leg, score 0 to 100.

    `polar` is False where a negation or a kept word is missing or too many: it may be the opposite.
    """

    wording: Wording
    score: float
    first: int
    last: int
    polar: bool

    def overlaps(self, other: "Hit") -> bool:
        return self.first <= other.last and other.first <= self.last


@lru_cache(maxsize=4096)
def wording(text: str, keep: tuple[str, ...] = ()) -> Wording:
    """Raises ValueError for a text without any spoken character."""
    syllables = spell(text)
    if not syllables:
        raise ValueError(f"nothing in {text!r} can be spoken")
    chars = "".join(s.char for s in syllables)
    kept = {index for index in range(len(chars)) if _negates(chars, index)}
    for token in keep:
        start = chars.find(token)
        while start >= 0:
            kept.update(range(start, start + len(token)))
            start = chars.find(token, start + 1)
    return Wording(text, syllables, frozenset(kept))


def find(sought: Wording, spoken: Spoken, floor: float) -> list[Hit]:
    """Every place with at least the score `floor`, best first; places do not overlap."""
    return Book((sought,)).search(spoken).find(sought, floor)


class Book:
    """Wordings made ready to be looked for together: one pass over a text finds them all."""

    def __init__(self, wordings: Iterable[Wording]) -> None:
        self._wordings = tuple(dict.fromkeys(wordings))
        self.numbers = {one: number for number, one in enumerate(self._wordings)}
        self._phrases = Phrases([one.syllables for one in self._wordings])

    def costs(self, spoken: Spoken) -> Table:
        """What each wording costs at each place of the text."""
        return self._phrases.costs(spoken)

    def search(self, spoken: Spoken, other: "Book | None" = None) -> "Search":
        """The text, searched for these wordings (and those of another book)."""
        return Search(spoken, (self,) if other is None else (self, other))


class Search:
    """One leg, searched for the wordings of some books."""

    def __init__(self, spoken: Spoken, books: tuple[Book, ...]) -> None:
        self.spoken = spoken
        self._books = tuple((book, book.costs(spoken)) for book in books if book.numbers)
        self._found: dict[tuple[str, frozenset[int], float], list[Hit]] = {}

    def find(self, sought: Wording, floor: float) -> list[Hit]:
        """Every place with at least the score `floor`, best first; places do not overlap."""
        key = (sought.text, sought.keep, floor)
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = self._search(sought, floor)
        return known

    def _search(self, sought: Wording, floor: float) -> list[Hit]:
        table, number = next(
            (table, book.numbers[sought]) for book, table in self._books if sought in book.numbers
        )
        size = len(sought.syllables)
        allowed = int(size * WHOLE * (1 - floor / 100) + 1e-6)
        if table.least[number] > allowed:
            return []
        costs = table.of(number)
        places = np.flatnonzero(costs <= allowed)
        hits: list[Hit] = []
        for cost, end in sorted((int(costs[end]), int(end)) for end in places if end):
            if any(hit.first < end <= hit.last + 1 for hit in hits):
                continue
            pairs = table.trace(number, end)
            if not pairs:
                continue
            score = 100 - 100 * cost / (WHOLE * size)
            polar = _is_polar(sought, self.spoken, pairs)
            hit = Hit(sought, score, pairs[0][1], pairs[-1][1], polar)
            if not any(hit.overlaps(other) for other in hits):
                hits.append(hit)
        return hits


def _is_polar(sought: Wording, spoken: Spoken, pairs: list[tuple[int, int]]) -> bool:
    partner = dict(pairs)
    first, last = pairs[0][1], pairs[-1][1]
    chars = spoken.chars
    for kept in sought.keep:
        place = partner.get(kept)
        if place is None or distance(sought.syllables[kept], spoken.syllables[place]) > 0:
            return False
        if chars[place] in _NEGATIONS and not _negates(chars, place):
            return False
    matched = {partner[kept] for kept in sought.keep}
    inside = (place for place in range(first, last + 1) if _negates(chars, place))
    return all(place in matched for place in inside) and not _negated_before(chars, spoken.clauses, first)


def _negated_before(chars: str, clauses: tuple[int, ...], first: int) -> bool:
    """不知道 is not 知道, 不太满意 is not 满意."""
    place = first - 1
    if place >= 0 and chars[place] in _FILLERS:
        place -= 1
    return place >= 0 and clauses[place] == clauses[first] and _negates(chars, place)


def _negates(chars: str, place: int) -> bool:
    """Whether the character is a negation and not half of a question: 可不可以, 有没有, 解决了没有."""
    if chars[place] not in _NEGATIONS:
        return False
    before = chars[place - 1] if place else ""
    after = chars[place + 1] if place + 1 < len(chars) else ""
    asks = before and (before == after or (before == "了" and chars[place : place + 2] == "没有"))
    return not asks
