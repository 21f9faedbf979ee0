"""What the agent's page decides without a database or a browser (T1, D5)."""

from datetime import UTC, datetime

import pytest

from dialer.agents.states import CHOSEN_BY_AGENT, AgentState, PauseReason
from dialer.calling.idle import IdleReason
from dialer.followups.states import FollowUpState
from dialer.playbooks.facts import FACTS, SPOKEN
from dialer.playbooks.form.schema import ScriptStep, Text
from dialer.playbooks.library import shipped_library
from web.agent.phases import Phase, phase_of
from web.agent.script import Said, fill
from web.agent.view import item_number
from web.agent.words import AFTERWARDS, IDLE, PHASE, SYSTEM_PAUSE

T = datetime(2026, 3, 2, 9, tzinfo=UTC)
STEPS = (
    ScriptStep(id="greet", say=Text(zh="您好，{name}。", en="Hello {name}.")),
    ScriptStep(id="plate", say=Text(zh="车牌{plate}，对吗？", en="Plate {plate}, right?")),
)


def test_a_step_is_filled_in_with_the_customers_own_words() -> None:
    """T1."""
    greet, plate = fill(STEPS, {"name": "李女士", "plate": "豫A12345"}, "zh")
    assert greet.parts == (Said("您好，"), Said("李女士", filled=True), Said("。"))
    assert plate.parts[1] == Said("豫A12345", filled=True)
    assert fill(STEPS, {"name": "Li", "plate": "A1"}, "en")[0].parts[0] == Said("Hello ")


def test_a_step_about_what_is_not_known_is_left_out() -> None:
    """T1: nobody reads out an empty plate."""
    assert [step.id for step in fill(STEPS, {"name": "李女士", "plate": ""}, "zh")] == ["greet"]
    assert [step.id for step in fill(STEPS, {"plate": "豫A12345"}, "zh")] == ["plate"]


def test_every_shipped_script_can_be_filled_in() -> None:
    """T1: no playbook names a fact that the page does not have."""
    for playbook in shipped_library():
        facts = dict.fromkeys((*SPOKEN, *FACTS, *playbook.uses), "豫A12345")
        for language in ("zh", "en"):
            steps = fill(playbook.script, facts, language)
            assert [step.id for step in steps] == [step.id for step in playbook.script], playbook.id


@pytest.mark.parametrize(
    ("state", "seen", "phase"),
    [
        (AgentState.RESERVED, 0, Phase.AGENT_PHONE),
        (AgentState.RINGING, 0, Phase.AGENT_PHONE),
        (AgentState.RINGING, 1, Phase.DIALLING),
        (AgentState.RINGING, 2, Phase.RINGING),
        (AgentState.TALKING, 3, Phase.TALKING),
        (AgentState.WRAP_UP, 3, Phase.WRAP_UP),
    ],
)
def test_the_phase_is_the_last_step_that_was_seen(state: AgentState, seen: int, phase: Phase) -> None:
    """D5."""
    times = dict(zip(("go_at", "ringing_at", "answered_at"), [T] * seen + [None] * (3 - seen), strict=True))
    assert phase_of(state, **times, customer_first=False) is phase


def test_every_reason_has_a_sentence_and_an_advice() -> None:
    """Promise 2: a new reason cannot be half handled."""
    assert set(IDLE) == set(IdleReason)
    assert set(SYSTEM_PAUSE) == set(PauseReason) - set(CHOSEN_BY_AGENT)
    assert set(PHASE) == set(Phase)
    assert set(AFTERWARDS) <= set(FollowUpState)
    assert all(title and advice for title, advice in (*IDLE.values(), *SYSTEM_PAUSE.values()))


def test_items_carry_the_numbers_of_the_companys_own_table() -> None:
    """P1: items 10 and 15 do not exist, so the tenth question is number 11."""
    assert item_number("q11", 10) == "11"
    assert item_number("attitude", 3) == "3"
