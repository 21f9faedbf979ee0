"""All SQL of recordings. Reads for callers first, then the queue of what waits to be taken over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, func, insert, or_, select, update

from dialer.agents.tables import agents
from dialer.calling.states import AttemptState
from dialer.calling.tables import attempts
from dialer.followups.tables import follow_ups
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch, fetch_one
from recordings.states import RecordingState
from recordings.tables import early_clips, recordings, takeovers

_IDS_A_QUERY = 500
# Nothing is put off for so long: a time further away was written before the clock was put back.
_LATEST = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Recording:
    """A call's recording. Paths are relative to the archive's root; shares are 0 to 1 of the call."""

    id: str
    attempt_id: str
    follow_up_id: str
    customer_id: str
    branch: str
    plate: str | None
    state: RecordingState
    path: str | None
    listen_path: str | None
    peaks_path: str | None
    sha256: str | None
    bytes: int | None
    seconds: float | None
    call_seconds: float | None
    gap_seconds: float | None
    agent_speech_share: float | None
    customer_speech_share: float | None
    problems: Sequence[str]
    error: str | None
    created_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class EarlyClip:
    """What was heard on the customer's line before the answer, or instead of one (D3)."""

    attempt_id: str
    path: str
    sha256: str
    bytes: int
    seconds: float
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Takeover:
    """Files of an attempt that may still lie at the source. `tries` counts tries in trouble."""

    attempt_id: str
    due_at: datetime
    tries: int
    error: str | None
    seen: Mapping[str, int]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """What the archive needs to know of an attempt."""

    attempt_id: str
    follow_up_id: str
    customer_id: str
    branch: str
    plate: str | None
    number: str
    agent: str
    state: str
    placed_at: datetime
    go_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None

    @property
    def seconds(self) -> float | None:
        """From the customer's answer to the end; None where there was none."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.answered_at).total_seconds()


_RECORDING = Prepared(select(recordings).where(recordings.c.attempt_id == bindparam("attempt")))
_EARLY_CLIP = Prepared(select(early_clips).where(early_clips.c.attempt_id == bindparam("attempt")))
_CALL = Prepared(
    select(
        attempts.c.id.label("attempt_id"),
        attempts.c.follow_up_id,
        follow_ups.c.customer_id,
        follow_ups.c.branch,
        follow_ups.c.plate,
        attempts.c.number,
        agents.c.code.label("agent"),
        attempts.c.state,
        attempts.c.placed_at,
        attempts.c.go_at,
        attempts.c.answered_at,
        attempts.c.ended_at,
    )
    .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
    .join(agents, agents.c.id == attempts.c.agent_id)
    .where(attempts.c.id == bindparam("attempt"))
)


def recording_of(conn: Connection, attempt_id: str) -> Recording | None:
    """The recording of an attempt's call, in whatever state."""
    found = fetch_one(conn, _RECORDING, Recording, attempt=attempt_id)
    return None if found is None else replace(found, state=RecordingState(found.state))


def recording(conn: Connection, recording_id: str) -> Recording | None:
    """The recording with this id."""
    found = _recordings(conn, select(recordings).where(recordings.c.id == recording_id))
    return found[0] if found else None


def list_recordings(
    conn: Connection,
    *,
    plate: str | None = None,
    customer_id: str | None = None,
    follow_up_id: str | None = None,
    branch: str | None = None,
    states: Sequence[RecordingState] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[Recording]:
    """Recordings, newest first, of which every given value is true; `until` is not included."""
    query = select(recordings).order_by(recordings.c.created_at.desc(), recordings.c.id.desc())
    for column, value in (
        (recordings.c.plate, plate),
        (recordings.c.customer_id, customer_id),
        (recordings.c.follow_up_id, follow_up_id),
        (recordings.c.branch, branch),
    ):
        if value is not None:
            query = query.where(column == value)
    if states:
        query = query.where(recordings.c.state.in_(states))
    if since is not None:
        query = query.where(recordings.c.created_at >= since)
    if until is not None:
        query = query.where(recordings.c.created_at < until)
    return _recordings(conn, query.limit(limit).offset(offset))


def early_clip_of(conn: Connection, attempt_id: str) -> EarlyClip | None:
    """The clip of an attempt's early media."""
    return fetch_one(conn, _EARLY_CLIP, EarlyClip, attempt=attempt_id)


def call_of(conn: Connection, attempt_id: str) -> Call | None:
    """The attempt with what the archive needs of its follow-up and agent."""
    return fetch_one(conn, _CALL, Call, attempt=attempt_id)


def add_recording(conn: Connection, values: Mapping[str, Any]) -> None:
    """A new row, in state expected."""
    conn.execute(insert(recordings).values(state=RecordingState.EXPECTED, problems=[], **values))


def add_early_clip(conn: Connection, values: Mapping[str, Any]) -> None:
    """A new row."""
    conn.execute(insert(early_clips).values(**values))


def add_takeover(conn: Connection, attempt_id: str, now: datetime) -> None:
    """Look for this attempt's files from `now` on; one that waits already becomes due."""
    hastened = conn.execute(
        update(takeovers).where(takeovers.c.attempt_id == attempt_id).values(due_at=now, created_at=now)
    )
    if not hastened.rowcount:
        conn.execute(
            insert(takeovers).values(attempt_id=attempt_id, due_at=now, tries=0, seen={}, created_at=now)
        )


def _due(now: datetime) -> ColumnElement[bool]:
    return or_(takeovers.c.due_at <= now, takeovers.c.due_at > now + _LATEST)


def is_due(conn: Connection, now: datetime) -> bool:
    """Whether a takeover is due."""
    query = select(takeovers.c.attempt_id).where(_due(now)).limit(1)
    return conn.execute(query).first() is not None


def next_due(conn: Connection) -> datetime | None:
    """When the next takeover is due."""
    query = select(takeovers.c.due_at).order_by(takeovers.c.due_at).limit(1)
    due: datetime | None = conn.execute(query).scalar()
    return due


def claim(conn: Connection, now: datetime, until: datetime, limit: int) -> list[Takeover]:
    """Due takeovers, longest due first, which no other process gets before `until`."""
    due = select(takeovers).where(_due(now)).order_by(takeovers.c.due_at).limit(limit)
    mine = []
    for job in fetch(conn, due.with_for_update(skip_locked=True), Takeover):
        # SQLite has no such lock: there the compare-and-set is the guard.
        moved = conn.execute(
            update(takeovers)
            .where(takeovers.c.attempt_id == job.attempt_id, takeovers.c.due_at == job.due_at)
            .values(due_at=until, error=None)
        )
        if moved.rowcount:
            mine.append(job)
    return mine


def postpone(
    conn: Connection,
    attempt_id: str,
    due_at: datetime,
    *,
    seen: Mapping[str, int],
    tries: int = 0,
    error: str | None = None,
    since: datetime | None = None,
) -> None:
    """Look again at `due_at`; `since` is given where it is to count from another time."""
    values = {"due_at": due_at, "seen": dict(seen), "tries": tries, "error": error}
    if since is not None:
        values["created_at"] = since
    conn.execute(update(takeovers).where(takeovers.c.attempt_id == attempt_id).values(**values))


def hasten(conn: Connection, error: str, now: datetime) -> None:
    """What waits because of `error` is due `now`."""
    late = (takeovers.c.error == error, takeovers.c.due_at > now)
    conn.execute(update(takeovers).where(*late).values(due_at=now, tries=0))


def drop_takeover(conn: Connection, attempt_id: str) -> None:
    """Nothing of this attempt is left to take over."""
    conn.execute(delete(takeovers).where(takeovers.c.attempt_id == attempt_id))


def waiting(conn: Connection) -> int:
    """How many attempts' files wait to be taken over."""
    return conn.execute(select(func.count()).select_from(takeovers)).scalar() or 0


@dataclass(frozen=True, slots=True)
class Lying:
    """How an attempt with files at the source is known: `state` None is an attempt nobody made."""

    attempt_id: str
    state: str | None
    cared_for: bool

    @property
    def is_forgotten(self) -> bool:
        """Whether the attempt is over and nobody takes its files over."""
        return self.state == AttemptState.ENDED and not self.cared_for


def lying(conn: Connection, attempt_ids: Sequence[str]) -> list[Lying]:
    """What is known of the attempts that have files at the source.

    Cared for are those that wait to be taken over, and those whose files cannot be read: these
    stay where they are until a person asks for another try.
    """
    unreadable = recordings.c.state == RecordingState.FAILED
    cared_for = or_(takeovers.c.attempt_id.is_not(None), unreadable).label("cared_for")
    query = (
        select(attempts.c.id, attempts.c.state, cared_for)
        .outerjoin(takeovers, takeovers.c.attempt_id == attempts.c.id)
        .outerjoin(recordings, recordings.c.attempt_id == attempts.c.id)
    )
    known = {}
    for start in range(0, len(attempt_ids), _IDS_A_QUERY):
        some = attempt_ids[start : start + _IDS_A_QUERY]
        for row in conn.execute(query.where(attempts.c.id.in_(some))):
            known[row.id] = Lying(row.id, row.state, bool(row.cared_for))
    return [known.get(key, Lying(key, None, False)) for key in attempt_ids]


def _recordings(conn: Connection, query: Select[Any]) -> list[Recording]:
    return [
        Recording(**{**row, "state": RecordingState(row["state"])}) for row in conn.execute(query).mappings()
    ]
