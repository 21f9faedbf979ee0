"""The one door of tickets, and the commit to putting a customer through (D7, D9).

Every function runs inside one unit of work: what belongs together becomes durable together.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, update

from dialer.agents.queries import all_agents, ready_agents
from dialer.calling.committing import Pairing, commit_to
from dialer.calling.inbound.choosing import CALL_BACK_WITHIN, call_back, choose
from dialer.calling.inbound.queries import (
    Ticket,
    talked_since,
    ticket_of,
    ticket_of_attempt,
    ticket_of_call,
    who_called,
)
from dialer.calling.inbound.states import MACHINE, Missed, TicketEvent, TicketKind, TicketState
from dialer.calling.inbound.tables import tickets
from dialer.calling.modes import adhoc
from dialer.calling.modes.manual import plain_number
from dialer.calling.queries import attempt
from dialer.calling.states import CallMode
from dialer.customers.blocks import FORGOTTEN, blocked_numbers
from dialer.followups.queries import FollowUp, follow_up
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.machine import IllegalMove
from dialer.playbooks.form.schema import Playbook
from dialer.storage.feed import emit
from dialer.storage.transition import apply
from dialer.telephony.events import CustomerCalls
from dialer.telephony.port import CallOrder

CUSTOMER_KIND = "customer-call"
CALL_BACK, RANG = "call_back", "customer_rang"
# While he waits on the line nobody dials him: longer than anybody waits.
_LONGEST_WAIT = timedelta(minutes=10)
_TO_CALL_BACK = (FollowUpState.WAITING, FollowUpState.CALLING)


class BadTicket(ValueError):
    """A ticket is not filed like this. The message says what to do."""


def open_ticket(conn: Connection, call: CustomerCalls, now: datetime) -> Ticket:
    """The ticket of a call that came in; the same call told again is the same ticket."""
    known = ticket_of_call(conn, call.call_id, now)
    if known is not None:
        return known
    number = plain_number(call.number)
    if blocked_numbers(conn, [number]).get(number) == FORGOTTEN:
        # He is talked to like somebody whose number is withheld: it is not kept, and nobody calls him (X3).
        number = ""
    customer = adhoc.customer_of(conn, number) if number else None
    ticket_id = new_id()
    row = {
        "id": ticket_id,
        "call_id": call.call_id,
        "number": number,
        "called": call.called[:32],
        "trunk": call.trunk or None,
        "customer_id": customer.id if customer else None,
        "state": TicketState.RINGING,
        "kind": "",
        "words": "",
        "rang_at": call.at,
    }
    conn.execute(insert(tickets).values(**row))
    emit(conn, "ticket.ringing", ticket_id, now, {"number": number})
    return _current(conn, ticket_id)


def put_through(
    conn: Connection, pairing: Pairing, ticket_id: str, now: datetime, *, wanted: str | None = None
) -> CallOrder | None:
    """Commit to an agent for a customer who waits; None: nobody is free, or he waits no longer.

    `wanted` is the agent who was about to call him; else who called him last comes first. What waits for him
    is talked about where that agent may; else a follow-up of the site's playbook for such calls is made.
    """
    ticket = ticket_of(conn, ticket_id)
    if ticket is None or ticket.state is not TicketState.RINGING or _is_rung_for(conn, ticket):
        return None
    ready = ready_agents(conn, pairing.reachable)
    free = [one for one in ready if pairing.share.has_phone(one.extension)]
    owed = _owed(conn, ticket)
    if wanted is None and ticket.customer_id:
        wanted = who_called(conn, ticket.customer_id, now)
    chosen = choose(free, wanted or (owed.owner_id if owed else None), owed, pairing.named)
    if chosen is None:
        return None
    who, about_owed = chosen
    if owed is None or not about_owed:
        owed = adhoc.make(
            conn,
            _playbook(pairing),
            ticket.number,
            kind=CUSTOMER_KIND,
            branch=who.branch,
            reason=RANG,
            now=now,
            # Only if he is not put through: then he is called back.
            due_at=now + _LONGEST_WAIT,
            owner_id=who.id,
        )
        if owed is None:
            raise IllegalMove(f"who rang in ticket {ticket.id} asked to be forgotten")
    order = commit_to(conn, pairing, who, owed, now, mode=CallMode.INBOUND, caller=ticket.call_id)
    values = {
        "attempt_id": order.attempt_id,
        "agent_id": who.id,
        "follow_up_id": owed.id,
        "customer_id": owed.customer_id,
    }
    conn.execute(update(tickets).where(tickets.c.id == ticket.id).values(**values))
    emit(conn, "ticket.offered", ticket.id, now, {"agent": who.id, "attempt": order.attempt_id})
    return order


def _is_rung_for(conn: Connection, ticket: Ticket) -> bool:
    """Whether an agent's phone rings for him already: of before a restart, or before the link was lost."""
    placed = attempt(conn, ticket.attempt_id) if ticket.attempt_id else None
    return placed is not None and placed.ended_at is None


def is_open(pairing: Pairing, now: datetime) -> bool:
    """Whether customers who ring are put through at this hour."""
    return _playbook(pairing).id in pairing.open_playbooks(now)


def _owed(conn: Connection, ticket: Ticket) -> FollowUp | None:
    """What waits for this customer: of this very call first."""
    if ticket.follow_up_id is not None:
        made = follow_up(conn, ticket.follow_up_id)
        if made is not None and made.state is FollowUpState.WAITING:
            return made
    return adhoc.open_follow_up(conn, ticket.customer_id) if ticket.customer_id else None


def note_talking(conn: Connection, attempt_id: str, now: datetime) -> None:
    """The customer who rang talks with an agent."""
    ticket = ticket_of_attempt(conn, attempt_id)
    if ticket is not None and MACHINE.allows(ticket.state, TicketEvent.TALK):
        _move(conn, ticket, TicketEvent.TALK, now)


def note_over(conn: Connection, attempt_id: str, now: datetime) -> None:
    """The talk is over. Where its agent has said already what it was about, the ticket is closed."""
    ticket = ticket_of_attempt(conn, attempt_id)
    if ticket is None:
        return
    if ticket.state is TicketState.RINGING:
        # Its events were lost: it was a talk all the same.
        _move(conn, ticket, TicketEvent.TALK, now)
        ticket = _current(conn, ticket.id)
    if not MACHINE.allows(ticket.state, TicketEvent.END):
        return
    _move(conn, ticket, TicketEvent.END, now, ended_at=now)
    if ticket.kind:
        _move(conn, _current(conn, ticket.id), TicketEvent.FILE, now)


def miss(conn: Connection, pairing: Pairing, ticket_id: str, why: Missed, now: datetime) -> None:
    """A customer who rang was not put through: he is called back within fifteen working minutes."""
    ticket = ticket_of(conn, ticket_id)
    if ticket is None or not MACHINE.allows(ticket.state, TicketEvent.MISS):
        return
    owed = _call_back(conn, pairing, ticket, now) if ticket.number else None
    values: dict[str, object] = {"ended_at": now, "missed": why.value}
    if owed is not None:
        values |= {"follow_up_id": owed.id, "customer_id": owed.customer_id}
    _move(conn, ticket, TicketEvent.MISS, now, **values)


def note_unseen(conn: Connection, pairing: Pairing, call: CustomerCalls, now: datetime) -> None:
    """Nobody of ours saw that he rang: he is called back, unless he has been put through since (D7)."""
    number = plain_number(call.number)
    if not (number and talked_since(conn, number, call.at)):
        miss(conn, pairing, open_ticket(conn, call, now).id, Missed.LOST, now)


def _call_back(conn: Connection, pairing: Pairing, ticket: Ticket, now: datetime) -> FollowUp | None:
    playbook = _playbook(pairing)
    begins, until = now, now + CALL_BACK_WITHIN
    if pairing.settings.keep_hours:
        begins, until = call_back(now, playbook.windows, pairing.zone)
    # While an agent's phone still rings for him it is `calling`, and goes back with this time.
    ringing = follow_up(conn, ticket.follow_up_id) if ticket.follow_up_id else None
    owed = ringing if ringing is not None and ringing.state in _TO_CALL_BACK else _owed(conn, ticket)
    if owed is not None:
        change = update(follow_ups).where(follow_ups.c.id == owed.id, follow_ups.c.state == owed.state)
        conn.execute(change.values(due_at=begins, limit_at=min(owed.limit_at, until), reason=CALL_BACK))
        emit(conn, "follow_up.call_back", owed.id, now, {"until": until.isoformat()})
        return owed
    wanted = who_called(conn, ticket.customer_id, now) if ticket.customer_id else None
    callers = all_agents(conn)
    return adhoc.make(
        conn,
        playbook,
        ticket.number,
        kind=CUSTOMER_KIND,
        branch=next((one.branch for one in callers if wanted in (None, one.id)), ""),
        reason=CALL_BACK,
        now=now,
        due_at=begins,
        limit_at=until,
        owner_id=wanted,
    )


def given_back(conn: Connection, attempt_id: str, now: datetime) -> datetime | None:
    """Until when the follow-up of a caller who was not put through by this attempt waits; None: as it says.

    While he is still on the line nobody dials him.
    """
    ticket = ticket_of_attempt(conn, attempt_id)
    return now + _LONGEST_WAIT if ticket is not None and ticket.state is TicketState.RINGING else None


def file_ticket(
    conn: Connection, agent_id: str, ticket_id: str, kind: TicketKind, words: str, now: datetime
) -> None:
    """The agent says what a customer rang for; during the talk, or after it.

    Raises:
        BadTicket: it is another agent's.
    """
    ticket = ticket_of(conn, ticket_id)
    if ticket is None or ticket.agent_id != agent_id:
        raise BadTicket("this ticket is not yours: open your own call's page")
    change = update(tickets).where(tickets.c.id == ticket_id)
    conn.execute(change.values(kind=kind, words=words[:2000]))
    emit(conn, "ticket.filed", ticket_id, now, {"agent": agent_id, "kind": kind})
    if ticket.state is TicketState.OPEN:
        _move(conn, ticket, TicketEvent.FILE, now)


def _playbook(pairing: Pairing) -> Playbook:
    return pairing.library.get(pairing.settings.manual_playbook)


def _current(conn: Connection, ticket_id: str) -> Ticket:
    found = ticket_of(conn, ticket_id)
    assert found is not None
    return found


def _move(conn: Connection, current: Ticket, event: TicketEvent, now: datetime, **values: object) -> None:
    transition = MACHINE.advance(current.state, event, now)
    told = {"agent": current.agent_id, "attempt": current.attempt_id, "number": current.number}
    apply(conn, tickets, current.id, transition, values=values, data=told)
