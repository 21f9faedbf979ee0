"""A policy as sources write it, in the words of the rules: kind of product, payment, period (Q3). Pure.

A reading that is not sure is "": the rule that needs it says that a fact is missing, and a person decides.
"""

import re
import unicodedata
from datetime import date

from qa.rules.numbers import Number, numbers
from qa.speech.text import plain

# What stands in the name of every such product, too (分红型).
_KINDS = {"participating": "分红", "universal": "万能", "linked": "投连|投资连[结接]"}
_NO_DIVIDEND = re.compile("(非|不|无)分红型?")
_ORDINARY = re.compile("普通|传统|非分红|不分红|无分红")
_TRADITIONAL, _OTHER_NAME = "traditional", "ordinary"

_NUMERAL = "零一二三四五六七八九十百"
# 不定期交 is neither: what is paid when one likes. 半年交 holds 年交, so it comes first.
_WHEN_ONE_LIKES = "不定期|灵活"
_SINGLE = re.compile("趸|一次性|一次[交缴付]|单次|^SINGLE$")
_OFTEN = {
    "每半年": f"半年|(?<![{_NUMERAL}])六个?月",
    "每季": f"季|(?<![{_NUMERAL}])三个?月",
    "每月": f"(?<![{_NUMERAL}个])月|(?<![{_NUMERAL}])一个?月",
    "每年": f"(?<![{_NUMERAL}])年[交缴付]|每年|按年|^年度?$|一年一|(十二|一二)个?月",
}
_INSTALMENTS = re.compile("期[交缴付]|分期|^INSTALMENTS?$")
_TO_AN_AGE = re.compile(f"[交缴至到].*?[{_NUMERAL}]+周?岁|终身[交缴]|[交缴][至到]?终身")
_LIFETIME = re.compile("终身|终生|一辈子|^九九九|WHOLELIFE")
# Beyond it, 至105周岁 may be a whole life, or not.
_OLDEST = 100
_MOST_YEARS = 40
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})")
_YEAR_DAYS = 365.25
_NEAR_A_YEAR = 5


def product_kind(told: str, product: str) -> str:
    """participating, universal, linked or traditional, from 分红型 and the like, else the product's name."""
    return _kind(told) or _marked(product)


def _kind(told: str) -> str:
    text = told.strip().lower()
    if text in (*_KINDS, _TRADITIONAL, _OTHER_NAME):
        return text
    return _marked(told) or (_TRADITIONAL if _ORDINARY.search(plain(told)) and not _marks(told) else "")


def _marked(text: str) -> str:
    found = _marks(text)
    return found[0] if len(found) == 1 else ""


def _marks(text: str) -> list[str]:
    bare = _NO_DIVIDEND.sub("", plain(text))
    return [kind for kind, words in _KINDS.items() if re.search(words, bare)]


def payment(way: str, term: str) -> str:
    """instalment or single, from how one pays (年交, 期交, 趸交) and how long (10年, 至60岁)."""
    texts = [plain(way), plain(term)]
    single = any(_SINGLE.search(text) for text in texts)
    regular = (
        any(_often(text) or _INSTALMENTS.search(text) or _TO_AN_AGE.search(text) for text in texts)
        or _years_paid(way, term) is not None
    )
    if single == regular or any(re.search(_WHEN_ONE_LIKES, text) for text in texts):
        return ""
    return "single" if single else "instalment"


def pay(way: str, term: str) -> str:
    """How often and how long, as 每年缴费，缴10年; "" where neither is known."""
    often = next((found for text in (way, term) if (found := _often(plain(text)))), "")
    years = _years_paid(way, term)
    parts = [f"{often}缴费" if often else "", f"缴{years}年" if years else ""]
    return "，".join(part for part in parts if part)


def _often(text: str) -> str:
    if re.search(_WHEN_ONE_LIKES, text):
        return ""
    return next((spoken for spoken, words in _OFTEN.items() if re.search(words, text)), "")


def _years_paid(way: str, term: str) -> int | None:
    """10年, 10年交, 120个月, or a bare 10 where the term is asked for; one year is no instalment."""
    for text, bare in ((term, True), (way, False)):
        for one in _numbers(text):
            years = _in_years(one, bare=bare and plain(text) == _digits(one, text))
            if years is not None and 1 < years <= _MOST_YEARS:
                return years
    return None


def period(told: str) -> str:
    """终身, 20年 or 至70周岁, from how exports write it, as 保至70岁, 20年期, or two days years apart."""
    text = plain(told)
    if _LIFETIME.search(text):
        return "终身"
    days = _DAY.findall(unicodedata.normalize("NFKC", told))
    if days:
        return _between(days)
    for one in _numbers(told):
        if re.match("周?岁", one.after):
            return f"至{one.value:g}周岁" if one.value <= _OLDEST else ""
        years = _in_years(one, bare=text == _digits(one, told))
        if years is not None:
            return f"{years}年"
    return ""


def _between(days: list[tuple[str, ...]]) -> str:
    """The whole years from one day to the other."""
    if len(days) != 2:
        return ""
    try:
        first, last = (date(*(int(part) for part in day)) for day in days)
    except ValueError:
        return ""
    years = round((last - first).days / _YEAR_DAYS)
    if years >= _OLDEST:
        return "终身"
    near = abs((last - first).days - years * _YEAR_DAYS) <= _NEAR_A_YEAR
    return f"{years}年" if years and near else ""


def _numbers(text: str) -> list[Number]:
    return numbers(plain(text))


def _digits(one: Number, text: str) -> str:
    return plain(text)[one.first : one.last + 1]


def _in_years(one: Number, *, bare: bool) -> int | None:
    value = one.value
    if re.match("个?月", one.after):
        value /= 12
    elif one.after[:1] != "年" and not bare:
        return None
    whole = int(value)
    return whole if whole == value and 0 < whole < _OLDEST else None
