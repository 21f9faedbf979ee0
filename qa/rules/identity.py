"""The customer in person, by the tail of his document: asked, said by him, equal (Q3 rule 4)."""

from rapidfuzz.distance import Levenshtein

from dialer.telephony.outcomes import Leg
from qa.rules.call import Call
from qa.rules.findings import Evidence, Finding, Reason, Verdict
from qa.rules.numbers import Digits, digit_runs
from qa.rules.schema import Rule
from qa.rules.slots import Found, whole
from qa.speech.text import bare

TAIL_FACT = "id_tail"
# The customer's digits are looked for so long after the request.
_ANSWER_SECONDS = 25.0
# The agent reads out so many of the digits within this many syllables of the request.
_READ_OUT = 3
_BESIDE = 14
_BELIEVED = 0.6


def identity(rule: Rule, call: Call) -> Finding:
    """Asked for, said by the customer, equal to the record. Read out by the agent fails."""
    tail = bare(call.facts[TAIL_FACT])
    requests = whole(call, rule.channel, rule.all, rule.within)
    requests += [
        Found(hit.first, hit.last, hit.score, text, (hit,))
        for text in rule.say
        for hit in call.find(rule.channel, text)
    ]
    if not requests:
        return call.absent(rule)
    requests.sort(key=lambda one: one.first)
    spoken = call.legs[rule.channel]
    since = min(spoken.starts[one.first] for one in requests)
    until = max(spoken.ends[one.last] for one in requests) + _ANSWER_SECONDS
    said = _customers(call, since, until)
    request = _proof(call, requests[0])
    for one in requests:
        read = _read_out(call, rule.channel, one, tail)
        if read is not None and not any(_starts(call, run) < spoken.starts[read.first] for run in said):
            aloud = call.evidence(rule.channel, min(one.first, read.first), max(one.last, read.last))
            return Finding(rule.id, Verdict.FAIL, Reason.READ_OUT, (aloud,), alarm=rule.alarm)
    if not said:
        return Finding(rule.id, Verdict.UNCLEAR, Reason.TAIL_UNSURE, (request, *_reply(call, requests)))
    best = min(said, key=lambda run: Levenshtein.distance(run.text, tail))
    proof = (request, call.evidence(Leg.CUSTOMER, best.first, best.last, tail))
    if tail in best.text:
        return Finding(rule.id, Verdict.PASS, Reason.IDENTIFIED, proof)
    wrong = sum(a != b for a, b in zip(best.text, tail, strict=False))
    sure = len(best.text) == len(tail) and wrong > 1 and call.clean(Leg.CUSTOMER)
    if sure and call.legs[Leg.CUSTOMER].confidence(best.first, best.last) >= _BELIEVED:
        return Finding(rule.id, Verdict.FAIL, Reason.TAIL_DIFFERS, proof, alarm=True)
    return Finding(rule.id, Verdict.UNCLEAR, Reason.TAIL_UNSURE, proof)


def _customers(call: Call, since: float, until: float) -> list[Digits]:
    spoken = call.legs[Leg.CUSTOMER]
    within = [place for place, start in enumerate(spoken.starts) if since - 1 <= start <= until]
    return digit_runs(spoken.syllables, within[0], within[-1]) if within else []


def _read_out(call: Call, leg: Leg, request: Found, tail: str) -> Digits | None:
    spoken = call.legs[leg]
    before = digit_runs(spoken.syllables, max(0, request.first - _BESIDE), request.first - 1)
    after = digit_runs(
        spoken.syllables, request.last + 1, min(request.last + _BESIDE, len(spoken.syllables) - 1)
    )
    for run in (*after, *before):
        agreeing = len(tail) - Levenshtein.distance(run.text, tail)
        if len(run.text) >= _READ_OUT and agreeing >= _READ_OUT:
            return run
    return None


def _starts(call: Call, run: Digits) -> float:
    return call.legs[Leg.CUSTOMER].starts[run.first]


def _proof(call: Call, one: Found) -> Evidence:
    return call.evidence(Leg.AGENT, one.first, one.last, one.text, one.score)


def _reply(call: Call, requests: list[Found]) -> tuple[Evidence, ...]:
    reply = call.questions.unit(requests[-1].first, requests[-1].last).reply
    if reply.place is None:
        return ()
    return (call.evidence(Leg.CUSTOMER, reply.place.first, reply.place.last),)
