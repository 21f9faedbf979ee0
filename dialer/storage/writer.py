"""The one writer of an embedded SQLite database.

Waiting units of work are taken together, run in one `BEGIN IMMEDIATE` transaction, made durable by one
commit, and only then are their callers told. One that fails leaves the others alone: the batch is run
again with a savepoint for each. What a telephone call waits for is run by the event loop itself, and only
its commit by a thread: see docs/decisions/0003-one-writer.md.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from time import perf_counter
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from dialer.figures import Histogram, StoreFigures
from dialer.storage.dialects import wait_for_lock
from dialer.storage.feed import Feed, flush, forget, take_news

T = TypeVar("T")
Work = Callable[[Connection], T]

# A batch is bounded in time, so that work that is waited for by a telephone call is not held back
# by work that can wait; the more that waits, the longer it may take, so that a burst is not slower.
_BATCH_SECONDS = 0.002
_MORE_SECONDS = 0.0001
# The event loop gives a batch so long; then it looks after its sockets again.
_HERE_SECONDS = 0.005
# Ordinary work that has waited so long goes before urgent work, once.
_PATIENCE_SECONDS = 0.1
# Another process may write: so long its transaction is waited for, in the thread.
_LOCK_SECONDS = 10.0


@dataclass(slots=True)
class _Unit:
    work: Callable[[Connection], object]
    result: "asyncio.Future[Any]"
    since: float


_Answers = list[tuple[_Unit, object]]


class BatchingWriter:
    """Runs units of work one batch, one transaction, one commit at a time; urgent ones first."""

    def __init__(self, engine: Engine, feed: Feed) -> None:
        self._engine = engine
        self._feed = feed
        self._urgent: deque[_Unit] = deque()
        self._ordinary: deque[_Unit] = deque()
        self._jobs: SimpleQueue[Callable[[], tuple[_Answers, frozenset[str]]] | None] = SimpleQueue()
        # A daemon: a service that is torn down in an exception must not hang on it.
        self._thread = threading.Thread(target=self._run, name="database-writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._planned = False
        self._busy = False
        self._stopping = False
        self._connection: Connection | None = None
        self._commits = Histogram()

    @property
    def figures(self) -> StoreFigures:
        """What is counted, for `/metrics`."""
        return StoreFigures(len(self._urgent) + len(self._ordinary), self._commits)

    def start(self) -> None:
        """Begin to write."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Write what waits, then end."""
        self._stopping = True
        if self._loop is not None:
            self._plan()
            await self._loop.run_in_executor(None, self._thread.join)

    async def write(self, work: Work[T], *, urgent: bool = False) -> T:
        """Run `work` in a transaction; return its result once that is durable.

        Urgent work is run by the event loop: it is to be brief.

        Raises:
            Whatever `work` raised (nothing of it is kept then), or what the commit raised.
        """
        unit = _Unit(work, asyncio.get_running_loop().create_future(), perf_counter())
        (self._urgent if urgent else self._ordinary).append(unit)
        self._plan()
        result: T = await unit.result
        return result

    # --- in the event loop ---------------------------------------------------------------

    def _plan(self) -> None:
        """Take the next turn soon: what else is to be written at this moment shares the commit."""
        if not self._planned and not self._busy and self._loop is not None:
            self._planned = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._planned = False
        if self._busy:
            return
        if self._urgent and not self._impatient() and (answers := self._run_here()):
            self._hand_over(lambda: self._commit(answers))
        elif self._urgent or self._ordinary:
            first, then = self._urgent, self._ordinary
            if self._impatient():
                first, then = then, first
            self._hand_over(lambda: self._write_batch(lambda: _next(first, then)))
        elif self._stopping:
            self._jobs.put(None)

    def _impatient(self) -> bool:
        return bool(self._ordinary) and perf_counter() - self._ordinary[0].since > _PATIENCE_SECONDS

    def _hand_over(self, job: Callable[[], tuple[_Answers, frozenset[str]]]) -> None:
        self._busy = True
        self._jobs.put(job)

    def _run_here(self) -> _Answers:
        """The answers of urgent work, not yet durable; none where it is left to the thread, which waits for
        another process's lock and finds out which of them fails.
        """
        connection, taken = self._connection, deque[_Unit]()
        if connection is None:
            return []
        try:
            connection.begin()
            answers = _run_until(
                connection, lambda: _next(self._urgent), perf_counter() + _HERE_SECONDS, taken
            )
            flush(connection)
        except Exception:
            self._urgent.extendleft(reversed(taken))
            _undo(connection)
            return []
        return answers

    def _tell(self, answers: _Answers, news: frozenset[str]) -> None:
        self._busy = False
        for unit, answer in answers:
            _deliver(unit, answer)
        if news:
            self._feed.wake(news)
        self._plan()

    # --- in the thread -------------------------------------------------------------------

    def _run(self) -> None:
        assert self._loop is not None
        while (job := self._jobs.get()) is not None:
            answers, news = job()
            # The loop of a service that was torn down in an exception is closed.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._tell, answers, news)
        self._drop_connection()

    def _commit(self, answers: _Answers) -> tuple[_Answers, frozenset[str]]:
        assert self._connection is not None
        began = perf_counter()
        try:
            self._connection.commit()
        except Exception as error:
            # The connection may be in any state (disk full, file gone): start from a new one.
            self._drop_connection()
            return [(unit, error) for unit, _ in answers], frozenset()
        self._commits.add(perf_counter() - began)
        return answers, take_news(self._connection)

    def _write_batch(self, take: Callable[[], _Unit | None]) -> tuple[_Answers, frozenset[str]]:
        taken = deque[_Unit]()
        try:
            connection = self._connection = self._connection or self._engine.connect()
            self._begin(connection)
            until = perf_counter() + _BATCH_SECONDS + _MORE_SECONDS * len(self._ordinary)
            try:
                answers = _run_until(connection, take, until, taken)
            except Exception:
                # One of them failed: all again, each in a savepoint, so that it fails alone.
                _undo(connection)
                self._begin(connection)
                answers = [(unit, _in_savepoint(connection, unit.work)) for unit in taken]
            flush(connection)
        except Exception as error:
            self._drop_connection()
            return [(unit, error) for unit in taken or list(iter(take, None))], frozenset()
        return self._commit(answers)

    def _begin(self, connection: Connection) -> None:
        forget(connection)
        wait_for_lock(connection, _LOCK_SECONDS)
        connection.begin()
        wait_for_lock(connection, 0)

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def _next(*queues: deque[_Unit]) -> _Unit | None:
    return next((queue.popleft() for queue in queues if queue), None)


def _run_until(
    connection: Connection, take: Callable[[], _Unit | None], until: float, taken: deque[_Unit]
) -> _Answers:
    answers: _Answers = []
    while (unit := take()) is not None:
        taken.append(unit)
        answers.append((unit, unit.work(connection)))
        if perf_counter() >= until:
            break
    return answers


def _undo(connection: Connection) -> None:
    with suppress(Exception):  # a new connection follows where not even that is possible
        connection.rollback()
    forget(connection)


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
