"""The one writer of an embedded SQLite database.

Waiting units of work are taken together, run on one thread in one `BEGIN IMMEDIATE`
transaction (a savepoint each, so that one that fails leaves the others alone), made durable by
one commit, and only then are their callers told. See docs/decisions/0003-one-writer.md.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from dialer.storage.feed import Feed, take_news

T = TypeVar("T")
Work = Callable[[Connection], T]

# A batch is bounded so that a burst cannot hold the first caller back for long.
MAX_BATCH = 256


@dataclass(slots=True)
class _Unit:
    work: Callable[[Connection], object]
    result: "asyncio.Future[Any]"


class BatchingWriter:
    """Runs units of work one batch, one transaction, one commit at a time."""

    def __init__(self, engine: Engine, feed: Feed) -> None:
        self._engine = engine
        self._feed = feed
        self._waiting: asyncio.Queue[_Unit] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database-writer")
        self._task: asyncio.Task[None] | None = None
        self._connection: Connection | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="database-writer")

    async def stop(self) -> None:
        """Write what waits, then end."""
        await self._waiting.join()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction; return its result once that is durable.

        Raises:
            Whatever `work` raised (nothing of it is kept then), or what the commit raised.
        """
        unit = _Unit(work, asyncio.get_running_loop().create_future())
        self._waiting.put_nowait(unit)
        result: T = await unit.result
        return result

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < MAX_BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            try:
                answers, news = await loop.run_in_executor(self._thread, self._write_batch, batch)
            except Exception as error:
                answers, news = [error] * len(batch), False
            for unit, answer in zip(batch, answers, strict=True):
                if not unit.result.done():
                    if isinstance(answer, BaseException):
                        unit.result.set_exception(answer)
                    else:
                        unit.result.set_result(answer)
                self._waiting.task_done()
            if news:
                self._feed.wake()

    def _write_batch(self, batch: list[_Unit]) -> tuple[list[object], bool]:
        connection = self._connection or self._engine.connect()
        self._connection = connection
        try:
            answers = _run_all(connection, batch)
            connection.commit()
            news = take_news(connection)
        except Exception:
            # The connection may be in any state (disk full, file gone): start from a new one.
            self._connection = None
            connection.invalidate()
            connection.close()
            raise
        return answers, news

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _run_all(connection: Connection, batch: list[_Unit]) -> list[object]:
    try:
        return [unit.work(connection) for unit in batch]
    except Exception:
        # One of them failed: all again, each in a savepoint, so that it fails alone.
        connection.rollback()
        return [_in_savepoint(connection, unit.work) for unit in batch]


def _in_savepoint(connection: Connection, work: Callable[[Connection], object]) -> object:
    savepoint = connection.begin_nested()
    try:
        answer = work(connection)
    except Exception as error:
        savepoint.rollback()
        return error
    savepoint.commit()
    return answer
