"""What is searched, how it is cut, and where in it the words are (A4). Pure.

A passage is found by three kinds of tokens, so that both databases find the same: its characters, its
syllables without tones, and its syllables with what telephones and dialects mix up folded together
(zh/z, n/l, ang/an). What is only nearly the same is found by pieces of the phrase and judged by soft pinyin.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from dialer.telephony.outcomes import Leg
from qa.matching.phrases import find, wording
from qa.matching.syllables import Spoken, Syllable, spell
from qa.speech.port import Segment, Word
from qa.speech.text import plain

# Raised when tokens or passages are made otherwise: every call is then indexed anew.
FORM = 1
# So long a silence of one party ends a passage; so many syllables end it at the next short pause.
PAUSE_SECONDS = 1.5
_LONG, _SHORT_PAUSE = 300, 0.3
# A phrase of fewer syllables must be there whole; a longer one may be alike to this degree (0 to 100).
LEAST_ALIKE = 4
ALIKE = 80.0

_INITIALS = {"zh": "z", "ch": "c", "sh": "s", "n": "l", "f": "h"}
_FINALS = {"ang": "an", "eng": "en", "ing": "in", "iang": "ian", "uang": "uan"}


class Nearness(IntEnum):
    """How a passage has the words; the smaller the nearer."""

    EXACT = 0
    SAME_SOUND = 1
    EASILY_MIXED_UP = 2
    ALIKE = 3


@dataclass(frozen=True, slots=True)
class Passage:
    """What one party said without a long pause. `words`: (text, start, end, syllables)."""

    channel: Leg
    start: float
    syllables: tuple[Syllable, ...]
    words: tuple[tuple[str, float, float, int], ...]

    @property
    def chars(self) -> str:
        return "".join(one.char for one in self.syllables)

    @property
    def sounds(self) -> str:
        """As it is kept: an empty final cannot be, so that this parts again into syllables."""
        return " ".join(f"{one.initial}-{one.final}" for one in self.syllables)

    @property
    def tokens(self) -> str:
        """All three kinds, one after the other: no phrase of a kind reaches into another."""
        return " ".join(" ".join(kind) for kind in tokens(self.syllables))


def passages(segments: Iterable[Segment]) -> list[Passage]:
    """The passages of a call, by time."""
    made = []
    heard: dict[Leg, list[Word]] = {leg: [] for leg in Leg}
    for segment in segments:
        whole = Word(segment.text, segment.start, segment.end, segment.confidence)
        heard[segment.channel].extend(segment.words or (whole,))
    for leg, said in heard.items():
        for words in _stretches(sorted(said, key=lambda word: word.start)):
            parts = tuple((word.text, word.start, word.end, len(plain(word.text))) for word in words)
            syllables = spell("".join(word.text for word in words))
            # Where joining changed the text (a word of two characters that are one), word by word.
            if sum(part[3] for part in parts) != len(syllables):
                syllables = tuple(one for word in words for one in spell(word.text))
            if syllables:
                made.append(Passage(leg, words[0].start, syllables, parts))
    return sorted(made, key=lambda one: (one.start, one.channel))


def _stretches(words: Sequence[Word]) -> Iterator[list[Word]]:
    current: list[Word] = []
    size = 0
    for word in words:
        silence = word.start - current[-1].end if current else 0.0
        if silence >= PAUSE_SECONDS or (size >= _LONG and silence >= _SHORT_PAUSE) or size >= 2 * _LONG:
            yield current
            current, size = [], 0
        current.append(word)
        size += len(word.text)
    if current:
        yield current


def tokens(syllables: Iterable[Syllable]) -> tuple[list[str], list[str], list[str]]:
    """The tokens of characters, of sounds, and of sounds folded; each word says of which kind it is."""
    chars, sounds, folded = [], [], []
    for one in syllables:
        sound = f"{one.initial}{one.final}"
        if not sound.isascii() or one.final == one.char:
            # A Latin letter or a character without pinyin is its own sound.
            sound = f"x{ord(one.char):x}"
            near = sound
        else:
            near = _INITIALS.get(one.initial, one.initial) + _FINALS.get(one.final, one.final)
        chars.append(f"c0{ord(one.char):x}")
        sounds.append(f"s0{sound.lower()}")
        folded.append(f"f0{near.lower()}")
    return chars, sounds, folded


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words looked for, said one after the other."""

    text: str
    syllables: tuple[Syllable, ...]

    def kinds(self) -> dict[Nearness, list[str]]:
        """The tokens by how near they are."""
        return dict(zip(tuple(Nearness)[:3], tokens(self.syllables), strict=True))

    def pieces(self) -> list[list[str]]:
        """One of these is in any passage that is alike enough: two syllables each, folded."""
        near = tokens(self.syllables)[2]
        return [near[at : at + 2] for at in range(0, len(near) - 1, 2)]


class NothingToFind(ValueError):
    """Nothing in the words can be spoken. The message says what to type."""


def phrases(typed: str) -> tuple[Phrase, ...]:
    """What somebody typed, as phrases that must all be in a passage: blanks part them.

    Raises:
        NothingToFind: there is no spoken character in it.
    """
    found = tuple(Phrase(part, spelled) for part in typed.split() if (spelled := spell(part)))
    if not found:
        raise NothingToFind("type the words that were said: nothing here can be spoken")
    return found[:5]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a phrase is in a passage: syllables `first` to `last`; `likeness` 0 to 100."""

    nearness: Nearness
    first: int
    last: int
    likeness: float


def locate(phrase: Phrase, syllables: Sequence[Syllable]) -> Place | None:
    """The nearest place of a phrase in a passage, the first one of them."""
    wanted, there = tokens(phrase.syllables), tokens(syllables)
    size = len(phrase.syllables)
    for nearness, sought, text in zip(Nearness, wanted, there, strict=False):
        for first in range(len(text) - size + 1):
            if text[first : first + size] == sought:
                alike = _likeness(phrase, syllables[first : first + size])
                return Place(nearness, first, first + size - 1, alike)
    if size < LEAST_ALIKE:
        return None
    hits = find(wording(phrase.text), _spoken(syllables), ALIKE)
    best = max(hits, key=lambda hit: (hit.score, -hit.first), default=None)
    return Place(Nearness.ALIKE, best.first, best.last, best.score) if best else None


def _likeness(phrase: Phrase, syllables: Sequence[Syllable]) -> float:
    hits = find(wording(phrase.text), _spoken(syllables), 0.0)
    return max((hit.score for hit in hits), default=0.0)


def _spoken(syllables: Sequence[Syllable]) -> Spoken:
    nothing = (0.0,) * len(syllables)
    return Spoken(tuple(syllables), nothing, nothing, nothing, (0,) * len(syllables))


def kept_syllables(chars: str, sounds: str) -> tuple[Syllable, ...]:
    """The syllables of a stored passage again."""
    parts = (sound.partition("-") for sound in sounds.split(" "))
    return tuple(
        Syllable(char, initial, final) for char, (initial, _, final) in zip(chars, parts, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a snippet; `hit` where it is what was looked for. Seconds of the recording."""

    text: str
    hit: bool
    start: float
    end: float


def snippet(
    words: Sequence[tuple[str, float, float, int]], places: Sequence[Place], around: int = 24
) -> tuple[Piece, ...]:
    """The words around the hits, in pieces; `around` syllables before the first and after the last one."""
    first, last = min(place.first for place in places), max(place.last for place in places)
    pieces: list[Piece] = []
    at = 0
    for text, start, end, size in words:
        reach = (at, at + max(size, 1) - 1)
        at += size
        if reach[1] < first - around or reach[0] > last + around:
            continue
        hit = size > 0 and any(p.first <= reach[1] and reach[0] <= p.last for p in places)
        if pieces and pieces[-1].hit == hit:
            pieces[-1] = Piece(pieces[-1].text + text, hit, pieces[-1].start, end)
        else:
            pieces.append(Piece(text, hit, start, end))
    return tuple(pieces)
