"""What a policy costs besides its premium, as sources tell it: in one column, or one for each fee. Pure."""

import re
from collections.abc import Mapping

_NAMES = {
    "fee_initial": "初始费用",
    "fee_policy": "保单管理费",
    "fee_account": "账户管理费",
    "fee_surrender": "退保费用",
}
_SHARE = re.compile(r"0?\.\d+")
_NO_FEE = re.compile(r"0+(\.0+)?[%％元]?")


def fees_of(told: Mapping[str, object]) -> str:
    """All fees by name and figure, as 初始费用5%；保单管理费每月10元; "" where none is told."""
    parts = [str(told.get("fees") or "")]
    for column, name in _NAMES.items():
        figure = str(told.get(column) or "").strip()
        if figure and not _NO_FEE.fullmatch(figure):
            parts.append(name + _figure(figure))
    return "；".join(part for part in parts if part)


def _figure(value: str) -> str:
    """A spreadsheet keeps 5% as 0.05."""
    return f"{float(value) * 100:g}%" if _SHARE.fullmatch(value) else value
