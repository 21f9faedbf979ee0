"""A plate or number that is spelled out: heard whole, in part, or another one (Q3)."""

import re

from dialer.telephony.outcomes import Leg
from qa.matching.syllables import Spoken
from qa.rules.call import Call
from qa.rules.codes import CodeHeard, find_code, like_code
from qa.rules.findings import Evidence, Finding, Reason, Verdict
from qa.rules.schema import Rule, Slot

_ANSWER_SECONDS = 6.0
# Less than half of a code is no code, whoever says yes to it; and none is its end alone, 尾号五三三.
_LEAST_CODE = 50.0
_END = re.compile("尾号|尾数|[后末最][两三四]位")
_END_WITHIN = 6
_BELIEVED = 0.75
_GUESS = 0.4
_MENDED_SECONDS = 20.0


def code_said(rule: Rule, slot: Slot, call: Call) -> Finding:
    """A plate or number that is spelled out, and what the other party says to it."""
    spoken = call.legs[rule.channel]
    code = slot.code.format_map(call.facts)
    hit = find_code(code, slot.near, spoken)
    if hit is None:
        return call.absent(rule, slot.name)
    proof = call.evidence(rule.channel, hit.first, hit.last, code, hit.score)
    for answers, verdict, reason in (
        (slot.deny, Verdict.FAIL, Reason.DENIED),
        (slot.confirm, Verdict.PASS, Reason.CODE_CONFIRMED),
    ):
        answer = _answer(answers, rule.channel, spoken.ends[hit.last], call)
        end_alone = _END.search(spoken.text(max(0, hit.first - _END_WITHIN), hit.first - 1))
        whole_enough = hit.heard is CodeHeard.PARTLY and hit.score >= _LEAST_CODE and not end_alone
        if answer is None or (reason is Reason.CODE_CONFIRMED and not whole_enough):
            continue
        # 不对，最后是F – 对不起，是…
        mended = reason is Reason.DENIED and _said_again(hit.last, answer.end, spoken)
        told = Verdict.UNCLEAR if mended else verdict
        return Finding(rule.id, told, reason, (proof, answer), slot.name, rule.alarm and told is Verdict.FAIL)
    verdict, reason = {
        CodeHeard.WHOLE: (Verdict.PASS, Reason.CODE_SAID),
        CodeHeard.PARTLY: (Verdict.UNCLEAR, Reason.CODE_UNSURE),
        CodeHeard.OFF_BY_ONE: (Verdict.UNCLEAR, Reason.CODE_UNSURE),
        CodeHeard.OTHER: (Verdict.FAIL, Reason.OTHER_CODE),
    }[hit.heard]
    # A digit or letter that the engine was not sure of may have been another one.
    believed = spoken.is_sure(hit.first, hit.last, mean=_BELIEVED, least=_GUESS)
    if hit.heard is CodeHeard.OTHER and not believed:
        verdict, reason = Verdict.UNCLEAR, Reason.CODE_UNSURE
    return Finding(rule.id, verdict, reason, (proof,), slot.name, rule.alarm and verdict is Verdict.FAIL)


def _said_again(last: int, after: float, spoken: Spoken) -> bool:
    """Whether something like a code was said once more, after the answer."""
    since = next((place for place, start in enumerate(spoken.starts) if start >= after), None)
    again = [] if since is None or since <= last else like_code(spoken, since)
    return bool(again) and spoken.starts[again[0]] - after <= _MENDED_SECONDS


def _answer(answers: tuple[str, ...], asker: Leg, after: float, call: Call) -> Evidence | None:
    """The first of these answers that the other party gave right after."""
    other = Leg.CUSTOMER if asker is Leg.AGENT else Leg.AGENT
    spoken = call.legs[other]
    for text in answers:
        for hit in call.find(other, text):
            if hit.polar and after - 1 <= spoken.starts[hit.first] <= after + _ANSWER_SECONDS:
                return call.proof(other, hit)
    return None
