"""One way to read and one way to write, on SQLite and on PostgreSQL.

A unit of work is a function of a connection: it loads, decides with pure functions, and
applies. It may be run again, must not wait for anything but the database, and leaves no trace
when it raises.
"""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from dialer.figures import StoreFigures
from dialer.storage.dialects import is_sqlite
from dialer.storage.embedded import Embedded
from dialer.storage.feed import Feed
from dialer.storage.server import Server

T = TypeVar("T")


class Database:
    """The service's database at `url`. Start before use, stop after."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.feed = Feed()
        self._store = Embedded(url, self.feed) if is_sqlite(url) else Server(url, self.feed)

    @property
    def figures(self) -> StoreFigures:
        """What is counted of writing, for `/metrics`."""
        return self._store.figures

    async def start(self) -> None:
        """Begin to write."""
        await self._store.start()

    async def stop(self) -> None:
        """Finish what waits to be written, and close."""
        await self._store.stop()

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` on a connection of its own and give its result."""
        return await self._store.read(query)

    async def write(self, work: Callable[[Connection], T], *, urgent: bool = False) -> T:
        """Run `work` in a transaction; return its result once that is durable.

        `urgent` work is what a telephone call waits for: it goes before what else waits.

        Raises:
            Whatever `work` raised; nothing of it is kept then.
        """
        return await self._store.write(work, urgent=urgent)

    async def write_apart(self, work: Callable[[Connection], T]) -> T:
        """The same for brief work that leaves no event row: on a server it waits for no other writer.

        So is a lease renewed in time while something long is written.
        """
        return await self._store.write_apart(work)
