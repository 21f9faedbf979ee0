"""Values said as they are on record: period, payment, fees, product, insurer (Q3 rules 5, 9, 10, 13)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from dialer.telephony.outcomes import Leg
from qa.matching.phrases import Hit
from qa.rules.call import Call
from qa.rules.findings import Evidence, Finding, Reason, Verdict
from qa.rules.numbers import Number, numbers
from qa.rules.said import Outcome
from qa.rules.schema import Rule, Slot, ValueKind
from qa.rules.slots import Found, whole
from qa.speech.text import plain

LIFETIME = ("终身", "终生", "一辈子", "终老")
FREQUENCIES: Mapping[str, tuple[str, ...]] = {
    "year": ("每年", "年缴", "年交", "按年", "一年一次", "一年一交", "一年一缴", "一年交一次", "每一年"),
    "month": ("每月", "每个月", "月缴", "月交", "按月", "一个月一次"),
    "quarter": ("每季", "季缴", "季交", "按季", "每个季度"),
    "half": ("每半年", "半年缴", "半年交", "半年一次"),
    "single": ("趸交", "趸缴", "一次性", "一次交清", "一次缴清"),
}
INSTALMENTS = ("分期", "分期缴费", "分期交费", "期交")
KINDS: Mapping[str, tuple[str, ...]] = {
    "participating": ("分红型", "分红险"),
    "universal": ("万能型", "万能险"),
    "linked": ("投连型", "投连险", "投资连结"),
}
# Words for these are compiled with every rule set.
WORDS = (
    *LIFETIME,
    *(text for texts in FREQUENCIES.values() for text in texts),
    *INSTALMENTS,
    *(text for texts in KINDS.values() for text in texts),
)
_WITHIN = 16
_PAYS = re.compile(r"[缴交搅教叫脚较郊摇][费]?[满够了]?$")
# A figure this near before the name of a fee belongs to it.
_BEFORE = 8
_SAME_NAME = 70.0
_OTHER_NAME = 55.0
_LIKE_NAME = 45.0
_BELIEVED = 0.6
_SHORT_NAME = 3
_PRODUCT_TAIL = re.compile(
    r"[（(].*|(终身)?(重大疾病|重疾|寿险|两全保险|两全|年金保险|年金|医疗保险|意外险|养老保险|健康险|终身)?(保险|险)?"
    r"(分红型|万能型|投连型|投资连结型|分红险|万能险|投连险)?$"
)
_INSURER_TAIL = re.compile(r"(保险)?(股份)?(有限)?(责任)?(保险)?(公司)?$")
_BOUGHT = re.compile(
    r"(?:购买|投保|买|办理)(?:了|的是|的)(?:一份|那份|这份|我们的|我公司的)?(.{3,12}?(?:[险型]|年金|两全))"
)
_NO_NAME = re.compile(r"^(?:一份|这份|那份|份|的|我们|我公司|公司|我司|本公司)*(?:人寿|人身)?保险")


@dataclass(frozen=True, slots=True)
class _Heard:
    """What was heard of a value at one place. `same` is None where it cannot be told."""

    same: bool | None
    first: int
    last: int
    score: float = 100.0


def value_said(rule: Rule, slot: Slot, call: Call) -> Outcome:
    """Whether the value of a slot was said, and as it is on record."""
    assert slot.value is not None
    expected = call.facts[slot.value.value]
    if slot.value is ValueKind.FEES:
        return _fees(rule, slot, expected, call)
    if slot.value is ValueKind.INSURER:
        heard = list(_name(call, rule.channel, expected, insurer_core(expected)))
    elif slot.value is ValueKind.PRODUCT:
        heard = list(_product(call, rule.channel, expected))
    else:
        heard = _near_topic(rule, slot, expected, call)
        if not heard and (topic := whole(call, rule.channel, slot.all, slot.within)):
            proof = (_proof(call, rule.channel, topic[0].first, topic[0].last, expected),)
            return Outcome(_missing(rule, slot, proof, call))
    return _outcome(rule, slot, expected, heard, call)


def _outcome(rule: Rule, slot: Slot, expected: str, heard: list[_Heard], call: Call) -> Outcome:
    same = [one for one in heard if one.same]
    other = [one for one in heard if one.same is False]
    unsure = [one for one in heard if one.same is None]

    def proof(one: _Heard) -> Evidence:
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
        return Outcome(found)
    if other or unsure:
        evidence = (proof((other or unsure)[0]),)
        return Outcome(Finding(rule.id, Verdict.UNCLEAR, Reason.VALUE_UNSURE, evidence, slot.name))
    return Outcome(call.absent(rule, slot.name, Reason.VALUE_NOT_SAID))


def _missing(rule: Rule, slot: Slot, proof: tuple[Evidence, ...], call: Call) -> Finding:
    """The topic came up, the value did not."""
    if call.clean(rule.channel):
        return Finding(rule.id, Verdict.FAIL, Reason.VALUE_NOT_SAID, proof, slot.name, rule.alarm)
    return Finding(rule.id, Verdict.UNCLEAR, Reason.AUDIO_INCOMPLETE, proof, slot.name)


def _near_topic(rule: Rule, slot: Slot, expected: str, call: Call) -> list[_Heard]:
    """The value beside each place of the topic, in the same block."""
    heard = []
    names = list(_name_places(call, rule.channel))
    for topic in whole(call, rule.channel, slot.all, slot.within)[:6]:
        first, last = _window(call, topic)
        if slot.value is ValueKind.PERIOD:
            one = _period(call, rule.channel, expected, topic, first, last, names)
        else:
            one = _pay(call, rule.channel, expected, topic, first, last)
        if one is not None:
            heard.append(one)
    return heard


def _window(call: Call, topic: Found) -> tuple[int, int]:
    block = call.questions.blocks[call.block_of(topic.first)]
    return max(block[0].first, topic.first - _WITHIN), min(block[-1].last, topic.last + _WITHIN)


def _period(
    call: Call, leg: Leg, expected: str, topic: Found, first: int, last: int, names: list[tuple[int, int]]
) -> _Heard | None:
    text = call.legs[leg].text(first, last)
    wanted = plain(expected)
    found: list[tuple[int, str | float, int, int]] = []
    for hit in _inside(call, leg, LIFETIME, first, last):
        if not any(begin <= hit.first <= end for begin, end in names):
            found.append((_distance(hit.first, hit.last, topic), "终身", hit.first, hit.last))
    for number in numbers(text):
        begin, end = number.first + first, number.last + first
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
        return _Heard(None, begin, end)
    return _Heard(value == expects, min(begin, topic.first), max(end, topic.last))


def _pay(call: Call, leg: Leg, expected: str, topic: Found, first: int, last: int) -> _Heard | None:
    wanted = plain(expected)
    text = call.legs[leg].text(first, last)
    frequency = _frequency_of(wanted)
    years = _years(numbers(wanted), wanted)
    hits = {
        name: found
        for name, texts in FREQUENCIES.items()
        if (found := list(_inside(call, leg, texts, first, last)))
    }
    said_years = _years(numbers(text), text)
    if not hits and said_years is None:
        if instalments := list(_inside(call, leg, INSTALMENTS, first, last)):
            same = frequency != "single"
            return _Heard(same, min(topic.first, instalments[0].first), max(topic.last, instalments[0].last))
        return None
    begin = min([topic.first, *(hit.first for some in hits.values() for hit in some)])
    end = max([topic.last, *(hit.last for some in hits.values() for hit in some)])
    wrong_frequency = bool(hits) and frequency is not None and frequency not in hits
    wrong_years = said_years is not None and years is not None and said_years != years
    if not wrong_frequency and not wrong_years and not (frequency in hits or said_years == years):
        return _Heard(None, begin, end)
    return _Heard(not (wrong_frequency or wrong_years), begin, end)


def _years(found: Iterable[Number], text: str) -> float | None:
    """The number of years that are paid for: 缴十年, 十年期."""
    for number in found:
        before = text[max(0, number.first - 3) : number.first]
        if number.after[:1] == "年" and not re.search("[保期]$", before) and number.value != 1:
            return number.value
    return None


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
    absent: list[str] = []
    for name, figure in fees:
        hits = [hit for hit in call.find(leg, name, _SAME_NAME) if hit.polar]
        if hits:
            named += [(hit, name, figure) for hit in hits]
        else:
            absent.append(name)
    starts = sorted(hit.first for hit, _, _ in named)
    heard: dict[str, list[_Heard]] = {}
    spoken = call.legs[leg]
    for hit, name, figure in named:
        after = next((start for start in starts if start > hit.last), len(spoken.syllables))
        last = min(hit.last + _WITHIN, after - 1, len(spoken.syllables) - 1)
        told = _figures(spoken.text(hit.last + 1, last))
        if told:
            best = next((n for n in told if n.value == figure), told[0])
            same = best.value == figure or (False if _has_unit(best) else None)
            heard.setdefault(name, []).append(_Heard(same, hit.first, hit.last + 1 + best.last, hit.score))
        elif (before := _figure_before(spoken.text(max(0, hit.first - _BEFORE), hit.first - 1))) is not None:
            same = before.value == figure
            heard.setdefault(name, []).append(_Heard(same, max(0, hit.first - _BEFORE), hit.last, hit.score))
    places: list[Found] = []
    outcomes = []
    for name, figure in fees:
        one = _outcome(rule, slot, f"{name}{figure:g}", heard.get(name, []), call)
        outcomes.append(one)
        places += one.places
    worst = max(outcomes, key=lambda one: (one.finding.verdict is Verdict.FAIL, one.finding.alarm,
                                           one.finding.verdict is not Verdict.PASS))  # fmt: skip
    if worst.finding.verdict is not Verdict.PASS:
        return Outcome(worst.finding)
    proof = tuple(proof for one in outcomes for proof in one.finding.evidence)
    return Outcome(Finding(rule.id, Verdict.PASS, Reason.VALUE_SAID, proof, slot.name), tuple(places))


def _figures(text: str) -> list[Number]:
    return [number for number in numbers(text) if not number.after.startswith("年")]


def _figure_before(text: str) -> Number | None:
    """扣百分之三的初始费用: the last figure with its unit before the name."""
    return next((number for number in reversed(_figures(text)) if _has_unit(number)), None)


def _has_unit(number: Number) -> bool:
    """Without one it may be a misheard syllable: 四 is 是."""
    return number.percent or number.after[:1] in ("元", "块", "钱", "毛", "角") or number.after[:2] == "个点"


def parse_fees(text: str) -> Iterator[tuple[str, float]]:
    """ "初始费用5%；保单管理费每月10元" as names and figures. Raises ValueError where there is none."""
    found = False
    for part in re.split(r"[;；,，、\n]", text):
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


def _first_number(text: str) -> float | None:
    found = numbers(text)
    return found[0].value if found else None


def insurer_core(name: str) -> str:
    """明光人寿保险公司 → 明光人寿."""
    core = _INSURER_TAIL.sub("", plain(name))
    return core if len(core) > 1 else plain(name)


def product_core(name: str) -> str:
    """福满年年终身寿险分红型 → 福满年年."""
    core = _PRODUCT_TAIL.sub("", plain(name))
    return core if len(core) > 1 else plain(name)


def names_of(facts: Mapping[str, str]) -> tuple[str, ...]:
    """The names of a call's facts that are looked for, to be compiled with its wordings."""
    texts: list[str] = []
    if product := facts.get("product"):
        texts += [plain(product), product_core(product)]
    if insurer := facts.get("insurer"):
        texts += [plain(insurer), insurer_core(insurer)]
    if fees := facts.get("fees"):
        with suppress(ValueError):
            texts += [name for name, _ in parse_fees(fees)]
    return tuple(text for text in texts if text)


def _name(call: Call, leg: Leg, name: str, core: str) -> Iterator[_Heard]:
    floor = _SAME_NAME if len(core) > _SHORT_NAME else 80.0
    for hit in call.find(leg, core, floor):
        yield _Heard(True, hit.first, hit.last, hit.score)
    own = call.find(leg, core, _LIKE_NAME)
    for hit in call.find(leg, plain(name), _OTHER_NAME):
        # 保险公司 alone is like every insurer's name: something of its own must have been heard.
        if any(hit.overlaps(one) for one in own):
            yield _Heard(True if hit.score >= 80 else None, hit.first, hit.last, hit.score)


def _product(call: Call, leg: Leg, name: str) -> Iterator[_Heard]:
    core = product_core(name)
    kind = next((kind for kind, texts in KINDS.items() if any(text in name for text in texts)), None)
    cores = call.find(leg, core, _SAME_NAME if len(core) > _SHORT_NAME else 80.0)
    size = len(call.legs[leg].syllables)
    for hit in cores:
        last = min(hit.last + 10, size - 1)
        others = [
            found
            for other, texts in KINDS.items()
            if other != kind
            for found in _inside(call, leg, texts, hit.last + 1, last)
            if call.legs[leg].text(found.first, found.last) in texts
        ]
        same = not (kind and others)
        yield _Heard(same, hit.first, others[0].last if others else hit.last, hit.score)
    if cores:
        return
    spoken = call.legs[leg]
    for found in _BOUGHT.finditer(spoken.chars):
        if not _NO_NAME.match(found[1]):
            believed = spoken.confidence(found.start(1), found.end(1) - 1) >= _BELIEVED
            near = call.find(leg, core, 50.0)
            yield _Heard(None if near or not believed else False, found.start(1), found.end(1) - 1, 0.0)


def _name_places(call: Call, leg: Leg) -> Iterator[tuple[int, int]]:
    """Where the product's name was said: 终身 in it is no period."""
    if product := call.facts.get("product"):
        for hit in call.find(leg, plain(product), 60.0):
            yield hit.first, hit.last


def _inside(call: Call, leg: Leg, texts: Iterable[str], first: int, last: int) -> Iterator[Hit]:
    for text in texts:
        floor = 80.0 if len(text) < _SHORT_NAME else 75.0
        for hit in call.find(leg, text, floor):
            if hit.polar and first <= hit.first and hit.last <= last:
                yield hit


def _distance(first: int, last: int, topic: Found) -> int:
    return max(0, first - topic.last, topic.first - last)


def _proof(call: Call, leg: Leg, first: int, last: int, text: str, score: float = 100.0) -> Evidence:
    return call.evidence(leg, first, last, text, score)
