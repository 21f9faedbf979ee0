"""Looks after every agent's session each second, so that nothing leaves one stuck (D5).

What is wrong and what helps is decided in `watchdog`; here it is read, and done through the one door of
sessions. Who was let go, and why, stands in the history and in an event row.
"""

import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import datetime, timedelta
from datetime import time as time_of_day
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, exists, select

from dialer.agents import service as agents
from dialer.agents.queries import AgentSession, session
from dialer.agents.settings import AgentSettings
from dialer.agents.states import AgentEvent, AgentState, PauseReason
from dialer.agents.tables import agent_sessions
from dialer.assigning.queries import Shift, shifts_on
from dialer.calling.settings import CallingSettings
from dialer.calling.states import AttemptState
from dialer.calling.status import EngineStatus
from dialer.calling.tables import attempts
from dialer.calling.watchdog import (
    Call,
    Finding,
    Phones,
    Remedy,
    Times,
    Verdict,
    Watched,
    follow_phones,
    shift_ended,
    watch,
)
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.storage.database import Database
from dialer.storage.rows import fetch
from dialer.telephony.outcomes import DialOutcome

log = structlog.get_logger(__name__)

# What happens every day; the rest is a fault of ours or of the telephone system, and is logged as one.
_ORDINARY = frozenset({Finding.PHONE_GONE, Finding.PHONE_BACK, Finding.SHIFT_OVER})
# Where the playbook's own time is not known any more.
_WRAP_UP_SECONDS = 60


class Watchdog:
    """`status` is the engine's, `settle` puts attempts in doubt and settles them; `seconds` is a clock that
    nobody steps."""

    def __init__(
        self,
        database: Database,
        calling: CallingSettings,
        settings: AgentSettings,
        *,
        status: Callable[[], EngineStatus],
        settle: Callable[[Sequence[str]], Awaitable[object]],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = database
        self._times = Times.of(calling, settings)
        self._zone = ZoneInfo(calling.time_zone)
        self._status = status
        self._settle = settle
        self._seconds = seconds
        self._phones = Phones()
        # Since when each session is seen as it is now.
        self._seen: dict[str, tuple[Hashable, float]] = {}

    async def look(self, now: datetime) -> None:
        """Look at every session once, and do what is to be done."""
        status, mark = self._status(), self._seconds()
        on_duty = await self._db.read(lambda conn: self._read(conn, now))
        # Each phone is known by its own node, and some nodes may have no link now (D8).
        nodes = {row.extension: status.at(row.extension) for row, _, _ in on_duty if row.extension}
        known = {phone for phone, node in nodes.items() if node.pairing.reachable is not None}
        reachable = {phone for phone in known if nodes[phone].reaches(phone)}
        self._phones = follow_phones(self._phones, known, reachable, mark)
        self._seen = {row.agent_id: self._unchanged(row, call, mark) for row, call, _ in on_duty}
        settling = []
        for row, call, ended in on_duty:
            link_up = nodes.get(row.extension or "", status).link_up
            verdict = self._judge(row, call, ended, mark, link_up=link_up)
            if verdict is None:
                continue
            if verdict.remedy is not Remedy.SETTLE:
                await self._db.write(partial(self._act, row, call, verdict, now))
            elif row.attempt_id is not None:
                settling.append(row.attempt_id)
        for agent_id, attempt_id in await self._db.read(_forms_owed):
            await self._db.write(partial(_bring_form, agent_id=agent_id, attempt_id=attempt_id, now=now))
        if settling:
            log.warning("Attempts take longer than they can.", action="watch", attempts=settling)
            await self._settle(settling)

    def _read(
        self, conn: Connection, now: datetime
    ) -> list[tuple[AgentSession, Call | None, timedelta | None]]:
        """Every session on duty with its call, and how long ago a shift ended that it goes on after."""
        rows = fetch(conn, _ON_DUTY, AgentSession)
        calls = _calls(conn, rows)
        shifts = shifts_on(conn, now.astimezone(self._zone).date()) if rows else []
        found = []
        for row in rows:
            own = [shift for shift in shifts if shift.agent_id == row.agent_id]
            ends = [self._at(shift, shift.ends) for shift in own]
            begins = [self._at(shift, shift.starts) for shift in own]
            ended = shift_ended(ends, begins, row.shift_done_at, now)
            found.append((row, calls.get(row.agent_id), None if ended is None else now - ended))
        return found

    def _at(self, shift: Shift, clock: str) -> datetime:
        return datetime.combine(shift.day, time_of_day.fromisoformat(clock), tzinfo=self._zone)

    def _unchanged(self, row: AgentSession, call: Call | None, mark: float) -> tuple[Hashable, float]:
        now = (row.state, row.since, row.attempt_id, call)
        before = self._seen.get(row.agent_id)
        return before if before is not None and before[0] == now else (now, mark)

    def _judge(
        self, row: AgentSession, call: Call | None, ended: timedelta | None, mark: float, *, link_up: bool
    ) -> Verdict | None:
        _, since = self._seen[row.agent_id]
        seen = Watched(
            state=row.state,
            age=timedelta(seconds=mark - since),
            reason=row.reason,
            call=call,
            phone_gone_for=self._phones.gone_for(row.extension, mark),
            phone_back_for=self._phones.back_for(row.extension, mark),
            shift_over_for=ended,
        )
        return watch(seen, self._times, link_up=link_up)

    def _act(
        self, seen: AgentSession, call: Call | None, verdict: Verdict, now: datetime, conn: Connection
    ) -> None:
        if session(conn, seen.agent_id) != seen or _calls(conn, [seen]).get(seen.agent_id) != call:
            return  # It has gone on since it was looked at: the next look decides.
        _apply(conn, seen, verdict, now)
        if verdict.finding is Finding.SHIFT_OVER:
            agents.shift_done(conn, seen.agent_id, now)
        tell = log.info if verdict.finding in _ORDINARY else log.error
        tell(
            "An agent's session was put right.",
            action="watch",
            agent=seen.agent_id,
            attempt=seen.attempt_id,
            state=seen.state.value,
            remedy=verdict.remedy.value,
            finding=verdict.finding.value,
        )


def _apply(conn: Connection, current: AgentSession, verdict: Verdict, now: datetime) -> None:
    agent_id, why = current.agent_id, verdict.finding.value
    match verdict.remedy:
        case Remedy.RELEASE:
            agents.release(conn, current, AgentEvent.RELEASED, now, why=why)
        case Remedy.WRAP_UP:
            agents.start_wrap_up(conn, agent_id, _WRAP_UP_SECONDS, now, why=why)
        case Remedy.PAUSE if current.state is AgentState.READY:
            agents.pause(conn, agent_id, verdict.reason or PauseReason.OTHER, now, why=why)
        case Remedy.PAUSE:
            agents.fail(conn, agent_id, verdict.reason or PauseReason.OTHER, now, why=why)
        case Remedy.PAUSE_AFTER:
            agents.pause(conn, agent_id, verdict.reason or PauseReason.OTHER, now, why=why)
        case Remedy.READY:
            agents.ready(conn, agent_id, now, why=why)
        case Remedy.SIGN_OUT:
            agents.sign_out(conn, agent_id, now, why=why)


def _forms_owed(conn: Connection) -> list[tuple[str, str]]:
    """(agent, attempt) of talks whose form nobody has open, where the agent is free to fill it in."""
    return [(row.agent_id, row.id) for row in conn.execute(_FORMS_OWED)]


def _bring_form(conn: Connection, *, agent_id: str, attempt_id: str, now: datetime) -> None:
    current = session(conn, agent_id)
    if current is None or (agent_id, attempt_id) not in _forms_owed(conn):
        return
    agents.take_back(conn, current, attempt_id, now)
    agents.start_wrap_up(conn, agent_id, _WRAP_UP_SECONDS, now, why=Finding.FORM_OWED.value)


def _calls(conn: Connection, rows: Sequence[AgentSession]) -> dict[str, Call]:
    """The attempt that each of these sessions is on, by agent."""
    ids = {row.attempt_id for row in rows if row.attempt_id}
    columns = (attempts.c.id, attempts.c.agent_id, attempts.c.state, attempts.c.go_at, attempts.c.outcome)
    found = {row.id: row for row in conn.execute(select(*columns).where(attempts.c.id.in_(ids)))}
    return {
        row.agent_id: Call(
            state=AttemptState(on.state),
            gone=on.go_at is not None,
            # Who was asked into somebody else's call owes no form of it.
            answered=on.outcome == DialOutcome.ANSWERED and on.agent_id == row.agent_id,
        )
        for row in rows
        if (on := found.get(row.attempt_id or "")) is not None
    }


_LATER, _OTHER_SESSION = attempts.alias("later"), agent_sessions.alias("other_session")
_ON_DUTY = select(agent_sessions).where(agent_sessions.c.state != AgentState.OFFLINE)
# A talk that was in doubt may be proven after its agent was let go: the form is still owed, and without it
# the customer is never called again.
_FORMS_OWED = (
    select(attempts.c.id, attempts.c.agent_id)
    .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
    .join(agent_sessions, agent_sessions.c.agent_id == attempts.c.agent_id)
    .where(
        follow_ups.c.state == FollowUpState.WRAP_UP,
        attempts.c.state == AttemptState.ENDED,
        attempts.c.outcome == DialOutcome.ANSWERED,
        agent_sessions.c.state.in_((AgentState.READY, AgentState.PAUSED)),
        ~exists().where(_LATER.c.follow_up_id == attempts.c.follow_up_id, _LATER.c.id > attempts.c.id),
        ~exists().where(_OTHER_SESSION.c.attempt_id == attempts.c.id),
    )
    .order_by(attempts.c.id)
)
