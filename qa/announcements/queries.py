"""All SQL of announcements. Reads for callers first, then the queue."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, insert, select, update

from dialer.calling.tables import attempts
from dialer.forms.tables import answers, result_forms
from dialer.storage.rows import fetch, fetch_one
from dialer.telephony.heard import Heard
from qa.announcements.rules import Source
from qa.announcements.states import HearingState
from qa.announcements.tables import announcements


@dataclass(frozen=True, slots=True)
class Announcement:
    """What was heard on the customer's line of an attempt. `clip_path` is relative to the archive."""

    attempt_id: str
    source: Source
    state: HearingState
    due_at: datetime
    tries: int
    error: str | None
    heard: Heard | None
    words: str | None
    phrase: str | None
    confidence: float | None
    start: float | None
    end: float | None
    clip_path: str | None
    clip_sha256: str | None
    engine: str | None
    model: str | None
    work_seconds: float | None
    signalled: str | None
    effect: str | None
    created_at: datetime
    done_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", Source(self.source))
        object.__setattr__(self, "state", HearingState(self.state))
        object.__setattr__(self, "heard", Heard(self.heard) if self.heard else None)


@dataclass(frozen=True, slots=True)
class Job:
    """A line that waits to be listened to."""

    attempt_id: str
    source: Source
    due_at: datetime
    tries: int
    trunk: str | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", Source(self.source))


def announcement_of(conn: Connection, attempt_id: str) -> Announcement | None:
    """What was heard on this attempt's line, in whatever state."""
    query = select(announcements).where(announcements.c.attempt_id == attempt_id)
    return fetch_one(conn, query, Announcement)


def of_attempts(conn: Connection, attempt_ids: Collection[str]) -> dict[str, Announcement]:
    """The same for many attempts, by attempt."""
    query = select(announcements).where(announcements.c.attempt_id.in_(attempt_ids))
    return {row.attempt_id: row for row in fetch(conn, query, Announcement)}


def talk_recorded(conn: Connection, attempt_id: str) -> bool:
    """Whether the agent has saved answers or a form of this call."""
    saved = (select(table.c.attempt_id).where(table.c.attempt_id == attempt_id) for table in _SAVED)
    return any(bool(conn.execute(select(exists(one))).scalar()) for one in saved)


_SAVED = (result_forms, answers)


def add(conn: Connection, attempt_id: str, source: Source, now: datetime) -> bool:
    """A new row, waiting and due; False where there is one already."""
    if announcement_of(conn, attempt_id) is not None:
        return False
    row = {"attempt_id": attempt_id, "source": source.value, "state": HearingState.WAITING}
    conn.execute(insert(announcements).values(tries=0, due_at=now, created_at=now, **row))
    return True


def is_due(conn: Connection, now: datetime) -> bool:
    """Whether a line is to be listened to now."""
    return conn.execute(_due(now, limit=1)).first() is not None


def claim(conn: Connection, now: datetime, until: datetime, limit: int) -> list[Job]:
    """Lines to listen to now, the longest due first, which no other process gets before `until`."""
    mine = []
    for job in fetch(conn, _due(now, limit).with_for_update(skip_locked=True, of=announcements), Job):
        # SQLite has no such lock: there the compare-and-set is the guard.
        taken = conn.execute(_still(job.attempt_id, job.due_at).values(due_at=until))
        if taken.rowcount:
            mine.append(job)
    return mine


def put_off(conn: Connection, attempt_id: str, values: Mapping[str, Any]) -> None:
    """It is tried again; nothing where it does not wait any more."""
    mine = (announcements.c.attempt_id == attempt_id, announcements.c.state == HearingState.WAITING)
    conn.execute(update(announcements).where(*mine).values(**values))


def _still(attempt_id: str, due_at: datetime) -> Any:
    return update(announcements).where(
        announcements.c.attempt_id == attempt_id,
        announcements.c.state == HearingState.WAITING,
        announcements.c.due_at == due_at,
    )


def _due(now: datetime, limit: int) -> Select[Any]:
    return (
        select(
            announcements.c.attempt_id,
            announcements.c.source,
            announcements.c.due_at,
            announcements.c.tries,
            attempts.c.trunk,
        )
        .join(attempts, attempts.c.id == announcements.c.attempt_id)
        .where(announcements.c.state == HearingState.WAITING, announcements.c.due_at <= now)
        .order_by(announcements.c.due_at)
        .limit(limit)
    )
