"""How long a policy lasts and how it is paid, as spoken beside its topic (Q3 rules 9, 10)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from dialer.telephony.outcomes import Leg
from qa.matching.phrases import Hit
from qa.rules.call import Call
from qa.rules.names import Heard
from qa.rules.numbers import Number, may_be, numbers
from qa.rules.slots import Found
from qa.speech.text import plain

LIFETIME = ("终身", "终生", "一辈子", "终老", "一生", "到老", "百年之后", "人不在", "活多久")
# 每半年缴 holds 年缴: the longer ones come first.
FREQUENCIES: Mapping[str, tuple[str, ...]] = {
    "month": ("每月", "每个月", "月缴", "月交", "月付", "按月", "一个月一次", "一月一交", "一个月一交"),
    "quarter": ("每季", "季缴", "季交", "按季", "每个季度", "一季一交", "三个月一交"),
    "half": ("每半年", "半年缴", "半年交", "半年一次", "半年一缴", "半年一交"),
    "year": ("每年", "年缴", "年交", "年付", "按年", "一年一次", "一年一交", "一年一缴", "一年交一"),
    "single": ("趸交", "趸缴", "一次性", "一次交清", "一次缴清", "一次付清", "一次交完", "一把交"),
}  # fmt: skip
Frequencies = Mapping[str, Sequence[Hit]]
INSTALMENTS = ("分期", "分期缴费", "分期交费", "期交")
# How engines write 缴 and 交.
PAY = "[缴交搅教叫脚较郊摇付]"
_PAYS = re.compile(rf"{PAY}[费纳满够了款保期间限是为一共总要个]*$")
_SHORT = 3
_SOUNDS_IS = 4
_IS_YEARLY = re.compile(f"年{PAY}")
# One mends what he said.
MENDS = re.compile(
    "[说看念讲记搞弄报瞧读听翻](?:错|串|岔|反|差了|混了|漏了)|错了|更正|纠正|(?<!对)不对|口误|串[行了]|嘴[瓢快]|重说|重新说|重来|重念"
    "|[哦噢哎唉呃啊]不[是对]?|说得不对|讲得不对|我改"
)
_MENDS = re.compile(f"{MENDS.pattern}|不是|抱歉|不好意思|应该是")


def period_said(
    call: Call, leg: Leg, expected: str, topic: Found, first: int, last: int, names: list[tuple[int, int]]
) -> Heard | None:
    text = call.legs[leg].text(first, last)
    wanted = plain(expected)
    found: list[tuple[int, str | float, int, int]] = []
    for hit in _inside(said(call, leg, LIFETIME), first, last):
        if not any(begin <= hit.first <= end for begin, end in names):
            found.append((_distance(hit.first, hit.last, topic), "终身", hit.first, hit.last))
    for number in numbers(text):
        begin, end = number.first + first, number.last + first
        if text[number.first : number.last + 2] == "百年":
            continue  # 百年之后
        if number.after[:1] not in ("年", "岁", "周") or _PAYS.search(text[: number.first]):
            continue
        if any(a <= begin <= b for a, b in names):
            continue
        found.append((_distance(begin, end, topic), number.value, begin, end + 1))
    if not found:
        return None
    _, value, begin, end = min(found, key=lambda one: one[0])
    expects: str | float | None = "终身" if re.search("终身|终生|一辈子", wanted) else first_number(wanted)
    if expects is None:
        return Heard(None, begin, end)
    for _, later, since, until in found:
        # 十年，哎，说错了，是二十年
        if value != expects == later and _MENDS.search(call.legs[leg].text(end, since)) and since > begin:
            return Heard(True, min(since, topic.first), max(until, topic.last))
        if value == expects != later and since > end and MENDS.search(call.legs[leg].text(end, since)):
            return Heard(None, min(begin, topic.first), max(until, topic.last))
    near = (
        value != expects
        and isinstance(value, float)
        and isinstance(expects, float)
        and may_be(value, expects)
    )
    return Heard(None if near else value == expects, min(begin, topic.first), max(end, topic.last))


def pay_said(
    call: Call, leg: Leg, expected: str, topic: Found, first: int, last: int, often: Frequencies
) -> Heard | None:
    frequency, years = _on_record(expected)
    text = call.legs[leg].text(first, last)
    hits = {name: found for name, places in often.items() if (found := _inside(places, first, last))}
    said_years = _years(numbers(text), text)
    if mends := list(MENDS.finditer(text)):
        rest = text[mends[-1].end() :]
        said_years = _years(numbers(rest), rest) or said_years  # 缴三年，哦看错了，缴五年
    if not hits and said_years is None:
        if instalments := _inside(said(call, leg, INSTALMENTS), first, last):
            same = frequency != "single"
            return Heard(same, min(topic.first, instalments[0].first), max(topic.last, instalments[0].last))
        return None
    begin = min([topic.first, *(hit.first for some in hits.values() for hit in some)])
    end = max([topic.last, *(hit.last for some in hits.values() for hit in some)])
    wrong_frequency = bool(hits) and frequency is not None and frequency not in hits
    wrong_years = said_years is not None and years is not None and said_years != years
    if not wrong_frequency and not wrong_years and not (frequency in hits or said_years == years):
        return Heard(None, begin, end)
    if wrong_years and not wrong_frequency and years is not None and said_years is not None:
        return Heard(None if may_be(said_years, years) else False, begin, end)
    return Heard(not (wrong_frequency or wrong_years), begin, end)


def frequencies(call: Call, leg: Leg) -> Frequencies:
    """Where each of them was said; 每半年 is not 每年."""
    spoken = call.legs[leg]
    return {
        name: [
            hit
            for hit in said(call, leg, texts)
            if name != "year" or "半" not in spoken.text(max(0, hit.first - 1), hit.last)
        ]
        for name, texts in FREQUENCIES.items()
    }


def _years(found: Iterable[Number], text: str) -> float | None:
    """The number of years that are paid for: 缴十年, 十年交完, else 十年 that are not kept."""
    years = [one for one in found if one.after[:1] == "年" and (one.value != 1 or one.after[1:] == "")]
    # 是年交 may be written 四年交.
    years = [one for one in years if not (one.value == _SOUNDS_IS and _IS_YEARLY.match(one.after))] or years
    paid = [one for one in years if _PAYS.search(text[: one.first]) or re.match(PAY, one.after[1:])]
    kept = re.compile("(保|期间|期限)[到至满是为的]*$")
    rest = [one for one in years if one.value != 1 and not kept.search(text[: one.first])]
    return next((one.value for one in (*paid, *rest)), None)


@lru_cache(maxsize=500)
def _on_record(expected: str) -> tuple[str | None, float | None]:
    """How often, and for how many years."""
    text = plain(expected)
    often = (name for name, texts in FREQUENCIES.items() if any(word in text for word in texts))
    return next(often, None), _years(numbers(text), text)


def first_number(text: str) -> float | None:
    found = numbers(text)
    return found[0].value if found else None


def _floor(size: int) -> float:
    return 75.0 if size == _SHORT else 80.0


def said(call: Call, leg: Leg, texts: Iterable[str]) -> list[Hit]:
    """Where any of the texts was said that nothing negates."""
    likely = call.likely(leg, texts, _floor)
    return [hit for text in likely for hit in call.find(leg, text, _floor) if hit.polar]


def _inside(hits: Iterable[Hit], first: int, last: int) -> list[Hit]:
    return [hit for hit in hits if first <= hit.first and hit.last <= last]


def _distance(first: int, last: int, topic: Found) -> int:
    return max(0, first - topic.last, topic.first - last)
