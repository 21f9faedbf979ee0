"""The one door through which an agent's state changes (D5). What an agent did before is kept (F7)."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, String, bindparam, insert, select, update

from dialer.agents.queries import AgentSession, agent, all_desks, session
from dialer.agents.states import MACHINE, AgentEvent, AgentState, PauseReason
from dialer.agents.tables import agent_history, agent_sessions, agents, desks
from dialer.alarms.service import clear_alarm
from dialer.ids import new_id
from dialer.machine import IllegalMove, Transition
from dialer.storage.base import UtcDateTime
from dialer.storage.dialects import upsert
from dialer.storage.feed import emit
from dialer.storage.prepared import Prepared
from dialer.storage.transition import apply

# What a session leaves behind is taken from its row, so that no move has to read it first.
_KEEP = Prepared(
    insert(agent_history).from_select(
        ["agent_id", "state", "reason", "began_at", "ended_at", "attempt_id", "extension", "event", "why"],
        select(
            agent_sessions.c.agent_id,
            agent_sessions.c.state,
            agent_sessions.c.reason,
            agent_sessions.c.since,
            bindparam("left_at", type_=UtcDateTime),
            agent_sessions.c.attempt_id,
            agent_sessions.c.extension,
            bindparam("by_event", type_=String),
            bindparam("for_reason", type_=String),
        ).where(
            agent_sessions.c.agent_id == bindparam("of_agent"),
            agent_sessions.c.state == bindparam("left_state", type_=String),
        ),
    )
)


# A customer answered and the agent's phone did not: it stands until the agent works again, or goes home.
CUSTOMER_ABANDONED = "customer_abandoned"
# A login is the page's own business.
_UNTOLD = frozenset({"login"})


class CannotSit(ValueError):
    """The agent cannot work at this phone. The message says why and what to do."""


class CannotBeReady(ValueError):
    """No call can come to the agent now. The message says why and what to do."""


def add_agent(conn: Connection, *, code: str, name: str, extension: str, branch: str) -> str:
    """Add an agent; returns the id. `extension` is the usual phone, "" for none."""
    agent_id = new_id()
    conn.execute(
        insert(agents).values(
            id=agent_id, code=code, name=name, extension=extension, branch=branch, active=True
        )
    )
    return agent_id


def add_desk(conn: Connection, extension: str, *, place: str = "", branch: str = "") -> None:
    """A phone that agents may sit at; where it is known, it stands at another place now."""
    upsert(conn, desks, {"extension": extension, "place": place, "branch": branch}, ["extension"])


def sign_in(
    conn: Connection, agent_id: str, now: datetime, *, extension: str | None = None, login: str | None = None
) -> None:
    """Begin the agent's session, paused, at a phone of the agent's choice; without one at the usual phone.

    A session that is going on goes on where it is. `login` is the browser login that works it from now on.

    Raises:
        CannotSit: the phone is not known, or somebody sits there.
    """
    known = session(conn, agent_id)
    if known is None:
        row = {"agent_id": agent_id, "state": AgentState.OFFLINE, "since": now}
        conn.execute(insert(agent_sessions).values(**row))
        known = _current(conn, agent_id)
    if known.state is AgentState.OFFLINE:
        move_from(
            conn,
            known,
            AgentEvent.SIGN_IN,
            now,
            reason=PauseReason.SIGNED_IN,
            extension=_free_phone(conn, agent_id, extension),
            login=login,
            # Shifts that are over already are none of this session's.
            shift_done_at=now,
        )


def take_over(conn: Connection, agent_id: str, login: str, now: datetime) -> None:
    """From now on another browser login works the agent's session; the pages of the old one say so."""
    current = session(conn, agent_id)
    if current is None or current.state is AgentState.OFFLINE or current.login == login:
        return
    conn.execute(update(agent_sessions).where(agent_sessions.c.agent_id == agent_id).values(login=login))
    emit(conn, "agent_session.moved", agent_id, now)


def ready(
    conn: Connection,
    agent_id: str,
    now: datetime,
    *,
    reachable: Collection[str] | None = None,
    why: str | None = None,
) -> None:
    """The agent wants calls. During a call it takes back a pause that was asked for.

    `reachable` are the phones known to ring; None where that is not known.

    Raises:
        CannotBeReady: the agent's phone is known not to ring.
    """
    current = _current(conn, agent_id)
    if current.state is AgentState.PAUSED:
        if reachable is not None and current.extension not in reachable:
            raise CannotBeReady(
                f"The phone at extension {current.extension} is not registered, so no call can reach you. "
                "Check that it is on and its network cable is in; then press Ready again."
            )
        move_from(conn, current, AgentEvent.READY, now, why=why)
    elif current.state is not AgentState.READY:
        _ask_pause(conn, agent_id, None, now)


def pause(
    conn: Connection, agent_id: str, reason: PauseReason, now: datetime, *, why: str | None = None
) -> None:
    """The agent wants no further call: at once, or after the one in progress.

    `why` is kept in the history: who or what asked for it, where it was not the agent.
    """
    current = _current(conn, agent_id)
    if current.state is AgentState.READY:
        move_from(conn, current, AgentEvent.PAUSE, now, why=why, reason=reason)
    elif current.state is AgentState.PAUSED:
        if current.reason != reason:
            # Each reason has a time of its own, so that the day's times by reason are right (F7).
            again: Transition[AgentState] = Transition(
                AgentState.PAUSED, AgentState.PAUSED, AgentEvent.PAUSE, now
            )
            _change(conn, agent_id, again, why=why, reason=reason)
    elif current.state is not AgentState.OFFLINE:
        _ask_pause(conn, agent_id, reason, now)


def sign_out(conn: Connection, agent_id: str, now: datetime, *, why: str | None = None) -> None:
    """End the agent's session; the phone is free for others. `why` is kept in the history.

    Raises:
        IllegalMove: a call or its wrap-up is not finished.
    """
    current = _current(conn, agent_id)
    if current.state is not AgentState.OFFLINE:
        move_from(conn, current, AgentEvent.SIGN_OUT, now, why=why, extension=None, login=None)


def leave(conn: Connection, agent_id: str, login: str, now: datetime) -> None:
    """The agent has logged out of the browser that works the session: it ends, now or after the call."""
    current = session(conn, agent_id)
    if current is None or current.state is AgentState.OFFLINE or current.login not in (None, login):
        return
    if MACHINE.allows(current.state, AgentEvent.SIGN_OUT):
        sign_out(conn, agent_id, now, why="logged_out")
    else:
        pause(conn, agent_id, PauseReason.OTHER, now, why="logged_out")


def release(
    conn: Connection, current: AgentSession, event: AgentEvent, now: datetime, *, why: str | None = None
) -> None:
    """After a call that needs no wrap-up, or after the wrap-up: on to the next, or to the pause."""
    free = MACHINE.advance(current.state, event, now)
    if current.next_pause is None:
        _change(conn, current.agent_id, free, why=why, attempt_id=None)
        return
    # In one move: who is ready for no moment is given no call in it.
    paused = MACHINE.advance(free.after, AgentEvent.PAUSE, now)
    at_once = replace(paused, before=free.before)
    _change(
        conn,
        current.agent_id,
        at_once,
        why=why,
        reason=current.next_pause,
        attempt_id=None,
        next_pause=None,
    )


def start_wrap_up(
    conn: Connection, agent_id: str, seconds: int, now: datetime, *, why: str | None = None
) -> None:
    """The customer was talked to: time for the form, `seconds` long."""
    until = now + timedelta(seconds=seconds)
    move(conn, agent_id, AgentEvent.CALL_ENDED, now, why=why, wrap_until=until)


def extend_wrap_up(conn: Connection, current: AgentSession, seconds: int, now: datetime) -> None:
    """The form is not saved yet: the wrap-up lasts `seconds` longer from now."""
    until, extended = now + timedelta(seconds=seconds), current.wrap_extended + seconds
    change = update(agent_sessions).where(
        agent_sessions.c.agent_id == current.agent_id,
        agent_sessions.c.state == AgentState.WRAP_UP,
        agent_sessions.c.attempt_id == current.attempt_id,
    )
    conn.execute(change.values(wrap_until=until, wrap_extended=extended))
    emit(conn, "agent_session.wrap_up_extended", current.agent_id, now, {"seconds": extended})


def fail(
    conn: Connection, agent_id: str, reason: PauseReason, now: datetime, *, why: str | None = None
) -> None:
    """The agent's own phone failed: no further call before the agent says so."""
    move(conn, agent_id, AgentEvent.AGENT_FAILED, now, why=why, reason=reason, attempt_id=None)


def take_back(conn: Connection, current: AgentSession, attempt_id: str, now: datetime) -> None:
    """A call in doubt goes on after all, or was a talk: it is this agent's again, with its form."""
    # The pause it interrupts comes back after it; one that was only for the doubt is over.
    pause_after = None if current.reason == PauseReason.CALL_IN_DOUBT else current.reason
    move_from(conn, current, AgentEvent.TAKE_BACK, now, attempt_id=attempt_id, next_pause=pause_after)


def shift_done(conn: Connection, agent_id: str, until: datetime) -> None:
    """The ends of shifts up to then have had their effect on this session."""
    change = update(agent_sessions).where(agent_sessions.c.agent_id == agent_id)
    conn.execute(change.values(shift_done_at=until))


def move(
    conn: Connection,
    agent_id: str,
    event: AgentEvent,
    now: datetime,
    *,
    why: str | None = None,
    **values: str | datetime | None,
) -> None:
    """Apply `event` to the agent's session; `values` are columns that change with it.

    Raises:
        IllegalMove: not legal in the session's state.
    """
    move_from(conn, _current(conn, agent_id), event, now, why=why, **values)


def reserve(conn: Connection, agent_id: str, attempt_id: str, now: datetime) -> None:
    """Keep a ready agent for an attempt.

    Raises:
        IllegalMove: the agent is not ready any more.
    """
    transition = MACHINE.advance(AgentState.READY, AgentEvent.RESERVE, now)
    _change(conn, agent_id, transition, attempt_id=attempt_id)


def move_from(
    conn: Connection,
    current: AgentSession,
    event: AgentEvent,
    now: datetime,
    *,
    why: str | None = None,
    **values: str | datetime | None,
) -> None:
    """The same for a session that was just read."""
    if event in (AgentEvent.PAUSE, AgentEvent.AGENT_FAILED, AgentEvent.SIGN_OUT):
        values["next_pause"] = None
    if event in (AgentEvent.READY, AgentEvent.SIGN_OUT):
        clear_alarm(conn, CUSTOMER_ABANDONED, current.agent_id, now)
    _change(conn, current.agent_id, MACHINE.advance(current.state, event, now), why=why, **values)


def _change(
    conn: Connection,
    agent_id: str,
    transition: Transition[AgentState],
    *,
    why: str | None = None,
    **values: str | datetime | None,
) -> None:
    kept = {"of_agent": agent_id, "left_state": transition.before, "left_at": transition.at}
    _KEEP.run(conn, {**kept, "by_event": str(transition.event), "for_reason": why})
    changed = {"reason": None, "wrap_until": None, "wrap_extended": 0, "since": transition.at, **values}
    told = {
        name: value
        for name, value in values.items()
        if name not in _UNTOLD and (value is None or isinstance(value, str))
    }
    if why is not None:
        told["why"] = why
    apply(conn, agent_sessions, agent_id, transition, values=changed, data=told)


def _free_phone(conn: Connection, agent_id: str, wanted: str | None) -> str:
    usual = agent(conn, agent_id)
    extension = wanted or (usual.extension if usual else "")
    if not extension:
        raise CannotSit("You have no phone of your own: choose the phone at the desk where you sit.")
    known = {desk.extension: desk for desk in all_desks(conn)}
    if extension not in known:
        raise CannotSit(
            f"Extension {extension} is not known here: choose another, or ask the administrator to add it."
        )
    if known[extension].taken_by is not None:
        raise CannotSit(
            f"{known[extension].taken_by} works at extension {extension} now: choose another phone, "
            "or ask your supervisor to end that work."
        )
    return extension


def _ask_pause(conn: Connection, agent_id: str, reason: PauseReason | None, now: datetime) -> None:
    change = update(agent_sessions).where(agent_sessions.c.agent_id == agent_id)
    conn.execute(change.values(next_pause=reason))
    emit(conn, "agent_session.next_pause", agent_id, now, {"reason": reason})


def _current(conn: Connection, agent_id: str) -> AgentSession:
    current = session(conn, agent_id)
    if current is None:
        raise IllegalMove(f"agent {agent_id} has not signed in")
    return current
