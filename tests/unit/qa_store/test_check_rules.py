"""What a check knows of a call, without a database (Q4)."""

from pathlib import Path

import pytest

from dialer.playbooks.library import shipped_library
from dialer.telephony.outcomes import Leg
from qa.checks.library import RuleLibrary, shipped_rules
from qa.checks.rules import Audio, facts, quality, surname
from qa.rules.findings import LegQuality
from qa.rules.schema import RuleSetError
from recordings.rules import Problem

SOUND = {Leg.AGENT: -20.0, Leg.CUSTOMER: -25.0}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("陈建国", "陈"), ("欧阳娜", "欧阳"), ("陈", "陈"), ("Smith", "Smith"), ("", "")],
)
def test_a_customer_is_addressed_by_surname(name: str, expected: str) -> None:
    assert surname(name) == expected


def test_a_fact_nobody_knows_is_empty() -> None:
    """The rule that needs it then says so, instead of looking for the wrong words."""
    known = facts(name="陈建国", salutation="先生", plate=None, branch="东店", agent="8001")
    assert (known["plate"], known["shop"], known["sir"], known["agent"]) == ("", "东店", "先生", "8001")


@pytest.mark.parametrize(
    ("audio", "agent", "customer"),
    [
        (Audio(True, (), SOUND), LegQuality(), LegQuality()),
        (Audio(False, (), SOUND), LegQuality(gap=True), LegQuality(gap=True)),
        (Audio(True, [Problem.SHORT], SOUND), LegQuality(gap=True), LegQuality(gap=True)),
        (Audio(True, [Problem.LONG], SOUND), LegQuality(), LegQuality()),
        (Audio(True, [Problem.SILENT_AGENT], SOUND), LegQuality(silent=True), LegQuality()),
        (Audio(True, [Problem.MISSING_CUSTOMER], SOUND), LegQuality(), LegQuality(silent=True)),
        (Audio(True, (), {Leg.AGENT: -20.0, Leg.CUSTOMER: -61.0}), LegQuality(), LegQuality(silent=True)),
        (Audio(True, (), {Leg.AGENT: -20.0}), LegQuality(), LegQuality(silent=True)),
    ],
)
def test_how_far_audio_can_be_trusted(audio: Audio, agent: LegQuality, customer: LegQuality) -> None:
    assert quality(audio) == {Leg.AGENT: agent, Leg.CUSTOMER: customer}


def test_every_shipped_playbook_has_its_rules() -> None:
    for playbook in shipped_library():
        assert shipped_rules().get(playbook.rules).rules


def test_a_rule_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuleSetError, match=r"no rule set own-rules.*own-rules\.yaml"):
        RuleLibrary(tmp_path).get("own-rules")


def test_a_file_with_another_id_is_refused(tmp_path: Path) -> None:
    text = "id: other\nversion: 1\nrules: [{id: a, title: {zh: 甲}, kind: must_say, say: [您好]}]\n"
    (tmp_path / "own-rules.yaml").write_text(text, "utf-8")
    with pytest.raises(RuleSetError, match="Write id: own-rules"):
        RuleLibrary(tmp_path).get("own-rules")
