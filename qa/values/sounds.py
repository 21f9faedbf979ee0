"""Text as a string of sounds: one sign a syllable, the same sign for syllables a telephone mixes up.

Two texts that sound alike are equal strings then, so that words are looked up and compared at the speed of
strings. For likeness by degrees see `qa.matching.phrases`.
"""

from collections.abc import Sequence
from functools import lru_cache

from qa.matching.syllables import Syllable, spell

_INITIALS = {"zh": "z", "ch": "c", "sh": "s", "n": "l", "f": "h"}
_FINALS = {"ang": "an", "eng": "en", "ing": "in", "iang": "ian", "uang": "uan"}
# Signs are taken from the private use area of Unicode, in the order in which sounds are first met.
_FIRST_SIGN = 0xE000
_signs: dict[tuple[str, str], str] = {}


def sign(syllable: Syllable) -> str:
    """The sign of one syllable. A letter or a sign without sound is its own."""
    if not syllable.initial and syllable.final == syllable.char:
        return syllable.char
    key = (_INITIALS.get(syllable.initial, syllable.initial), _FINALS.get(syllable.final, syllable.final))
    return _signs.setdefault(key, chr(_FIRST_SIGN + len(_signs)))


class _Signs(dict[Syllable, str]):
    """Each sign once worked out is looked up from then on."""

    def __missing__(self, syllable: Syllable) -> str:
        return self.setdefault(syllable, sign(syllable))


_known = _Signs()


def sounds(syllables: Sequence[Syllable]) -> str:
    """One sign a syllable, so that places in the string are places in the syllables."""
    return "".join(map(_known.__getitem__, syllables))


@lru_cache(maxsize=8192)
def sounds_of(text: str) -> str:
    """The sounds of a text, one sign a character of `plain(text)`."""
    return sounds(spell(text))
