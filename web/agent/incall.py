"""What the agent's page shows of the call in progress: hold, mute, who else is in it (D6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from dialer.agents.queries import all_agents, all_desks, sessions
from dialer.agents.states import AgentState
from dialer.calling.incall.outside import may_ask
from dialer.calling.incall.queries import last_party
from dialer.calling.incall.rules import Actor
from dialer.calling.incall.service import standing
from dialer.calling.incall.states import INVITING, SUPERVISING, Party, PartyState
from dialer.telephony.incall import PartyMode
from dialer.telephony.outcomes import DialOutcome, LegEvidence, customer_outcome
from web.i18n import N_
from web.labels import AGENT_STATE
from web.panel import Panel

_FREE = (AgentState.READY, AgentState.PAUSED)
HOW = {
    PartyState.RINGING: N_("rings"),
    PartyMode.LISTEN: N_("listens"),
    PartyMode.WHISPER: N_("whispers"),
    PartyMode.JOIN: N_("talks"),
    PartyMode.CONSULT: N_("talks in private"),
}
# Why somebody who was asked did not come.
WHY_NOT: Mapping[DialOutcome, str] = {
    DialOutcome.BUSY: N_("{who} is busy."),
    DialOutcome.REJECTED: N_("{who} declined."),
    DialOutcome.NO_ANSWER: N_("{who} did not answer."),
    DialOutcome.INVALID_NUMBER: N_("There is no number {who}."),
    DialOutcome.CONGESTION: N_("{who} could not be reached: the lines are full or broken."),
}
_COULD_NOT_RING = N_("{who} could not be rung.")
_TOLD_FOR = timedelta(minutes=1)
# What a phone that we hung up while it rang ends with.
_TAKEN_BACK = 16


@dataclass(frozen=True, slots=True)
class Other:
    """Another phone in the call; `how` is a message id. `extension`: or the number of one outside."""

    name: str
    extension: str
    how: str


@dataclass(frozen=True, slots=True)
class Target:
    """A phone that can be asked in; `state` is a message id, "" where nobody is signed in there."""

    extension: str
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Talk:
    """The call in progress. `leads`: the buttons are this agent's; `own`: it is the call he was given.

    `asking`: who was asked in rings; `third`: is there. `private`: two talk in private, and `consulted`:
    with this agent, who was asked. `missed` is why nobody came, a message id and who.
    """

    leads: bool
    own: bool
    held: bool
    muted: bool
    others: tuple[Other, ...]
    asking: bool
    third: bool
    private: bool
    consulted: bool
    several: bool
    outside: bool
    missed: tuple[str, str] | None
    can_leave: bool
    targets: tuple[Target, ...]


def talk_of(conn: Connection, panel: Panel, agent_id: str, attempt_id: str) -> Talk | None:
    """The call in progress as this agent sees it; None while nobody talks."""
    now = standing(conn, attempt_id)
    if now is None or not now.talking:
        return None
    me = Actor(agent_id, agent_id)
    mine = now.of(me)
    # Who only listens is not shown to the agent who is listened to.
    seen = [
        one
        for one in now.parties
        if one is not mine and not (one.purpose in SUPERVISING and one.mode is PartyMode.LISTEN)
    ]
    names = {one.id: one.name for one in all_agents(conn)}
    talkers = [one for one in now.parties if one.talks and one is not mine]
    ours = now.agent_here if mine is not None else False
    invited = [one for one in now.parties if one.purpose in INVITING and one is not mine]
    return Talk(
        leads=now.leads(me),
        own=now.agent_id == agent_id,
        held=now.held,
        muted=mine.muted if mine is not None else now.muted,
        others=tuple(_other(one, names) for one in seen),
        asking=any(one.state is PartyState.RINGING for one in invited),
        third=any(one.talks for one in invited),
        private=now.consulted is not None,
        consulted=mine is not None and mine is now.consulted,
        several=now.talkers > 1,
        outside=may_ask(panel.engine_status().pairing, me),
        missed=_missed(conn, attempt_id, me, names, panel.clock()),
        can_leave=bool(talkers) or ours,
        targets=_targets(conn, panel, agent_id, names),
    )


def _other(party: Party, names: dict[str, str]) -> Other:
    how = HOW[PartyState.RINGING] if party.state is PartyState.RINGING else HOW[party.mode]
    return Other(names.get(party.agent_id or "", ""), party.number or party.extension, how)


def _missed(
    conn: Connection, attempt_id: str, me: Actor, names: Mapping[str, str], now: datetime
) -> tuple[str, str] | None:
    """Why nobody came whom this agent has just asked in, as a message id and who it was."""
    last = last_party(conn, attempt_id, me.name)
    if last is None or last.ended_at is None or last.up_at is not None or last.cause == _TAKEN_BACK:
        return None
    if now - last.ended_at > _TOLD_FOR:
        return None
    outcome = customer_outcome(LegEvidence(cause=last.cause, rang=last.cause is not None))
    who = " ".join(filter(None, (names.get(last.agent_id or "", ""), last.number or last.extension)))
    return WHY_NOT.get(outcome, _COULD_NOT_RING), who


def _targets(conn: Connection, panel: Panel, agent_id: str, names: dict[str, str]) -> tuple[Target, ...]:
    """The phones that can ring and are not in a call, with who sits there."""
    at_phone = {one.extension: one for one in sessions(conn) if one.extension}
    status = panel.engine_status()
    found = []
    for desk in all_desks(conn):
        current = at_phone.get(desk.extension)
        if current is not None and (current.agent_id == agent_id or current.state not in _FREE):
            continue
        if not status.at(desk.extension).reaches(desk.extension):
            continue
        name = names.get(current.agent_id, "") if current else desk.place or ", ".join(desk.usual)
        found.append(Target(desk.extension, name, AGENT_STATE[current.state] if current else ""))
    return tuple(sorted(found, key=lambda one: (one.state == "", one.extension)))
