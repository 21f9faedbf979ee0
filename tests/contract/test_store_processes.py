"""Several processes on one PostgreSQL: one writes after the other, whatever each has seen (D8).

Each test stops one process in the middle of its unit of work until the other waits for it, or is done.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import pytest
from sqlalchemy import Connection, text, update
from sqlalchemy.util import await_only

from dialer.agents.queries import Agent
from dialer.agents.queries import agent as agent_row
from dialer.agents.service import pause
from dialer.agents.states import AgentState, PauseReason
from dialer.agents.tables import agent_sessions
from dialer.calling import queries
from dialer.calling.committing import commit_to
from dialer.calling.reserving import reserve
from dialer.followups.queries import FollowUp
from dialer.storage.database import Database
from dialer.storage.feed import after, emit
from tests.support.core import NOW, add_follow_up, add_ready_agent, follow_up_of, pairing, session_of

T = TypeVar("T")

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
def kind() -> str:
    """On SQLite one process owns the database."""
    return "postgresql"


@pytest.fixture
async def other(database: Database) -> AsyncIterator[Database]:
    """A second process on the same database."""
    other = Database(database.url)
    await other.start()
    yield other
    await other.stop()


def somebody_waits(conn: Connection) -> bool:
    return bool(conn.execute(_WAITING).scalar())


async def at_once(
    database: Database, first: Callable[[Connection, Callable[[], None]], object], second: "asyncio.Task[T]"
) -> list[object]:
    """Run `first`, which calls its second argument where it shall stop until `second` waits or is done."""

    async def second_waits() -> None:
        while not second.done() and not await database.read(somebody_waits):
            await asyncio.wait({second}, timeout=0.01)

    def work(conn: Connection) -> object:
        return first(conn, lambda: await_only(second_waits()))

    return list(await asyncio.gather(database.write(work), second, return_exceptions=True))


@pytest.mark.parametrize("names", [("李一", "李一"), ("李一", "王二")])
async def test_two_processes_never_ring_one_customer_at_once(
    database: Database, other: Database, names: tuple[str, str]
) -> None:
    """D8, L5, D7: two follow-ups of one customer, or of two with one telephone, and both look before either
    has committed."""

    def prepare(conn: Connection) -> None:
        for extension, name in zip(("8001", "8002"), names, strict=True):
            add_ready_agent(conn, extension)
            add_follow_up(conn, "13800000001", name=name)

    await database.write(prepare)
    second = asyncio.create_task(other.write(lambda conn: reserve(conn, pairing(), NOW).orders))

    def first(conn: Connection, stop: Callable[[], None]) -> object:
        orders = reserve(conn, pairing(), NOW).orders
        stop()
        return orders

    results = await at_once(database, first, second)
    assert sorted(len(result) for result in results if isinstance(result, list)) == [0, 1]
    assert len(await database.read(queries.in_flight)) == 1


async def test_the_statement_that_commits_sees_what_another_process_has_committed(
    database: Database, other: Database
) -> None:
    """D7, D8: also where nobody asked before."""

    def prepare(conn: Connection) -> list[tuple[Agent, FollowUp]]:
        pairs = []
        for extension, name in (("8001", "李一"), ("8002", "王二")):
            who = agent_row(conn, add_ready_agent(conn, extension))
            assert who is not None
            pairs.append((who, follow_up_of(conn, add_follow_up(conn, "13800000001", name=name))))
        return pairs

    one, two = await database.write(prepare)
    second = asyncio.create_task(other.write(lambda conn: commit_to(conn, pairing(), *two, NOW)))

    def first(conn: Connection, stop: Callable[[], None]) -> object:
        order = commit_to(conn, pairing(), *one, NOW)
        stop()
        return order

    results = await at_once(database, first, second)
    assert sorted(type(result).__name__ for result in results) == ["CallOrder", "Engaged"]


async def test_two_units_that_need_the_same_rows_both_come_to_an_end(
    database: Database, other: Database
) -> None:
    """One holds an agent and wants to tell of it, the other tells of a call and wants that agent."""

    def prepare(conn: Connection) -> str:
        add_follow_up(conn)
        return add_ready_agent(conn)

    agent_id = await database.write(prepare)
    second = asyncio.create_task(other.write(lambda conn: reserve(conn, pairing(), NOW).orders))

    def first(conn: Connection, stop: Callable[[], None]) -> None:
        conn.execute(update(agent_sessions).values(since=NOW))
        stop()
        pause(conn, agent_id, PauseReason.MEAL, NOW)

    results = await at_once(database, first, second)
    assert not [result for result in results if isinstance(result, Exception)]
    session = await database.read(lambda conn: session_of(conn, agent_id))
    assert session.state is AgentState.PAUSED or session.next_pause == PauseReason.MEAL


async def test_event_ids_become_visible_in_their_order(database: Database, other: Database) -> None:
    """V1: a reader that remembers the last id would pass over one that commits late."""
    second = asyncio.create_task(other.write(lambda conn: emit(conn, "second", "feed", NOW)))
    seen_early: list[str] = []

    def first(conn: Connection, stop: Callable[[], None]) -> None:
        emit(conn, "first", "feed", NOW)
        stop()
        seen_early.extend(row.kind for row in after(conn, 0))

    assert await at_once(database, first, second) == [None, None]
    ids = {row.kind: row.id for row in await database.read(lambda conn: after(conn, 0))}
    assert set(ids) == {"first", "second"}
    assert ("second" in seen_early) is (ids["second"] < ids["first"])


async def test_many_writers_leave_connections_for_those_who_read(database: Database) -> None:
    """A burst of writes must not hold the pages back."""
    writes = [
        asyncio.create_task(database.write(lambda conn: emit(conn, "burst", "feed", NOW))) for _ in range(40)
    ]
    read = asyncio.create_task(database.read(lambda conn: len(after(conn, 0))))
    first, _ = await asyncio.wait({*writes, read}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*writes, read)
    assert read.result() < 40
    assert first
