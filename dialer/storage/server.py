"""A PostgreSQL server, for several machines."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from time import perf_counter
from types import TracebackType
from typing import TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.figures import Histogram, StoreFigures
from dialer.storage.away import DatabaseAway, as_away
from dialer.storage.dialects import end_halted, keep_event_order, make_server_engine
from dialer.storage.feed import Feed, flush, forget, take_news

T = TypeVar("T")

log = structlog.get_logger(__name__)

_KEEP_SECONDS = 5.0
_LONGEST_HALT_SECONDS = 10.0


class Server:
    """PostgreSQL through SQLAlchemy's asyncio engine; each write a transaction of its own.

    Nobody waits for a server that went away for longer than a statement may take; the log tells of it once,
    and once of its return (D7).
    """

    def __init__(self, url: str, feed: Feed) -> None:
        self._engine = make_server_engine(url)
        self._feed = feed
        # Who waits to write holds no connection, so that a burst leaves some for those who read.
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._commits = Histogram()
        self._keeper: asyncio.Task[None] | None = None
        self._away_since: float | None = None

    @property
    def figures(self) -> StoreFigures:
        """See `Database`."""
        return StoreFigures(self._waiting, self._commits)

    async def start(self) -> None:
        """Begin to look after the others; connections are made when they are needed."""
        self._keeper = asyncio.create_task(self._keep(), name="database-keeper")

    async def stop(self) -> None:
        """Let the write in progress end, and close."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        async with self._turn:
            await self._engine.dispose()

    async def _keep(self) -> None:
        """A process that was halted in the middle of a transaction must not hold up all others."""
        while True:
            await asyncio.sleep(_KEEP_SECONDS)
            try:
                ended = await self._run(lambda conn: end_halted(conn, _LONGEST_HALT_SECONDS), commit=True)
            except DatabaseAway:
                continue
            except SQLAlchemyError as error:
                log.warning("Halted sessions could not be looked for.", action="keep", error=str(error))
                continue
            if ended:
                log.warning("A halted session held up the others: ended.", action="keep", sessions=ended)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` on a connection of its own."""
        return await self._run(query, commit=False)

    async def write(self, work: Callable[[Connection], T], *, urgent: bool = False) -> T:
        """Run `work`; its result is durable. Writes come in turn, `urgent` or not."""
        self._waiting += 1
        try:
            async with self._turn:
                began = perf_counter()
                result, news = await self._run(lambda conn: _with_events(conn, work), commit=True)
                self._commits.add(perf_counter() - began)
        finally:
            self._waiting -= 1
        if news:
            self._feed.wake(news)
        return result

    async def write_apart(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, which leaves no event row, beside whatever else is written."""
        return await self._run(work, commit=True)

    async def _run(self, work: Callable[[Connection], T], *, commit: bool) -> T:
        """Run `work` in a transaction of its own.

        Raises:
            DatabaseAway: see there.
        """
        try:
            try:
                result = await self._once(work, commit=commit)
            except _CutOff:
                # Often the connection was dead before: the server was started anew while it was idle.
                result = await self._once(work, commit=commit)
        except (OSError, DBAPIError, _CutOff) as error:
            away = as_away(error.cause if isinstance(error, _CutOff) else error)
            if away is None:
                raise
            self._note_loss(away)
            raise away from None
        self._note_answer()
        return result

    async def _once(self, work: Callable[[Connection], T], *, commit: bool) -> T:
        async with Cancellable(self._engine.connect()) as connection:
            try:
                result = await connection.run_sync(work)
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise _CutOff(error) from error
                raise
            if commit:
                await connection.commit()
            return result

    def _note_loss(self, away: DatabaseAway) -> None:
        if self._away_since is None:
            self._away_since = perf_counter()
            log.error(
                "The database is lost: talks in progress go on, no new call is placed. "
                "It is asked again by itself; see that PostgreSQL runs and can be reached.",
                action="lose_database",
                error=str(away),
            )

    def _note_answer(self) -> None:
        if self._away_since is not None:
            gone, self._away_since = perf_counter() - self._away_since, None
            log.warning("The database answers again.", action="find_database", seconds=round(gone, 1))


class _CutOff(Exception):
    """The connection was found dead before anything was committed: the work may be run again."""

    def __init__(self, cause: DBAPIError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Cancellable:
    """A connection, where a cancellation does not get lost behind what the closing of a broken one raises:
    whoever cancelled the task would wait for it for ever."""

    def __init__(self, opened: AbstractAsyncContextManager[AsyncConnection]) -> None:
        self._opened = opened

    async def __aenter__(self) -> AsyncConnection:
        return await self._opened.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._opened.__aexit__(kind, error, trace)
        except Exception as closing:
            _go_if_cancelled(closing)
            raise
        if isinstance(error, Exception):
            _go_if_cancelled(error)


def _go_if_cancelled(error: Exception) -> None:
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error


def _with_events(connection: Connection, work: Callable[[Connection], T]) -> tuple[T, frozenset[str]]:
    keep_event_order(connection)
    try:
        result = work(connection)
        flush(connection)
    finally:
        # The connection goes back to the pool: nothing of this transaction may stay on it.
        # One that was cut off in the middle is thrown away, and asking it would hide why.
        if not connection.invalidated:
            forget(connection)
    return result, take_news(connection)
