"""The one writer of SQLite: what a telephone call waits for is made durable without delay (D7)."""

import asyncio
import threading
from pathlib import Path

from sqlalchemy import Connection, event

from dialer.storage.dialects import make_sqlite_writer, sqlite_url
from dialer.storage.feed import Feed
from dialer.storage.migrating import migrate
from dialer.storage.writer import BatchingWriter


async def test_urgent_work_is_not_held_back_by_ordinary_work_of_its_batch(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "t.db")
    await migrate(url)
    engine = make_sqlite_writer(url)
    order: list[str] = []
    event.listen(engine, "commit", lambda _conn: order.append("commit"))
    writer = BatchingWriter(engine, Feed())
    writer.start()
    gate = threading.Event()

    def hold(conn: Connection) -> None:
        gate.wait(10)
        note(conn, "first")

    def note(conn: Connection, what: str) -> None:
        conn.exec_driver_sql("SELECT 1")
        order.append(what)

    try:
        works = [asyncio.create_task(writer.write(hold))]
        await asyncio.sleep(0.05)
        works += [asyncio.create_task(writer.write(lambda c: note(c, "ordinary"))) for _ in range(3)]
        works.append(asyncio.create_task(writer.write(lambda c: note(c, "urgent"), urgent=True)))
        await asyncio.sleep(0.05)
        gate.set()
        await asyncio.gather(*works)
    finally:
        await writer.stop()
        engine.dispose()
    urgent = order.index("urgent")
    assert order[urgent + 1] == "commit"
    assert order.index("ordinary") > urgent
    assert order.count("ordinary") == 3
