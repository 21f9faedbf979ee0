"""Numbers as spoken in hanzi: 一零, 十, 二十五, 三千五百, 百分之五; and digits told by their sound."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from qa.matching.syllables import HALF, Syllable, distance, spell

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0, "幺": 1}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_NUMBER = re.compile(r"(百分之)?([零〇一二三四五六七八九两十百千万点]+)")
# What a digit sounds like; engines write 期 for 七 and 要 for 幺.
_SOUNDS = {
    "ling": "0", "dong": "0", "yi": "1", "yao": "1", "er": "2", "liang": "2", "san": "3", "si": "4",
    "wu": "5", "liu": "6", "qi": "7", "guai": "7", "ba": "8", "jiu": "9", "gou": "9", "cha": "X",
}  # fmt: skip


_HUNDRED = 100


# The ways to say a digit.
_READINGS = {
    "0": "零洞", "1": "一幺", "2": "二两", "3": "三", "4": "四", "5": "五", "6": "六", "7": "七拐", "8": "八",
    "9": "九勾", "X": "叉",
}  # fmt: skip


class Number(NamedTuple):
    """A number at places `first` to `last`; `after` is what follows it, as 年 or 元."""

    value: float
    first: int
    last: int
    after: str
    percent: bool


# How digits are written that are said one by one: 幺 for one, 洞 for nought.
_WRITTEN = str.maketrans(
    "零〇洞一幺二两三四五六七拐八九勾叉壹贰叁肆伍陆柒捌玖", "00011223456778" + "99X" + "123456789"
)


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits spoken one by one (X as 叉), each with its syllable in `places`."""

    text: str
    places: tuple[int, ...]

    @property
    def first(self) -> int:
        return self.places[0]

    @property
    def last(self) -> int:
        return self.places[-1]


def written(chars: str) -> str:
    """Spoken digits as digits, character by character; what is no digit stays."""
    return chars.translate(_WRITTEN)


def may_be(heard: float, meant: float) -> bool:
    """Whether one figure may have been heard as another: 期十五 as 七十五, 四 as 十."""
    said, wanted = in_hanzi(heard), in_hanzi(meant)
    return said == "七" + wanted or said.replace("四", "十") == wanted.replace("四", "十")


def in_hanzi(figure: float) -> str:
    """A figure under a hundred as it is said: 十五, 一点五; else as it is written."""
    if not 0 < figure < _HUNDRED:
        return f"{figure:g}"
    names = "零一二三四五六七八九"
    whole, _, part = f"{figure:g}".partition(".")
    tens, ones = divmod(int(whole), 10)
    said = ("" if not tens else "十" if tens == 1 else names[tens] + "十") + (names[ones] if ones else "")
    return (said or "零") + ("点" + "".join(names[int(digit)] for digit in part) if part else "")


def may_sound(said: Syllable, digit: str) -> bool:
    """Whether a syllable shares half its sound with a way to say the digit: 有 for 幺."""
    return any(distance(said, spell(char)[0]) <= HALF for char in _READINGS.get(digit, ""))


def numbers(text: str) -> list[Number]:
    """Every number of a text without punctuation."""
    found = []
    for match in _NUMBER.finditer(text):
        told, end = match[2], match.end()
        # 百分之五，一样是…: nobody says two digits of a share without 十 or 点.
        if match[1] and len(told) == 2 and told[0] in _DIGITS and told[1] == "一":
            told, end = told[0], end - 1
        value = _value(told)
        if value is not None:
            found.append(Number(value, match.start(), end - 1, text[end : end + 2], bool(match[1])))
    return found


def _value(text: str) -> float | None:
    if text.endswith("点"):
        return None  # 一点
    whole, _, part = text.partition("点")
    if part and not all(char in _DIGITS for char in part):
        return None
    if all(char in _DIGITS for char in whole) and whole:
        total = int("".join(str(_DIGITS[char]) for char in whole))
    else:
        total, digit = 0, 0
        rest = 0
        for char in whole:
            if char in _DIGITS:
                digit = _DIGITS[char]
            elif char == "万":
                total, rest, digit = total + (rest + digit) * 10_000, 0, 0
            else:
                rest, digit = rest + (digit or 1) * _UNITS[char], 0
        total += rest + digit
    if not whole:
        return None
    return float(f"{total}.{''.join(str(_DIGITS[char]) for char in part)}") if part else float(total)


def digit_runs(syllables: Sequence[Syllable], first: int, last: int, hole: int = 1) -> list[Digits]:
    """Runs of two digits and more, by sound, with holes of misheard syllables of at most `hole`."""
    runs: list[list[tuple[str, int]]] = [[]]
    for place in range(first, min(last + 1, len(syllables))):
        if digit := _digit(syllables[place]):
            if runs[-1] and place - runs[-1][-1][1] > hole + 1:
                runs.append([])
            runs[-1].append((digit, place))
    return [Digits("".join(d for d, _ in run), tuple(p for _, p in run)) for run in runs if len(run) > 1]


@lru_cache(maxsize=30_000)
def _digit(one: Syllable) -> str:
    known = written(one.char)
    return known if known.isdigit() or known == "X" else _SOUNDS.get(one.initial + one.final, "")
