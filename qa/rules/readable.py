"""Facts as rules take them: as text, and without those that nobody could say or compare. Pure.

见合同约定 is no fee, 未上牌 no plate, — no name: a rule that needs such a fact says that it is missing.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from qa.rules.codes import is_code
from qa.rules.numbers import numbers
from qa.rules.schema import RuleSet
from qa.rules.terms import FREQUENCIES, INSTALMENTS, LIFETIME
from qa.rules.valued import parse_fees
from qa.speech.text import bare, plain

# What people and systems write where nothing is known.
_NOTHING = frozenset(("", "NULL", "NONE", "NA", "NAN", "无", "暂无", "不详", "未知", "空"))
# The end of a document's number; the last place may be an X.
_TAIL = re.compile(r"\d{3,17}[\dX]")
_AMOUNT = re.compile(r"\d+(\.\d+)?")


def text_facts(facts: Mapping[str, object]) -> dict[str, str]:
    """The facts as text: a list is told item by item, as 初始费用5%；保单管理费10元; 是 is yes."""
    return {name: _as_text(value) for name, value in facts.items()}


def _as_text(value: object) -> str:
    """A value as JSON keeps it, as text."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return "；".join(text for one in value if (text := _as_text(one)))
        case Mapping():
            return "".join(_as_text(one) for one in value.values())
        case _:
            return str(value)


def readable(facts: Mapping[str, str], rules: RuleSet) -> dict[str, str]:
    """Those that can be looked for in what was said. `rules` say which are spelled out, as plates are."""
    spelled = {name for rule in rules.rules for slot in rule.parts() for name in slot.codes}
    return {
        name: value
        for name, value in facts.items()
        if _is_known(name, value) and (name not in spelled or is_code(value))
    }


@lru_cache(maxsize=4096)
def _is_known(name: str, value: str) -> bool:
    """Most values are the same in many calls."""
    return bare(value) not in _NOTHING and (name not in _READ or _READ[name](value))


def _is_pay(value: str) -> bool:
    text = plain(value)
    words = (*INSTALMENTS, *(word for some in FREQUENCIES.values() for word in some))
    return bool(numbers(text)) or any(word in text for word in words)


def _is_period(value: str) -> bool:
    text = plain(value)
    return bool(numbers(text)) or any(word in text for word in LIFETIME)


def _has_fees(value: str) -> bool:
    try:
        return bool(list(parse_fees(value)))
    except ValueError:
        return False


_READ: Mapping[str, Callable[[str], bool]] = {
    "id_tail": lambda value: _TAIL.fullmatch(bare(value)) is not None,
    "fees": _has_fees,
    "pay": _is_pay,
    "period": _is_period,
    "amount": lambda value: _AMOUNT.fullmatch(value) is not None,
}
