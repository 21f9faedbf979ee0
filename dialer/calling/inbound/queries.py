"""All SQL about tickets, and about who should talk to a customer who rings."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from dialer.calling.inbound.states import TicketState
from dialer.calling.inbound.tables import tickets
from dialer.calling.states import CallMode
from dialer.calling.tables import attempts
from dialer.customers.tables import customers
from dialer.followups.tables import follow_ups
from dialer.storage.rows import fetch, fetch_one
from dialer.telephony.events import CustomerCalls

# The telephone system may use an id again after its restart.
_SAME_CALL = timedelta(hours=6)
_PUT_THROUGH = (TicketState.TALKING, TicketState.OPEN, TicketState.CLOSED)
# So long ago an agent's call still makes him the one whom the customer wants.
_REMEMBERED = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Ticket:
    """One call of a customer who rang."""

    id: str
    call_id: str
    number: str
    called: str
    customer_id: str | None
    follow_up_id: str | None
    attempt_id: str | None
    agent_id: str | None
    state: TicketState
    kind: str
    words: str
    missed: str | None
    rang_at: datetime
    ended_at: datetime | None
    trunk: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", TicketState(self.state))


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket as lists show it."""

    id: str
    number: str
    name: str | None
    salutation: str | None
    state: str
    kind: str
    words: str
    missed: str | None
    agent_id: str | None
    rang_at: datetime


def ticket_of(conn: Connection, ticket_id: str) -> Ticket | None:
    """The ticket with this id."""
    return fetch_one(conn, select(tickets).where(tickets.c.id == ticket_id), Ticket)


def ticket_of_call(conn: Connection, call_id: str, now: datetime) -> Ticket | None:
    """The ticket of a call that is going on or just ended."""
    query = (
        select(tickets)
        .where(tickets.c.call_id == call_id, tickets.c.rang_at >= now - _SAME_CALL)
        .order_by(tickets.c.rang_at.desc())
        .limit(1)
    )
    return fetch_one(conn, query, Ticket)


def ticket_of_attempt(conn: Connection, attempt_id: str) -> Ticket | None:
    """The ticket of the call that this attempt puts through, or did."""
    return fetch_one(conn, select(tickets).where(tickets.c.attempt_id == attempt_id), Ticket)


def without_ticket(conn: Connection, calls: Collection[CustomerCalls]) -> list[CustomerCalls]:
    """Those of these calls, which are over, that no ticket is of."""
    if not calls:
        return []
    # A ticket is of when he rang, a call that the log tells of is of when he was gone.
    since = min(call.at for call in calls) - _SAME_CALL
    known = select(tickets.c.call_id).where(
        tickets.c.call_id.in_([call.call_id for call in calls]), tickets.c.rang_at >= since
    )
    found = set(conn.execute(known).scalars())
    return [call for call in calls if call.call_id not in found]


def talked_since(conn: Connection, number: str, at: datetime) -> bool:
    """Whether who has this number has rung again since then, and was put through."""
    query = (
        select(tickets.c.id)
        .where(tickets.c.number == number, tickets.c.rang_at >= at, tickets.c.state.in_(_PUT_THROUGH))
        .limit(1)
    )
    return conn.execute(query).first() is not None


def ringing(conn: Connection) -> list[Ticket]:
    """Who waits on the line, the longest first."""
    query = select(tickets).where(tickets.c.state == TicketState.RINGING).order_by(tickets.c.rang_at)
    return fetch(conn, query, Ticket)


def latest(conn: Connection, limit: int = 100) -> list[TicketRow]:
    """The latest tickets, newest first."""
    query = (
        select(
            tickets.c.id,
            tickets.c.number,
            customers.c.name,
            customers.c.salutation,
            tickets.c.state,
            tickets.c.kind,
            tickets.c.words,
            tickets.c.missed,
            tickets.c.agent_id,
            tickets.c.rang_at,
        )
        .outerjoin(customers, customers.c.id == tickets.c.customer_id)
        .order_by(tickets.c.rang_at.desc())
        .limit(limit)
    )
    return fetch(conn, query, TicketRow)


def who_called(conn: Connection, customer_id: str, now: datetime) -> str | None:
    """The agent who called this customer last, if that was not long ago."""
    query = (
        select(attempts.c.agent_id)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .where(
            follow_ups.c.customer_id == customer_id,
            attempts.c.placed_at >= now - _REMEMBERED,
            attempts.c.go_at.is_not(None),
            attempts.c.mode != CallMode.INBOUND,
        )
        .order_by(attempts.c.placed_at.desc())
        .limit(1)
    )
    found: str | None = conn.execute(query).scalar()
    return found
