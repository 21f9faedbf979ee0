"""Customers who are rung before their agent: what was seen, what is proven, what the pages show (D2, D7)."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest

from dialer.agents.states import AgentState
from dialer.calling.modes.looking import mode_of
from dialer.calling.progress import Ending, Progress, conclude, observe
from dialer.calling.settling import Doubt, Settlement, settle
from dialer.calling.states import CallMode
from dialer.followups.rules import RETRY
from dialer.telephony.events import (
    AgentConnected,
    AgentLegFailed,
    AgentMissed,
    AgentRinging,
    AtGate,
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
from dialer.telephony.port import CallTrail, GatePosition, LiveCall
from dialer.trunks.choosing import Verdict, verdict
from tests.support.core import PLAYBOOK, at
from web.agent.phases import CUSTOMER_FIRST, IN_ORDER, Phase, phase_of

AGENT, CUSTOMER = Leg.AGENT, Leg.CUSTOMER


def of(kind: type[CallEvent], second: float = 0) -> CallEvent:
    return kind(attempt_id="one", at=at(second))


def gone(leg: Leg, cause: int | None = 16) -> LegEnded:
    return LegEnded(attempt_id="one", at=at(60), leg=leg, cause=cause)


def missed(status: str = "NOANSWER") -> AgentMissed:
    return AgentMissed(attempt_id="one", at=at(20), dial_status=status, cause=None)


def dial_ended(status: str, cause: int | None) -> CustomerDialEnded:
    return CustomerDialEnded(attempt_id="one", at=at(9), dial_status=status, cause=cause)


RUNG = (of(AtGate), of(GateOpened), of(CustomerDialing), of(CustomerRinging))
ANSWERED = (*RUNG, of(CustomerAnswered, 12))
WAITS = (*ANSWERED, of(AgentRinging, 12))

# What is told of a whole call -> outcome, dialled, whether the agent's phone rang, whether he was missed.
CALLS: dict[str, tuple[Sequence[CallEvent], tuple[DialOutcome, bool, bool, bool]]] = {
    "a talk": (
        (*WAITS, of(AgentConnected, 14), gone(CUSTOMER), gone(AGENT)),
        (DialOutcome.ANSWERED, True, True, False),
    ),
    "a talk with an agent whose phone answers by itself": (
        (*ANSWERED, of(AgentConnected, 12), gone(AGENT), gone(CUSTOMER)),
        (DialOutcome.ANSWERED, True, False, False),
    ),
    "busy": (
        (*RUNG, gone(CUSTOMER, 17), dial_ended("BUSY", 17)),
        (DialOutcome.BUSY, True, False, False),
    ),
    "nobody answers": (
        (*RUNG, gone(CUSTOMER, 0), dial_ended("NOANSWER", 0)),
        (DialOutcome.NO_ANSWER, True, False, False),
    ),
    "the agent's phone is not answered": (
        (*WAITS, gone(AGENT, 0), missed(), gone(CUSTOMER)),
        (DialOutcome.ABANDONED, True, True, True),
    ),
    "the agent's phone cannot be reached": (
        (*ANSWERED, missed("CHANUNAVAIL"), gone(CUSTOMER)),
        (DialOutcome.ABANDONED, True, False, True),
    ),
    "the trunk has no channel to dial on": (
        (of(AtGate), of(GateOpened), dial_ended("CHANUNAVAIL", 20)),
        (DialOutcome.FAILED, False, False, False),
    ),
    "the gate stays shut": (
        (of(AtGate), of(GateExpired)),
        (DialOutcome.FAILED, False, False, False),
    ),
    "there is no such gate": (
        (AgentLegFailed(attempt_id="one", at=at(0), reason=0),),
        (DialOutcome.FAILED, False, False, False),
    ),
}


def watch(events: Iterable[CallEvent], *, whole: bool = True) -> Progress:
    return reduce(observe, events, Progress(whole=whole, customer_first=True))


@pytest.mark.parametrize("name", CALLS)
def test_d2_a_whole_call_is_over_only_at_its_end_and_has_its_outcome(name: str) -> None:
    events, expected = CALLS[name]
    seen = watch(events)
    assert seen.over and seen.clear
    end = conclude(seen)
    assert (end.outcome, end.dialled, end.agent_rang, end.agent_missed) == expected
    before = watch(events[:-1])
    assert not (before.over and before.clear and conclude(before) != end)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", CALLS)
def test_d7_no_order_of_events_changes_how_it_ended(name: str, seed: int) -> None:
    events, expected = CALLS[name]
    shuffled = random.Random(seed).sample(events, len(events))
    end = conclude(watch(shuffled))
    assert (end.outcome, end.dialled, end.agent_rang, end.agent_missed) == expected


def test_d7_a_customer_gone_before_his_agent_was_there_is_left_to_the_log() -> None:
    """The agent's answer may still be under way to us: that he was missing is not proven."""
    seen = watch(
        (*WAITS, HangupRequested(attempt_id="one", at=at(15), leg=CUSTOMER), gone(CUSTOMER), gone(AGENT))
    )
    assert seen.over and not seen.clear
    assert not watch(CALLS["a talk"][0], whole=False).clear


def test_a1_the_recording_begins_with_the_customers_answer() -> None:
    assert watch(CALLS["a talk"][0]).answered_at == at(12)


# Settling. The telephone system's clock is wrong by years: only its differences count.
THEIRS = datetime(2019, 3, 5, tzinfo=UTC)
PATIENCE = timedelta(seconds=9)


def theirs(seconds: float) -> datetime:
    return THEIRS + timedelta(seconds=seconds)


GONE = Doubt(
    go_at=at(10),
    answered_at=None,
    doubted_at=at(30),
    absent=timedelta(0),
    patience=PATIENCE,
    customer_first=True,
)
LIVE = LiveCall(attempt_id="one", gate=GatePosition.PASSED, customer_dialled=True, customer_answered=True)
WAITING = LiveCall(
    attempt_id="one", gate=GatePosition.WAITING, customer_dialled=False, customer_answered=False
)
EMPTY = CallTrail(attempt_id="one")
AT_GATE = replace(EMPTY, gate_at=theirs(-1))
LIFTED = replace(EMPTY, customer_started_at=theirs(0), customer_answered_at=theirs(5))
TALKED = replace(LIFTED, agent_answered_at=theirs(7), agent_ended_at=theirs(65), customer_ended_at=theirs(65))
SORRY = replace(LIFTED, agent_ended_at=theirs(11), customer_ended_at=theirs(14), customer_cause=16)
GAVE_UP = replace(LIFTED, agent_ended_at=theirs(7), customer_ended_at=theirs(7.01), customer_cause=16)

S = Settlement


@pytest.mark.parametrize(
    ("doubt", "alive", "trail", "settlement"),
    [
        pytest.param(replace(GONE, go_at=None), WAITING, EMPTY, S.GRANT_GO, id="at-the-gate-and-no-go"),
        pytest.param(GONE, WAITING, EMPTY, S.OPEN_GATE_AGAIN, id="go-committed-and-not-sent"),
        pytest.param(GONE, replace(LIVE, awaits_agent=True), LIFTED, S.ADOPT_DIALLING, id="he-waits"),
        pytest.param(GONE, LIVE, TALKED, S.ADOPT_TALKING, id="both-are-there"),
        pytest.param(replace(GONE, go_at=None), None, EMPTY, S.WAIT, id="request-under-way"),
        pytest.param(GONE, None, LIFTED, S.WAIT, id="the-log-may-lag"),
        pytest.param(GONE, None, TALKED, S.END, id="a-whole-talk"),
    ],
)
def test_d7_what_becomes_of_an_attempt_in_doubt(
    doubt: Doubt, alive: LiveCall | None, trail: CallTrail, settlement: Settlement
) -> None:
    assert settle(doubt, alive, trail, at(70)).settlement is settlement


@pytest.mark.parametrize(
    ("trail", "ending"),
    [
        pytest.param(AT_GATE, Ending(DialOutcome.FAILED, dialled=False), id="never-dialled"),
        pytest.param(TALKED, Ending(DialOutcome.ANSWERED, dialled=True), id="a-talk"),
        pytest.param(SORRY, Ending(DialOutcome.ABANDONED, True, 16, agent_missed=True), id="apologised-to"),
        pytest.param(GAVE_UP, Ending(DialOutcome.ABANDONED, True, 16), id="he-gave-up"),
        pytest.param(LIFTED, Ending(DialOutcome.ABANDONED, True), id="it-died-while-he-waited"),
    ],
)
def test_d7_the_log_tells_whether_an_agent_came(trail: CallTrail, ending: Ending) -> None:
    assert settle(replace(GONE, absent=PATIENCE), None, trail, at(70)).ending == ending


def test_d7_a_log_without_the_call_proves_nothing() -> None:
    """The go was committed, so the channel that waits at the gate was there: a log without it has a hole."""
    missed = replace(EMPTY, customer_started_at=theirs(0), customer_ended_at=theirs(9), customer_cause=16)
    for trail in (EMPTY, missed, replace(AT_GATE, agent_ended_at=theirs(9))):
        late = replace(GONE, absent=PATIENCE)
        assert settle(late, None, trail, at(70)).settlement is S.KEEP_UNKNOWN, trail
        # Customer first the answer is written down when an agent has met him.
        ending = settle(replace(late, answered_at=at(20)), None, trail, at(70)).ending
        assert ending is not None
        assert ending.outcome is DialOutcome.ANSWERED, trail
    assert settle(GONE, None, EMPTY, at(70)).settlement is S.WAIT
    both = settle(replace(GONE, answered_at=at(20), absent=PATIENCE), None, LIFTED, at(70)).ending
    assert both == Ending(DialOutcome.ANSWERED, dialled=True), "the agent's lines are what is missing"


def test_d7_times_are_durations_of_the_logs_clock_from_our_go() -> None:
    """Five seconds of ringing; then he is recorded, before the agent is there."""
    decision = settle(replace(GONE, absent=PATIENCE), None, TALKED, at(70))
    assert (decision.answered_at, decision.ended_at) == (at(15), at(75))
    adopted = settle(GONE, replace(LIVE, awaits_agent=True), LIFTED, at(70))
    assert adopted.answered_at == at(15)


def test_d2_a_playbook_says_who_is_rung_first() -> None:
    first = PLAYBOOK.model_copy(update={"mode": "customer_first"})
    assert (mode_of(first), mode_of(PLAYBOOK), mode_of(None)) == (
        CallMode.CUSTOMER_FIRST,
        CallMode.PROGRESSIVE,
        CallMode.PROGRESSIVE,
    )


def test_d4_l7_a_customer_who_answered_proves_the_trunk_and_burns_no_try() -> None:
    assert verdict(DialOutcome.ABANDONED, dialled=True, dial_status=None) is Verdict.GOOD
    rule = RETRY[DialOutcome.ABANDONED]
    assert not rule.counted
    assert rule.after >= timedelta(minutes=10), "he was disturbed a moment ago"


@pytest.mark.parametrize(
    ("state", "seen", "phase"),
    [
        (AgentState.RESERVED, 0, Phase.DIALLING),
        (AgentState.RESERVED, 1, Phase.DIALLING),
        (AgentState.RESERVED, 2, Phase.RINGING),
        (AgentState.RINGING, 2, Phase.AGENT_PHONE),
        (AgentState.TALKING, 3, Phase.TALKING),
        (AgentState.WRAP_UP, 3, Phase.WRAP_UP),
    ],
)
def test_d1_the_agents_page_shows_the_steps_in_this_order(state: AgentState, seen: int, phase: Phase) -> None:
    times = {
        name: at(0) if number < seen else None
        for number, name in enumerate(("go_at", "ringing_at", "answered_at"))
    }
    assert phase_of(state, **times, customer_first=True) is phase
    assert sorted(CUSTOMER_FIRST) == sorted(IN_ORDER)
