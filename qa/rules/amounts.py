"""Money said as it is on record. Pure."""

import re
from collections.abc import Iterator

from qa.rules.names import Heard
from qa.rules.numbers import Number, numbers, written

_UNITS = {"百": 100, "千": 1000, "万": 10_000}
# 一千二 is twelve hundred, and 一千二百八 has no eight.
_ROUND = re.compile("([百千万])([一二两三四五六七八九])$")
_UNIT = ("元", "块", "钱")


def amounts(text: str, first: int, expected: str) -> Iterator[Heard]:
    """Every amount of a text that begins at syllable `first`, held against what is on record in yuan.

    Of the record only whole yuan are compared; a number without its unit may be no amount.
    """
    wanted = int(float(expected))
    for one in numbers(text):
        if one.percent or one.after.startswith(("年", "个", "月", "岁", "周", "次", "号", "点", "位")):
            continue
        has_unit = one.after.startswith(_UNIT)
        if wanted in _readings(one, text):
            yield Heard(True, first + one.first, first + one.last)
        elif has_unit:
            yield Heard(False, first + one.first, first + one.last)


def _readings(one: Number, text: str) -> set[int]:
    found = {int(one.value)}
    if round_ := _ROUND.search(text[one.first : one.last + 1]):
        digit = int(written(round_[2]))
        found.add(int(one.value) - digit + digit * _UNITS[round_[1]] // 10)
    return found
