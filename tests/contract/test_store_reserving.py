"""Pairing ready agents with due follow-ups: nobody twice, nobody who must not be called (D4, D7, D8, D10)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, update

from dialer.agents import service as agents
from dialer.agents.states import AgentState, PauseReason
from dialer.calling import queries, service
from dialer.calling.progress import Ending
from dialer.calling.reserving import Pairing, could_reserve, reserve
from dialer.customers.service import take_in
from dialer.customers.tables import customers
from dialer.followups.tables import follow_ups
from dialer.machine import IllegalMove
from dialer.storage.database import Database
from dialer.telephony.outcomes import DialOutcome
from dialer.telephony.port import CallOrder
from tests.support.core import (
    BUSY,
    LIBRARY,
    NOW,
    RUN,
    add_follow_up,
    add_ready_agent,
    at,
    attempt_of,
    follow_up_of,
    occasion,
    pairing,
    placed,
    session_of,
    talked,
    talking,
)


@pytest.fixture
async def other(database: Database) -> AsyncIterator[Database]:
    """A second process on the same database."""
    other = Database(database.url)
    await other.start()
    yield other
    await other.stop()


async def reserved(database: Database, how: Pairing | None = None) -> list[CallOrder]:
    return await database.write(lambda conn: reserve(conn, how or pairing(), NOW).orders)


async def numbers(database: Database, how: Pairing | None = None) -> list[str]:
    return [order.customer_number for order in await reserved(database, how)]


async def test_a_pair_is_committed_whole(database: Database) -> None:
    """D7: attempt, follow-up and agent move together, before anything rings."""

    def work(conn: Connection) -> tuple[str, str]:
        return add_follow_up(conn), add_ready_agent(conn, "8003")

    owed, agent_id = await database.write(work)
    (order,) = await reserved(database, pairing(caller_id="037100000", agent_ring_seconds=15))
    assert (order.agent_extension, order.customer_number) == ("8003", "13800000001")
    assert (order.caller_id, order.agent_ring_seconds, order.customer_ring_seconds) == ("037100000", 15, 45)
    attempt = await database.read(lambda conn: attempt_of(conn, order.attempt_id))
    assert (attempt.follow_up_id, attempt.agent_id, attempt.run_id) == (owed, agent_id, RUN)
    assert (attempt.state, attempt.counted) == ("placing_agent", False)
    assert (await database.read(lambda conn: follow_up_of(conn, owed))).state == "calling"
    session = await database.read(lambda conn: session_of(conn, agent_id))
    assert (session.state, session.attempt_id) == (AgentState.RESERVED, order.attempt_id)


@pytest.mark.parametrize(("agent_count", "owed_count", "calls"), [(3, 5, 3), (5, 3, 3), (0, 4, 0), (2, 0, 0)])
async def test_never_more_calls_than_ready_agents(
    database: Database, agent_count: int, owed_count: int, calls: int
) -> None:
    """D4."""

    def work(conn: Connection) -> None:
        for number in range(agent_count):
            add_ready_agent(conn, f"80{number:02}")
        for number in range(owed_count):
            add_follow_up(conn, f"138000000{number:02}")

    await database.write(work)
    assert len(await reserved(database)) == calls
    assert len(await reserved(database)) == 0


async def test_two_processes_never_give_anything_twice(database: Database, other: Database) -> None:
    """D7, D8: whoever comes second finds the row moved on, and leaves nothing half done."""

    def work(conn: Connection) -> None:
        for number in range(6):
            add_ready_agent(conn, f"80{number:02}", since=at(-number))
        for number in range(10):
            add_follow_up(conn, f"138000000{number:02}")

    await database.write(work)
    rounds = [reserved(one) for one in (database, other) * 4]
    results = await asyncio.gather(*rounds, return_exceptions=True)
    assert {type(result) for result in results} <= {list, IllegalMove}
    attempts = await database.read(queries.in_flight)
    assert len(attempts) == 6
    assert max(Counter(attempt.follow_up_id for attempt in attempts).values()) == 1
    assert max(Counter(attempt.agent_id for attempt in attempts).values()) == 1
    given = [order.attempt_id for result in results if isinstance(result, list) for order in result]
    assert sorted(given) == sorted(attempt.id for attempt in attempts)


async def test_pairing_tells_whether_agents_still_wait(database: Database) -> None:
    """Without one who waits, only an agent makes another pair possible."""

    def one_of_each(conn: Connection) -> list[bool]:
        nobody = reserve(conn, pairing(), NOW)
        add_ready_agent(conn, "8001")
        nothing_due = reserve(conn, pairing(), NOW)
        add_follow_up(conn)
        return [nobody.agents_left, nothing_due.agents_left, reserve(conn, pairing(), NOW).agents_left]

    assert await database.write(one_of_each) == [False, True, False]


async def test_what_nobody_here_may_take_is_not_in_the_way(database: Database) -> None:
    """L6: as many are looked at as agents wait; behind what they may not take, some more."""

    def work(conn: Connection) -> list[str]:
        add_ready_agent(conn, "8001")
        for number in ("13800000001", "13800000002"):
            skilled = add_follow_up(conn, number)
            conn.execute(
                update(follow_ups).where(follow_ups.c.id == skilled).values(skill="life", limit_at=NOW)
            )
        add_follow_up(conn, "13800000003")
        return [order.customer_number for order in reserve(conn, pairing(), NOW).orders]

    assert await database.write(work) == ["13800000003"]


def two_for_one_customer(conn: Connection) -> None:
    for extension in ("8001", "8002"):
        add_ready_agent(conn, extension)
    for _ in range(2):
        add_follow_up(conn, "13800000001")


async def test_a_customers_calls_come_one_after_another(database: Database) -> None:
    """L5: two things are owed to one customer; the second waits for the first call and its form."""
    await database.write(two_for_one_customer)
    (first,) = await reserved(database)
    assert await reserved(database) == []
    await database.write(lambda conn: service.end(conn, first.attempt_id, BUSY, LIBRARY, NOW))
    assert len(await reserved(database)) == 1


async def test_two_processes_never_ring_one_customer_at_once(database: Database, other: Database) -> None:
    """D8, L5: also where both look before either has written."""
    await database.write(two_for_one_customer)
    rounds = [reserved(one) for one in (database, other, database, other)]
    await asyncio.gather(*rounds, return_exceptions=True)
    assert len(await database.read(queries.in_flight)) == 1


async def test_pairing_and_pausing_at_once_never_lock_each_other_out(
    database: Database, other: Database
) -> None:
    """Two units that take the same rows in another order both come to an end, each with its answer."""

    def work(conn: Connection) -> list[str]:
        for number in range(6):
            add_follow_up(conn, f"1380000000{number}")
        return [add_ready_agent(conn, f"800{number}", since=at(number)) for number in range(6)]

    agent_ids = await database.write(work)

    def pause_all(conn: Connection) -> None:
        for agent_id in reversed(agent_ids):
            agents.pause(conn, agent_id, PauseReason.MEAL, NOW)

    writes = [reserved(database), other.write(pause_all), reserved(other), database.write(pause_all)]
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert {type(result) for result in results} <= {list, type(None), IllegalMove}
    for agent_id in agent_ids:
        session = await database.read(partial(session_of, agent_id=agent_id))
        assert session.state is AgentState.PAUSED or session.next_pause == PauseReason.MEAL


async def test_in_trial_mode_only_the_white_list_is_dialled(database: Database) -> None:
    """D10: and an empty list, the default of a new installation, dials nobody."""

    def work(conn: Connection) -> None:
        for number in range(3):
            add_ready_agent(conn, f"800{number}")
            add_follow_up(conn, f"1380000000{number}")

    await database.write(work)
    assert await numbers(database, pairing(trial=frozenset())) == []
    assert await numbers(database, pairing(trial=frozenset({"13800000002"}))) == ["13800000002"]
    assert await numbers(database, pairing(trial=frozenset({"13800000002"}))) == []
    assert sorted(await numbers(database)) == ["13800000000", "13800000001"]


async def test_the_next_phone_of_a_customer_is_held_to_the_white_list_too(database: Database) -> None:
    """D10, L7: an invalid number leads on to another one, which may not be on the list."""
    trial = pairing(trial=frozenset({"13800000001"}))

    def work(conn: Connection) -> None:
        add_ready_agent(conn)
        add_follow_up(conn, numbers=("13800000001", "13900000009"))
        (order,) = reserve(conn, trial, NOW).orders
        invalid = Ending(DialOutcome.INVALID_NUMBER, dialled=True, cause=1)
        service.end(conn, order.attempt_id, invalid, LIBRARY, NOW)

    await database.write(work)
    assert await numbers(database, trial) == []
    assert await numbers(database) == ["13900000009"]


async def test_do_not_call_holds_and_stays_when_the_file_comes_again(database: Database) -> None:
    """X3: once, re-imports included."""

    def work(conn: Connection) -> None:
        add_ready_agent(conn)
        add_follow_up(conn)
        conn.execute(update(customers).values(do_not_call=True))
        take_in(conn, occasion(), NOW)
        add_follow_up(conn)

    await database.write(work)
    assert await reserved(database) == []


async def test_do_not_call_holds_for_a_number_under_another_name(database: Database) -> None:
    """X3: once, holds everywhere; the next file may spell the name in another way."""

    def work(conn: Connection) -> None:
        add_ready_agent(conn)
        add_follow_up(conn, name="李")
        conn.execute(update(customers).values(do_not_call=True))
        add_follow_up(conn, name="李娜")

    await database.write(work)
    assert await reserved(database) == []


async def test_nobody_is_called_before_time_nor_outside_hours(database: Database) -> None:
    """L1, L3: 12:30 in Shanghai is a rest hour."""

    def work(conn: Connection) -> None:
        for extension in ("8001", "8002"):
            add_ready_agent(conn, extension)
        add_follow_up(conn)
        add_follow_up(conn, "13800000002", happened_at=NOW)

    await database.write(work)
    noon = NOW + timedelta(hours=2, minutes=30)
    keeps = pairing(keep_hours=True)
    assert await database.write(lambda conn: reserve(conn, keeps, noon).orders) == []
    assert await numbers(database, keeps) == ["13800000001"]


async def test_the_nearest_limit_comes_first_and_the_longest_waiting_agent(database: Database) -> None:
    """L9, D5."""

    def work(conn: Connection) -> None:
        add_follow_up(conn, "13800000001", happened_at=NOW - timedelta(days=1))
        add_follow_up(conn, "13800000002", happened_at=NOW - timedelta(days=3))
        add_ready_agent(conn, "8001", since=at(-10))
        add_ready_agent(conn, "8002", since=at(-90))

    await database.write(work)
    (order, _) = await reserved(database)
    assert (order.customer_number, order.agent_extension) == ("13800000002", "8002")


async def test_a_phone_that_cannot_ring_gets_no_call(database: Database) -> None:
    """D5: where it is not known which phones can, every one is tried."""

    def work(conn: Connection) -> None:
        add_follow_up(conn)
        add_ready_agent(conn, "8001")

    await database.write(work)
    deaf = pairing(reachable=frozenset({"8002"}))
    assert not await database.read(lambda conn: could_reserve(conn, deaf, NOW))
    assert await reserved(database, deaf) == []
    assert await database.read(lambda conn: could_reserve(conn, pairing(), NOW))
    assert len(await reserved(database)) == 1


async def test_no_more_calls_at_once_than_the_setting(database: Database) -> None:
    """D4: those in flight count, in doubt or not."""

    def work(conn: Connection) -> None:
        placed(conn, "13800000001", "8001")
        service.doubt(conn, placed(conn, "13800000002", "8002").id, RUN, NOW)
        for number in range(3, 6):
            add_ready_agent(conn, f"800{number}")
            add_follow_up(conn, f"1380000000{number}")

    await database.write(work)
    assert await reserved(database, pairing(max_calls=2)) == []
    assert len(await reserved(database, pairing(max_calls=3))) == 1


async def test_agents_who_talk_wrap_up_or_pause_get_no_call(database: Database) -> None:
    """D5."""

    def work(conn: Connection) -> None:
        talking(conn, "13800000001", "8001")
        talked(conn, "13800000002", "8002")
        agents.pause(conn, add_ready_agent(conn, "8003"), PauseReason.BREAK, NOW)
        agents.sign_out(conn, add_ready_agent(conn, "8004"), NOW)
        add_follow_up(conn, "13800000009")

    await database.write(work)
    assert await reserved(database) == []
