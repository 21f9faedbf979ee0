"""Event rows: what happened, written in the same transaction as the change it tells of.

The row's id is the id of the live feed (SSE), so a page that lost its link resumes where it
was. A higher layer that must act on what a lower one did reads the rows from where it stopped,
remembered in `consumers` in the same transaction as its own change: exactly once.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
)

from dialer.storage.base import UtcDateTime, metadata
from dialer.storage.dialects import upsert
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch

events = Table(
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("data", JSON, nullable=False),
    Index("ix_events_subject", "subject", "id"),
    # Consumers look for their kinds only, and often find nothing.
    Index("ix_events_kind", "kind", "id"),
    sqlite_autoincrement=True,
)

consumers = Table(
    "consumers",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("last_event", BigInteger, nullable=False),
)

Json = Mapping[str, Any]

_LATER = select(events).where(events.c.id > bindparam("last")).order_by(events.c.id).limit(bindparam("most"))
_AFTER = Prepared(_LATER)
_AFTER_OF = Prepared(_LATER.where(events.c.kind.in_(bindparam("kinds", expanding=True))), lists=("kinds",))
_POSITION = Prepared(select(consumers.c.last_event).where(consumers.c.name == bindparam("consumer")))
_EMIT = Prepared(insert(events), columns=("at", "kind", "subject", "data"))

# Where a connection keeps the event rows of its running transaction.
_PENDING = "pending_events"
_NEWS = "news"


@dataclass(frozen=True, slots=True)
class EventRow:
    """One thing that happened: `kind` such as "attempt.ended", `subject` the id it happened to."""

    id: int
    at: datetime
    kind: str
    subject: str
    data: Json


def emit(conn: Connection, kind: str, subject: str, at: datetime, data: Json | None = None) -> None:
    """Leave an event row in the running transaction, a `Database.write`: it keeps the ids in order.

    The row is written just before the commit, all of a transaction in one statement.
    """
    row = {"kind": kind, "subject": subject, "at": at, "data": dict(data or {})}
    conn.info.setdefault(_PENDING, []).append(row)


def flush(conn: Connection) -> None:
    """Write the waiting event rows now."""
    rows = conn.info.pop(_PENDING, [])
    if rows:
        _EMIT.run_many(conn, rows)
        conn.info.setdefault(_NEWS, set()).update(row["kind"] for row in rows)


def forget(conn: Connection) -> None:
    """Drop the waiting event rows: the work they tell of has failed."""
    conn.info.pop(_PENDING, None)


def take_news(conn: Connection) -> frozenset[str]:
    """The kinds of event rows written on this connection since this was last asked."""
    return frozenset(conn.info.pop(_NEWS, ()))


def after(conn: Connection, last: int, *, kinds: tuple[str, ...] = (), limit: int = 500) -> list[EventRow]:
    """Event rows later than id `last`, oldest first; of all kinds where none is named."""
    flush(conn)
    if kinds:
        return fetch(conn, _AFTER_OF, EventRow, last=last, most=limit, kinds=kinds)
    return fetch(conn, _AFTER, EventRow, last=last, most=limit)


def of_subject(conn: Connection, subject: str) -> list[EventRow]:
    """The whole history of one subject, oldest first."""
    flush(conn)
    query = select(events).where(events.c.subject == subject).order_by(events.c.id)
    return [EventRow(**row) for row in conn.execute(query).mappings()]


def latest_id(conn: Connection) -> int:
    """The id of the newest event row, 0 where there is none."""
    flush(conn)
    return conn.execute(select(func.max(events.c.id))).scalar() or 0


def position(conn: Connection, consumer: str) -> int:
    """Where `consumer` stopped reading."""
    return next((last for (last,) in _POSITION.rows(conn, {"consumer": consumer})), 0)


def remember(conn: Connection, consumer: str, last: int) -> None:
    """Remember, in the running transaction, that `consumer` has dealt with all up to `last`."""
    upsert(conn, consumers, {"name": consumer, "last_event": last}, ["name"])


class Feed:
    """Wakes whoever waits for new event rows in this process."""

    def __init__(self) -> None:
        self._wakes = 0
        self._latest: dict[str, int] = {}
        # Who waits, and for which kinds; none named: for all. Only those are woken whom it concerns.
        self._waiting: dict[asyncio.Future[None], frozenset[str]] = {}

    def wake(self, kinds: Collection[str]) -> None:
        """Tell everyone who waits that there are new rows of these kinds."""
        self._wakes += 1
        self._latest.update(dict.fromkeys(kinds, self._wakes))
        for waiter, wanted in self._waiting.items():
            if not waiter.done() and (not wanted or not wanted.isdisjoint(kinds)):
                waiter.set_result(None)

    def mark(self) -> int:
        """Where the feed is now. Taken before looking, it makes `wait` miss nothing."""
        return self._wakes

    async def wait(self, timeout: float, since: int | None = None, kinds: Collection[str] = ()) -> bool:
        """Return at news later than `since`, or after `timeout` seconds; of `kinds` where some are named.

        True if there are news. The time-out matters: another process may have written.
        """
        if since is not None and self._later(since, kinds):
            return True
        waiter = asyncio.get_running_loop().create_future()
        self._waiting[waiter] = frozenset(kinds)
        try:
            async with asyncio.timeout(timeout):
                await waiter
        except TimeoutError:
            return False
        finally:
            del self._waiting[waiter]
        return True

    def _later(self, since: int, kinds: Collection[str]) -> bool:
        if kinds:
            return any(self._latest.get(kind, 0) > since for kind in kinds)
        return self._wakes > since
