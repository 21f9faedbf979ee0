"""A PostgreSQL server, for several machines."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

from sqlalchemy import Connection

from dialer.figures import Histogram, StoreFigures
from dialer.storage.dialects import keep_event_order, make_server_engine
from dialer.storage.feed import Feed, flush, forget, take_news

T = TypeVar("T")


class Server:
    """PostgreSQL through SQLAlchemy's asyncio engine; each write a transaction of its own."""

    def __init__(self, url: str, feed: Feed) -> None:
        self._engine = make_server_engine(url)
        self._feed = feed
        # Who waits to write holds no connection, so that a burst leaves some for those who read.
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._commits = Histogram()

    @property
    def figures(self) -> StoreFigures:
        """See `Database`."""
        return StoreFigures(self._waiting, self._commits)

    async def start(self) -> None:
        """Nothing to begin: connections are made when they are needed."""

    async def stop(self) -> None:
        """Let the write in progress end, and close."""
        async with self._turn:
            await self._engine.dispose()

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` on a connection of its own."""
        async with self._engine.connect() as connection:
            return await connection.run_sync(query)

    async def write(self, work: Callable[[Connection], T], *, urgent: bool = False) -> T:
        """Run `work`; its result is durable. Writes come in turn, `urgent` or not."""
        self._waiting += 1
        try:
            async with self._turn:
                began = perf_counter()
                async with self._engine.begin() as connection:
                    await connection.run_sync(keep_event_order)
                    result, news = await connection.run_sync(_with_events, work)
                self._commits.add(perf_counter() - began)
        finally:
            self._waiting -= 1
        if news:
            self._feed.wake(news)
        return result

    async def write_apart(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, which leaves no event row, beside whatever else is written."""
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)


def _with_events(connection: Connection, work: Callable[[Connection], T]) -> tuple[T, frozenset[str]]:
    try:
        result = work(connection)
        flush(connection)
    finally:
        # The connection goes back to the pool: nothing of this transaction may stay on it.
        # One that was cut off in the middle is thrown away, and asking it would hide why.
        if not connection.invalidated:
            forget(connection)
    return result, take_news(connection)
