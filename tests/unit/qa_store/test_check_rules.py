"""What a check knows of a call, without a database (Q4)."""

from pathlib import Path

import pytest

from dialer.playbooks.library import shipped_library
from dialer.telephony.outcomes import Leg
from qa.checks.library import RuleLibrary, shipped_rules
from qa.checks.rules import Audio, quality, recorded
from qa.rules.findings import LegQuality
from qa.rules.schema import RuleSetError
from recordings.rules import Problem

SOUND = {Leg.AGENT: -20.0, Leg.CUSTOMER: -25.0}


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


def test_of_exchanged_legs_a_channels_trouble_is_the_other_partys() -> None:
    """Q4: the channel that nothing came on is the customer's, whom the archive took for the agent."""
    audio = Audio(True, [Problem.SILENT_AGENT], SOUND, exchanged=True)
    assert quality(audio) == {Leg.AGENT: LegQuality(), Leg.CUSTOMER: LegQuality(silent=True)}


@pytest.mark.parametrize(
    ("audio", "expected"),
    [
        (Audio(True, [Problem.SILENT_CUSTOMER], SOUND), {Leg.AGENT, Leg.CUSTOMER}),
        (Audio(True, [Problem.MISSING_CUSTOMER], SOUND), {Leg.AGENT}),
        (Audio(True, [Problem.MISSING_AGENT], SOUND, exchanged=True), {Leg.AGENT}),
        (Audio(True, [Problem.UNREADABLE], SOUND), set()),
        (Audio(False, (), SOUND), set()),
    ],
)
def test_a_lost_leg_proves_nothing_and_a_silent_one_does(audio: Audio, expected: set[Leg]) -> None:
    assert recorded(audio) == expected


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
