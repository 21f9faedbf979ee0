"""Calls by hand go through the gates of all others, on both databases (D2)."""

import pytest
from sqlalchemy import Connection, update

from dialer.agents import service as agents
from dialer.agents.queries import agent as agent_row
from dialer.agents.states import AgentState, PauseReason
from dialer.calling import queries as calls
from dialer.calling import service as calling
from dialer.calling.committing import Pairing
from dialer.calling.modes import manual
from dialer.calling.modes.manual import NotNow
from dialer.calling.modes.queries import held_for
from dialer.customers.tables import customers
from dialer.followups.tables import follow_ups
from dialer.storage.database import Database
from tests.support.core import (
    BRANCH,
    BUSY,
    LIBRARY,
    NOW,
    add_follow_up,
    add_ready_agent,
    at,
    attempt_of,
    follow_up_of,
    pairing,
    session_of,
)
from tests.support.offers import taken


async def test_d2_a_follow_up_is_called_again_by_hand_before_its_time(database: Database) -> None:
    """Not before counts for the engine, not for the agent who asks."""

    def work(conn: Connection) -> None:
        agent_id = add_ready_agent(conn)
        owed = add_follow_up(conn)
        conn.execute(update(follow_ups).values(due_at=at(9000)))
        manual.call_again(conn, pairing(), agent_id, owed, NOW)
        ((order, looked),) = taken(conn, 0)
        assert not looked, "the page opens first"
        assert attempt_of(conn, order.attempt_id).mode == "manual"

    await database.write(work)


async def test_d2_who_was_paused_calls_by_hand_and_is_paused_again(database: Database) -> None:
    def work(conn: Connection) -> None:
        agent_id = add_ready_agent(conn)
        agents.pause(conn, agent_id, PauseReason.MEETING, NOW)
        manual.call_again(conn, pairing(), agent_id, add_follow_up(conn), NOW)
        ((order, _),) = taken(conn, 1)
        calling.end(conn, order.attempt_id, BUSY, LIBRARY, at(30))
        on_it = session_of(conn, agent_id)
        assert (on_it.state, on_it.reason) == (AgentState.PAUSED, PauseReason.MEETING)

    await database.write(work)


async def test_d2_by_hand_the_same_gates_are_shut(database: Database) -> None:
    """L3, L4, D10, X3: each refusal names its gate."""

    def refused(conn: Connection, agent_id: str, owed: str, how: Pairing) -> str:
        with pytest.raises(NotNow) as refusal:
            manual.call_again(conn, how, agent_id, owed, NOW)
        return refusal.value.reason

    def work(conn: Connection) -> None:
        agent_id = add_ready_agent(conn)
        owed = add_follow_up(conn)
        night = pairing(keep_hours=True, time_zone="Europe/London")
        assert refused(conn, agent_id, owed, night) == "window"
        assert refused(conn, agent_id, owed, pairing(trial=frozenset({"13800000009"}))) == "trial"
        assert refused(conn, agent_id, owed, pairing(reachable=frozenset())) == "phone"
        conn.execute(update(follow_ups).values(barred=[agent_id]))
        assert refused(conn, agent_id, owed, pairing()) == "agent"
        conn.execute(update(follow_ups).values(barred=[]))
        conn.execute(update(customers).values(do_not_call=True))
        assert refused(conn, agent_id, owed, pairing()) == "do_not_call"
        conn.execute(update(customers).values(do_not_call=False))
        manual.call_again(conn, pairing(), agent_id, owed, NOW)
        assert refused(conn, agent_id, owed, pairing()) == "busy"
        assert calls.count_in_flight(conn) == 0

    await database.write(work)


async def test_d2_a_number_is_called_about_what_waits_for_it(database: Database) -> None:
    def work(conn: Connection) -> None:
        agent_id = add_ready_agent(conn)
        owed = add_follow_up(conn, "13800000001")
        manual.call_number(conn, pairing(), agent_id, " 138 0000-0001", NOW, branch=BRANCH)
        offer = held_for(conn, agent_id)
        assert offer is not None and offer.follow_up_id == owed

    await database.write(work)


async def test_d2_a_number_of_nobodys_makes_a_follow_up_of_its_own(database: Database) -> None:
    """The planner leaves it alone; the trial list and the carriers' limits count all the same."""

    def work(conn: Connection) -> None:
        agent_id = add_ready_agent(conn)
        with pytest.raises(NotNow, match="number"):
            manual.call_number(conn, pairing(), agent_id, "call me", NOW, branch=BRANCH)
        manual.call_number(conn, pairing(), agent_id, "+86 139 1111 2222", NOW, branch=BRANCH)
        offer = held_for(conn, agent_id)
        assert offer is not None
        owed = follow_up_of(conn, offer.follow_up_id)
        assert (owed.playbook, owed.number, owed.owner_id) == ("direct-call", "13911112222", agent_id)
        who = agent_row(conn, agent_id)
        assert who is not None
        ((order, _),) = taken(conn, 1)
        assert order.customer_number == "13911112222"

    await database.write(work)
