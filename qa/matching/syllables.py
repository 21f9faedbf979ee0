"""Chinese text as syllables with times, and how alike two syllables sound on a telephone."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from qa.speech.pinyin import sounds
from qa.speech.port import Word
from qa.speech.text import plain

_PINYIN = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]?)(.*)")
_CLAUSE_END = re.compile(r"[,，。.?？!！;；、:：…\n]")
_PAUSE_SECONDS = 0.5
# Pairs that telephones, dialects and engines mix up.
_MIXED_INITIALS = {"zh": "z", "ch": "c", "sh": "s", "n": "l", "f": "h"}
_MIXED_FINALS = {"ang": "an", "eng": "en", "ing": "in", "iang": "ian", "uang": "uan"}
CONFUSABLE = 0.2
HALF = 0.5
OTHER = 1.0


class Syllable(NamedTuple):
    """One hanzi (or one Latin letter, which is its own sound). A tuple, because it is hashed so often."""

    char: str
    initial: str
    final: str


@dataclass(frozen=True)
class Spoken:
    """What one leg said, syllable by syllable. `clauses` numbers the stretch each one belongs to: punctuation
    or a pause parts them; `asking` are those the engine ended with a question mark. Times in seconds from
    the start of the file."""

    syllables: tuple[Syllable, ...]
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    confidences: tuple[float, ...]
    clauses: tuple[int, ...]
    asking: frozenset[int] = frozenset()

    @cached_property
    def chars(self) -> str:
        """All of it, a character a syllable."""
        return "".join([syllable.char for syllable in self.syllables])

    def text(self, first: int, last: int) -> str:
        """The characters from syllable `first` to `last`, both included."""
        return self.chars[first : last + 1]

    def confidence(self, first: int, last: int) -> float:
        """Mean confidence of the engine over these syllables."""
        part = self.confidences[first : last + 1]
        return sum(part) / len(part)

    @cached_property
    def sureness(self) -> float:
        """Mean confidence of the engine over all of it; 1 where nothing was said."""
        return self.confidence(0, len(self.confidences) - 1) if self.confidences else 1.0

    def is_sure(self, first: int, last: int, *, mean: float, least: float) -> bool:
        """Whether the engine was so sure of these syllables as a whole, and guessed at none of them."""
        return self.confidence(first, last) >= mean and min(self.confidences[first : last + 1]) >= least

    def clause(self, place: int) -> tuple[int, int]:
        """The first and the last syllable of the clause with this one."""
        number = self.clauses[place]
        return bisect_left(self.clauses, number, 0, place), bisect_right(self.clauses, number, place) - 1


def spell(text: str) -> tuple[Syllable, ...]:
    """The syllables of a text: simplified, digits as hanzi, punctuation out, tones left aside."""
    return tuple([_syllable(char) for char in plain(text)])


def hear(words: Iterable[Word]) -> Spoken:
    """The syllables of an engine's words in the order of time, whatever the order of its segments; a word's
    time is shared out evenly among its syllables."""
    syllables: list[Syllable] = []
    starts: list[float] = []
    ends: list[float] = []
    confidences: list[float] = []
    clauses: list[int] = []
    asking: set[int] = set()
    clause, parted, last_end = 0, False, 0.0
    for word in sorted(words, key=lambda one: one.start):
        token = _token(word.text)
        if syllables and (parted or token.leading or word.start - last_end >= _PAUSE_SECONDS):
            clause += 1
        if token.asks and syllables:
            asking.add(clauses[-1] if token.leading else clause)
        parted = token.parts
        count = len(token.syllables)
        if count == 1:  # nearly every word of Chinese
            starts.append(word.start)
            ends.append(word.end)
            confidences.append(word.confidence)
            clauses.append(clause)
        else:
            step = (word.end - word.start) / count if count else 0.0
            starts += [word.start + number * step for number in range(count)]
            ends += [word.start + number * step for number in range(1, count + 1)]
            confidences += [word.confidence] * count
            clauses += [clause] * count
        syllables += token.syllables
        last_end = word.end
    return Spoken(
        tuple(syllables), tuple(starts), tuple(ends), tuple(confidences), tuple(clauses), frozenset(asking)
    )


@dataclass(frozen=True, slots=True)
class _Token:
    """What an engine's word holds: its syllables, and whether it begins or ends a clause."""

    syllables: tuple[Syllable, ...]
    leading: bool
    parts: bool
    asks: bool


@lru_cache(maxsize=50_000)
def _token(text: str) -> _Token:
    bare = text.strip()
    inside = spell(text)
    leading = bool(_CLAUSE_END.match(bare))
    parts = bool(_CLAUSE_END.search(bare[1:])) or (leading and not inside)
    return _Token(inside, leading, parts, "?" in bare or "？" in bare)


@lru_cache(maxsize=30_000)
def classes(one: Syllable) -> tuple[int, int, int, int]:
    """Numbers of initial and final, and of what each is easily mixed up with; 0 is no initial."""
    initial, final = one.initial, one.final
    return (
        _number(initial),
        _number(final),
        _number(_MIXED_INITIALS.get(initial, initial)),
        _number(_MIXED_FINALS.get(final, final)),
    )


_NUMBERS: dict[str, int] = {"": 0}


def _number(sound: str) -> int:
    return _NUMBERS.setdefault(sound, len(_NUMBERS))


@lru_cache(maxsize=100_000)
def distance(one: Syllable, other: Syllable) -> float:
    """0 the same, 0.2 easily mixed up, 0.5 half the sound, 1 another."""
    if one.char == other.char or (one.initial, one.final) == (other.initial, other.final):
        return 0.0
    same_initial, same_final = one.initial == other.initial, one.final == other.final
    _, _, initial, final = classes(one)
    _, _, other_initial, other_final = classes(other)
    if initial == other_initial and final == other_final:
        return CONFUSABLE
    return HALF if (same_initial and one.initial) or same_final else OTHER


@lru_cache(maxsize=30_000)
def _syllable(char: str) -> Syllable:
    # A character that has two sounds is compared as a character first.
    (sound,) = sounds(char)
    parts = _PINYIN.fullmatch(sound)
    if parts is None or not sound.isascii() or sound == char:
        return Syllable(char, "", char)
    return Syllable(char, parts[1], parts[2])
