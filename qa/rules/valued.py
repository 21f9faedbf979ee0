"""Values said as they are on record: period, payment, fees, product, insurer (Q3 rules 5, 9, 10, 13)."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from dialer.telephony.outcomes import Leg
from qa.dialogue.forms import Clause
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
from qa.rules.terms import (
    FREQUENCIES,
    INSTALMENTS,
    LIFETIME,
    MENDS,
    PAY,
    first_number,
    frequencies,
    pay_said,
    period_said,
    said,
)
from qa.rules.unheard import as_spoken, guessed, sounds_like
from qa.speech.text import plain

# Words for these are compiled with every rule set.
WORDS = (
    *LIFETIME,
    *(text for texts in FREQUENCIES.values() for text in texts),
    *INSTALMENTS,
    *(text for texts in KINDS.values() for text in texts),
)
_WITHIN = 16
# So near the beginning a caller repeats what he was told.
_CONFIRMS = 10
_NUMERAL = "[零一二三四五六七八九两十百]+"
# 保三十年, 保到七十五周岁: what says the period without naming it.
_KEEPS = re.compile(
    rf"保[障险期间限就是为的到至满够了个您他她被人年孩子小宝女儿本障]*?(?=终身|终生|一辈子|一生|到老|终老|{_NUMERAL}周?[年岁])"
)
# 交费期限, 犹豫期: no period of the cover.
_OF_OTHER = re.compile("[缴交付][费钱纳款]?.{0,3}(?:期|年)|犹豫|宽限|等待|观察|签收|快递|寄")
# What else is not paid for: 合同一共二十年, 保障一直到终身.
_SPANS = re.compile("合同|保障|保险|保单|一共|总共|一直|直到|持续")
_PAYS_FOR = re.compile(rf"{PAY}[费纳满够了款保期间限是为共总要个]*(?={_NUMERAL}年)|(?<=年){PAY}[完清]")
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
_BELIEVED = 0.7
# One syllable that was a guess may have made it another value: 十 of 七十.
_GUESS = 0.4
_SHORT_NAME = 3
_HARDLY_MORE = 2


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
        if slot.value is ValueKind.PERIOD and not any(one.same for one in heard):
            heard += _by_itself(rule, expected, call)
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
    believed = [o for o in other if spoken.is_sure(o.first, o.last, mean=_BELIEVED, least=_GUESS)]
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
    if call.proves(rule.channel):
        return Finding(rule.id, Verdict.FAIL, Reason.VALUE_NOT_SAID, proof, slot.name, rule.alarm)
    return Finding(rule.id, Verdict.UNCLEAR, Reason.AUDIO_INCOMPLETE, proof, slot.name)


def _near_topic(rule: Rule, slot: Slot, expected: str, call: Call) -> list[Heard]:
    """The value beside each place of the topic, in the same block."""
    heard: list[Heard] = []
    names = list(name_places(call, rule.channel))
    often = frequencies(call, rule.channel) if slot.value is ValueKind.PAY else {}
    for topic in _topics(rule, slot, call)[:_PLACES]:
        first, last = _window(call, topic)
        if slot.value is ValueKind.AMOUNT:
            heard += amounts(call.legs[rule.channel].text(first, last), first, expected)
            continue
        if slot.value is ValueKind.PERIOD:
            one = period_said(call, rule.channel, expected, topic, first, last, names)
        else:
            one = pay_said(call, rule.channel, expected, topic, first, last, often)
        if one is None and slot.value is ValueKind.PERIOD:
            one = _answered(call, rule.channel, expected, topic)
        if one is not None:
            heard.append(one)
    return heard


def _by_itself(rule: Rule, expected: str, call: Call) -> Iterator[Heard]:
    """合同一共二十年，您了解吗: the right value in a clause that speaks of nothing else."""
    names = list(name_places(call, rule.channel))
    for clause in call.questions.clauses:
        others = _OF_OTHER.search(clause.chars) or _PAYS_FOR.search(clause.chars)
        if others or not _SPANS.search(clause.chars):
            continue
        at = _place(clause.first, clause.last)
        said = period_said(call, rule.channel, expected, at, clause.first, clause.last, names)
        if said is not None and said.same:
            yield said
    for unsure in _alone(rule, expected, call):
        yield Heard(None, unsure.first, unsure.last)


def _alone(rule: Rule, expected: str, call: Call) -> Iterator[Clause]:
    """暴三十年您知道吗 for 保三十年…: hardly more than the right value, and asked."""
    wanted = first_number(plain(expected))
    if wanted is None:
        return
    for clause in call.questions.clauses:
        for number in numbers(clause.chars):
            own = clause.left(None) - (number.last - number.first + 2)
            if number.value == wanted and number.after[:1] in ("年", "岁", "周") and own <= _HARDLY_MORE:
                yield clause


def _answered(call: Call, leg: Leg, expected: str, topic: Found) -> Heard | None:
    """保多少年呢？—三十年嘛。—对，三十年，您明白吗: said by the customer first, and right only where the
    caller says it as well."""
    unit = call.questions.unit(topic.first, topic.last)
    place, number = unit.reply.place, call.block_of(topic.last) + 1
    if place is None or not unit.asked or number >= len(call.questions.blocks):
        return None
    told = call.legs[unit.reply.channel].text(place.first, place.last)
    values = {one.value for one in numbers(told) if one.after[:1] in ("年", "岁", "周")}
    lifelong = any(word in told for word in LIFETIME)
    if not values and not lifelong:
        return None
    if (lifelong or first_number(plain(expected)) in values) and (block := call.questions.blocks[number]):
        first, last = block[0].first, min(block[-1].last, block[0].first + _CONFIRMS)
        again = period_said(
            call, leg, expected, _place(first, first), first, last, list(name_places(call, leg))
        )
        if again is not None and again.same:
            return again
    return Heard(None, topic.first, topic.last)


def _topics(rule: Rule, slot: Slot, call: Call) -> list[Found]:
    """Where the value may have been said: by the words of the slot, or by how such a value is said."""
    spoken = call.legs[rule.channel]
    how = _KEEPS if slot.value is ValueKind.PERIOD else _PAYS_FOR
    found = whole(call, rule.channel, slot.all, slot.within)
    if slot.value is ValueKind.AMOUNT:
        return found
    if slot.value is ValueKind.PERIOD:
        found = [one for one in found if not _OF_OTHER.search(spoken.text(max(0, one.first - 5), one.last))]
    found += [_place(one.start(), max(one.start(), one.end() - 1)) for one in how.finditer(spoken.chars)]
    if slot.value is ValueKind.PAY:
        for hit in said(call, rule.channel, _HOW_OFTEN):
            around = spoken.text(max(0, hit.first - _BESIDE), hit.last + _BESIDE)
            if re.search(f"{PAY}|保费", around):
                found.append(_place(hit.first, hit.last))
    return found


def _place(first: int, last: int) -> Found:
    return Found(first, last, 100.0, "", ())


def _window(call: Call, topic: Found) -> tuple[int, int]:
    block = call.questions.blocks[call.block_of(topic.first)]
    return max(block[0].first, topic.first - _WITHIN), min(block[-1].last, topic.last + _WITHIN)


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
        limit = min(after - 1, block[-1].last)
        last = min(hit.last + _WITHIN, limit)
        if MENDS.search(spoken.text(hit.last + 1, last)):
            last = min(last + _WITHIN, limit)  # 百分之二，哦抱歉我看岔行了，应该是百分之三
        told = _figures(spoken.text(hit.last + 1, last))
        begin = max(0, hit.first - _BEFORE)
        before = _figure_before(spoken.text(begin, hit.first - 1))
        if before is not None and spoken.text(max(0, hit.first - 1), hit.first - 1) == "的":
            told = []  # 百分之三的初始费用，还有每月五块钱的…
        elif before is not None and before.value == figure and all(n.value != figure for n in told):
            # 扣百分之五做初始费用，每个月再扣六块保单管理费
            at = begin + before.first
            if spoken.clauses[at] == spoken.clauses[hit.first] and not any(
                0 < at - other.last <= _SHORT_NAME or at < other.first < hit.first for other, _, _ in named
            ):
                told = []
        if told and (before is None or any(_has_unit(one) for one in told)):
            best = next((n for n in told if n.value == figure), told[0])
            same = best.value == figure or (False if _has_unit(best) else None)
            heard.setdefault(name, []).append(Heard(same, hit.first, hit.last + 1 + best.last, hit.score))
        elif before is not None:
            same = before.value == figure
            heard.setdefault(name, []).append(Heard(same, max(0, hit.first - _BEFORE), hit.last, hit.score))
    heard |= {
        name: [maybe]
        for hit, name, figure in named
        if name not in heard and (maybe := _misheard(call, leg, hit, figure)) is not None
    }
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


def _misheard(call: Call, leg: Leg, name: Hit, figure: float) -> Heard | None:
    """保单管理费务员 for …五元: the figure may stand after the fee's name."""
    first, last = name.last + 1, min(name.last + _WITHIN, len(call.legs[leg].syllables) - 1)
    if guessed(call, leg, first, last) or sounds_like(call, leg, as_spoken(figure), first, last):
        return Heard(None, name.first, last, name.score)
    return None


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
        figure = float(match[1]) if match[1][0].isdigit() else first_number(match[1])
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


def _proof(call: Call, leg: Leg, first: int, last: int, text: str, score: float = 100.0) -> Evidence:
    return call.evidence(leg, first, last, text, score)
