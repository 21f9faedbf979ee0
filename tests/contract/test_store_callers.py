"""Customers who ring: matched, put through, and a ticket for each, on both databases (D9)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, update

from dialer.agents.states import AgentState
from dialer.calling import service as calling
from dialer.calling.inbound import service
from dialer.calling.inbound.queries import Ticket, latest, ringing, ticket_of
from dialer.calling.inbound.service import BadTicket
from dialer.calling.inbound.states import Missed, TicketKind, TicketState
from dialer.calling.progress import Ending
from dialer.calling.reserving import reserve
from dialer.customers.contacts import ContactKind
from dialer.customers.tables import contacts, customers
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.storage.database import Database
from dialer.telephony.outcomes import DialOutcome
from dialer.telephony.port import CallOrder
from tests.support.core import (
    ANSWERED,
    BUSY,
    LIBRARY,
    NOW,
    RUN,
    add_follow_up,
    add_ready_agent,
    at,
    attempt_of,
    follow_up_of,
    pairing,
    rings,
    session_of,
)

NOT_THERE = Ending(DialOutcome.AGENT_UNAVAILABLE, dialled=False, agent_rang=True)


def put_through(conn: Connection, ticket: Ticket) -> CallOrder:
    order = service.put_through(conn, pairing(), ticket.id, at(1))
    assert order is not None
    return order


def now_(conn: Connection, ticket: Ticket) -> Ticket:
    current = ticket_of(conn, ticket.id)
    assert current is not None
    return current


async def test_d9_a_customer_is_matched_to_what_waits_for_him(database: Database) -> None:
    """The page is his before the phone rings; the talk does the follow-up, and is no contact of ours."""

    def work(conn: Connection) -> None:
        owed, agent_id = add_follow_up(conn), add_ready_agent(conn)
        order = put_through(conn, rings(conn, "+8613800000001"))
        assert (order.caller, order.trunk) == ("1763.1", "")
        attempt = attempt_of(conn, order.attempt_id)
        assert (attempt.follow_up_id, attempt.agent_id, attempt.mode) == (owed, agent_id, "inbound")
        on_it = session_of(conn, agent_id)
        assert (on_it.state, on_it.attempt_id) == (AgentState.RESERVED, order.attempt_id)
        assert calling.grant_go(conn, order.attempt_id, RUN, at(4))
        calling.note_answered(conn, order.attempt_id, at(4))
        calling.end(conn, order.attempt_id, ANSWERED, LIBRARY, at(60))
        assert session_of(conn, agent_id).state is AgentState.WRAP_UP
        assert follow_up_of(conn, owed).state is FollowUpState.WRAP_UP
        noted = conn.execute(select(contacts.c.kind, contacts.c.exempt)).all()
        assert [tuple(row) for row in noted] == [(ContactKind.TALK, True)], "nobody was dialled"

    await database.write(work)


async def test_d9_he_is_put_through_to_who_called_him(database: Database) -> None:
    """Although another one waits longer."""

    def work(conn: Connection) -> None:
        caller = add_ready_agent(conn, "8002")
        add_follow_up(conn)
        (order,) = reserve(conn, pairing(), NOW).orders
        assert calling.grant_go(conn, order.attempt_id, RUN, at(1))
        calling.end(conn, order.attempt_id, BUSY, LIBRARY, at(20))
        add_ready_agent(conn, "8001", since=at(-500))
        order = put_through(conn, rings(conn))
        assert attempt_of(conn, order.attempt_id).agent_id == caller

    await database.write(work)


async def test_d9_a_stranger_gets_a_follow_up_of_his_own(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_ready_agent(conn)
        ticket = rings(conn, "13911112222")
        order = put_through(conn, ticket)
        owed = follow_up_of(conn, attempt_of(conn, order.attempt_id).follow_up_id)
        assert (owed.playbook, owed.number, owed.reason) == ("direct-call", "13911112222", "customer_rang")
        assert now_(conn, ticket).customer_id == owed.customer_id

    await database.write(work)


async def test_d9_who_asked_not_to_be_called_is_put_through_all_the_same(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_follow_up(conn)
        add_ready_agent(conn)
        conn.execute(update(customers).values(do_not_call=True))
        assert reserve(conn, pairing(), NOW).orders == []
        assert put_through(conn, rings(conn)).caller

    await database.write(work)


async def test_d9_an_agent_who_must_not_call_him_talks_about_something_else(database: Database) -> None:
    """L6: his follow-up stays for another one."""

    def work(conn: Connection) -> None:
        owed, agent_id = add_follow_up(conn), add_ready_agent(conn)
        conn.execute(update(follow_ups).values(barred=[agent_id]))
        order = put_through(conn, rings(conn))
        assert attempt_of(conn, order.attempt_id).follow_up_id != owed
        assert follow_up_of(conn, owed).state is FollowUpState.WAITING

    await database.write(work)


async def test_d9_the_next_agent_is_rung_where_the_first_does_not_answer(database: Database) -> None:
    """He who did not answer is paused; the customer is not dialled while he is on the line."""

    def work(conn: Connection) -> None:
        first = add_ready_agent(conn, "8001", since=at(-60))
        second = add_ready_agent(conn, "8002")
        ticket = rings(conn)
        order = put_through(conn, ticket)
        calling.end(conn, order.attempt_id, NOT_THERE, LIBRARY, at(20))
        assert session_of(conn, first).state is AgentState.PAUSED
        assert reserve(conn, pairing(), at(21)).orders == []
        again = put_through(conn, ticket)
        one, other = (attempt_of(conn, order.attempt_id) for order in (order, again))
        assert (other.agent_id, other.follow_up_id) == (second, one.follow_up_id)
        assert not one.counted

    await database.write(work)


async def test_d9_who_gives_up_is_called_back_and_nobody_is_blamed(database: Database) -> None:
    """Within fifteen working minutes, once; the agent whose phone stopped ringing goes on."""

    def work(conn: Connection) -> None:
        agent_id = add_ready_agent(conn)
        ticket = rings(conn)
        order = put_through(conn, ticket)
        service.miss(conn, pairing(), ticket.id, Missed.LEFT, at(8))
        calling.end(conn, order.attempt_id, NOT_THERE, LIBRARY, at(9))
        assert session_of(conn, agent_id).state is AgentState.READY
        current = now_(conn, ticket)
        assert (current.state, current.missed) == (TicketState.MISSED, "left")
        (owed,) = conn.execute(select(follow_ups.c.id)).scalars().all()
        found = follow_up_of(conn, owed)
        assert (found.state, found.reason, found.due_at) == (FollowUpState.WAITING, "call_back", at(8))
        assert found.limit_at == at(8) + timedelta(minutes=15)
        assert [order.customer_number for order in reserve(conn, pairing(), at(10)).orders] == ["13800000001"]

    await database.write(work)


async def test_d9_out_of_hours_the_fifteen_minutes_begin_with_the_hours(database: Database) -> None:
    how = pairing(keep_hours=True)
    night = NOW.replace(hour=16)  # midnight in Shanghai

    def work(conn: Connection) -> None:
        assert service.is_open(how, NOW)
        assert not service.is_open(how, night)
        ticket = rings(conn)
        service.miss(conn, how, ticket.id, Missed.CLOSED, night)
        owed = follow_up_of(conn, now_(conn, ticket).follow_up_id or "")
        assert (owed.due_at.hour, owed.due_at.minute) == (0, 0)  # 8:00 in Shanghai
        assert owed.limit_at - owed.due_at == timedelta(minutes=15)

    await database.write(work)


async def test_d9_each_call_is_one_ticket_that_its_agent_files(database: Database) -> None:
    def work(conn: Connection) -> None:
        agent_id, other = add_ready_agent(conn, "8001"), add_ready_agent(conn, "8002")
        ticket = rings(conn)
        assert rings(conn).id == ticket.id, "told again after the link was lost"
        order = put_through(conn, ticket)
        calling.grant_go(conn, order.attempt_id, RUN, at(3))
        calling.note_answered(conn, order.attempt_id, at(3))
        assert now_(conn, ticket).state is TicketState.TALKING
        calling.end(conn, order.attempt_id, ANSWERED, LIBRARY, at(60))
        assert now_(conn, ticket).state is TicketState.OPEN
        mine, theirs = (agent_id, other) if now_(conn, ticket).agent_id == agent_id else (other, agent_id)
        with pytest.raises(BadTicket):
            service.file_ticket(conn, theirs, ticket.id, TicketKind.INQUIRY, "", at(61))
        service.file_ticket(conn, mine, ticket.id, TicketKind.SUGGESTION, "开晚一点", at(62))
        filed = now_(conn, ticket)
        assert (filed.state, filed.kind, filed.words) == (TicketState.CLOSED, "suggestion", "开晚一点")
        assert [row.id for row in latest(conn)] == [ticket.id]

    await database.write(work)


async def test_d9_filed_while_talking_it_is_closed_after_the_talk(database: Database) -> None:
    def work(conn: Connection) -> None:
        agent_id = add_ready_agent(conn)
        ticket = rings(conn)
        order = put_through(conn, ticket)
        calling.grant_go(conn, order.attempt_id, RUN, at(3))
        calling.note_answered(conn, order.attempt_id, at(3))
        service.file_ticket(conn, agent_id, ticket.id, TicketKind.REQUEST, "", at(20))
        assert now_(conn, ticket).state is TicketState.TALKING
        calling.end(conn, order.attempt_id, ANSWERED, LIBRARY, at(60))
        assert now_(conn, ticket).state is TicketState.CLOSED

    await database.write(work)


async def test_d9_while_somebody_waits_on_the_line_an_agent_is_spared_for_him(database: Database) -> None:
    def work(conn: Connection) -> None:
        for number in range(2):
            add_ready_agent(conn, f"800{number}")
            add_follow_up(conn, f"1380000000{number}")
        ticket = rings(conn, "13900000000")
        assert [one.id for one in ringing(conn)] == [ticket.id]
        assert len(reserve(conn, pairing(), NOW, spare=1).orders) == 1
        assert put_through(conn, ticket)

    await database.write(work)


async def test_d9_nobody_is_put_through_to_a_phone_that_cannot_ring(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_ready_agent(conn)
        ticket = rings(conn)
        how = replace(pairing(), reachable=frozenset())
        assert service.put_through(conn, how, ticket.id, NOW) is None

    await database.write(work)


async def test_d9_for_one_caller_one_phone_rings_also_after_a_restart(database: Database) -> None:
    """D7: he is told of again, and an agent's phone rings for him already."""

    def work(conn: Connection) -> None:
        for number in range(2):
            add_ready_agent(conn, f"800{number}")
        ticket = rings(conn)
        put_through(conn, ticket)
        assert service.put_through(conn, pairing(), rings(conn).id, at(5)) is None

    await database.write(work)
