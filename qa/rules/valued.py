"""Values said as they are on record: period, payment, fees, product, insurer (Q3 rules 5, 9, 10, 13)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from dialer.telephony.outcomes import Leg
from qa.matching.phrases import Hit
from qa.rules.amounts import amounts
from qa.rules.call import Call
from qa.rules.findings import Evidence, Finding, Reason, Verdict
from qa.rules.names import KINDS, Heard, firm, name_places, names_of, product
from qa.rules.numbers import Number, numbers
from qa.rules.persons import addressed
from qa.rules.said import Outcome
from qa.rules.schema import Rule, Slot, ValueKind
from qa.rules.slots import Found, whole
from qa.speech.text import plain

LIFETIME = ("终身", "终生", "一辈子", "终老", "一生", "到老")
# 每半年缴 holds 年缴: the longer ones come first.
FREQUENCIES: Mapping[str, tuple[str, ...]] = {
    "month": ("每月", "每个月", "月缴", "月交", "月付", "按月", "一个月一次", "一月一交", "一个月一交"),
    "quarter": ("每季", "季缴", "季交", "按季", "每个季度", "一季一交", "三个月一交"),
    "half": ("每半年", "半年缴", "半年交", "半年一次", "半年一缴", "半年一交"),
    "year": ("每年", "年缴", "年交", "年付", "按年", "一年一次", "一年一交", "一年一缴", "一年交一"),
    "single": ("趸交", "趸缴", "一次性", "一次交清", "一次缴清", "一次付清", "一次交完", "一把交"),
}  # fmt: skip
INSTALMENTS = ("分期", "分期缴费", "分期交费", "期交")
# Words for these are compiled with every rule set.
WORDS = (
    *LIFETIME,
    *(text for texts in FREQUENCIES.values() for text in texts),
    *INSTALMENTS,
    *(text for texts in KINDS.values() for text in texts),
)
_WITHIN = 16
_NUMERAL = "[零一二三四五六七八九两十百]+"
# 保三十年, 保到七十五周岁: what says the period without naming it.
_KEEPS = re.compile(
    rf"保[障险期间限就是为的到至满够了个您他她被人年]*?(?=终身|终生|一辈子|一生|到老|{_NUMERAL}周?[年岁])"
)
# How engines write 缴 and 交.
_PAY = "[缴交搅教叫脚较郊摇付]"
_PAYS = re.compile(rf"{_PAY}[费纳满够了款保期间限是为一共总要个]*$")
_PAYS_FOR = re.compile(rf"{_PAY}[费纳满够了款保期间限是为共总要个]*(?={_NUMERAL}年)|(?<=年){_PAY}[完清]")
_HOW_OFTEN = tuple(text for texts in FREQUENCIES.values() for text in texts)
# So near to 交 or 保费 a frequency is that of the payment.
_BESIDE = 6
_PLACES = 8
# A figure this near before the name of a fee belongs to it.
_BEFORE = 8
_SAME_NAME = 75.0
_OWN_SHORT = 100.0
# 第一年百分之五: the year is no figure.
_WHICH_YEAR = re.compile(
    r"[第头前][一二两三四五六七八九十\d]+个?(?:保单)?年度?(?:内|里)?(?=[\d百收按扣])|首年"
)
_BELIEVED = 0.6
_SHORT_NAME = 3
# One mends what he said.
_MENDS = re.compile("说错|看错|念错|讲错|记错|错了|更正|不对|不是|口误|串行|抱歉|不好意思|应该是")


def value_said(rule: Rule, slot: Slot, call: Call) -> Outcome:
    """Whether the value of a slot was said, and as it is on record."""
    assert slot.value is not None
    expected = call.facts[slot.value.value]
    if slot.value is ValueKind.FEES:
        return _fees(rule, slot, expected, call)
    if slot.value in (ValueKind.INSURER, ValueKind.SHOP):
        heard = [one for one in firm(call, rule.channel, expected) if _in_time(rule, one, call)]
    elif slot.value is ValueKind.PRODUCT:
        heard = list(product(call, rule.channel, expected))
    elif slot.value is ValueKind.NAME:
        heard = [one for one in addressed(call, rule.channel, expected) if _in_time(rule, one, call)]
    else:
        heard = _near_topic(rule, slot, expected, call)
        if not heard and not rule.if_said and (topic := _topics(rule, slot, call)):
            proof = (_proof(call, rule.channel, topic[0].first, topic[0].last, expected),)
            return Outcome(_missing(rule, slot, proof, call))
    if rule.if_said and not heard:
        return Outcome(Finding(rule.id, Verdict.NA, Reason.NOT_APPLICABLE, slot=slot.name))
    return _outcome(rule, slot, expected, heard, call)


def _outcome(rule: Rule, slot: Slot, expected: str, heard: list[Heard], call: Call) -> Outcome:
    same = [one for one in heard if one.same]
    other = [one for one in heard if one.same is False]
    unsure = [one for one in heard if one.same is None]

    def proof(one: Heard) -> Evidence:
        return _proof(call, rule.channel, one.first, one.last, expected, one.score)

    spoken = call.legs[rule.channel]
    if same:
        reason = Reason.CORRECTED if other and other[0].first < same[-1].first else Reason.VALUE_SAID
        after = [one for one in other if one.first > same[-1].last]
        evidence = tuple(proof(one) for one in [*same[:1], *other[:1]])
        places = tuple(Found(o.first, o.last, o.score, expected, ()) for o in same)
        if after:
            return Outcome(Finding(rule.id, Verdict.UNCLEAR, Reason.BOTH_SAID, evidence, slot.name), places)
        return Outcome(Finding(rule.id, Verdict.PASS, reason, evidence, slot.name), places)
    believed = [one for one in other if spoken.confidence(one.first, one.last) >= _BELIEVED]
    if believed and not unsure:
        found = Finding(
            rule.id, Verdict.FAIL, Reason.OTHER_VALUE, (proof(believed[0]),), slot.name, alarm=True
        )
        return Outcome(found, doubtful=tuple(Found(o.first, o.last, o.score, expected, ()) for o in believed))
    if other or unsure:
        evidence = (proof((other or unsure)[0]),)
        return Outcome(Finding(rule.id, Verdict.UNCLEAR, Reason.VALUE_UNSURE, evidence, slot.name))
    return Outcome(call.absent(rule, slot.name, Reason.VALUE_NOT_SAID))


def _missing(rule: Rule, slot: Slot, proof: tuple[Evidence, ...], call: Call) -> Finding:
    """The topic came up, the value did not."""
    if call.clean(rule.channel):
        return Finding(rule.id, Verdict.FAIL, Reason.VALUE_NOT_SAID, proof, slot.name, rule.alarm)
    return Finding(rule.id, Verdict.UNCLEAR, Reason.AUDIO_INCOMPLETE, proof, slot.name)


def _near_topic(rule: Rule, slot: Slot, expected: str, call: Call) -> list[Heard]:
    """The value beside each place of the topic, in the same block."""
    heard: list[Heard] = []
    names = list(name_places(call, rule.channel))
    for topic in _topics(rule, slot, call)[:_PLACES]:
        first, last = _window(call, topic)
        if slot.value is ValueKind.AMOUNT:
            heard += amounts(call.legs[rule.channel].text(first, last), first, expected)
            continue
        if slot.value is ValueKind.PERIOD:
            one = _period(call, rule.channel, expected, topic, first, last, names)
        else:
            one = _pay(call, rule.channel, expected, topic, first, last)
        if one is not None:
            heard.append(one)
    return heard


def _topics(rule: Rule, slot: Slot, call: Call) -> list[Found]:
    """Where the value may have been said: by the words of the slot, or by how such a value is said."""
    spoken = call.legs[rule.channel]
    said = _KEEPS if slot.value is ValueKind.PERIOD else _PAYS_FOR
    found = whole(call, rule.channel, slot.all, slot.within)
    if slot.value is ValueKind.AMOUNT:
        return found
    found += [_place(one.start(), max(one.start(), one.end() - 1)) for one in said.finditer(spoken.chars)]
    if slot.value is ValueKind.PAY:
        for hit in _inside(call, rule.channel, _HOW_OFTEN, 0, len(spoken.syllables)):
            around = spoken.text(max(0, hit.first - _BESIDE), hit.last + _BESIDE)
            if re.search(f"{_PAY}|保费", around):
                found.append(_place(hit.first, hit.last))
    return found


def _place(first: int, last: int) -> Found:
    return Found(first, last, 100.0, "", ())


def _window(call: Call, topic: Found) -> tuple[int, int]:
    block = call.questions.blocks[call.block_of(topic.first)]
    return max(block[0].first, topic.first - _WITHIN), min(block[-1].last, topic.last + _WITHIN)


def _period(
    call: Call, leg: Leg, expected: str, topic: Found, first: int, last: int, names: list[tuple[int, int]]
) -> Heard | None:
    text = call.legs[leg].text(first, last)
    wanted = plain(expected)
    found: list[tuple[int, str | float, int, int]] = []
    for hit in _inside(call, leg, LIFETIME, first, last):
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
    expects: str | float | None = "终身" if re.search("终身|终生|一辈子", wanted) else _first_number(wanted)
    if expects is None:
        return Heard(None, begin, end)
    for _, later, since, until in found:
        # 十年，哎，说错了，是二十年
        if value != expects == later and _MENDS.search(call.legs[leg].text(end, since)) and since > begin:
            return Heard(True, min(since, topic.first), max(until, topic.last))
    return Heard(value == expects, min(begin, topic.first), max(end, topic.last))


def _pay(call: Call, leg: Leg, expected: str, topic: Found, first: int, last: int) -> Heard | None:
    wanted = plain(expected)
    text = call.legs[leg].text(first, last)
    frequency = _frequency_of(wanted)
    years = _years(numbers(wanted), wanted)
    hits = {name: found for name in FREQUENCIES if (found := list(_frequency(call, leg, name, first, last)))}
    said_years = _years(numbers(text), text)
    if not hits and said_years is None:
        if instalments := list(_inside(call, leg, INSTALMENTS, first, last)):
            same = frequency != "single"
            return Heard(same, min(topic.first, instalments[0].first), max(topic.last, instalments[0].last))
        return None
    begin = min([topic.first, *(hit.first for some in hits.values() for hit in some)])
    end = max([topic.last, *(hit.last for some in hits.values() for hit in some)])
    wrong_frequency = bool(hits) and frequency is not None and frequency not in hits
    wrong_years = said_years is not None and years is not None and said_years != years
    if not wrong_frequency and not wrong_years and not (frequency in hits or said_years == years):
        return Heard(None, begin, end)
    return Heard(not (wrong_frequency or wrong_years), begin, end)


def _frequency(call: Call, leg: Leg, name: str, first: int, last: int) -> Iterator[Hit]:
    """每半年 is not 每年."""
    spoken = call.legs[leg]
    for hit in _inside(call, leg, FREQUENCIES[name], first, last):
        if name != "year" or "半" not in spoken.text(max(0, hit.first - 1), hit.last):
            yield hit


def _years(found: Iterable[Number], text: str) -> float | None:
    """The number of years that are paid for: 缴十年, 十年交完, else 十年 that are not kept."""
    years = [one for one in found if one.after[:1] == "年" and (one.value != 1 or one.after[1:] == "")]
    paid = [one for one in years if _PAYS.search(text[: one.first]) or re.match(_PAY, one.after[1:])]
    kept = re.compile("(保|期间|期限)[到至满是为的]*$")
    rest = [one for one in years if one.value != 1 and not kept.search(text[: one.first])]
    return next((one.value for one in (*paid, *rest)), None)


def _frequency_of(text: str) -> str | None:
    return next(
        (name for name, texts in FREQUENCIES.items() if any(word in text for word in texts)),
        None,
    )


def _fees(rule: Rule, slot: Slot, expected: str, call: Call) -> Outcome:
    """Each fee by its name and its figure."""
    leg = rule.channel
    fees = list(parse_fees(expected))
    named: list[tuple[Hit, str, float]] = []
    found = {name: [hit for hit in call.find(leg, name, _SAME_NAME) if hit.polar] for name, _ in fees}
    every = [hit for hits in found.values() for hit in hits]
    for name, figure in fees:
        # 资产管理费 sounds like 保单管理费: the likelier one was said.
        named += [
            (hit, name, figure)
            for hit in found[name]
            if not any(other.overlaps(hit) and other.score > hit.score for other in every)
        ]
    short = [
        (hit, name, figure)
        for name, figure in fees
        if not found[name] and len(name) > _SHORT_NAME
        for hit in call.find(leg, name[-_SHORT_NAME:], _OWN_SHORT)
        if not any(other.overlaps(hit) for other in every)
    ]
    named += short
    starts = sorted(hit.first for hit, _, _ in named)
    heard: dict[str, list[Heard]] = {}
    spoken = call.legs[leg]
    for hit, name, figure in named:
        after = next((start for start in starts if start > hit.last), len(spoken.syllables))
        block = call.questions.blocks[call.block_of(hit.first)]
        last = min(hit.last + _WITHIN, after - 1, block[-1].last)
        told = _figures(spoken.text(hit.last + 1, last))
        before = _figure_before(spoken.text(max(0, hit.first - _BEFORE), hit.first - 1))
        if before is not None and spoken.text(max(0, hit.first - 1), hit.first - 1) == "的":
            told = []  # 百分之三的初始费用，还有每月五块钱的…
        if told and (before is None or any(_has_unit(one) for one in told)):
            best = next((n for n in told if n.value == figure), told[0])
            same = best.value == figure or (False if _has_unit(best) else None)
            heard.setdefault(name, []).append(Heard(same, hit.first, hit.last + 1 + best.last, hit.score))
        elif before is not None:
            same = before.value == figure
            heard.setdefault(name, []).append(Heard(same, max(0, hit.first - _BEFORE), hit.last, hit.score))
    for name in {name for _, name, _ in short}:
        # 管理费 for 保单管理费: a person decides.
        heard[name] = [replace(one, same=None) for one in heard.get(name, ())]
    places: list[Found] = []
    outcomes = []
    for name, figure in fees:
        one = _outcome(rule, slot, f"{name}{figure:g}", heard.get(name, []), call)
        outcomes.append(one)
        places += one.places
    named_at = [_place(hit.first, hit.last) for hit, _, _ in named] or whole(call, leg, slot.all, slot.within)
    worst = max(outcomes, key=lambda one: (one.finding.verdict is Verdict.FAIL, one.finding.alarm,
                                           one.finding.verdict is not Verdict.PASS))  # fmt: skip
    if worst.finding.reason is Reason.VALUE_NOT_SAID and named_at:
        proof = (_proof(call, leg, named_at[0].first, named_at[0].last, expected),)
        return Outcome(_missing(rule, slot, proof, call), doubtful=tuple(named_at))
    if worst.finding.verdict is not Verdict.PASS:
        return Outcome(worst.finding, doubtful=worst.doubtful)
    all_proof = tuple(proof for one in outcomes for proof in one.finding.evidence)
    return Outcome(Finding(rule.id, Verdict.PASS, Reason.VALUE_SAID, all_proof, slot.name), tuple(places))


def _figures(text: str) -> list[Number]:
    """一 of 一项 is no figure."""
    return [
        one
        for one in numbers(text)
        if not one.after.startswith("年") and (_has_unit(one) or one.first < one.last)
    ]


def _figure_before(text: str) -> Number | None:
    """扣百分之三的初始费用: the last figure with its unit before the name."""
    return next((number for number in reversed(_figures(text)) if _has_unit(number)), None)


def _has_unit(number: Number) -> bool:
    """Without one it may be a misheard syllable: 四 is 是."""
    return number.percent or number.after[:1] in ("元", "块", "钱", "毛", "角") or number.after[:2] == "个点"


def parse_fees(text: str) -> Iterator[tuple[str, float]]:
    """ "初始费用5%；保单管理费每月10元" as names and figures. Raises ValueError where there is none."""
    found = False
    for part in re.split(r"[;；,，、\n]", _WHICH_YEAR.sub("", text)):
        match = re.search(
            r"(?:[:：]|每个?月|每年|百分之|为|是|按)*\s*([\d.]+|[零一二三四五六七八九两十百千万点]+)", part
        )
        if match is None:
            continue
        figure = float(match[1]) if match[1][0].isdigit() else _first_number(match[1])
        name = plain(part[: match.start()])
        if figure is not None and name:
            found = True
            yield name, figure
    if not found:
        raise ValueError(f"no fee with a figure in {text!r}; write them as 初始费用5%；保单管理费每月10元")


def sought_names(facts: Mapping[str, str]) -> tuple[str, ...]:
    """The names of a call's facts that are looked for, to be compiled with its wordings."""
    texts = list(names_of(facts))
    if fees := facts.get("fees"):
        with suppress(ValueError):
            for name, _ in parse_fees(fees):
                texts += [name, *([name[-_SHORT_NAME:]] if len(name) > _SHORT_NAME else [])]
    return tuple(texts)


def _in_time(rule: Rule, one: Heard, call: Call) -> bool:
    return rule.first_seconds is None or call.legs[rule.channel].starts[one.first] <= rule.first_seconds


def _first_number(text: str) -> float | None:
    found = numbers(text)
    return found[0].value if found else None


def _inside(call: Call, leg: Leg, texts: Iterable[str], first: int, last: int) -> Iterator[Hit]:
    for text in texts:
        floor = 75.0 if len(text) == _SHORT_NAME else 80.0
        for hit in call.find(leg, text, floor):
            if hit.polar and first <= hit.first and hit.last <= last:
                yield hit


def _distance(first: int, last: int, topic: Found) -> int:
    return max(0, first - topic.last, topic.first - last)


def _proof(call: Call, leg: Leg, first: int, last: int, text: str, score: float = 100.0) -> Evidence:
    return call.evidence(leg, first, last, text, score)
