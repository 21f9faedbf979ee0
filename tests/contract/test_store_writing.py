"""Writing on both databases: all of a unit or nothing, each change with its event row (design 3, 5)."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest
from sqlalchemy import Connection, select, update
from sqlalchemy.exc import StatementError

from dialer.agents import service as agents
from dialer.agents.states import MACHINE, AgentEvent, PauseReason
from dialer.agents.tables import agent_sessions
from dialer.customers.tables import customers, vehicles
from dialer.followups import service as follow_ups
from dialer.followups.states import FollowUpEvent
from dialer.machine import IllegalMove
from dialer.storage.database import Database
from dialer.storage.dialects import upsert
from dialer.storage.feed import after, emit, latest_id, of_subject, position, remember
from dialer.storage.transition import apply
from tests.support.core import NOW, add_follow_up, add_ready_agent, at, follow_up_of, session_of


class Trouble(Exception):
    """What a unit of work of these tests fails with."""


async def kinds(database: Database) -> list[str]:
    return [row.kind for row in await database.read(lambda conn: after(conn, 0))]


async def test_a_move_and_its_event_row_are_one(database: Database) -> None:
    """The event tells of the move, and carries where it came from."""
    key = await database.write(add_follow_up)
    await database.write(lambda conn: follow_ups.move(conn, key, FollowUpEvent.DIAL, at(1)))
    told = (await database.read(lambda conn: of_subject(conn, key)))[-1]
    assert (told.kind, told.at) == ("follow_up.calling", at(1))
    assert told.data == {"before": "waiting", "event": "dial", "reason": "new"}
    assert (await database.read(lambda conn: follow_up_of(conn, key))).state == "calling"


async def test_a_unit_that_fails_leaves_neither_its_move_nor_its_event(database: Database) -> None:
    key = await database.write(add_follow_up)
    before = await kinds(database)

    def dial_and_fail(conn: Connection) -> None:
        follow_ups.move(conn, key, FollowUpEvent.DIAL, NOW)
        raise Trouble

    with pytest.raises(Trouble):
        await database.write(dial_and_fail)
    assert (await database.read(lambda conn: follow_up_of(conn, key))).state == "waiting"
    assert await kinds(database) == before


async def test_of_two_racing_moves_one_wins(database: Database) -> None:
    """D7: both saw `waiting`; compare-and-set lets one through, the other is told."""
    key = await database.write(add_follow_up)
    moves = [
        database.write(lambda conn: follow_ups.move(conn, key, FollowUpEvent.DIAL, NOW)) for _ in range(8)
    ]
    results = await asyncio.gather(*moves, return_exceptions=True)
    assert results.count(None) == 1
    assert [type(result) for result in results if result is not None] == [IllegalMove] * 7
    assert (await kinds(database)).count("follow_up.calling") == 1


async def test_a_row_that_moved_on_meanwhile_is_not_overwritten(database: Database) -> None:
    """The state is compared in the UPDATE itself, not only when it was read."""
    agent_id = await database.write(add_ready_agent)

    def stale(conn: Connection) -> None:
        seen = session_of(conn, agent_id)
        conn.execute(update(agent_sessions).values(state="paused"))
        apply(conn, agent_sessions, agent_id, MACHINE.advance(seen.state, AgentEvent.RESERVE, NOW))

    with pytest.raises(IllegalMove, match="is no longer ready"):
        await database.write(stale)


async def test_a_failing_unit_leaves_the_others_of_its_batch_alone(database: Database) -> None:
    """One commit serves many callers: each gets its own answer."""

    def unit(number: int) -> Callable[[Connection], int]:
        def work(conn: Connection) -> int:
            emit(conn, f"unit-{number}", "batch", NOW)
            if number % 3 == 1:
                raise Trouble(number)
            return number

        return work

    results = await asyncio.gather(*(database.write(unit(n)) for n in range(9)), return_exceptions=True)
    good = [n for n in range(9) if n % 3 != 1]
    assert [result for result in results if isinstance(result, int)] == good
    assert [result.args for result in results if isinstance(result, Trouble)] == [(1,), (4,), (7,)]
    assert sorted(await kinds(database)) == [f"unit-{n}" for n in good]


async def test_a_broken_constraint_in_a_batch_fails_alone(database: Database) -> None:
    key = await database.write(add_follow_up)

    def break_it(conn: Connection) -> None:
        conn.execute(customers.insert().values(id=None))

    broken, moved = await asyncio.gather(
        database.write(break_it),
        database.write(lambda conn: follow_ups.move(conn, key, FollowUpEvent.DIAL, NOW)),
        return_exceptions=True,
    )
    assert isinstance(broken, Exception)
    assert moved is None
    assert (await database.read(lambda conn: follow_up_of(conn, key))).state == "calling"


async def test_what_was_acknowledged_is_read_by_everyone_at_once(database: Database) -> None:
    """Read your own write, through a connection of another kind."""
    other = Database(database.url)
    for number in range(5):
        key = await database.write(partial(add_follow_up, number=f"1380000000{number}"))
        assert (await other.read(partial(follow_up_of, follow_up_id=key))).state == "waiting"
    await other.stop()


async def test_a_consumer_goes_on_where_it_stopped(database: Database) -> None:
    """Exactly once: the position moves in the same transaction as the consumer's own change."""
    for number in range(3):
        await database.write(partial(emit, kind=f"news-{number}", subject="feed", at=NOW))
    assert await database.read(lambda conn: position(conn, "archive")) == 0
    first = (await database.read(lambda conn: after(conn, 0, limit=1)))[0]

    def deal_with_it_and_fail(conn: Connection) -> None:
        remember(conn, "archive", first.id)
        raise Trouble

    with pytest.raises(Trouble):
        await database.write(deal_with_it_and_fail)
    assert await database.read(lambda conn: position(conn, "archive")) == 0
    await database.write(lambda conn: remember(conn, "archive", first.id))
    await database.write(lambda conn: remember(conn, "archive", first.id + 1))
    where = await database.read(lambda conn: position(conn, "archive"))
    rest = await database.read(lambda conn: after(conn, where))
    assert [row.kind for row in rest] == ["news-2"]
    assert await database.read(latest_id) == rest[-1].id


async def test_a_reader_that_remembers_the_last_id_misses_no_event(database: Database) -> None:
    """V1: ids become visible in their order, however many write at once (PostgreSQL commits in any)."""
    other = Database(database.url)
    await other.start()
    seen: list[str] = []

    async def write(one: Database, name: str) -> None:
        for number in range(15):
            await one.write(partial(emit, kind=f"{name}-{number}", subject="feed", at=NOW))

    async def read_on() -> None:
        last = 0
        while len(seen) < 60:
            for row in await database.read(partial(after, last=last)):
                assert row.id > last
                last = row.id
                seen.append(row.kind)
            await asyncio.sleep(0)

    writers = [write(one, name) for one, name in zip((database, other) * 2, "abcd", strict=True)]
    await asyncio.wait_for(asyncio.gather(read_on(), *writers), 30)
    assert sorted(seen) == sorted(f"{name}-{number}" for name in "abcd" for number in range(15))
    await other.stop()


async def test_events_are_filtered_by_kind_and_counted_off(database: Database) -> None:
    def work(conn: Connection) -> None:
        for kind in ("a", "b", "a", "c"):
            emit(conn, kind, "feed", NOW, {"kind": kind})

    await database.write(work)
    found = await database.read(lambda conn: after(conn, 0, kinds=("a", "c")))
    assert [row.data["kind"] for row in found] == ["a", "a", "c"]
    assert len(await database.read(lambda conn: after(conn, 0, limit=2))) == 2


async def test_the_feed_wakes_who_waits_and_misses_nothing_since_the_mark(database: Database) -> None:
    """V1: news between looking and waiting is not slept over."""
    mark = database.feed.mark()
    await database.write(lambda conn: emit(conn, "news", "feed", NOW))
    await asyncio.wait_for(database.feed.wait(60, since=mark), 5)
    waiting = asyncio.create_task(database.feed.wait(60))
    await asyncio.sleep(0)
    await database.write(lambda conn: emit(conn, "news", "feed", NOW))
    await asyncio.wait_for(waiting, 5)


async def test_upsert_changes_the_row_with_the_same_key_and_no_other(database: Database) -> None:
    def work(conn: Connection) -> None:
        for customer in ("one", "two"):
            row = {"id": customer, "name": customer, "salutation": "", "branch": "x", "do_not_call": False}
            conn.execute(customers.insert().values(created_at=NOW, **row))
        for plate, customer in (("豫A1", "one"), ("豫A2", "one"), ("豫A1", "two")):
            upsert(conn, vehicles, {"plate": plate, "customer_id": customer, "model": ""}, ["plate"])

    await database.write(work)
    query = select(vehicles.c.plate, vehicles.c.customer_id).order_by(vehicles.c.plate)
    rows = await database.read(lambda conn: conn.execute(query).all())
    assert [tuple(row) for row in rows] == [("豫A1", "two"), ("豫A2", "one")]


async def test_times_come_back_in_utc_from_any_zone(database: Database) -> None:
    agent_id = await database.write(add_ready_agent)
    there = datetime(2026, 11, 22, 11, 30, tzinfo=timezone(timedelta(hours=8)))
    await database.write(lambda conn: agents.pause(conn, agent_id, PauseReason.MEAL, there))
    since = (await database.read(lambda conn: session_of(conn, agent_id))).since
    assert since.isoformat() == "2026-11-22T03:30:00+00:00"


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    """It does not say when."""
    agent_id = await database.write(add_ready_agent)
    naive = datetime(2026, 11, 22, 11, 30)
    with pytest.raises(StatementError, match="without a zone"):
        await database.write(lambda conn: agents.pause(conn, agent_id, PauseReason.MEAL, naive))
    assert (await database.read(lambda conn: session_of(conn, agent_id))).state == "ready"


async def test_what_waits_to_be_written_is_written_before_the_end(store_url: str) -> None:
    """A stop of the service loses nothing it accepted."""
    database = Database(store_url)
    await database.start()
    writes = [
        asyncio.create_task(database.write(lambda conn: emit(conn, "last", "feed", NOW))) for _ in range(20)
    ]
    await asyncio.sleep(0)
    await asyncio.gather(database.stop(), *writes)
    again = Database(store_url)
    assert len(await again.read(lambda conn: after(conn, 0))) == 20
    await again.stop()
