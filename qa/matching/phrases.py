"""A wording found in an imperfect transcript: soft pinyin for candidates, a guard against opposites (Q2).

Likeness alone passes opposites (分红是确定的 is 86 % of 分红是不确定的), so a hit also says whether its
negations are those of the wording.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from qa.matching.costs import WHOLE, Phrases, Table, Text
from qa.matching.syllables import Spoken, Syllable, distance, spell

_NEGATIONS = frozenset("不没未冇")
# What is asked as 可不可以, 行不行.
_ASKED_AGAIN = frozenset("可行会能是对好要有")
# 不妨, 不如, 不错, 不过 deny nothing.
_NO_NEGATION = frozenset("妨如错过")
_NEGATION = re.compile("[不没未冇]")
# Between a negation and what it negates: 不太满意, 没能解决, 没有录音.
_FILLERS = frozenset("太是能会要很想再用必有给在予")
_SHORT = 4


@dataclass(frozen=True, slots=True)
class Bands:
    """Thresholds, to be calibrated for each engine. Scores are from 0 to 100.

    From `found` on it was said, from `doubtful` on a person looks. A short wording has no room for errors and
    needs `short`. A right and a wrong wording less than `margin` apart are for a person. A leg whose mean
    confidence (0 to 1) is under `clear` was not understood well enough to say that nothing was said that must
    not be; under `proving` it does not prove that what must be said is absent either.
    """

    found: float = 80.0
    doubtful: float = 60.0
    short: float = 93.0
    margin: float = 8.0
    clear: float = 0.8
    proving: float = 0.86

    def floor(self, size: int) -> float:
        """The least score worth looking at, of a wording of so many syllables."""
        return self.short if size < _SHORT else self.doubtful

    def enough(self, wording: "Wording") -> float:
        return self.short if wording.is_short else self.found


@dataclass(frozen=True, slots=True)
class Wording:
    """A phrase ready to be looked for. `keep` are its syllables that must be heard themselves."""

    text: str
    syllables: tuple[Syllable, ...]
    keep: frozenset[int]

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def is_short(self) -> bool:
        return len(self.syllables) < _SHORT


class Hit(NamedTuple):
    """Where a wording may have been said: syllables `first` to `last` of the leg, score 0 to 100.

    `polar` is False where a negation or a kept word is missing or too many: it may be the opposite.
    """

    wording: Wording
    score: float
    first: int
    last: int
    polar: bool

    @property
    def places(self) -> range:
        return range(self.first, self.last + 1)

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
        self._texts = [self._wordings[number].text for number in self._phrases.order]
        self.texts = frozenset(self._texts)
        self._longest = max(self._phrases.sizes, default=0)

    def costs(self, text: Text) -> Table:
        """What each wording costs at each place of the text."""
        return self._phrases.costs(text)

    def possible(self, table: Table, floor: Callable[[int], float]) -> Iterable[str]:
        """The texts that come up with the score that `floor` wants of so many syllables."""
        allowed = [_allowed(size, floor(size)) for size in range(self._longest + 1)]
        return map(self._texts.__getitem__, table.within(allowed))

    def search(self, spoken: Spoken, other: "Book | None" = None) -> "Search":
        """The text, searched for these wordings (and those of another book)."""
        return Search(spoken, (self,) if other is None else (self, other))


class Search:
    """One leg, searched for the wordings of some books."""

    def __init__(self, spoken: Spoken, books: tuple[Book, ...]) -> None:
        self.spoken = spoken
        text = Text(spoken.syllables)
        self._tables = tuple((book, book.costs(text)) for book in books if book.numbers)
        # What is in one of the books; a text with facts in its braces is not.
        self.texts = frozenset[str]().union(*(book.texts for book, _ in self._tables))
        # With what each wording was allowed to cost: one that may cost less is at the first of these places.
        self._found: dict[Wording, tuple[int, list[Hit]]] = {}
        chars = spoken.chars
        found = (match.start() for match in _NEGATION.finditer(chars))
        self.negations = [place for place in found if _negates(chars, place) and not _asks(spoken, place)]

    def find(self, sought: Wording, floor: float) -> list[Hit]:
        """Every place with at least the score `floor`, best first; places do not overlap."""
        size = len(sought.syllables)
        allowed = _allowed(size, floor)
        known, hits = self._found.get(sought, (-1, []))
        if allowed <= known:
            least = _score(allowed, size)
            return [hit for hit in hits if hit.score >= least]
        hits = self._look(sought, allowed)
        self._found[sought] = allowed, hits
        return hits

    def _look(self, sought: Wording, allowed: int) -> list[Hit]:
        """Every place that costs no more than is allowed."""
        table, number = self._row(sought)
        if table.least(number) > allowed:
            return []
        costs = table.of(number)
        ends = (costs <= allowed).nonzero()[0]
        hits: list[Hit] = []
        taken: set[int] = set()
        for cost, end in sorted(zip(costs[ends].tolist(), ends.tolist(), strict=True)):
            if not end or end - 1 in taken:
                continue
            traced = table.trace(number, end)
            if traced is None:
                continue
            first, last, heard = traced
            places = range(first, last + 1)
            if taken.isdisjoint(places):
                score = _score(cost, len(sought.syllables))
                hits.append(Hit(sought, score, first, last, self._is_polar(sought, first, last, heard)))
                taken.update(places)
        return hits

    def possible(self, floor: Callable[[int], float]) -> set[str]:
        """The texts that come up with the score that `floor` wants of so many syllables: most do not, and are
        told all at once."""
        return {text for book, table in self._tables for text in book.possible(table, floor)}

    def _row(self, sought: Wording) -> tuple[Table, int]:
        for book, table in self._tables:
            if (number := book.numbers.get(sought)) is not None:
                return table, number
        raise KeyError(f"{sought.text} is in none of the books that were searched for")

    def _is_polar(self, sought: Wording, first: int, last: int, heard: Sequence[int]) -> bool:
        """Whether the kept syllables were heard themselves, and all negations here are the wording's. `heard`
        is the place of each syllable."""
        negations = self.negations
        near = negations[bisect_left(negations, first - 2) : bisect_right(negations, last)]
        if not near and not sought.keep:
            return True
        matched = set()
        for kept in sought.keep:
            place = heard[kept]
            if place < 0 or distance(sought.syllables[kept], self.spoken.syllables[place]) > 0:
                return False
            if self.spoken.chars[place] in _NEGATIONS and place not in near:
                return False
            matched.add(place)
        inside = all(place in matched for place in near if place >= first)
        return inside and not self._negated_before(first, near)

    def _negated_before(self, first: int, near: list[int]) -> bool:
        """不知道 is not 知道, 不太满意 is not 满意."""
        place = first - 1
        if place >= 0 and self.spoken.chars[place] in _FILLERS:
            place -= 1
        return place in near and self.spoken.clauses[place] == self.spoken.clauses[first]


def _score(cost: int, size: int) -> float:
    return 100 - 100 * cost / (WHOLE * size)


def _allowed(size: int, floor: float) -> int:
    """What a wording of so many syllables may cost."""
    return int(size * WHOLE * (1 - floor / 100) + 1e-6)


def _asks(spoken: Spoken, place: int) -> bool:
    """可不可以 as an engine wrote it, 刻不可以."""
    if not 0 < place < len(spoken.chars) - 1 or spoken.chars[place + 1] not in _ASKED_AGAIN:
        return False
    return distance(spoken.syllables[place - 1], spoken.syllables[place + 1]) == 0


def _negates(chars: str, place: int) -> bool:
    """Whether the character is a negation and not half of a question: 可不可以, 有没有, 解决了没有."""
    if chars[place] not in _NEGATIONS:
        return False
    before = chars[place - 1] if place else ""
    after = chars[place + 1] if place + 1 < len(chars) else ""
    if chars[place] == "不" and after in _NO_NEGATION:
        return False
    asks = before and (before == after or (before == "了" and chars[place : place + 2] == "没有"))
    return not asks
