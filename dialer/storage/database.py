"""One way to read and one way to write, on SQLite and on PostgreSQL.

A unit of work is a function of a connection: it loads, decides with pure functions, and
applies. It may be run again by its caller, must not wait for anything but the database, and
leaves no trace when it raises.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from dialer.storage.dialects import is_sqlite, keep_event_order, make_engine, make_sqlite_writer
from dialer.storage.feed import Feed
from dialer.storage.writer import BatchingWriter

T = TypeVar("T")


class Database:
    """The service's database at `url`. Start before use, stop after."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = make_engine(url)
        self.feed = Feed()
        # Who waits to write holds no connection, so that a burst leaves some for those who read.
        self._turn = asyncio.Lock()
        self._writer: BatchingWriter | None = None
        if is_sqlite(url):
            self._writer = BatchingWriter(make_sqlite_writer(url), self.feed)

    async def start(self) -> None:
        """Begin to write."""
        if self._writer is not None:
            self._writer.start()

    async def stop(self) -> None:
        """Finish what waits to be written, and close."""
        if self._writer is not None:
            await self._writer.stop()
        async with self._turn:
            await self._engine.dispose()

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` on a connection of its own and give its result."""
        async with self._engine.connect() as connection:
            return await connection.run_sync(query)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction; return its result once that is durable.

        Raises:
            Whatever `work` raised; nothing of it is kept then.
        """
        if self._writer is not None:
            return await self._writer.write(work)
        async with self._turn, self._engine.begin() as connection:
            await connection.run_sync(keep_event_order)
            result = await connection.run_sync(work)
        self.feed.wake()
        return result
