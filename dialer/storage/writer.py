"""The one writer of an embedded SQLite database.

Waiting units of work are taken together, run on one thread in one `BEGIN IMMEDIATE`
transaction, made durable by one commit, and only then are their callers told. One that fails
leaves the others alone: the batch is run again with a savepoint for each. See
docs/decisions/0003-one-writer.md.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from dialer.storage.feed import Feed, flush, forget, take_news

T = TypeVar("T")
Work = Callable[[Connection], T]

# A batch is bounded in time, so that work that is waited for by a telephone call is not held back
# by work that can wait; the more that waits, the longer it may take, so that a burst is not slower.
_BATCH_SECONDS = 0.002
_MORE_SECONDS = 0.0001
# Ordinary work behind urgent work is left for a batch of its own, unless so much of it waits that one
# commit for both is quicker for all.
_BACKLOG = 4


@dataclass(slots=True)
class _Unit:
    work: Callable[[Connection], object]
    result: "asyncio.Future[Any]"
    urgent: bool


_Answer = tuple[_Unit, object]


class BatchingWriter:
    """Runs units of work one batch, one transaction, one commit at a time; urgent ones first."""

    def __init__(self, engine: Engine, feed: Feed) -> None:
        self._engine = engine
        self._feed = feed
        # Taken from by the writer's thread, so that an urgent unit can join a batch under way.
        self._urgent: deque[_Unit] = deque()
        self._ordinary: deque[_Unit] = deque()
        self._work = threading.Event()
        # A daemon: a service that is torn down in an exception must not hang on it.
        self._thread = threading.Thread(target=self._run, name="database-writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False
        self._connection: Connection | None = None

    def start(self) -> None:
        """Begin to write."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Write what waits, then end."""
        self._stopping = True
        self._work.set()
        if self._loop is not None:
            await self._loop.run_in_executor(None, self._thread.join)

    async def write(self, work: Work[T], *, urgent: bool = False) -> T:
        """Run `work` in a transaction; return its result once that is durable.

        Raises:
            Whatever `work` raised (nothing of it is kept then), or what the commit raised.
        """
        unit = _Unit(work, asyncio.get_running_loop().create_future(), urgent)
        (self._urgent if urgent else self._ordinary).append(unit)
        self._work.set()
        result: T = await unit.result
        return result

    def _run(self) -> None:
        # One batch follows the other without the event loop's turn between them.
        assert self._loop is not None
        while True:
            self._work.wait()
            self._work.clear()
            while self._urgent or self._ordinary:
                answers, news = self._write_batch()
                self._loop.call_soon_threadsafe(self._tell, answers, news)
            if self._stopping:
                break
        self._close()

    def _tell(self, answers: list[_Answer], news: frozenset[str]) -> None:
        for unit, answer in answers:
            _deliver(unit, answer)
        if news:
            self._feed.wake(news)

    def _write_batch(self) -> tuple[list[_Answer], frozenset[str]]:
        taken: list[_Unit] = []
        try:
            connection = self._connection or self._engine.connect()
            self._connection = connection
            forget(connection)
            try:
                answers = self._run_taking(connection, taken)
            except Exception:
                # One of them failed: all again, each in a savepoint, so that it fails alone.
                connection.rollback()
                forget(connection)
                answers = [(unit, _in_savepoint(connection, unit.work)) for unit in taken]
            flush(connection)
            connection.commit()
            news = take_news(connection)
        except Exception as error:
            # The connection may be in any state (disk full, file gone): start from a new one.
            self._drop_connection()
            return [(unit, error) for unit in taken or self._take_all()], frozenset()
        return answers, news

    def _run_taking(self, connection: Connection, taken: list[_Unit]) -> list[_Answer]:
        until = perf_counter() + _BATCH_SECONDS + _MORE_SECONDS * len(self._ordinary)
        answers: list[_Answer] = []
        hurry = False
        while (unit := self._take()) is not None:
            taken.append(unit)
            answers.append((unit, unit.work(connection)))
            hurry = hurry or unit.urgent
            done = hurry and not self._urgent and len(self._ordinary) < _BACKLOG
            if done or perf_counter() >= until:
                break
        return answers

    def _take(self) -> _Unit | None:
        if self._urgent:
            return self._urgent.popleft()
        return self._ordinary.popleft() if self._ordinary else None

    def _take_all(self) -> list[_Unit]:
        return [unit for unit in iter(self._take, None) if unit is not None]

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _deliver(unit: _Unit, answer: object) -> None:
    if unit.result.done():
        return
    if isinstance(answer, BaseException):
        unit.result.set_exception(answer)
    else:
        unit.result.set_result(answer)


def _in_savepoint(connection: Connection, work: Callable[[Connection], object]) -> object:
    flush(connection)
    savepoint = connection.begin_nested()
    try:
        answer = work(connection)
    except Exception as error:
        savepoint.rollback()
        forget(connection)
        return error
    savepoint.commit()
    return answer
