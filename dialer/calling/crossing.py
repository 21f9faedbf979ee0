"""A customer rings whom we are about to call: our call gives way, and its agent talks to him (D9).

Runs inside a unit of work.
"""

from datetime import datetime

from sqlalchemy import Connection, or_, select, update

from dialer.calling import queries
from dialer.calling import service as calling
from dialer.calling.committing import Pairing
from dialer.calling.inbound.queries import Ticket, ticket_of
from dialer.calling.inbound.states import TicketState
from dialer.calling.inbound.tables import tickets
from dialer.calling.progress import NOT_DIALLED
from dialer.calling.queries import Attempt
from dialer.calling.service import EndRules
from dialer.calling.states import AttemptState, CallMode
from dialer.calling.tables import attempts
from dialer.followups.tables import follow_ups
from dialer.storage.rows import fetch_one


def give_way(
    conn: Connection, pairing: Pairing, ticket_id: str, now: datetime, *, site: EndRules
) -> Attempt | None:
    """Our call to who waits with this ticket, which has to be hung up; None: there is none.

    One that has no go yet has ended here: its agent and its follow-up are free for him. Where his phone is
    being dialled already he waits until that is over.
    """
    ticket = ticket_of(conn, ticket_id)
    if ticket is None or not ticket.number or ticket.state is not TicketState.RINGING:
        return None
    ours = _call_to(conn, ticket, pairing)
    if ours is not None and ours.go_at is None:
        calling.end(conn, ours.id, NOT_DIALLED, pairing.library, now, site=site)
        change = update(tickets).where(tickets.c.id == ticket.id)
        conn.execute(change.values(follow_up_id=ours.follow_up_id))
    return ours


def _call_to(conn: Connection, ticket: Ticket, pairing: Pairing) -> Attempt | None:
    """That nobody talks in yet. Another node's goes on up to its go, which is refused."""
    his = attempts.c.number == ticket.number
    if ticket.customer_id:
        his = or_(his, follow_ups.c.customer_id == ticket.customer_id)
    query = (
        select(attempts)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .where(
            his,
            attempts.c.ended_at.is_(None),
            attempts.c.mode != CallMode.INBOUND,
            attempts.c.state.in_((AttemptState.PLACING_AGENT, AttemptState.CUSTOMER_GO)),
            queries.of_node(pairing.share),
        )
        .order_by(attempts.c.placed_at)
        .limit(1)
    )
    return fetch_one(conn, query, Attempt)
