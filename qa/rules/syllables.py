"""Chinese text as syllables with times, and how alike two syllables sound on a telephone."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

from qa.speech.port import Word
from qa.speech.text import plain

_PINYIN = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]?)(.*)")
_CLAUSE_END = re.compile(r"[,，。.?？!！;；、:：…\n]")
_PAUSE_SECONDS = 0.5
# Pairs that telephones, dialects and engines mix up.
_INITIALS_ALIKE = frozenset(
    frozenset(pair) for pair in (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("f", "h"))
)
_FINALS_ALIKE = frozenset(
    frozenset(pair)
    for pair in (("ang", "an"), ("eng", "en"), ("ing", "in"), ("iang", "ian"), ("uang", "uan"))
)
CONFUSABLE = 0.2
HALF = 0.5
OTHER = 1.0


@dataclass(frozen=True, slots=True)
class Syllable:
    """One hanzi (or one Latin letter, which is its own sound)."""

    char: str
    initial: str
    final: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one leg said, syllable by syllable. `clauses` numbers the stretch each one belongs to: punctuation
    or a pause parts them. Times in seconds from the start of the file."""

    syllables: tuple[Syllable, ...]
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    confidences: tuple[float, ...]
    clauses: tuple[int, ...]

    def text(self, first: int, last: int) -> str:
        """The characters from syllable `first` to `last`, both included."""
        return "".join(s.char for s in self.syllables[first : last + 1])

    def confidence(self, first: int, last: int) -> float:
        """Mean confidence of the engine over these syllables."""
        part = self.confidences[first : last + 1]
        return sum(part) / len(part)


def spell(text: str) -> tuple[Syllable, ...]:
    """The syllables of a text: simplified, digits as hanzi, punctuation out, tones left aside."""
    chars = plain(text)
    sounds = " ".join(lazy_pinyin(chars, style=Style.NORMAL, errors=" ".join)).split()
    return tuple(_syllable(char, sound) for char, sound in zip(chars, sounds, strict=True))


def hear(words: Iterable[Word]) -> Spoken:
    """The syllables of an engine's words; a word's time is shared out evenly among its syllables."""
    chars: list[str] = []
    starts: list[float] = []
    ends: list[float] = []
    confidences: list[float] = []
    clauses: list[int] = []
    clause, parted, last_end = 0, False, 0.0
    for word in words:
        inside = plain(word.text)
        leading = bool(_CLAUSE_END.match(word.text.strip()))
        if chars and (parted or leading or word.start - last_end >= _PAUSE_SECONDS):
            clause += 1
        parted = bool(_CLAUSE_END.search(word.text.strip()[1:])) or (leading and not inside)
        step = (word.end - word.start) / len(inside) if inside else 0.0
        for number, char in enumerate(inside):
            chars.append(char)
            starts.append(word.start + number * step)
            ends.append(word.start + (number + 1) * step)
            confidences.append(word.confidence)
            clauses.append(clause)
        last_end = word.end
    return Spoken(spell("".join(chars)), tuple(starts), tuple(ends), tuple(confidences), tuple(clauses))


@lru_cache(maxsize=100_000)
def distance(one: Syllable, other: Syllable) -> float:
    """0 the same, 0.2 easily mixed up, 0.5 half the sound, 1 another."""
    if one.char == other.char or (one.initial, one.final) == (other.initial, other.final):
        return 0.0
    same_initial, same_final = one.initial == other.initial, one.final == other.final
    alike_initial = same_initial or frozenset((one.initial, other.initial)) in _INITIALS_ALIKE
    alike_final = same_final or frozenset((one.final, other.final)) in _FINALS_ALIKE
    if alike_initial and alike_final:
        return CONFUSABLE
    return HALF if (same_initial and one.initial) or same_final else OTHER


def _syllable(char: str, sound: str) -> Syllable:
    parts = _PINYIN.fullmatch(sound)
    if parts is None or not sound.isascii() or sound == char:
        return Syllable(char, "", char)
    return Syllable(char, parts[1], parts[2])
