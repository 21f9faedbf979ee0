"""Text of engines and people brought to one form, and the error rate between two texts."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import accumulate, pairwise

from opencc import OpenCC
from rapidfuzz.distance import Levenshtein

_HANZI_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")


@cache
def _traditional_to_simplified() -> OpenCC:
    return OpenCC("t2s")


# What the tables for whole texts leave as it is: 拿著, 甚麼, 妳.
_LEFT = (
    (re.compile("(?<!显)著(?![名作称])"), "着"),
    (re.compile("甚(?=么)"), "什"),
    (re.compile("妳"), "你"),
)


def simplified(text: str) -> str:
    """Simplified characters, whatever the engine wrote. By whole texts: 瞭 is 了 only in 瞭解."""
    told = str(_traditional_to_simplified().convert(text))
    for left, right in _LEFT:
        told = left.sub(right, told)
    return told


def simplified_each(texts: Sequence[str]) -> list[str]:
    """The same of words that make up one text, each by itself."""
    whole = simplified("".join(texts))
    if len(whole) != sum(map(len, texts)):
        return [simplified(text) for text in texts]
    ends = list(accumulate(map(len, texts)))
    return [whole[start:end] for start, end in pairwise([0, *ends])]


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
