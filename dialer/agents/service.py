"""The one door through which an agent's state changes."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, update

from dialer.agents.queries import AgentSession, session
from dialer.agents.states import MACHINE, AgentEvent, AgentState, PauseReason
from dialer.agents.tables import agent_sessions, agents
from dialer.ids import new_id
from dialer.machine import IllegalMove, Transition
from dialer.storage.feed import emit
from dialer.storage.transition import apply


def add_agent(conn: Connection, *, code: str, name: str, extension: str, branch: str) -> str:
    """Add an agent; returns the id."""
    agent_id = new_id()
    conn.execute(
        insert(agents).values(
            id=agent_id, code=code, name=name, extension=extension, branch=branch, active=True
        )
    )
    return agent_id


def sign_in(conn: Connection, agent_id: str, now: datetime) -> None:
    """Begin the agent's session, paused; a session that is going on goes on."""
    known = session(conn, agent_id)
    if known is None:
        row = {"agent_id": agent_id, "state": AgentState.OFFLINE, "since": now}
        conn.execute(insert(agent_sessions).values(**row))
        known = _current(conn, agent_id)
    if known.state is AgentState.OFFLINE:
        move(conn, agent_id, AgentEvent.SIGN_IN, now, reason=PauseReason.SIGNED_IN)


def ready(conn: Connection, agent_id: str, now: datetime) -> None:
    """The agent wants calls. During a call it takes back a pause that was asked for."""
    current = _current(conn, agent_id)
    if current.state is AgentState.PAUSED:
        move_from(conn, current, AgentEvent.READY, now)
    elif current.state is not AgentState.READY:
        _ask_pause(conn, agent_id, None, now)


def pause(conn: Connection, agent_id: str, reason: PauseReason, now: datetime) -> None:
    """The agent wants no further call: at once, or after the one in progress."""
    current = _current(conn, agent_id)
    if current.state is AgentState.READY:
        move_from(conn, current, AgentEvent.PAUSE, now, reason=reason)
    elif current.state is AgentState.PAUSED:
        change = update(agent_sessions).where(agent_sessions.c.agent_id == agent_id)
        conn.execute(change.values(reason=reason))
        emit(conn, "agent_session.paused", agent_id, now, {"reason": reason})
    else:
        _ask_pause(conn, agent_id, reason, now)


def sign_out(conn: Connection, agent_id: str, now: datetime) -> None:
    """End the agent's session.

    Raises:
        IllegalMove: a call or its wrap-up is not finished.
    """
    if _current(conn, agent_id).state is not AgentState.OFFLINE:
        move(conn, agent_id, AgentEvent.SIGN_OUT, now)


def release(conn: Connection, current: AgentSession, event: AgentEvent, now: datetime) -> None:
    """After a call that needs no wrap-up, or after the wrap-up: on to the next, or to the pause."""
    free = MACHINE.advance(current.state, event, now)
    if current.next_pause is None:
        _change(conn, current.agent_id, free, attempt_id=None)
        return
    # In one move: who is ready for no moment is given no call in it.
    paused = MACHINE.advance(free.after, AgentEvent.PAUSE, now)
    at_once = replace(paused, before=free.before)
    _change(conn, current.agent_id, at_once, reason=current.next_pause, attempt_id=None, next_pause=None)


def start_wrap_up(conn: Connection, agent_id: str, seconds: int, now: datetime) -> None:
    """The customer was talked to: time for the form, `seconds` long."""
    until = now + timedelta(seconds=seconds)
    move(conn, agent_id, AgentEvent.CALL_ENDED, now, wrap_until=until)


def fail(conn: Connection, agent_id: str, reason: PauseReason, now: datetime) -> None:
    """The agent's own phone failed: no further call before the agent says so."""
    move(conn, agent_id, AgentEvent.AGENT_FAILED, now, reason=reason, attempt_id=None)


def move(
    conn: Connection, agent_id: str, event: AgentEvent, now: datetime, **values: str | datetime | None
) -> None:
    """Apply `event` to the agent's session; `values` are columns that change with it.

    Raises:
        IllegalMove: not legal in the session's state.
    """
    move_from(conn, _current(conn, agent_id), event, now, **values)


def reserve(conn: Connection, agent_id: str, attempt_id: str, now: datetime) -> None:
    """Keep a ready agent for an attempt.

    Raises:
        IllegalMove: the agent is not ready any more.
    """
    transition = MACHINE.advance(AgentState.READY, AgentEvent.RESERVE, now)
    _change(conn, agent_id, transition, attempt_id=attempt_id)


def move_from(
    conn: Connection, current: AgentSession, event: AgentEvent, now: datetime, **values: str | datetime | None
) -> None:
    """The same for a session that was just read."""
    if event in (AgentEvent.PAUSE, AgentEvent.AGENT_FAILED, AgentEvent.SIGN_OUT):
        values["next_pause"] = None
    _change(conn, current.agent_id, MACHINE.advance(current.state, event, now), **values)


def _change(
    conn: Connection, agent_id: str, transition: Transition[AgentState], **values: str | datetime | None
) -> None:
    changed = {"reason": None, "wrap_until": None, "since": transition.at, **values}
    told = {name: value for name, value in values.items() if value is None or isinstance(value, str)}
    apply(conn, agent_sessions, agent_id, transition, values=changed, data=told)


def _ask_pause(conn: Connection, agent_id: str, reason: PauseReason | None, now: datetime) -> None:
    change = update(agent_sessions).where(agent_sessions.c.agent_id == agent_id)
    conn.execute(change.values(next_pause=reason))
    emit(conn, "agent_session.next_pause", agent_id, now, {"reason": reason})


def _current(conn: Connection, agent_id: str) -> AgentSession:
    current = session(conn, agent_id)
    if current is None:
        raise IllegalMove(f"agent {agent_id} has not signed in")
    return current
