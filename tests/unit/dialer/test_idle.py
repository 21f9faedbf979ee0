"""Why no call comes: one reason at a time, and each of them (D5, V1)."""

from dataclasses import replace

import pytest

from dialer.agents.states import AgentState
from dialer.calling.idle import Gates, IdleReason, why_idle
from dialer.trunks.choosing import NoLine

OPEN = Gates(
    state=AgentState.READY,
    form_saved=True,
    stopping=False,
    link_up=True,
    settled=True,
    phone_reachable=True,
    due_in_all=3,
    due_in_hours=3,
    due_allowed=3,
    next_due_at=None,
)

REASONS = [
    (OPEN, IdleReason.CALL_COMES),
    (replace(OPEN, state=AgentState.RESERVED), IdleReason.ON_A_CALL),
    (replace(OPEN, state=AgentState.RINGING), IdleReason.ON_A_CALL),
    (replace(OPEN, state=AgentState.TALKING), IdleReason.ON_A_CALL),
    (replace(OPEN, state=AgentState.WRAP_UP, form_saved=False), IdleReason.FORM_UNSAVED),
    (replace(OPEN, state=AgentState.WRAP_UP), IdleReason.WRAPPING_UP),
    (replace(OPEN, state=AgentState.PAUSED), IdleReason.PAUSED),
    (replace(OPEN, state=AgentState.OFFLINE), IdleReason.OFFLINE),
    (replace(OPEN, stopping=True), IdleReason.STOPPING),
    (replace(OPEN, link_up=False), IdleReason.NO_LINK),
    (replace(OPEN, settled=False), IdleReason.SETTLING),
    (replace(OPEN, halted=True), IdleReason.HALTED),
    (replace(OPEN, halted=True, due_in_all=0), IdleReason.HALTED),
    (replace(OPEN, phone_reachable=False), IdleReason.PHONE_UNREACHABLE),
    (replace(OPEN, due_in_hours=0, due_allowed=0), IdleReason.OUTSIDE_HOURS),
    (replace(OPEN, due_in_all=0, due_allowed=0), IdleReason.NOTHING_DUE),
    (replace(OPEN, due_allowed=0), IdleReason.NOT_ON_TRIAL_LIST),
    (replace(OPEN, no_line=NoLine.BROKEN), IdleReason.TRUNK_BROKEN),
    (replace(OPEN, no_line=NoLine.NONE_HERE), IdleReason.TRUNK_BROKEN),
    (replace(OPEN, no_line=NoLine.FULL), IdleReason.NO_LINE_FREE),
    # A moment's wait for the rate is no reason to tell anybody.
    (replace(OPEN, no_line=NoLine.TOO_FAST), IdleReason.CALL_COMES),
]


@pytest.mark.parametrize(("gates", "reason"), REASONS)
def test_the_gate_that_is_shut_is_named(gates: Gates, reason: IdleReason) -> None:
    assert why_idle(gates) is reason


def test_every_reason_comes_about() -> None:
    assert {reason for _, reason in REASONS} == set(IdleReason)


def test_a_fault_is_named_before_what_the_agent_chose() -> None:
    """A paused agent whose phone or link is dead learns it before asking for calls."""
    paused = replace(OPEN, state=AgentState.PAUSED)
    assert why_idle(replace(paused, phone_reachable=False)) is IdleReason.PHONE_UNREACHABLE
    assert why_idle(replace(paused, link_up=False)) is IdleReason.NO_LINK
    assert why_idle(replace(paused, due_in_hours=0, due_in_all=0)) is IdleReason.PAUSED
