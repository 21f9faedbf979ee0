"""Rules over measures of the sound (Q6): a bound, and a band before it where a person decides."""

from dialer.telephony.outcomes import Leg
from qa.rules.call import Call
from qa.rules.findings import Evidence, Finding, Reason, Verdict
from qa.rules.schema import Rule


def is_of_one_leg(measure: str) -> bool:
    """Whether it tells of one party alone, as agent_break_ins: with exchanged legs it is the other's."""
    return measure.startswith(tuple(f"{leg}_" for leg in Leg))


def measured(rule: Rule, call: Call) -> Finding:
    """Whether the measure keeps within the rule's bounds. Not applicable where it was not taken."""
    taken = call.measures.get(rule.measure)
    if taken is None:
        return Finding(rule.id, Verdict.NA, Reason.NOT_MEASURED)
    proof = tuple(
        Evidence(place.leg or rule.channel, place.start, place.end, "", f"{taken.value:g}", 0.0, 1.0)
        for place in taken.places
    ) or (Evidence(Leg.AGENT, 0.0, call.seconds, "", f"{taken.value:g}", 0.0, 1.0),)
    value = taken.value
    above = rule.at_most is not None and value > rule.at_most
    below = rule.at_least is not None and value < rule.at_least
    if above or below:
        return Finding(rule.id, Verdict.FAIL, Reason.OUT_OF_BOUNDS, proof, alarm=rule.alarm)
    if (rule.unclear_above is not None and value > rule.unclear_above) or (
        rule.unclear_below is not None and value < rule.unclear_below
    ):
        return Finding(rule.id, Verdict.UNCLEAR, Reason.OUT_OF_BOUNDS, proof)
    return Finding(rule.id, Verdict.PASS, Reason.MEASURED, proof)
