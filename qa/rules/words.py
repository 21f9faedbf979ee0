"""Places of words in a call, as rules of all kinds take them: heard well, within their time, as evidence."""

from collections.abc import Sequence

from dialer.telephony.outcomes import Leg
from qa.matching.phrases import Hit, Wording
from qa.rules.call import Call
from qa.rules.findings import Finding, Reason, Verdict
from qa.rules.schema import Rule, Slot
from qa.rules.slots import Found

# An accusation needs words that the engine itself believes (mean confidence).
BELIEVED = 0.6
_HEARD = 0.7


def in_time(rule: Rule, found: Found | Hit, call: Call) -> bool:
    """Whether it was said in the rule's part of the call."""
    spoken = call.legs[rule.channel]
    until = rule.first_seconds if rule.first_seconds is not None else call.seconds
    since = call.seconds - rule.last_seconds if rule.last_seconds is not None else 0.0
    return spoken.starts[found.first] <= until and spoken.ends[found.last] >= since


def as_finding(
    rule: Rule, slot: Slot, verdict: Verdict, reason: Reason, places: Sequence[Found], call: Call
) -> Finding:
    """With the places as evidence, or the whole leg where there is none."""
    proof = tuple(
        call.evidence(rule.channel, one.first, one.last, one.text, one.score) for one in places
    ) or (call.whole(rule.channel),)
    return Finding(rule.id, verdict, reason, proof, slot.name, rule.alarm and verdict is Verdict.FAIL)


def characters(sought: Wording) -> str:
    """As it is written."""
    return "".join(syllable.char for syllable in sought.syllables)


def is_believed(found: Found, leg: Leg, call: Call) -> bool:
    """Whether the engine was as sure of each word as an accusation needs."""
    spoken = call.legs[leg]
    return all(spoken.confidence(hit.first, hit.last) >= BELIEVED for hit in found.hits)


def is_heard(found: Found, leg: Leg, call: Call) -> bool:
    """Whether the engine was sure of the words as a whole."""
    return call.legs[leg].confidence(found.first, found.last) >= _HEARD


def is_proof(hit: Hit, leg: Leg, call: Call) -> bool:
    """Short words have homophones (打这, 打折): only the characters themselves are proof."""
    if hit.wording.is_short:
        return call.legs[leg].text(hit.first, hit.last) == characters(hit.wording)
    return hit.score >= call.bands.found
