"""The one writer of SQLite: what a telephone call waits for is made durable without delay (D7)."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from dialer.storage.dialects import make_sqlite_writer, sqlite_url
from dialer.storage.feed import Feed
from dialer.storage.migrating import migrate
from dialer.storage.writer import BatchingWriter


class Desk:
    """A writer on a small database, and the order in which things were done."""

    def __init__(self, path: Path, writer: BatchingWriter, order: list[str]) -> None:
        self.path = path
        self.writer = writer
        self.order = order

    def note(self, conn: Connection, what: str) -> None:
        conn.exec_driver_sql("INSERT INTO notes VALUES (?)", (what,))
        self.order.append(what)

    def write(self, what: str, *, urgent: bool = False) -> "asyncio.Task[None]":
        return asyncio.create_task(self.writer.write(lambda c: self.note(c, what), urgent=urgent))

    def stored(self) -> list[str]:
        with sqlite3.connect(self.path) as other:
            return [row[0] for row in other.execute("SELECT * FROM notes ORDER BY rowid")]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    url = sqlite_url(tmp_path / "t.db")
    await migrate(url)
    engine = make_sqlite_writer(url)
    order: list[str] = []
    event.listen(engine, "commit", lambda _conn: order.append("commit"))
    writer = BatchingWriter(engine, Feed())
    writer.start()
    await writer.write(lambda c: c.exec_driver_sql("CREATE TABLE notes (what)") and None)
    order.clear()
    yield Desk(tmp_path / "t.db", writer, order)
    await writer.stop()
    engine.dispose()


def refuse(_conn: Connection) -> None:
    raise LookupError("refused")


async def test_urgent_work_is_not_held_back_by_ordinary_work(desk: Desk) -> None:
    gate = threading.Event()

    def hold(conn: Connection) -> None:
        gate.wait(10)
        desk.note(conn, "first")

    works = [asyncio.create_task(desk.writer.write(hold))]
    await asyncio.sleep(0.05)
    works += [desk.write("ordinary") for _ in range(3)]
    works.append(desk.write("urgent", urgent=True))
    await asyncio.sleep(0.01)
    gate.set()
    await asyncio.gather(*works)
    urgent = desk.order.index("urgent")
    assert desk.order[urgent + 1] == "commit"
    assert desk.order.index("ordinary") > urgent
    assert desk.order.count("ordinary") == 3


async def test_what_waits_at_one_moment_shares_a_commit(desk: Desk) -> None:
    await asyncio.gather(*(desk.write(str(number), urgent=True) for number in range(5)))
    assert desk.order == ["0", "1", "2", "3", "4", "commit"]


async def test_it_is_durable_before_its_caller_is_told(desk: Desk) -> None:
    for number in range(5):
        await desk.write(str(number), urgent=number % 2 == 0)
        assert desk.stored()[-1] == str(number)


@pytest.mark.parametrize("urgent", [True, False])
async def test_one_that_fails_fails_alone(desk: Desk, urgent: bool) -> None:
    before = desk.write("before", urgent=urgent)
    failing = asyncio.create_task(desk.writer.write(refuse, urgent=urgent))
    after = desk.write("after", urgent=urgent)
    with pytest.raises(LookupError, match="refused"):
        await failing
    await asyncio.gather(before, after)
    assert desk.stored() == ["before", "after"]


async def test_another_process_that_writes_does_not_halt_the_event_loop(desk: Desk) -> None:
    """Its lock is waited for in the thread: pages and the link go on meanwhile."""
    other = sqlite3.connect(desk.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    work = desk.write("urgent", urgent=True)
    longest, last = 0.0, time.monotonic()
    for _ in range(50):
        await asyncio.sleep(0.01)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert not work.done()
    other.execute("COMMIT")
    other.close()
    await work
    assert desk.stored() == ["urgent"]
    assert longest < 0.4  # it would have been the whole half second


async def test_urgent_work_without_end_does_not_starve_ordinary_work(desk: Desk) -> None:
    going = True

    async def urge() -> None:
        while going:
            await desk.write("urgent", urgent=True)

    urging = [asyncio.create_task(urge()) for _ in range(4)]
    await asyncio.sleep(0.05)
    async with asyncio.timeout(10):
        await desk.write("ordinary")
    going = False
    await asyncio.gather(*urging)


async def test_what_waits_at_the_stop_is_written(desk: Desk) -> None:
    works = [desk.write("urgent", urgent=True), desk.write("ordinary")]
    await asyncio.sleep(0)
    await desk.writer.stop()
    await asyncio.gather(*works)
    assert sorted(desk.stored()) == ["ordinary", "urgent"]
