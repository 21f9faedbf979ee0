"""The live page's parts, from rows to what the templates show. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dialer.agents.queries import Agent, AgentSession
from dialer.agents.states import AgentState, PauseReason
from dialer.calling.queries import LiveRow
from dialer.calling.settling import Settlement
from dialer.calling.states import AttemptState
from dialer.phonetests.rules import Outcome, PhoneTest, outcome
from dialer.telephony.outcomes import DialOutcome
from web.i18n import N_
from web.labels import AGENT_STATE, ATTEMPT_STATE, OUTCOME, PAUSE_REASON

_TONE = {
    AgentState.READY: "good",
    AgentState.PREVIEW: "accent",
    AgentState.RESERVED: "accent",
    AgentState.RINGING: "accent",
    AgentState.TALKING: "accent",
    AgentState.WRAP_UP: "warn",
    AgentState.PAUSED: "",
    AgentState.OFFLINE: "none",
}
_TROUBLE = frozenset({PauseReason.DID_NOT_ANSWER, PauseReason.PHONE_UNREACHABLE, PauseReason.CALL_IN_DOUBT})

# What an agent's own test of his phone says, in a word, and its tone.
_TESTED: Mapping[Outcome, tuple[str, str]] = {
    Outcome.RUNNING: (N_("being tested"), "accent"),
    Outcome.CONFIRMED: (N_("heard himself"), "good"),
    Outcome.NOT_HEARD: (N_("did not hear himself"), "bad"),
    Outcome.NO_AUDIO: (N_("no sound from the phone"), "bad"),
    Outcome.ANSWERED: (N_("answered, nothing said"), "warn"),
    Outcome.NO_ANSWER: (N_("phone not answered"), "warn"),
    Outcome.NOT_REGISTERED: (N_("phone not registered"), "bad"),
    Outcome.INTERRUPTED: (N_("interrupted"), "warn"),
}

DECIDED: Mapping[str, str] = {
    **OUTCOME,
    Settlement.GRANT_GO: N_("Went on to the customer"),
    Settlement.OPEN_GATE_AGAIN: N_("Went on to the customer"),
    Settlement.ADOPT_DIALLING: N_("Taken over while dialling"),
    Settlement.ADOPT_TALKING: N_("Taken over while talking"),
}


@dataclass(frozen=True, slots=True)
class TestCell:
    """What came of an agent's own test of his phone. `says` is a message id."""

    __test__ = False
    says: str
    tone: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent as the live page shows him. `state`, `reason` and `next_pause` are message ids."""

    id: str
    code: str
    name: str
    extension: str
    state: str
    tone: str
    reason: str
    since: datetime | None
    late_after: int | None
    unreachable: bool
    next_pause: str
    test: TestCell | None


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call in progress. `phase` is a message id, `since` its beginning."""

    call: LiveRow
    phase: str
    tone: str
    since: datetime


def agent_rows(
    agents: list[Agent],
    sessions: list[AgentSession],
    reachable: Collection[str] | None,
    tests: Mapping[str, TestCell],
) -> list[AgentRow]:
    """Agents by number, those who are offline last; `tests` are today's latest by agent."""
    by_agent = {session.agent_id: session for session in sessions}
    rows = [_agent_row(agent, by_agent.get(agent.id), reachable, tests.get(agent.id)) for agent in agents]
    return sorted(rows, key=lambda row: (row.state == AGENT_STATE[AgentState.OFFLINE], row.code))


def test_cells(tests: Mapping[str, PhoneTest], now: datetime) -> dict[str, TestCell]:
    """By agent what came of the latest test."""
    return {
        agent_id: TestCell(*_TESTED[outcome(test, now)], at=test.asked_at) for agent_id, test in tests.items()
    }


def _agent_row(
    agent: Agent, session: AgentSession | None, reachable: Collection[str] | None, test: TestCell | None
) -> AgentRow:
    state = session.state if session else AgentState.OFFLINE
    reason = (session.reason if session else None) or ""
    late = None
    if session is not None and session.wrap_until is not None:
        # Late from the time it was meant to end: what was added over an unsaved form is lateness.
        late = int((session.wrap_until - session.since).total_seconds()) - session.wrap_extended
    offline = state is AgentState.OFFLINE
    # Where the agent sits now; who is away would sit at the usual phone.
    extension = (session.extension if session else None) or agent.extension
    return AgentRow(
        id=agent.id,
        code=agent.code,
        name=agent.name,
        extension=extension,
        state=AGENT_STATE[state],
        tone="bad" if reason in _TROUBLE else _TONE[state],
        reason=PAUSE_REASON.get(reason, reason),
        since=session.since if session and not offline else None,
        late_after=late,
        unreachable=not offline and reachable is not None and extension not in reachable,
        next_pause=PAUSE_REASON.get((session.next_pause if session else None) or "", ""),
        test=test,
    )


def states_in_numbers(rows: list[AgentRow]) -> list[tuple[str, str, int]]:
    """(state, tone, agents in it), in the order of the day's work, only those there are."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.state] = counts.get(row.state, 0) + 1
    order = [(AGENT_STATE[state], tone) for state, tone in _TONE.items()]
    return [(state, tone, counts[state]) for state, tone in order if state in counts]


def call_row(call: LiveRow) -> CallRow:
    """A call in progress: what happens in it, since when."""
    if call.state == AttemptState.UNKNOWN:
        return CallRow(call, ATTEMPT_STATE[AttemptState.UNKNOWN], "bad", call.placed_at)
    if call.answered_at is not None:
        return CallRow(call, ATTEMPT_STATE[AttemptState.TALKING], "good", call.answered_at)
    if call.ringing_at is not None:
        return CallRow(call, N_("Customer's phone rings"), "accent", call.ringing_at)
    return CallRow(call, ATTEMPT_STATE.get(call.state, call.state), "", call.placed_at)


def numbers(counts: Mapping[str, int], labels: Mapping[str, str]) -> list[tuple[str, int]]:
    """(message id, count) in the order of `labels`, only those there are."""
    return [(labels[key], counts[key]) for key in labels if counts.get(key)]


def reached_percent(outcomes: Mapping[str, int]) -> int | None:
    """The share of dialled calls that were answered; None before the first."""
    ours = (DialOutcome.AGENT_UNAVAILABLE, DialOutcome.FAILED, DialOutcome.CONGESTION)
    dialled = sum(count for outcome, count in outcomes.items() if outcome not in ours)
    return round(100 * outcomes.get(DialOutcome.ANSWERED, 0) / dialled) if dialled else None


def day_of(now: datetime) -> tuple[datetime, datetime]:
    """The beginning and the end of the day of `now`, in its own zone."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight, midnight + timedelta(days=1)
