"""The embedded SQLite: one thread writes, a few read."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection

from dialer.storage.dialects import make_sqlite_reader, make_sqlite_writer
from dialer.storage.feed import Feed
from dialer.storage.writer import BatchingWriter

T = TypeVar("T")

_READERS = 4


class Embedded:
    """SQLite in a file. A query makes one hop to a thread, not one for each of its statements."""

    def __init__(self, url: str, feed: Feed) -> None:
        self._writer = BatchingWriter(make_sqlite_writer(url), feed)
        self._reading = make_sqlite_reader(url)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="database-reader")

    async def start(self) -> None:
        """Begin to write."""
        self._writer.start()

    async def stop(self) -> None:
        """Finish what waits to be written, and close."""
        await self._writer.stop()
        self._readers.shutdown()
        self._reading.dispose()

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` on a connection of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, query)

    async def write(self, work: Callable[[Connection], T], *, urgent: bool = False) -> T:
        """Run `work`; its result is durable."""
        return await self._writer.write(work, urgent=urgent)

    def _read(self, query: Callable[[Connection], T]) -> T:
        with self._reading.connect() as connection:
            return query(connection)
