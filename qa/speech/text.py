"""Text of engines and people brought to one form, and the error rate between two texts."""

import unicodedata
from functools import cache, lru_cache

from opencc import OpenCC
from rapidfuzz.distance import Levenshtein

_HANZI_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")


@cache
def _traditional_to_simplified() -> OpenCC:
    return OpenCC("t2s")


def simplified(text: str) -> str:
    """Simplified characters, whatever the engine wrote."""
    return str(_traditional_to_simplified().convert(text))


def bare(text: str) -> str:
    """Without what is not spoken: simplified, half width, capital letters, no punctuation."""
    folded = unicodedata.normalize("NFKC", simplified(text)).upper()
    return "".join(char for char in folded if char.isalnum())


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """`bare`, and digits as hanzi, because a number may be written either way."""
    return bare(text).translate(_HANZI_DIGITS)


def character_errors(reference: str, heard: str) -> tuple[int, int]:
    """(errors, characters of the reference) after `bare`; their quotient is the CER."""
    right, got = bare(reference), bare(heard)
    return Levenshtein.distance(right, got), len(right)
