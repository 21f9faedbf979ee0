"""Questions that no rule accounts for (Q4).

Where the agent asked one, what seems not to have been asked may have been asked in words that nobody foresaw.
That is for a person, and shows which words a rule lacks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from dialer.telephony.outcomes import Leg
from qa.dialogue.forms import Clause, Form
from qa.rules.call import Call
from qa.rules.findings import Evidence, Finding, Reason, Verdict
from qa.rules.schema import RuleSet

_SHOWN = 3
# A question of one or two syllables (是吗, 好吗) names nothing.
_LEAST = 3


def softened(findings: Mapping[str, Finding], rules: RuleSet, call: Call) -> dict[str, Finding]:
    """The findings, with absence of a question left to a person where there are questions nobody knows."""
    absent = {
        rule.id
        for rule in rules.rules
        if rule.kind == "must_ask" and rule.channel is Leg.AGENT and _is_absent(findings[rule.id])
    }
    if not absent:
        return dict(findings)
    unknown = tuple(_unknown(findings, rules, call))[:_SHOWN]
    if not unknown:
        return dict(findings)
    return {
        name: replace(one, verdict=Verdict.UNCLEAR, reason=Reason.MAYBE_SAID, evidence=unknown, alarm=False)
        if name in absent
        else one
        for name, one in findings.items()
    }


def _is_absent(finding: Finding) -> bool:
    return finding.verdict is Verdict.FAIL and finding.reason is Reason.NOT_SAID


def _unknown(findings: Mapping[str, Finding], rules: RuleSet, call: Call) -> Iterator[Evidence]:
    known = [
        (proof.start, proof.end)
        for finding in findings.values()
        for proof in finding.evidence
        if proof.channel is Leg.AGENT and proof.words
    ]
    spoken = call.legs[Leg.AGENT]
    for text in rules.asides:
        if "{" in text and not set(call.facts).issuperset(_names(text)):
            continue
        known += [(spoken.starts[hit.first], spoken.ends[hit.last]) for hit in call.find(Leg.AGENT, text)]
    for block in call.questions.blocks:
        for number, clause in enumerate(block):
            about = _about(block, number)
            if about is None or len(clause.chars) < _LEAST:
                continue
            start, end = about
            if not any(first < end and start < last for first, last in known):
                yield call.evidence(Leg.AGENT, clause.first, clause.last)


def _about(block: tuple[Clause, ...], number: int) -> tuple[float, float] | None:
    """The seconds of a question; one without a topic of its own is about the clause before it."""
    clause = block[number]
    if not clause.askings:
        return None
    tag = all(asking.form in (Form.TAG, Form.LEADING) for asking in clause.askings)
    first = block[number - 1] if number and (clause.bare or tag) else clause
    return first.start, clause.end


def _names(text: str) -> set[str]:
    return {part.split("}")[0] for part in text.split("{")[1:]}
