"""What still stands in a call when all should have come to rest."""

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from dialer.agents.queries import sessions
from dialer.agents.states import AgentState
from dialer.alarms.service import open_alarms
from dialer.calling.inbound.states import TicketState
from dialer.calling.inbound.tables import tickets
from dialer.calling.queries import Attempt, in_flight
from dialer.calling.service import UNKNOWN_ALARM
from dialer.calling.states import AttemptState
from dialer.calling.tables import attempts, repairs
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from recordings.queries import waiting
from recordings.service import has_news

_BUSY = (
    AgentState.PREVIEW,
    AgentState.RESERVED,
    AgentState.RINGING,
    AgentState.TALKING,
    AgentState.WRAP_UP,
)
_IN_A_CALL = (FollowUpState.CALLING, FollowUpState.WRAP_UP)


def not_at_rest(conn: Connection, kept: Collection[str]) -> bool:
    """Whether anything is not over that can be; `kept` are attempts that rightly stay in doubt."""
    return bool(
        any(row.id not in kept for row in in_flight(conn))
        or agents_left(conn)
        or any(ids.isdisjoint(kept) for ids in follow_ups_left(conn).values())
        or any(attempt_id not in kept for attempt_id in tickets_left(conn).values())
        # An attempt that ended a moment ago is news to the archive before its recording waits there.
        or has_news(conn)
        or waiting(conn)
    )


def in_doubt(conn: Connection) -> list[Attempt]:
    """The attempts in doubt that the supervisor is asked to look at: nothing tells what became of them."""
    told = told_to_a_person(conn)
    return [row for row in in_flight(conn) if row.state is AttemptState.UNKNOWN and row.id in told]


def agents_left(conn: Connection) -> list[str]:
    """Agents who are not free."""
    return [f"{one.agent_id} {one.state} {one.attempt_id}" for one in sessions(conn) if one.state in _BUSY]


def follow_ups_left(conn: Connection) -> dict[str, set[str]]:
    """The attempts of each follow-up that stands in a call or before a form."""
    query = (
        select(follow_ups.c.id, attempts.c.id.label("attempt_id"))
        .outerjoin(attempts, attempts.c.follow_up_id == follow_ups.c.id)
        .where(follow_ups.c.state.in_(_IN_A_CALL))
    )
    found: dict[str, set[str]] = {}
    for row in conn.execute(query):
        found.setdefault(row.id, set()).add(row.attempt_id or "")
    return found


def tickets_left(conn: Connection) -> dict[str, str]:
    """The attempt of each ticket by which a customer still talks."""
    talking = select(tickets.c.id, tickets.c.attempt_id).where(tickets.c.state == TicketState.TALKING)
    return {row.id: row.attempt_id or "" for row in conn.execute(talking)}


def told_to_a_person(conn: Connection) -> set[str]:
    """The attempts that the supervisor is asked to look at."""
    return {alarm.subject for alarm in open_alarms(conn) if alarm.kind == UNKNOWN_ALARM}


def repairs_made(conn: Connection) -> dict[str, int]:
    """How often each attempt was repaired."""
    query = select(repairs.c.attempt_id, func.count()).group_by(repairs.c.attempt_id)
    return {row[0]: row[1] for row in conn.execute(query)}
