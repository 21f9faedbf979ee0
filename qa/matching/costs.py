"""How cheaply phrases turn into what was heard: all phrases of a rule set at once, in integers.

The approximate substring distance of `phrases` as one dynamic programme over phrase and place: the row of the
n-th syllable of every phrase that has so many is a few operations of numpy. Costs are tenths: 10 is another
syllable, one missing or one too many; 5 half the sound; 2 easily mixed up.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qa.matching.syllables import Spoken, Syllable, classes

WHOLE = 10
_HALF = 5
_ALIKE = 2
_NEVER = 30_000
_Numbers = NDArray[np.int32]
Costs = NDArray[np.int16]


class Phrases:
    """Phrases made ready once; `costs` then takes any number of transcripts."""

    def __init__(self, phrases: Sequence[tuple[Syllable, ...]]) -> None:
        self.sizes = [len(phrase) for phrase in phrases]
        # Longest first: the phrases that have an n-th syllable are then the first so many.
        order = sorted(range(len(phrases)), key=lambda number: -self.sizes[number])
        self.place = {number: place for place, number in enumerate(order)}
        self.longest_first = [self.sizes[number] for number in order]
        unique = list(dict.fromkeys(syllable for phrase in phrases for syllable in phrase))
        index = {syllable: number for number, syllable in enumerate(unique)}
        self._sounds = _Sounds(unique)
        longest = max(self.sizes, default=0)
        self.columns = [
            np.array(
                [index[phrases[number][row]] for number in order if self.sizes[number] > row], dtype=np.intp
            )
            for row in range(longest)
        ]

    def costs(self, spoken: Spoken) -> "Table":
        """What each phrase costs at each place of the text."""
        unique = list(dict.fromkeys(spoken.syllables))
        index = {syllable: number for number, syllable in enumerate(unique)}
        text = np.array([index[syllable] for syllable in spoken.syllables], dtype=np.intp)
        apart = self._sounds.apart(_Sounds(unique))[:, text]
        rows = [np.zeros((len(self.sizes), len(text) + 1), dtype=np.int16)]
        for number, column in enumerate(self.columns, 1):
            above = rows[-1][: len(column)]
            row = np.empty_like(above)
            row[:, 0] = number * WHOLE
            np.add(above[:, :-1], apart[column], out=row[:, 1:])
            np.minimum(row[:, 1:], above[:, 1:] + np.int16(WHOLE), out=row[:, 1:])
            _insert(row)
            rows.append(row)
        return Table(self, rows, apart)


class Table:
    """The costs of all phrases in one leg."""

    def __init__(self, phrases: Phrases, rows: list[Costs], apart: Costs) -> None:
        self._phrases = phrases
        self._rows = rows
        self._apart = apart
        longest = phrases.longest_first
        least = [int(rows[size][place, 1:].min(initial=_NEVER)) for place, size in enumerate(longest)]
        # What each phrase costs at its best place: most are nowhere, and are looked for no further.
        self.least = [least[phrases.place[number]] for number in range(len(longest))]

    def of(self, number: int) -> Costs:
        """What phrase `number` costs where it ends before place 0, 1, 2 …; it may begin anywhere."""
        place = self._phrases.place[number]
        whole: Costs = self._rows[self._phrases.sizes[number]][place]
        return whole

    def trace(self, number: int, end: int) -> list[tuple[int, int]]:
        """The pairs (syllable of the phrase, of the text) of its cheapest way to end before `end`."""
        place, i, j = self._phrases.place[number], self._phrases.sizes[number], end
        if end >= i:
            # Mostly syllable stands for syllable.
            straight = sum(
                int(self._apart[column[place], end - i + row])
                for row, column in enumerate(self._phrases.columns[:i])
            )
            if straight == int(self._rows[i][place, end]):
                return [(row, end - i + row) for row in range(i)]
        pairs: list[tuple[int, int]] = []
        while i and j:
            here = int(self._rows[i][place, j])
            change = int(self._apart[self._phrases.columns[i - 1][place], j - 1])
            if here == int(self._rows[i - 1][place, j - 1]) + change:
                i, j = i - 1, j - 1
                pairs.append((i, j))
            elif here == int(self._rows[i - 1][place, j]) + WHOLE:
                i -= 1
            else:
                j -= 1
        return pairs[::-1]


class _Sounds:
    """Syllables as numbers that can be compared all at once."""

    def __init__(self, syllables: Sequence[Syllable]) -> None:
        numbers = [(ord(one.char), *classes(one)) for one in syllables]
        table: _Numbers = np.array(numbers, dtype=np.int32).reshape(-1, 5).T
        self.chars, self.initials, self.finals, self.initials_alike, self.finals_alike = table

    def apart(self, other: "_Sounds") -> Costs:
        """Tenths between each of these and each of the others, as `syllables.distance` says."""
        same_initial = _equal(self.initials, other.initials)
        same_final = _equal(self.finals, other.finals)
        costs = np.full(same_initial.shape, WHOLE, dtype=np.int16)
        costs[same_final | (same_initial & (self.initials != 0)[:, None])] = _HALF
        alike = _equal(self.initials_alike, other.initials_alike)
        costs[alike & _equal(self.finals_alike, other.finals_alike)] = _ALIKE
        costs[(same_initial & same_final) | _equal(self.chars, other.chars)] = 0
        return costs


def _equal(some: _Numbers, others: _Numbers) -> NDArray[np.bool_]:
    return np.equal(some[:, None], others[None, :])


def _insert(row: Costs) -> None:
    """Let up to two syllables in a row be too many: row[j] = min(row[j - k] + k * WHOLE), in place."""
    for _ in range(2):
        np.minimum(row[:, 1:], row[:, :-1] + np.int16(WHOLE), out=row[:, 1:])
