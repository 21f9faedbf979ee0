"""What must be asked and not stated (Q3 rule 2): every slot with its question and the answer that counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qa.dialogue.answers import AnswerKind
from qa.dialogue.forms import Form
from qa.dialogue.questions import QuestionUnit
from qa.matching.phrases import Hit
from qa.matching.syllables import Spoken
from qa.rules.call import Call
from qa.rules.findings import Evidence, Finding, Reason, Verdict
from qa.rules.said import Outcome, slot_said
from qa.rules.schema import Rule, Slot
from qa.rules.slots import Found
from qa.rules.valued import value_said

_RANK = {Form.ASKED: 2, Form.REQUEST: 2, Form.TAG: 2, Form.LEADING: 1, Form.DOUBTFUL: 1, Form.STATED: 0}
# So many places of a slot are looked at for a question.
_PLACES = 10
# A statement is one only where its end was heard well: 吗 is short and easily lost.
_BELIEVED = 0.6
_TAIL = 3
# A word of `asks` stands so near before the form of its question.
_ASKED_WITHIN = 14
_FULL = 100.0
_NOT_FOUND = frozenset({Reason.NOT_SAID, Reason.MAYBE_SAID, Reason.AUDIO_INCOMPLETE})


@dataclass(frozen=True, slots=True)
class AskedSlot:
    """A slot that came up, with the unit around it. `block` is the agent's block it is in."""

    rule: Rule
    slot: str
    place: Found
    unit: QuestionUnit
    block: int


def judge_slot(rule: Rule, slot: Slot, call: Call) -> Outcome:
    """One slot of any rule that looks for words."""
    return value_said(rule, slot, call) if slot.value else slot_said(rule, slot, call)


def asked_slot(rule: Rule, slot: Slot, call: Call) -> tuple[Finding, AskedSlot | None]:
    """A slot of a must_ask rule: said, and with a question."""
    outcome = judge_slot(rule, slot, call)
    if slot.asks and not outcome.places and outcome.finding.reason in _NOT_FOUND:
        outcome = _by_form(rule, slot, call) or outcome
    if not outcome.places:
        doubtful = [_unit(rule, slot, place, call) for place in outcome.doubtful[:_PLACES]]
        asked = next((one for one in doubtful if one.unit.asked), None)
        maybe = outcome.finding.reason is Reason.MAYBE_SAID
        if maybe and doubtful and all(_was_stated(one, call) for one in doubtful):
            return call.absent(rule, slot.name), None  # whatever was said there, it asked nothing
        return outcome.finding, None if maybe else asked
    best = _best(rule, slot, outcome.places[:_PLACES], call)
    unit = best.unit
    proof = (*outcome.finding.evidence, *_around(best, call))
    if outcome.finding.verdict is not Verdict.PASS:
        return replace(outcome.finding, evidence=proof), best
    if unit.form is Form.STATED:
        return _stated(rule, slot, best, proof, call), best
    if unit.form is Form.DOUBTFUL or (unit.form is Form.LEADING and rule.leading == "unclear"):
        return Finding(rule.id, Verdict.UNCLEAR, Reason.LEADING, proof, slot.name), best
    if rule.denied:
        kind = unit.judged().kind
        if kind is AnswerKind.NO:
            return Finding(rule.id, Verdict.FAIL, Reason.ANSWERED_NO, proof, slot.name, rule.alarm), best
    reason = Reason.CORRECTED if outcome.finding.reason is Reason.CORRECTED else Reason.ASKED
    return Finding(rule.id, Verdict.PASS, reason, proof, slot.name), best


def _by_form(rule: Rule, slot: Slot, call: Call) -> Outcome | None:
    """还 … 吗: questions that are about the slot whatever the words between."""
    leg = rule.channel
    found = []
    for clause in (clause for clause in call.questions.clauses if clause.askings):
        at = min((place for word in slot.asks if (place := clause.chars.find(word)) >= 0), default=None)
        if at is None or any(word in clause.chars for word in slot.asks_not):
            continue
        if any(at <= asking.last and asking.first - at <= _ASKED_WITHIN for asking in clause.askings):
            first = clause.first + at
            if not any(hit.first <= clause.last and first <= hit.last for hit in _others(rule, slot, call)):
                found.append(Found(first, clause.last, _FULL, call.legs[leg].text(first, clause.last), ()))
    if not found:
        return None
    proof = tuple(call.evidence(leg, one.first, one.last, one.text, one.score) for one in found[:1])
    return Outcome(Finding(rule.id, Verdict.PASS, Reason.SAID, proof, slot.name), tuple(found))


def _others(rule: Rule, slot: Slot, call: Call) -> Iterator[Hit]:
    """Where words stand that say that the clause is about something else."""
    for text in slot.unless:
        yield from call.find(rule.channel, text)


def _unit(rule: Rule, slot: Slot, place: Found, call: Call) -> AskedSlot:
    unit = call.questions.unit(place.first, place.last)
    return AskedSlot(rule, slot.name, place, unit, call.block_of(place.last))


def _best(rule: Rule, slot: Slot, places: Sequence[Found], call: Call) -> AskedSlot:
    """The likest of the places that were asked, else of those that were asked leadingly, else of all."""
    likest_first = sorted(places, key=lambda one: -one.score)
    best = _unit(rule, slot, likest_first[0], call)
    for place in likest_first[1:]:
        if _RANK[best.unit.form] == _RANK[Form.ASKED]:
            break
        other = _unit(rule, slot, place, call)
        if _RANK[other.unit.form] > _RANK[best.unit.form]:
            best = other
    return best


def _stated(rule: Rule, slot: Slot, one: AskedSlot, proof: tuple[Evidence, ...], call: Call) -> Finding:
    """A failure where the words were heard well to the end and nobody answered as to a question."""
    if _was_stated(one, call) and call.proves(rule.channel):
        return Finding(rule.id, Verdict.FAIL, Reason.STATED, proof, slot.name, rule.alarm)
    return Finding(rule.id, Verdict.UNCLEAR, Reason.MAYBE_STATED, proof, slot.name)


def _was_stated(one: AskedSlot, call: Call) -> bool:
    if one.unit.asked:
        return False
    spoken = call.legs[one.rule.channel]
    block = call.questions.blocks[one.block]
    clause = next((c for c in block if c.last >= one.place.last), block[-1])
    if any(_only_sounds(hit, spoken) for hit in one.place.hits):
        return False
    heard = spoken.confidence(max(clause.first, clause.last - _TAIL + 1), clause.last) >= _BELIEVED
    questioned = any(number in spoken.asking for number in spoken.clauses[clause.first : clause.last + 1])
    return heard and not questioned


def _only_sounds(hit: Hit, spoken: Spoken) -> bool:
    """这一项 is no 异响: short words that only sound so state nothing."""
    said = spoken.text(hit.first, hit.last)
    return hit.wording.is_short and said != "".join(one.char for one in hit.wording.syllables)


def _around(one: AskedSlot, call: Call) -> tuple[Evidence, ...]:
    """The question, where it stands outside the slot, and the answer."""
    found: list[Evidence] = []
    asking = one.unit.asking
    if asking is not None and (asking.last < one.place.first or asking.first > one.place.last):
        found.append(call.evidence(one.rule.channel, asking.first, asking.last))
    reply = one.unit.reply
    if reply.place is not None:
        found.append(call.evidence(reply.channel, reply.place.first, reply.place.last))
    return tuple(found)
