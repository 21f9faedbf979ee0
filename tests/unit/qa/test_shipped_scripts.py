"""Who reads out a shipped script keeps the rules its calls are checked against (T1, Q2)."""

import re

import pytest

from dialer.playbooks.form.schema import Playbook
from dialer.telephony.outcomes import Leg
from qa.checks.library import shipped_rules
from qa.rules.evaluate import evaluate
from qa.rules.findings import Finding, Verdict
from qa.speech.port import LegTranscript, Segment, Transcript, Word
from tests.support.shipped import LIBRARY

ALL = sorted(LIBRARY, key=lambda one: one.id)
SAID = {"branch": "明光东店", "plate": "豫A12345", "name": "李先生", "agent": "王芳", "code": "一零八"}
FACTS = {
    "shop": "明光东店",
    "plate": "豫A12345",
    "name": "李伟",
    "sir": "先生",
    "surname": "李",
    "agent": "王芳",
    "product_kind": "participating",
}


def read_out(lines: list[str]) -> Transcript:
    """The lines as the agent says them, five syllables a second, to a silent customer."""
    segments, second = [], 0.5
    for line in lines:
        text = re.sub(r"\{(\w+)\}", lambda found: SAID.get(found[1], "项目"), line)
        words = tuple(
            Word(char, second + place * 0.2, second + place * 0.2 + 0.2, 0.95)
            for place, char in enumerate(text)
        )
        segments.append(Segment(Leg.AGENT, words[0].start, words[-1].end, text, 0.95, words))
        second = words[-1].end + 1
    legs = {
        Leg.AGENT: LegTranscript(Leg.AGENT, second, -20.0, tuple(segments), 0.0),
        Leg.CUSTOMER: LegTranscript(Leg.CUSTOMER, second, -20.0, (), 0.0),
    }
    return Transcript("test", "test", "zh", second, 0.0, legs)


def findings(playbook: Playbook, lines: list[str]) -> tuple[Finding, ...]:
    return evaluate(read_out(lines), shipped_rules().get(playbook.rules), FACTS)


@pytest.mark.parametrize("playbook", ALL, ids=lambda one: one.id)
def test_a_script_read_out_keeps_its_own_rules(playbook: Playbook) -> None:
    """All of it: every branch and every objection card, so none of them uses a forbidden word."""
    places: dict[str, list[str]] = {"opening": [], "body": [], "recap": [], "closing": []}
    for step in playbook.script:
        # What is to be done before the call is not said.
        if step.id != "prepare":
            places[step.place].append(step.say.zh)
    said = [
        *places["opening"],
        *(card.say.zh for card in playbook.objections),
        *places["body"],
        *(question.ask.zh for question in playbook.questionnaire),
        *places["recap"],
        *places["closing"],
    ]
    wrong = [finding for finding in findings(playbook, said) if finding.verdict is not Verdict.PASS]
    assert wrong == []


@pytest.mark.parametrize("playbook", ALL, ids=lambda one: one.id)
def test_who_says_hello_and_nothing_else_breaks_them(playbook: Playbook) -> None:
    """The rules can fail."""
    failed = {one.rule_id for one in findings(playbook, ["您好"]) if one.verdict is Verdict.FAIL}
    assert {"convenient", "recording_notice", "thanks"} <= failed
