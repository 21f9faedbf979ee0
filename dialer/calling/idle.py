"""Why no call comes: the first gate that is shut, for the agent's page (promise 2). Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dialer.agents.states import AgentState
from dialer.trunks.choosing import NoLine


class IdleReason(StrEnum):
    """Why an agent has no call now."""

    ON_A_CALL = "on_a_call"
    FORM_UNSAVED = "form_unsaved"
    WRAPPING_UP = "wrapping_up"
    PAUSED = "paused"
    OFFLINE = "offline"
    STOPPING = "stopping"
    NO_LINK = "no_link"
    TRUNK_BROKEN = "trunk_broken"
    NO_LINE_FREE = "no_line_free"
    SETTLING = "settling"
    HALTED = "halted"
    PHONE_UNREACHABLE = "phone_unreachable"
    OUTSIDE_HOURS = "outside_hours"
    NOT_ON_TRIAL_LIST = "not_on_trial_list"
    NOTHING_DUE = "nothing_due"
    CALL_COMES = "call_comes"


@dataclass(frozen=True, slots=True)
class Gates:
    """What decides whether a ready agent gets a call."""

    state: AgentState
    form_saved: bool
    stopping: bool
    link_up: bool
    settled: bool
    phone_reachable: bool
    due_in_all: int
    due_in_hours: int
    due_allowed: int
    next_due_at: datetime | None
    no_line: NoLine | None = None
    halted: bool = False


def why_idle(gates: Gates) -> IdleReason:
    """The first gate that keeps a call from this agent."""
    match gates.state:
        case AgentState.PREVIEW | AgentState.RESERVED | AgentState.RINGING | AgentState.TALKING:
            return IdleReason.ON_A_CALL
        case AgentState.WRAP_UP:
            return IdleReason.WRAPPING_UP if gates.form_saved else IdleReason.FORM_UNSAVED
        case AgentState.OFFLINE:
            return IdleReason.OFFLINE
    for shut, reason in (
        (not gates.link_up, IdleReason.NO_LINK),
        (not gates.phone_reachable, IdleReason.PHONE_UNREACHABLE),
        (gates.state is AgentState.PAUSED, IdleReason.PAUSED),
        (gates.stopping, IdleReason.STOPPING),
        (not gates.settled, IdleReason.SETTLING),
        (gates.halted, IdleReason.HALTED),
        (gates.due_in_all == 0, IdleReason.NOTHING_DUE),
        (gates.due_in_hours == 0, IdleReason.OUTSIDE_HOURS),
        (gates.due_allowed == 0, IdleReason.NOT_ON_TRIAL_LIST),
        (gates.no_line in (NoLine.BROKEN, NoLine.NONE_HERE), IdleReason.TRUNK_BROKEN),
        (gates.no_line is NoLine.FULL, IdleReason.NO_LINE_FREE),
    ):
        if shut:
            return reason
    return IdleReason.CALL_COMES
