"""Writes docs/import-columns.md from the fields themselves: `make docs`."""

from collections.abc import Iterator
from pathlib import Path

from dialer.importing.columns.fields import FIELDS, Field, Form, Goes

PAGE = Path(__file__).parents[2] / "docs" / "import-columns.md"

_INTRODUCTION = """# Columns of imported files

Written from the code by `make docs`: do not edit.

A column is known by its heading, whatever blanks, brackets, marks and capitals are in it. A heading that is
not here is given a meaning on the import page or in a mapping file (`车主手机号: number`); `fact:anything`
keeps a column as a fact that conditions, scripts and rules may name. The HTTP API has the same fields.

## Policies

A check compares what was said with what the file told. So that every rule of 新单回访 can be judged, a file
needs these columns; where one is missing, its rules leave the call to a person (字段缺失):

| column | for the rules | read as |
| --- | --- | --- |
| 保险公司 | 表明身份和公司 | where there is none, the setting `site.company` |
| 险种名称 | 说明产品名称 | of several the main one, not what begins with 附加 |
| 产品设计类型 | 红利不确定, 费用, 可能亏损 | 分红型, 万能型, 投连型, 普通型; else the product's name |
| 保险期间 | 说明并询问保险期间 | 终身, 20年, 240个月, 至70岁, a bare 20 (years), or two days |
| 交费方式, 交费期间 | 缴费方式 | 年交, 半年交, 季交, 月交, 期交, 趸交; 10年, a bare 10 (years), 至60岁 |
| 投保人证件号码 | 核对证件后四位 | its last four; no more is kept |
| 费用说明 | 费用名称和金额 | 初始费用5%；保单管理费每月10元 |
| 初始费用, 保单管理费, 账户管理费, 退保费用 | 费用名称和金额 | in its stead: 5%, 每月10元 |
| 销售时告知回访 | 销售时告知回访 | 是, 否 |
| 投保人性别 | 确认投保人本人 | 男, 女, where the name has no 先生 or 女士 |

What cannot be told surely is not guessed: 不定期交 is neither instalments nor single, 至105周岁 no period.
"""

_GOES = {
    Goes.OCCASION: "The occasion",
    Goes.STAFF: "Who served",
    Goes.FACT: "Facts",
    Goes.CUSTOMER: "The customer",
}
_FORMS = {
    Form.TEXT: "text",
    Form.MOMENT: "date and time",
    Form.DAY: "date",
    Form.BIRTHDAY: "date of birth",
    Form.NUMBERS: "phone numbers",
    Form.PLATE: "plate",
    Form.MONEY: "yuan",
    Form.WHOLE: "whole number",
    Form.YES_NO: "是 or 否",
    Form.ITEMS: "list, parted by 、 or ；",
    Form.TAIL: "its last four characters",
    Form.SLOT: "hours, as 18:00-20:00",
}


def columns_page() -> str:
    """The page as Markdown."""
    return "\n".join([_INTRODUCTION, *(line for goes in Goes for line in _section(goes))])


def _section(goes: Goes) -> Iterator[str]:
    yield f"## {_GOES[goes]}"
    yield ""
    yield "| field | headings | read as |"
    yield "| --- | --- | --- |"
    for field in FIELDS:
        if field.goes is goes:
            yield f"| `{field.name}` | {_headings(field)} | {_FORMS[field.form]} |"
    yield ""


def _headings(field: Field) -> str:
    return "、".join(field.headings)


if __name__ == "__main__":
    PAGE.write_text(columns_page(), encoding="utf-8")
