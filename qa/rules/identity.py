"""The customer in person, by the tail of his document: asked, said by him, equal (Q3 rule 4)."""

import re
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from dialer.telephony.outcomes import Leg
from qa.rules.call import Call
from qa.rules.findings import Evidence, Finding, Reason, Verdict
from qa.rules.numbers import Digits, digit_runs, may_sound, written
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
# A document number has fifteen digits or eighteen.
_WHOLE_NUMBER = 15
# 后面一个叉: one that counts is no digit.
_COUNTS = re.compile("一[个位下]")


def identity(rule: Rule, call: Call) -> Finding:
    """Asked for, said by the customer, equal to the record. Read out by the agent fails."""
    tail = bare(call.facts[TAIL_FACT])
    requests = whole(call, rule.channel, rule.all, rule.within)
    requests += [
        Found(hit.first, hit.last, hit.score, text, (hit,))
        for text in rule.say
        for hit in call.find(rule.channel, text)
        if hit.score >= call.bands.enough(hit.wording)
    ]
    if not requests:
        told = [run for run in _customers(call, 0.0, call.seconds) if _is_tail(run, tail, call)]
        if told:  # asked in words that nobody foresaw
            heard = call.evidence(Leg.CUSTOMER, told[0].first, told[0].last, tail)
            return Finding(rule.id, Verdict.UNCLEAR, Reason.TAIL_UNSURE, (heard,))
        return call.absent(rule)
    requests.sort(key=lambda one: one.first)
    spoken = call.legs[rule.channel]
    since = min(spoken.starts[one.first] for one in requests)
    until = max(spoken.ends[one.last] for one in requests) + _ANSWER_SECONDS
    said = _customers(call, since, until)
    request = _proof(call, requests[0])
    for one in requests:
        read = _read_out(call, rule.channel, one, tail)
        if read is not None and not any(
            _starts(call, run) < spoken.starts[_begin(read, tail)] and _is_like(run, tail) for run in said
        ):
            aloud = call.evidence(rule.channel, min(one.first, read.first), max(one.last, read.last))
            return Finding(rule.id, Verdict.FAIL, Reason.READ_OUT, (aloud,), alarm=rule.alarm)
    best = min(said, key=lambda run: Levenshtein.distance(run.text, tail), default=None)
    if (own := _own(best, said, tail, since, until, call)) is not None:
        return Finding(rule.id, Verdict.PASS, Reason.IDENTIFIED, (request, own))
    if best is None:
        read = _read_later(call, rule.channel, tail, since, until)
        if read is not None:
            aloud = call.evidence(rule.channel, read.first, read.last, tail)
            return Finding(rule.id, Verdict.FAIL, Reason.READ_OUT, (request, aloud), alarm=rule.alarm)
        return Finding(rule.id, Verdict.UNCLEAR, Reason.TAIL_UNSURE, (request, *_reply(call, requests)))
    proof = (request, call.evidence(Leg.CUSTOMER, best.first, best.last, tail))
    # One that slipped, 二六三误 for 二二六三, is no other number.
    slipped = best.text[:-1] == tail[1:] or best.text[1:] == tail[:-1]
    wrong = sum(a != b for a, b in zip(best.text, tail, strict=False))
    sure = len(best.text) == len(tail) and wrong > 1 and not slipped and call.clean(Leg.CUSTOMER)
    if sure and call.legs[Leg.CUSTOMER].confidence(best.first, best.last) >= _BELIEVED:
        return Finding(rule.id, Verdict.FAIL, Reason.TAIL_DIFFERS, proof, alarm=True)
    return Finding(rule.id, Verdict.UNCLEAR, Reason.TAIL_UNSURE, proof)


def _read_later(call: Call, leg: Leg, tail: str, since: float, until: float) -> Digits | None:
    """那我给您念，六八幺三: the whole tail in the agent's words, before the customer said any of it."""
    spoken = call.legs[leg]
    within = [place for place, start in enumerate(spoken.starts) if since <= start <= until]
    runs = digit_runs(spoken.syllables, within[0], within[-1]) if within else []
    return next((run for run in runs if run.text == tail), None)


def _customers(call: Call, since: float, until: float) -> list[Digits]:
    spoken = call.legs[Leg.CUSTOMER]
    within = [place for place, start in enumerate(spoken.starts) if since - 1 <= start <= until]
    return digit_runs(spoken.syllables, within[0], within[-1]) if within else []


def _is_tail(run: Digits, tail: str, call: Call) -> bool:
    """The tail, said once or twice or at the end of the whole number; 就 and 吧 beside it are no nine and
    eight. Digits in another clause are another number."""
    at = run.text.find(tail)
    if at < 0:
        return False
    spoken = call.legs[Leg.CUSTOMER]
    own = run.places[at : at + len(tail)]
    clauses = {spoken.clauses[place] for place in own}
    beside = [
        place
        for place in run.places
        if place not in own and spoken.clauses[place] in clauses and written(spoken.chars[place]).isdigit()
    ]
    whole_number = len(run.text) >= _WHOLE_NUMBER and run.text.endswith(tail)
    return not beside or whole_number or run.text.replace(tail, "") == ""


def _own(
    best: Digits | None, said: Sequence[Digits], tail: str, since: float, until: float, call: Call
) -> Evidence | None:
    """The customer's words where he said the tail; `best` are the digits likest to it."""
    if best is not None and (
        any(_is_tail(run, tail, call) for run in said) or tail in _told(call, since, until)
    ):
        return call.evidence(Leg.CUSTOMER, best.first, best.last, tail)
    like = _misheard(tail, since, until, call)
    return None if like is None else call.evidence(Leg.CUSTOMER, like, like + len(tail) - 1, tail)


def _misheard(tail: str, since: float, until: float, call: Call) -> int | None:
    """Where the tail begins with one digit written as a syllable half like it, 二七有八 for 二七幺八: a digit
    that was heard as another digit is none of these."""
    spoken = call.legs[Leg.CUSTOMER]
    chars, size = written(spoken.chars), len(tail)
    for first in range(len(chars) - size + 1):
        off = [at for at in range(size) if chars[first + at] != tail[at]]
        if len(off) != 1 or chars[first + off[0]].isascii():
            continue
        syllable = spoken.syllables[first + off[0]]
        if since - 1 <= spoken.starts[first] <= until and may_sound(syllable, tail[off[0]]):
            return first
    return None


def _told(call: Call, since: float, until: float) -> set[str]:
    """All digits of each of the customer's turns together: 二六零，后面是个叉."""
    return {
        "".join(char for char in written(_COUNTS.sub("", turn.text)) if char.isdigit() or char == "X")
        for turn in call.questions.dialogue.turns
        if turn.channel is Leg.CUSTOMER and since - 1 <= turn.start <= until
    }


def _read_out(call: Call, leg: Leg, request: Found, tail: str) -> Digits | None:
    spoken = call.legs[leg]
    before = digit_runs(spoken.syllables, max(0, request.first - _BESIDE), request.first - 1)
    after = digit_runs(
        spoken.syllables, request.last + 1, min(request.last + _BESIDE, len(spoken.syllables) - 1)
    )
    for run in (*after, *before):
        if _is_like(run, tail):
            return run
    return None


def _begin(run: Digits, tail: str) -> int:
    """Where the tail begins: 说一下吧，…，九四六零 holds digits before it that are none."""
    return run.places[max(0, run.text.find(tail))]


def _is_like(run: Digits, tail: str) -> bool:
    agreeing = len(tail) - Levenshtein.distance(run.text, tail)
    return tail in run.text or (len(run.text) >= _READ_OUT and agreeing >= _READ_OUT)


def _starts(call: Call, run: Digits) -> float:
    return call.legs[Leg.CUSTOMER].starts[run.first]


def _proof(call: Call, one: Found) -> Evidence:
    return call.evidence(Leg.AGENT, one.first, one.last, one.text, one.score)


def _reply(call: Call, requests: list[Found]) -> tuple[Evidence, ...]:
    reply = call.questions.unit(requests[-1].first, requests[-1].last).reply
    if reply.place is None:
        return ()
    return (call.evidence(Leg.CUSTOMER, reply.place.first, reply.place.last),)
