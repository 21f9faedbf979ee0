"""Who reads out a shipped script keeps the rules its calls are checked against (T1, Q2)."""

import re

import pytest

from dialer.playbooks.form.schema import Playbook
from dialer.telephony.outcomes import Leg
from qa.checks.library import shipped_rules
from qa.rules.assess import assess
from qa.rules.findings import Finding, Verdict
from qa.speech.port import Transcript
from tests.support.labelled import talk
from tests.support.shipped import LIBRARY

ALL = sorted(LIBRARY, key=lambda one: one.id)
SAID = {
    "term": "终身",
    "products": "福满年年终身寿险",
    "branch": "明光东店",
    "plate": "豫A12345",
    "name": "李先生",
    "agent": "王芳",
    "code": "一零八",
}
FACTS = {
    "shop": "明光东店",
    "plate": "豫A12345",
    "name": "李伟",
    "sir": "先生",
    "surname": "李",
    "agent": "王芳",
    "product_kind": "participating",
    "id_tail": "3721",
    "insurer": "明光东店",
    "product": "福满年年终身寿险",
    "period": "终身",
    "payment": "instalment",
    "pay": "分期缴费",
}


def read_out(lines: list[str]) -> Transcript:
    """The lines as the agent says them to a customer who only tells his number."""
    turns = []
    for line in lines:
        text = re.sub(r"\{(\w+)\}", lambda found: SAID.get(found[1], "项目"), line)
        turns.append((Leg.AGENT, text))
        if "后四位" in line:
            turns.append((Leg.CUSTOMER, FACTS["id_tail"]))
    return talk(*turns)


def findings(playbook: Playbook, lines: list[str]) -> tuple[Finding, ...]:
    return assess(read_out(lines), shipped_rules().get(playbook.rules), FACTS).findings


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
    found = findings(playbook, said)
    # Nothing of the sound is known of words on paper, and nobody answers between its questions.
    judged = [finding for finding in found if finding.rule_id != "one_question_at_a_time"]
    assert [finding for finding in judged if finding.verdict not in (Verdict.PASS, Verdict.NA)] == []


@pytest.mark.parametrize("playbook", ALL, ids=lambda one: one.id)
def test_who_says_hello_and_nothing_else_breaks_them(playbook: Playbook) -> None:
    """The rules can fail."""
    failed = {one.rule_id for one in findings(playbook, ["您好"]) if one.verdict is Verdict.FAIL}
    assert {"convenient", "recording_notice", "thanks"} <= failed
