"""The course of the questions: one at a time, asked and not stated, the question item (Q3 rules 2, 3, 14)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from dialer.telephony.outcomes import Leg
from qa.dialogue.answers import AnswerKind, Why, classify_syllables
from qa.dialogue.forms import Form
from qa.dialogue.lexicon import Verb
from qa.rules.asked import AskedSlot
from qa.rules.call import Call
from qa.rules.findings import Evidence, Finding, Reason, Verdict
from qa.rules.schema import Rule, RuleSet
from qa.rules.slots import whole
from qa.rules.terms import MENDS

# A silence this long between two questions may hold an answer that was not heard.
_ANSWER_MAY_FIT = 1.2
_REPLY_SECONDS = 6.0
_HEARD = 0.5
_EXPLAINS_SYLLABLES = 10
_UNSURE = (Form.LEADING, Form.DOUBTFUL)
# Not a clear yes, whoever hears it: "I know now", "I know, but".
_NO_CLEAR_YES = frozenset({Why.HEDGES, Why.ONLY_NOW, Why.BUT, Why.DENIES_ONE})
_LACKS = re.compile(
    r"不(?:太|是很|怎么|大)?(?:知道|清楚|明白|了解|懂|记得)|没.{0,3}(?:讲|说过|收到|看|听说)|什么意思|不是我.{0,2}[抄写签]|帮.{0,2}[抄写]"
)

# 不对，我签的是十年
_DENIES = re.compile(r"[哎啊呃哦噢嗯]*不对.{0,8}[一二三四五六七八九十百]+(?:年|岁|块|元|万)")
# 大概知道吧, 好像看过: half a yes, in few words.
_HALF_YES = frozenset({Why.HEDGES, Why.ONLY_NOW})
_HALF = re.compile("知道|清楚|明白|了解|懂|晓得|看过|看了|收到|抄|有数")
_HALF_SYLLABLES = 10

# A value of the customer's own.
_FIGURE = re.compile("[一二三四五六七八九十百]+(?:年|岁|周岁|个月|块|元|万)")
_REMEMBERS = re.compile(f"(?:记得|以为|当成|说的?是|说好)[^年岁]{{0,4}}?({_FIGURE.pattern})")
# What another product is called by: 你们那个重疾险多少钱一年.
_PRODUCT = re.compile(
    "(?:别|其他|其它|另外)的?(?:产品|保险|险种)|(?:重疾|医疗|意外|养老|年金|车|教育|少儿|防癌)险"
)


class QuestionNeed(StrEnum):
    """Whether the call makes a question item; `for_person`: an answer too weak or unclear to say."""

    NEEDED = "needed"
    NOT_NEEDED = "not_needed"
    FOR_PERSON = "for_person"


def chosen(rules: RuleSet, ids: Sequence[str]) -> list[Rule]:
    """The rules with these ids; without any, all whose answers count."""
    return [rule for rule in rules.rules if (rule.id in ids if ids else rule.question_item)]


def one_at_a_time(rule: Rule, asked: Sequence[AskedSlot], call: Call) -> Finding:
    """Two items before an answer are one too many. `asked` are the slots of the items that came up."""
    ordered = sorted(asked, key=lambda one: one.place.first)
    maybe: tuple[Evidence, ...] = ()
    for number, one in enumerate(ordered):
        for other in ordered[number + 1 :]:
            if other.block != one.block or _is_same_item(one, other, ordered):
                continue
            spoken = call.legs[rule.channel]
            ends = max(one.place.last, one.unit.asking.last if one.unit.asking else 0)
            between = range(min(ends, other.place.first), other.place.first)
            if MENDS.search(spoken.text(one.place.first, other.place.first)):
                continue
            begins = call.questions.blocks[one.block][0].first
            mended = MENDS.search(spoken.text(begins, one.place.first))
            gap = max((spoken.starts[place + 1] - spoken.ends[place] for place in between), default=0.0)
            # 保障内容合同上都写着，保险期间是三十年，您知道吧: a leading question may be about one of them.
            both = all(unit.asked and unit.form not in _UNSURE for unit in (one.unit, other.unit))
            proof = (
                call.evidence(rule.channel, one.place.first, one.place.last, one.rule.id),
                call.evidence(rule.channel, other.place.first, other.place.last, other.rule.id),
            )
            # 十五年，说错了，那是交费的年数，保险期间是终身
            if (
                both
                and not mended
                and call.clean(rule.channel)
                and gap < (_ANSWER_MAY_FIT if call.clean(Leg.CUSTOMER) else _ANSWER_MAY_FIT / 2)
            ):
                return Finding(rule.id, Verdict.FAIL, Reason.SEVERAL_AT_ONCE, proof, alarm=rule.alarm)
            maybe = maybe or proof
    if maybe:
        return Finding(rule.id, Verdict.UNCLEAR, Reason.MAYBE_SEVERAL, maybe)
    if len({one.rule.id for one in ordered}) < 2 and call.clean(rule.channel):
        return Finding(rule.id, Verdict.NA, Reason.NOT_APPLICABLE, (call.whole(rule.channel),))
    if not call.clean(rule.channel):
        return Finding(rule.id, Verdict.UNCLEAR, Reason.AUDIO_INCOMPLETE, (call.whole(rule.channel),))
    return Finding(rule.id, Verdict.PASS, Reason.ONE_AT_A_TIME, (call.whole(rule.channel),))


def _is_same_item(one: AskedSlot, other: AskedSlot, asked: Sequence[AskedSlot]) -> bool:
    """Slots of one rule, or of two that take the same words: 退保，本金会有损失 is no second question."""
    if other.rule.id == one.rule.id:
        return True
    mine, others = (
        [slot.place for slot in asked if slot.rule.id == of.rule.id and slot.block == of.block]
        for of in (one, other)
    )
    return any(place.overlaps(at.first, at.last) for place in mine for at in others)


def asked_not_stated(rule: Rule, asked: Sequence[AskedSlot], found: Sequence[Finding], call: Call) -> Finding:
    """Every item that came up was asked. `found` are the findings of the items."""
    for verdict, reasons in (
        (Verdict.FAIL, (Reason.STATED,)),
        (Verdict.UNCLEAR, (Reason.MAYBE_STATED, Reason.LEADING)),
    ):
        for one in found:
            if one.reason in reasons:
                return Finding(rule.id, verdict, one.reason, one.evidence, one.rule_id, alarm=rule.alarm)
    leading = next((one for one in asked if one.unit.form in _UNSURE), None)
    if leading is not None:
        proof = (call.evidence(rule.channel, leading.place.first, leading.place.last),)
        return Finding(rule.id, Verdict.UNCLEAR, Reason.LEADING, proof, leading.rule.id)
    if not asked:
        return call.absent(rule)
    return Finding(rule.id, Verdict.PASS, Reason.ASKED, (call.whole(rule.channel),))


def question_need(
    asked: Sequence[AskedSlot], findings: Mapping[str, Finding], call: Call
) -> tuple[QuestionNeed, tuple[Evidence, ...]]:
    """Whether an answer makes a question item, and the answers that do. A later yes does not cancel it."""
    needed: list[Evidence] = []
    weak: list[Evidence] = list(_disputed(findings, call))
    for proof, clear in (*_of_items(asked, findings, call), *_of_turns(asked, call)):
        (needed if clear and proof.confidence >= _HEARD else weak).append(proof)
    if needed:
        return QuestionNeed.NEEDED, tuple(dict.fromkeys(needed))
    if weak:
        return QuestionNeed.FOR_PERSON, tuple(dict.fromkeys(weak))
    if not call.clean(Leg.CUSTOMER) or not asked:
        return QuestionNeed.FOR_PERSON, (call.whole(Leg.CUSTOMER),)
    return QuestionNeed.NOT_NEEDED, ()


def _of_items(
    asked: Sequence[AskedSlot], findings: Mapping[str, Finding], call: Call
) -> Iterator[tuple[Evidence, bool]]:
    """The answers to the items that are no clear yes, and whether they are clearly none."""
    for one in asked:
        reply = one.unit.reply
        if not one.unit.asked:
            continue  # what was not asked was not answered either
        proof = (
            call.evidence(reply.channel, reply.place.first, reply.place.last)
            if reply.place is not None
            else call.evidence(Leg.AGENT, one.place.first, one.place.last)
        )
        answer = one.unit.judged()
        other = findings[one.rule.id].reason is Reason.OTHER_VALUE
        if answer.kind is AnswerKind.MISFIT and answer.yes & _asked_together(one, asked):
            continue
        if answer.kind is AnswerKind.YES:
            if (other and _FIGURE.search(answer.text)) or _remembers_other(one, answer.text, call):
                yield proof, False  # 我记得是十五年啊, where another figure was named
            continue
        asks = answer.kind is AnswerKind.PRODUCT_QUESTION and not _of_another(answer.text, call)
        # 十年？我单子上写的是六年吧
        names = answer.kind is AnswerKind.UNCLEAR and _FIGURE.search(answer.text) is not None
        doubts = other and (answer.why is Why.ASKS or names)
        clear = asks or doubts or answer.kind is AnswerKind.NO or answer.why in _NO_CLEAR_YES
        if clear or findings[one.rule.id].verdict is not Verdict.FAIL:
            # To what was not asked as it must be, a weak answer tells nothing.
            yield proof, clear


def _of_turns(asked: Sequence[AskedSlot], call: Call) -> Iterator[tuple[Evidence, bool]]:
    """What the customer asks or does not know, whatever he was asked, from the first item on: before it he
    asks who is calling."""
    since = min((one.unit.start for one in asked), default=0.0)
    for turn in call.questions.dialogue.turns:
        if turn.channel is not Leg.CUSTOMER or turn.end < since:
            continue
        answer = classify_syllables(call.legs[Leg.CUSTOMER].syllables[turn.first : turn.last + 1])
        half = _HALF.search(turn.text) and answer.why in _HALF_YES and len(turn.text) <= _HALF_SYLLABLES
        asks = answer.kind is AnswerKind.PRODUCT_QUESTION
        no = answer.kind is AnswerKind.NO
        lacks = (no and _DENIES.match(turn.text)) or (
            (no or answer.why is Why.ASKS) and _LACKS.search(turn.text)
        )
        if half or asks or lacks:
            another = asks and _of_another(turn.text, call)
            yield call.evidence(Leg.CUSTOMER, turn.first, turn.last), bool(asks or lacks) and not another


def _asked_together(one: AskedSlot, asked: Sequence[AskedSlot]) -> frozenset[Verb]:
    """What a question of two parts asks for: 看过，是我抄的 answers both."""
    same = [other for other in asked if other.rule.id == one.rule.id and other.unit.reply == one.unit.reply]
    return frozenset(verb for other in same for verb in other.unit.verbs)


def _remembers_other(one: AskedSlot, answer: str, call: Call) -> bool:
    """我记得是十五年, where the caller said no such figure."""
    said = _REMEMBERS.search(answer)
    block = call.questions.blocks[one.block]
    asked = call.legs[Leg.AGENT].text(block[0].first, block[-1].last)
    return said is not None and said[1] not in asked


def _disputed(findings: Mapping[str, Finding], call: Call) -> Iterator[Evidence]:
    """我买的不是这个名字呀: what he says to a value that is another's."""
    told = [one.evidence[0].end for one in findings.values() if one.reason is Reason.OTHER_VALUE]
    for turn in call.questions.dialogue.turns:
        if turn.channel is Leg.CUSTOMER and any(0 <= turn.start - end + 1 <= _REPLY_SECONDS for end in told):
            answer = classify_syllables(call.legs[Leg.CUSTOMER].syllables[turn.first : turn.last + 1])
            if answer.kind is AnswerKind.NO or answer.why in (Why.ASKS, Why.CONTRADICTS):
                yield call.evidence(Leg.CUSTOMER, turn.first, turn.last)


def _of_another(question: str, call: Call) -> bool:
    """Asks about a product that is not his: what a person has to look at."""
    own = call.facts.get("product", "")
    return any(own and one[0] not in own for one in _PRODUCT.finditer(question))


def item_raised(rule: Rule, need: tuple[QuestionNeed, tuple[Evidence, ...]], call: Call) -> Finding:
    """A question item was raised where one was needed, and nothing explained offhand."""
    needs, why = need
    if needs is QuestionNeed.NOT_NEEDED:
        return Finding(rule.id, Verdict.NA, Reason.NO_QUESTION)
    since = min((proof.start for proof in why), default=0.0)
    spoken = call.legs[rule.channel]
    if needs is QuestionNeed.NEEDED:
        for found in whole(call, rule.channel, rule.wrong, rule.within):
            block = call.questions.blocks[call.block_of(found.first)]
            size = block[-1].last - block[0].first + 1
            if spoken.starts[found.first] >= since and size >= _EXPLAINS_SYLLABLES:
                proof = (call.evidence(rule.channel, found.first, found.last, found.text, found.score), *why)
                if spoken.confidence(found.first, found.last) < _HEARD + 0.1:
                    return Finding(rule.id, Verdict.UNCLEAR, Reason.EXPLAINED, proof)
                return Finding(rule.id, Verdict.FAIL, Reason.EXPLAINED, proof, alarm=rule.alarm)
    raised = [
        one for one in whole(call, rule.channel, rule.all, rule.within) if spoken.starts[one.first] >= since
    ]
    if raised:
        best = raised[0]
        proof = (call.evidence(rule.channel, best.first, best.last, best.text, best.score), *why)
        return Finding(rule.id, Verdict.PASS, Reason.RAISED, proof)
    if needs is QuestionNeed.FOR_PERSON or not call.clean(rule.channel):
        return Finding(rule.id, Verdict.UNCLEAR, Reason.NOT_RAISED, why)
    return Finding(rule.id, Verdict.FAIL, Reason.NOT_RAISED, why, alarm=rule.alarm)
