"""Preview and appointments to the minute, on both databases (D2, L7)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, select, update

from dialer.agents import service as agents
from dialer.agents.states import AgentState, PauseReason
from dialer.agents.tables import agents as agent_table
from dialer.alarms.service import open_alarms
from dialer.calling import queries as calls
from dialer.calling import service as calling
from dialer.calling.modes import preparing, queries, service
from dialer.calling.modes.queries import held_for, next_moment, offer_of
from dialer.calling.modes.service import BadSkip
from dialer.calling.modes.states import OfferState
from dialer.calling.reserving import reserve
from dialer.customers.tables import customers
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.machine import IllegalMove
from dialer.planning.tables import decisions
from dialer.storage import feed
from dialer.storage.database import Database
from tests.support.core import (
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
from tests.support.offers import previewing, shown, state_of, taken


async def test_d2_in_preview_the_agent_looks_and_nothing_is_committed_before_he_presses(
    database: Database,
) -> None:
    def work(conn: Connection) -> None:
        agent_id, offer = shown(conn)
        assert session_of(conn, agent_id).state is AgentState.PREVIEW
        assert follow_up_of(conn, offer.follow_up_id).state is FollowUpState.CALLING
        assert calls.count_in_flight(conn) == 0
        assert taken(conn, 5) == []
        service.press(conn, agent_id, offer.id, at(6))
        ((order, looked),) = taken(conn, 6)
        assert looked, "the page has been open: the phone rings at once"
        attempt = attempt_of(conn, order.attempt_id)
        assert (attempt.mode, attempt.follow_up_id, attempt.agent_id) == (
            "preview",
            offer.follow_up_id,
            agent_id,
        )
        on_it = session_of(conn, agent_id)
        assert (on_it.state, on_it.attempt_id) == (AgentState.RESERVED, order.attempt_id)
        assert state_of(conn, offer) is OfferState.CALLED
        # The call ends as any other.
        assert calling.grant_go(conn, order.attempt_id, attempt.run_id, at(7))
        calling.end(conn, order.attempt_id, BUSY, LIBRARY, at(30))
        assert session_of(conn, agent_id).state is AgentState.READY
        assert follow_up_of(conn, offer.follow_up_id).tries == {"busy": 1}

    await database.write(work)


async def test_d2_the_agents_own_setting_lets_him_look_whatever_the_playbook_says(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_follow_up(conn)
        agent_id = add_ready_agent(conn)
        conn.execute(update(agent_table).values(preview=True))
        assert reserve(conn, pairing(), NOW).orders == []
        assert held_for(conn, agent_id) is not None

    await database.write(work)


async def test_d2_a_skip_needs_a_reason_and_is_not_shown_to_him_again_that_day(database: Database) -> None:
    def work(conn: Connection) -> None:
        agent_id, offer = shown(conn)
        with pytest.raises(BadSkip):
            service.skip(conn, agent_id, offer.id, "no such reason", previewing(), at(1))
        service.skip(conn, agent_id, offer.id, "data_wrong", previewing(), at(1))
        assert session_of(conn, agent_id).state is AgentState.READY
        owed = follow_up_of(conn, offer.follow_up_id)
        assert (owed.state, owed.tries) == (FollowUpState.WAITING, {})
        told = [row for row in feed.of_subject(conn, offer.id) if row.kind == "offer.skipped"]
        assert [row.data["reason"] for row in told] == ["data_wrong"]
        # Not to him today, however often it is looked; another one is shown it, and he himself tomorrow.
        assert reserve(conn, previewing(), at(2)).agents_left
        assert held_for(conn, agent_id) is None
        other = add_ready_agent(conn, "8002")
        reserve(conn, previewing(), at(3))
        found = held_for(conn, other)
        assert found is not None and found.follow_up_id == owed.id
        service.skip(conn, other, found.id, "other", previewing(), at(4))
        reserve(conn, previewing(), NOW + timedelta(days=1))
        assert held_for(conn, agent_id) is not None

    await database.write(work)


async def test_d2_what_was_skipped_is_not_in_the_way_of_the_rest(database: Database) -> None:
    """However many he has skipped, the next one is found."""

    def work(conn: Connection) -> None:
        for number in range(12):
            add_follow_up(conn, f"138000000{number:02}")
        agent_id = add_ready_agent(conn)
        seen = set()
        for second in range(12):
            reserve(conn, previewing(), at(second))
            offer = held_for(conn, agent_id)
            assert offer is not None
            seen.add(offer.follow_up_id)
            service.skip(conn, agent_id, offer.id, "other", previewing(), at(second))
        assert len(seen) == 12

    await database.write(work)


async def test_d2_a_skip_lets_colleagues_have_it_unless_only_he_may_call(
    database: Database,
) -> None:
    def work(conn: Connection) -> None:
        for number, bound in (("13800000001", False), ("13800000002", True)):
            follow_up_id = add_follow_up(conn, number)
            agent_id = add_ready_agent(conn, f"80{number[-2:]}")
            mine = update(follow_ups).where(follow_ups.c.id == follow_up_id)
            conn.execute(mine.values(owner_id=agent_id, bound=bound))
            reserve(conn, previewing(), NOW)
            offer = held_for(conn, agent_id)
            assert offer is not None
            service.skip(conn, agent_id, offer.id, "other", previewing(), at(1))
            assert follow_up_of(conn, follow_up_id).owner_id == (agent_id if bound else None)

    await database.write(work)


@pytest.mark.parametrize(("then", "state"), [("release", OfferState.EXPIRED), ("call", OfferState.CALLED)])
async def test_d2_when_the_time_to_look_is_over_it_is_called_or_goes_back(
    database: Database, then: str, state: OfferState
) -> None:
    """The playbook says which; who does not react is paused, with the reason."""

    def work(conn: Connection) -> None:
        agent_id, offer = shown(conn, previewing(preview_seconds=30, preview_then=then))
        assert taken(conn, 29) == []
        called = taken(conn, 30)
        assert state_of(conn, offer) is state
        on_it = session_of(conn, agent_id)
        if state is OfferState.CALLED:
            assert len(called) == 1
            assert on_it.state is AgentState.RESERVED
        else:
            assert (on_it.state, on_it.reason) == (AgentState.PAUSED, PauseReason.PREVIEW_OVER)
            assert follow_up_of(conn, offer.follow_up_id).state is FollowUpState.WAITING

    await database.write(work)


async def test_d2_the_gates_are_asked_again_when_he_presses(database: Database) -> None:
    """L4, X3: the customer asked not to be called while the page was open."""

    def work(conn: Connection) -> None:
        agent_id, offer = shown(conn)
        conn.execute(update(customers).values(do_not_call=True))
        service.press(conn, agent_id, offer.id, at(3))
        assert taken(conn, 3) == []
        current = offer_of(conn, offer.id)
        assert current is not None
        assert (current.state, current.reason) == (OfferState.REFUSED, "do_not_call")
        assert session_of(conn, agent_id).state is AgentState.READY
        assert follow_up_of(conn, offer.follow_up_id).state is FollowUpState.WAITING
        verdict = select(decisions.c.verdict).where(decisions.c.subject == offer.follow_up_id)
        assert conn.execute(verdict).scalars().all() == ["excluded"]

    await database.write(work)


async def test_d2_nobody_presses_what_lies_before_another_and_nothing_twice(database: Database) -> None:
    def work(conn: Connection) -> None:
        agent_id, offer = shown(conn)
        other = add_ready_agent(conn, "8002")
        with pytest.raises(IllegalMove):
            service.press(conn, other, offer.id, at(1))
        service.press(conn, agent_id, offer.id, at(1))
        with pytest.raises(IllegalMove):
            service.press(conn, agent_id, offer.id, at(1))
        assert len(taken(conn, 2)) == 1
        assert taken(conn, 3) == []

    await database.write(work)


async def test_d7_without_a_link_nobody_waits_to_be_called_out_of_the_blue(database: Database) -> None:
    def work(conn: Connection) -> None:
        agent_id, offer = shown(conn)
        service.press(conn, agent_id, offer.id, at(1))
        assert service.give_up_pressed(conn, pairing(), at(2)) == 1
        assert state_of(conn, offer) is OfferState.REFUSED
        assert session_of(conn, agent_id).state is AgentState.READY

    await database.write(work)


# Appointments.


def agreed(conn: Connection, seconds: float, owner: str | None, number: str = "13800000001") -> str:
    """A follow-up whose customer wants to be called so many seconds after NOW; its id."""
    follow_up_id = add_follow_up(conn, number)
    minute = at(seconds)
    # Far down in the queue: an appointment does not stand in line.
    values = {"due_at": minute, "appointment_at": minute, "owner_id": owner, "limit_at": at(9e6)}
    conn.execute(update(follow_ups).where(follow_ups.c.id == follow_up_id).values(**values))
    return follow_up_id


async def test_l7_an_appointment_keeps_its_agent_and_is_called_at_its_minute(database: Database) -> None:
    """The page opens half a minute before; other calls do not get in between."""

    def work(conn: Connection) -> None:
        agent_id = add_ready_agent(conn)
        owed = agreed(conn, 100, agent_id)
        assert reserve(conn, pairing(), at(69)).orders == []
        assert held_for(conn, agent_id) is None, "not yet"
        add_follow_up(conn, "13800000002")
        assert reserve(conn, pairing(), at(70)).orders == [], "kept for the appointment"
        offer = held_for(conn, agent_id)
        assert offer is not None
        assert (offer.follow_up_id, offer.mode, offer.calls_at) == (owed, "appointment", at(100))
        assert taken(conn, 99.9) == []
        ((order, looked),) = taken(conn, 100)
        assert looked
        attempt = attempt_of(conn, order.attempt_id)
        assert (attempt.follow_up_id, attempt.mode, attempt.placed_at) == (owed, "appointment", at(100))

    await database.write(work)


async def test_l7_a_busy_agents_appointment_is_seen_and_goes_to_a_stand_in(database: Database) -> None:
    def work(conn: Connection) -> None:
        owner = add_ready_agent(conn, "8001")
        agents.pause(conn, owner, PauseReason.MEETING, NOW)
        stand_in = add_ready_agent(conn, "8002")
        owed = agreed(conn, 60, owner)
        assert reserve(conn, pairing(), at(60)).orders == []
        preparing.watch_appointments(conn, at(60))
        (alarm,) = open_alarms(conn)
        assert (alarm.kind, alarm.subject) == (preparing.UNKEPT, owed)
        assert reserve(conn, pairing(), at(60 + 299)).orders == []
        (order,) = reserve(conn, pairing(), at(60 + 300)).orders
        attempt = attempt_of(conn, order.attempt_id)
        assert (attempt.agent_id, attempt.follow_up_id) == (stand_in, owed)
        assert not preparing.appointments_to_watch(conn, at(361)) or open_alarms(conn)
        preparing.watch_appointments(conn, at(361))
        assert open_alarms(conn) == []

    await database.write(work)


async def test_l7_the_next_moment_is_the_nearest_of_all_that_time_brings(database: Database) -> None:
    def work(conn: Connection) -> None:
        lead = timedelta(seconds=30)
        assert next_moment(conn, NOW, lead) is None
        later = add_follow_up(conn, "13800000002")
        conn.execute(update(follow_ups).where(follow_ups.c.id == later).values(due_at=at(500)))
        assert next_moment(conn, NOW, lead) == at(500)
        agreed(conn, 400, None)
        assert next_moment(conn, NOW, lead) == at(370), "its agent is kept before"
        assert next_moment(conn, at(370), lead) == at(400)
        shown_to, offer = shown(conn, previewing(preview_seconds=60))
        assert shown_to and offer.ends_at == at(60)
        assert next_moment(conn, NOW, lead) == at(60)

    await database.write(work)


@pytest.mark.parametrize("query", ["_NEXT_DUE", "_NEXT_APPOINTMENT", "_NEXT_OVER", "_OVER", "_APPOINTMENTS"])
async def test_l7_what_time_brings_next_is_looked_up_and_never_searched_for(
    database: Database, query: str
) -> None:
    """However many wait: the plan of the database itself, with every way but an index made unattractive."""
    statement = getattr(queries, query).statement
    times = dict.fromkeys(("now", "from_then", "until", "kept_until", "put_back"), NOW)
    values: dict[str, object] = {**times, "ready": ["a"], "shut": ["b"], "most": 1}
    known = {name: value for name, value in values.items() if name in statement.compile().params}

    def plan(conn: Connection) -> str:
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
        sent: list[tuple[str, Any]] = []

        def note(_conn: object, _cursor: object, text: str, given: Any, *_: object) -> None:
            sent.append((text, given))

        event.listen(conn, "before_cursor_execute", note)
        conn.execute(statement, known)
        event.remove(conn, "before_cursor_execute", note)
        text, given = sent[0]
        explain = "EXPLAIN" if conn.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        rows = conn.exec_driver_sql(f"{explain} {text}", given).all()
        return "\n".join(str(row[-1]) for row in rows)

    found = await database.write(plan)
    table = "offers" if "OVER" in query else "follow_ups"
    assert re.search(rf"(?i)\b(search|index\b.*scan).*{table}", found), found
    assert not re.search(rf"SCAN {table}(?! USING)|Seq Scan on {table}", found), found
