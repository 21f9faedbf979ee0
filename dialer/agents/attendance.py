"""What an agent's day was made of: times by state and reason, from the history (F7). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dialer.agents.queries import AgentSession, Stretch
from dialer.agents.states import AgentState, PauseReason

S = AgentState
# An agent's time on a call: from the moment he is kept for it to its end.
CALLING = (S.PREVIEW, S.RESERVED, S.RINGING, S.TALKING)
# Pauses that nobody chose: the telephone's fault, or the agent's not being there.
MISSED = (PauseReason.DID_NOT_ANSWER, PauseReason.PHONE_UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Attendance:
    """An agent's time between two moments, in seconds.

    `began_at` and `ended_at` are the first and last moment on duty; `ended_at` is None while on duty.
    `missed` is how often a call or the phone itself could not reach the agent.
    """

    agent_id: str
    began_at: datetime | None = None
    ended_at: datetime | None = None
    by_state: Mapping[AgentState, float] = field(default_factory=dict)
    by_reason: Mapping[str, float] = field(default_factory=dict)
    missed: int = 0

    @property
    def on_duty(self) -> float:
        """All the time that was not offline."""
        return sum(seconds for state, seconds in self.by_state.items() if state is not S.OFFLINE)

    @property
    def calling(self) -> float:
        """The time in calls, from the reservation to the end of the talk."""
        return sum(self.by_state.get(state, 0.0) for state in CALLING)

    @property
    def used(self) -> float | None:
        """The share of the time without pauses that was spent on calls and their forms; None without any."""
        working = self.on_duty - self.by_state.get(S.PAUSED, 0.0)
        return (self.calling + self.by_state.get(S.WRAP_UP, 0.0)) / working if working else None


def open_stretch(current: AgentSession, now: datetime) -> Stretch:
    """The state an agent is in now, as if it ended now."""
    return Stretch(
        agent_id=current.agent_id,
        state=current.state,
        reason=current.reason,
        began_at=current.since,
        ended_at=max(now, current.since),
        attempt_id=current.attempt_id,
        extension=current.extension,
        event="",
        why=None,
    )


def attendance(stretches: Iterable[Stretch], begin: datetime, end: datetime) -> dict[str, Attendance]:
    """Every agent's time between `begin` and `end`; what lies outside is cut off.

    `stretches` are of any agents, each one's oldest first; an open one has no event.
    """
    found: dict[str, Attendance] = {}
    for one in stretches:
        day = found.get(one.agent_id, Attendance(one.agent_id))
        found[one.agent_id] = _with(day, one, max(one.began_at, begin), min(one.ended_at, end))
    return {agent_id: day for agent_id, day in found.items() if day.on_duty or day.missed}


def _with(day: Attendance, one: Stretch, begin: datetime, end: datetime) -> Attendance:
    seconds = (end - begin).total_seconds()
    if one.state is S.OFFLINE or seconds < 0:
        return day
    reason = one.reason or ""
    by_reason = dict(day.by_reason)
    if one.state is S.PAUSED:
        by_reason[reason] = by_reason.get(reason, 0.0) + seconds
    return Attendance(
        agent_id=day.agent_id,
        began_at=day.began_at or begin,
        ended_at=end if one.event else None,
        by_state={**day.by_state, one.state: day.by_state.get(one.state, 0.0) + seconds},
        by_reason=by_reason,
        # A pause that goes on over midnight was missed on the day before.
        missed=day.missed + (reason in MISSED and begin == one.began_at),
    )
