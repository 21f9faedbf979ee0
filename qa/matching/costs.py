"""How cheaply phrases turn into what was heard: all phrases of a rule set at once, in integers.

The approximate substring distance of `phrases` as one dynamic programme over phrase and place: the row of the
n-th syllable of every phrase that has so many is a few operations of numpy. Costs are tenths: 10 is another
syllable, one missing or one too many; 5 half the sound; 2 easily mixed up.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from qa.matching.syllables import Syllable, classes

WHOLE = 10
_HALF = 5
_ALIKE = 2
# What phrases of so many syllables cost fits into a byte, and twice as many bytes are worked on at a time.
_BYTE_SYLLABLES = 24
# So many syllables' distances are kept; nobody says more of them.
_KEPT = 6000
_Numbers = NDArray[np.int32]
_Bytes = NDArray[np.uint8]
Costs = _Bytes | NDArray[np.int16]


class Text:
    """What was said as numbers, for any number of books."""

    def __init__(self, syllables: Sequence[Syllable]) -> None:
        unique: dict[Syllable, int] = {}
        # From 1 on: 0 is the place before the first one.
        places = [unique.setdefault(one, len(unique) + 1) for one in syllables]
        self.places = np.array([0, *places], dtype=np.intp)
        self.syllables = tuple(unique)


class Phrases:
    """Phrases made ready once; `costs` then takes any number of texts."""

    def __init__(self, phrases: Sequence[tuple[Syllable, ...]]) -> None:
        self.sizes = [len(phrase) for phrase in phrases]
        # Longest first: the phrases that have an n-th syllable are then the first so many.
        self.order = sorted(range(len(phrases)), key=lambda number: -self.sizes[number])
        self.place = {number: place for place, number in enumerate(self.order)}
        self.ordered_sizes = np.array([self.sizes[number] for number in self.order], dtype=np.intp)
        unique: dict[Syllable, int] = {}
        self.spelled = [[unique.setdefault(one, len(unique)) for one in phrase] for phrase in phrases]
        self._heard = _Heard(unique)
        self._longest = max(self.sizes, default=0)
        self._columns = [
            np.array(
                [self.spelled[number][row] for number in self.order if self.sizes[number] > row], np.intp
            )
            for row in range(self._longest)
        ]

    def costs(self, text: Text) -> "Table":
        """What each phrase costs at each place of the text."""
        apart: Costs = self._heard.apart(text)
        if self._longest > _BYTE_SYLLABLES:
            apart = apart.astype(np.int16)
        whole = apart.dtype.type(WHOLE)
        rows: list[Costs] = [np.zeros((len(self.sizes), apart.shape[1]), dtype=apart.dtype)]
        # Of the first syllable nothing is cheaper than to stand for what was heard there.
        rows += [apart.take(column, axis=0) for column in self._columns[:1]]
        for number, column in enumerate(self._columns[1:], 2):
            above = rows[-1][: len(column)].ravel()
            row = apart.take(column, axis=0)
            # All phrases as one line are faster than line by line; each runs into place 0 of the next one,
            # which is put right.
            line = row.ravel()
            line[1:] += above[:-1]
            more = above + whole
            np.minimum(line, more, out=line)
            row[:, 0] = number * WHOLE
            # Up to two syllables in a row may be too many.
            for _ in range(2):
                np.add(line, whole, out=more)
                np.minimum(line[1:], more[:-1], out=line[1:])
                row[:, 0] = number * WHOLE
            rows.append(row)
        return Table(self, rows, apart)


class Table:
    """The costs of all phrases in one leg."""

    def __init__(self, phrases: Phrases, rows: Sequence[Costs], apart: Costs) -> None:
        self._phrases = phrases
        self._rows = rows
        self._least = _least(rows)
        # Single cells are read faster this way than from the arrays themselves.
        self._cells = [row.data for row in rows]
        self._apart = apart.data

    def least(self, number: int) -> int:
        """What phrase `number` costs at its best place: most are nowhere, and are looked for no further."""
        return int(self._least[self._phrases.place[number]])

    def within(self, allowed: Sequence[int]) -> list[int]:
        """Places in `order` of the phrases that cost no more at their best than is allowed for so many
        syllables."""
        within: list[int] = (
            (self._least <= np.array(allowed)[self._phrases.ordered_sizes]).nonzero()[0].tolist()
        )
        return within

    def of(self, number: int) -> Costs:
        """What phrase `number` costs where it ends before place 0, 1, 2 …; it may begin anywhere."""
        whole: Costs = self._rows[self._phrases.sizes[number]][self._phrases.place[number]]
        return whole

    def trace(self, number: int, end: int) -> tuple[int, int, Sequence[int]] | None:
        """The cheapest way of phrase `number` to end before `end`: its first and its last place, and those of
        all its syllables, -1 of one that is missing.

        None where that is the way to end before `end - 1`, and one syllable too many.
        """
        spelled, place = self._phrases.spelled[number], self._phrases.place[number]
        cells, apart = self._cells, self._apart
        size, begin = len(spelled), end - len(spelled)
        cost = cells[size][place, end]
        # Mostly syllable stands for syllable.
        if not cost or (
            begin >= 0 and cost == sum([apart[one, at] for at, one in enumerate(spelled, begin + 1)])
        ):
            return begin, end - 1, range(begin, end)
        places = [-1] * size
        first = last = -1
        i, j = size, end
        while i and j:
            here = cells[i][place, j]
            if here == cells[i - 1][place, j - 1] + apart[spelled[i - 1], j]:
                i, j = i - 1, j - 1
                places[i] = first = j
                last = max(last, j)
            elif here == cells[i - 1][place, j] + WHOLE:
                i -= 1
            elif i < size:
                j -= 1
            else:
                return None
        return (first, last, places) if first >= 0 else None


def _least(rows: Sequence[Costs]) -> NDArray[np.int_]:
    """The least cost of each phrase, longest first: those of one size are the last ones of their row. Where
    nothing was said it is more than is ever allowed."""
    least = np.zeros(len(rows[0]), dtype=np.int_)
    since = 0
    for row in rows[:0:-1]:
        least[since : len(row)] = row[since:, 1:].min(axis=1, initial=np.iinfo(row.dtype).max)
        since = len(row)
    return least


class _Heard:
    """How far the syllables of some phrases are from every other that was heard so far."""

    def __init__(self, syllables: Iterable[Syllable]) -> None:
        self._sounds = Sounds(syllables)
        # Row 0 is the place before a text, where nothing was heard.
        before: _Bytes = np.full((1, len(self._sounds.chars)), WHOLE, dtype=np.uint8)
        self._known: tuple[dict[Syllable, int], _Bytes] = ({}, before)

    def apart(self, text: Text) -> _Bytes:
        """Tenths between each of the syllables and each place of the text, from 1 on."""
        numbers, rows = self._known
        if new := [one for one in text.syllables if one not in numbers]:
            if len(numbers) > _KEPT:
                numbers, rows, new = {}, rows[:1], list(text.syllables)
            numbers = numbers | {one: number for number, one in enumerate(new, len(numbers) + 1)}
            rows = np.concatenate((rows, Sounds(new).apart(self._sounds)))
            self._known = numbers, rows
        known = np.array([0, *[numbers[one] for one in text.syllables]], dtype=np.intp)
        return np.ascontiguousarray(rows[known[text.places]].T)


class Sounds:
    """Syllables as numbers that can be compared all at once."""

    def __init__(self, syllables: Iterable[Syllable]) -> None:
        numbers = chain.from_iterable([(ord(one.char), *classes(one)) for one in syllables])
        table: _Numbers = np.fromiter(numbers, dtype=np.int32).reshape(-1, 5).T
        self.chars, self.initials, self.finals, self.initials_alike, self.finals_alike = table

    def apart(self, other: "Sounds") -> _Bytes:
        """Tenths between each of these and each of the others, as `syllables.distance` says."""
        same_initial = _equal(self.initials, other.initials)
        same_final = _equal(self.finals, other.finals)
        costs = np.full(same_initial.shape, WHOLE, dtype=np.uint8)
        costs[same_final | (same_initial & (self.initials != 0)[:, None])] = _HALF
        alike = _equal(self.initials_alike, other.initials_alike)
        costs[alike & _equal(self.finals_alike, other.finals_alike)] = _ALIKE
        costs[(same_initial & same_final) | _equal(self.chars, other.chars)] = 0
        return costs


def _equal(some: _Numbers, others: _Numbers) -> NDArray[np.bool_]:
    return np.equal(some[:, None], others[None, :])
