"""The embedded SQLite: one thread writes, a few read."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from dialer.figures import StoreFigures
from dialer.storage.dialects import (
    checkpoint,
    make_sqlite_keeper,
    make_sqlite_reader,
    make_sqlite_writer,
)
from dialer.storage.feed import Feed
from dialer.storage.writer import BatchingWriter

T = TypeVar("T")

log = structlog.get_logger(__name__)

_READERS = 4
_CHECKPOINT_SECONDS = 2.0


class Embedded:
    """SQLite in a file. A query makes one hop to a thread, not one for each of its statements."""

    def __init__(self, url: str, feed: Feed) -> None:
        self._writer = BatchingWriter(make_sqlite_writer(url), feed)
        self._reading = make_sqlite_reader(url)
        self._keeping = make_sqlite_keeper(url)
        self._keeper: asyncio.Task[None] | None = None
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="database-reader")

    @property
    def figures(self) -> StoreFigures:
        """See `Database`."""
        return self._writer.figures

    async def start(self) -> None:
        """Begin to write."""
        self._writer.start()
        self._keeper = asyncio.create_task(self._keep(), name="database-keeper")

    async def stop(self) -> None:
        """Finish what waits to be written, and close."""
        await self._writer.stop()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        self._readers.shutdown()
        self._reading.dispose()
        self._keeping.dispose()

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` on a connection of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, query)

    async def write(self, work: Callable[[Connection], T], *, urgent: bool = False) -> T:
        """Run `work`; its result is durable."""
        return await self._writer.write(work, urgent=urgent)

    async def write_apart(self, work: Callable[[Connection], T]) -> T:
        """The same: there is one writer."""
        return await self._writer.write(work, urgent=True)

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_CHECKPOINT_SECONDS)
            try:
                await loop.run_in_executor(self._readers, self._checkpoint)
            except SQLAlchemyError as error:
                log.warning("The log of writes was not brought in.", action="checkpoint", error=str(error))

    def _checkpoint(self) -> None:
        with self._keeping.connect() as connection:
            checkpoint(connection)

    def _read(self, query: Callable[[Connection], T]) -> T:
        with self._reading.connect() as connection:
            return query(connection)
