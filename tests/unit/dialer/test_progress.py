"""What was seen of a call, folded from its events in whatever order they come (D3, D7)."""

from collections.abc import Iterable, Sequence
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.calling.progress import Ending, Progress, conclude, joined, observe
from dialer.telephony.events import (
    AgentLegFailed,
    AgentRinging,
    AgentUp,
    CallEvent,
    CustomerAnswered,
    CustomerDialEnded,
    CustomerDialing,
    CustomerRinging,
    GateExpired,
    GateOpened,
    HangupRequested,
    LegEnded,
)
from dialer.telephony.outcomes import DialOutcome, Leg
from tests.support.core import NOW

AGENT, CUSTOMER = Leg.AGENT, Leg.CUSTOMER


def of(kind: type[CallEvent]) -> CallEvent:
    return kind(attempt_id="one", at=NOW)


def gone(leg: Leg, cause: int | None, tech_cause: str | None = None) -> LegEnded:
    return LegEnded(attempt_id="one", at=NOW, leg=leg, cause=cause, tech_cause=tech_cause)


def dial_ended(status: str, cause: int | None) -> CustomerDialEnded:
    return CustomerDialEnded(attempt_id="one", at=NOW, dial_status=status, cause=cause)


def hung_up_by(leg: Leg) -> HangupRequested:
    return HangupRequested(attempt_id="one", at=NOW, leg=leg)


def failed(reason: int) -> AgentLegFailed:
    return AgentLegFailed(attempt_id="one", at=NOW, reason=reason)


AGENT_THERE = (of(AgentRinging), of(AgentUp), of(GateOpened))
DIALLED = (*AGENT_THERE, of(CustomerDialing))

# Whole calls as the telephone system tells them: events -> outcome, customer dialled.
CALLS: dict[str, tuple[Sequence[CallEvent], DialOutcome, bool]] = {
    "the customer hangs up": (
        (
            *DIALLED,
            of(CustomerRinging),
            of(CustomerAnswered),
            hung_up_by(CUSTOMER),
            gone(CUSTOMER, 16),
            dial_ended("ANSWER", 16),
            gone(AGENT, 16),
        ),
        DialOutcome.ANSWERED,
        True,
    ),
    "the agent hangs up": (
        (*DIALLED, of(CustomerAnswered), hung_up_by(AGENT), gone(CUSTOMER, 16), gone(AGENT, 16)),
        DialOutcome.ANSWERED,
        True,
    ),
    "busy": (
        (*DIALLED, of(CustomerRinging), gone(CUSTOMER, 17, "486"), dial_ended("BUSY", 17), gone(AGENT, 17)),
        DialOutcome.BUSY,
        True,
    ),
    "no such number, whatever Dial says of it": (
        (*DIALLED, gone(CUSTOMER, 1, "404"), dial_ended("CHANUNAVAIL", 20), gone(AGENT, 20)),
        DialOutcome.INVALID_NUMBER,
        True,
    ),
    "rejected": (
        (*DIALLED, gone(CUSTOMER, 21, "603"), dial_ended("CHANUNAVAIL", 21), gone(AGENT, 21)),
        DialOutcome.REJECTED,
        True,
    ),
    "nobody answers": (
        (*DIALLED, of(CustomerRinging), gone(CUSTOMER, 0), dial_ended("NOANSWER", 0), gone(AGENT, 16)),
        DialOutcome.NO_ANSWER,
        True,
    ),
    "no line": (
        (*DIALLED, gone(CUSTOMER, 34, "503"), dial_ended("CONGESTION", 34), gone(AGENT, 34)),
        DialOutcome.CONGESTION,
        True,
    ),
    "the agent hangs up while it rings": (
        (
            *DIALLED,
            of(CustomerRinging),
            hung_up_by(AGENT),
            dial_ended("CANCEL", None),
            gone(CUSTOMER, 16),
            gone(AGENT, 16),
        ),
        DialOutcome.NO_ANSWER,
        True,
    ),
    "the trunk has no channel to dial on": (
        (*AGENT_THERE, dial_ended("CHANUNAVAIL", 20), gone(AGENT, 20)),
        DialOutcome.FAILED,
        False,
    ),
    "the gate stays shut": (
        (of(AgentRinging), of(AgentUp), of(GateExpired), gone(AGENT, 31)),
        DialOutcome.FAILED,
        False,
    ),
    "the agent does not answer": (
        (of(AgentRinging), failed(3), gone(AGENT, 19)),
        DialOutcome.AGENT_UNAVAILABLE,
        False,
    ),
    "the agent's phone is not registered": ((failed(0),), DialOutcome.AGENT_UNAVAILABLE, False),
}


def watch(events: Iterable[CallEvent]) -> Progress:
    return reduce(observe, events, Progress())


def facts(seen: Progress) -> tuple[DialOutcome, bool, bool, Leg | None]:
    ending = conclude(seen)
    return ending.outcome, ending.dialled, ending.agent_rang, ending.hung_up_by


@pytest.mark.parametrize("name", CALLS)
def test_a_whole_call_is_over_and_has_its_outcome(name: str) -> None:
    """D3: and it is over with its last event, not before."""
    events, outcome, dialled = CALLS[name]
    seen = watch(events)
    assert seen.over and seen.whole
    assert (conclude(seen).outcome, conclude(seen).dialled) == (outcome, dialled)
    if name != "the agent does not answer":  # there the failure itself is the end
        assert not watch(events[:-1]).over


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_no_order_of_the_events_changes_what_became_of_it(name: str, data: st.DataObject) -> None:
    """The telephone system promises no order."""
    events, outcome, dialled = CALLS[name]
    seen = watch(data.draw(st.permutations(events)))
    assert seen.over
    assert facts(seen) == facts(watch(events))
    assert facts(seen)[:2] == (outcome, dialled)


@given(extra=st.lists(st.sampled_from(CALLS["busy"][0]), max_size=6))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_an_event_told_twice_changes_nothing(extra: list[CallEvent]) -> None:
    events = CALLS["busy"][0]
    assert watch([*events, *extra]) == watch(events)


def test_the_ending_says_who_hung_up_and_with_which_cause() -> None:
    assert conclude(watch(CALLS["the customer hangs up"][0])) == Ending(
        DialOutcome.ANSWERED, True, 16, "ANSWER", CUSTOMER, agent_rang=True
    )


def test_whether_the_agents_phone_rang_is_kept() -> None:
    """D5: it tells a phone that is not registered from one that was not picked up."""
    assert conclude(watch(CALLS["the agent does not answer"][0])).agent_rang
    assert not conclude(watch(CALLS["the agent's phone is not registered"][0])).agent_rang


def test_a_failed_second_request_does_not_end_a_live_call() -> None:
    """An Originate of an attempt that is alive is refused: the call goes on."""
    assert not watch([*DIALLED, of(CustomerAnswered), failed(0)]).over


def test_half_a_call_is_never_concluded_from() -> None:
    """D7: after a restart what was not seen may have happened."""
    assert not observe(Progress(whole=False), gone(AGENT, 16)).whole


def test_an_agents_leg_that_ends_before_anything_is_heard_of_the_customer_tells_nothing_yet() -> None:
    """D7: no order is promised; without the customer's events only the log can tell."""
    seen = reduce(observe, (*AGENT_THERE, gone(AGENT, 16)), Progress())
    assert seen.over
    assert not seen.clear


def test_a_gate_that_closed_tells_that_nobody_was_dialled() -> None:
    seen = reduce(observe, (of(AgentUp), of(GateExpired), gone(AGENT, 31)), Progress())
    assert seen.over
    assert seen.clear


def test_what_was_found_alive_and_what_events_told_do_not_undo_each_other() -> None:
    """D7: the picture of what is alive is older than the events that came while it was on its way."""
    found = Progress(dialled=True)
    told = watch([*DIALLED, of(CustomerAnswered), gone(CUSTOMER, 16)])
    both = joined(found, told)
    assert both.whole and both.customer.answered and both.customer.cause == 16 and both.customer_gone
    assert joined(told, found) == both
    over = observe(both, gone(AGENT, 16))
    assert over.over and conclude(over).outcome is DialOutcome.ANSWERED
