"""All SQL of transcripts. Reads for callers first, then the queue."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Update, bindparam, delete, func, insert, select, update

from dialer.alarms.tables import alarms
from dialer.cases.tables import cases
from dialer.customers.tables import customers
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch, fetch_one
from dialer.telephony.outcomes import Leg
from qa.conduct.rules import exchanged
from qa.conduct.stored import from_json, to_json
from qa.corrections.queries import corrected, corrections_of
from qa.speech.port import LegTranscript, MadeWith, Mark, Segment, Setting, Transcript, Word
from qa.transcripts.rules import Load, Priority, Urgency
from qa.transcripts.states import TranscriptState
from qa.transcripts.tables import segments, transcripts
from recordings.states import RecordingState
from recordings.tables import recordings

# The last so many transcripts say how fast this machine is.
_MEASURED = 50


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """How a recording's transcript stands. `seconds` of audio, `work_seconds` of work; levels in dBFS.

    What tells of the words (engine, marks, levels, `done_at`) tells of the earlier ones while new ones wait.
    """

    attempt_id: str
    state: TranscriptState
    due_at: datetime
    tries: int
    engine: str | None
    model: str | None
    language: str | None
    seconds: float | None
    work_seconds: float | None
    agent_level: float | None
    customer_level: float | None
    error: str | None
    created_at: datetime
    done_at: datetime | None
    priority: int
    urgency: str | None
    asked_by: str | None
    started_at: datetime | None
    failure: str | None
    engine_version: str | None
    revision: str | None
    engine_settings: Mapping[str, Setting] | None
    agent_lost: float | None
    customer_lost: float | None
    marks: Sequence[str] | None
    conduct: Mapping[str, Any] | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", TranscriptState(self.state))


@dataclass(frozen=True, slots=True)
class Job:
    """An archived recording that waits to be transcribed. `path` is relative to the archive."""

    attempt_id: str
    due_at: datetime
    tries: int
    priority: int
    path: str
    seconds: float | None


_TRANSCRIPT = Prepared(select(transcripts).where(transcripts.c.attempt_id == bindparam("attempt")))


def transcript_of(conn: Connection, attempt_id: str) -> TranscriptRow | None:
    """The transcript of an attempt's call, in whatever state."""
    return fetch_one(conn, _TRANSCRIPT, TranscriptRow, attempt=attempt_id)


def segments_of(conn: Connection, attempt_id: str) -> list[Segment]:
    """What both parties said, in the order they said it; empty before the transcript is done."""
    query = select(segments).where(segments.c.attempt_id == attempt_id).order_by(segments.c.position)
    return [
        Segment(
            channel=Leg(row.channel),
            start=row.start,
            end=row.end,
            text=row.text,
            confidence=row.confidence,
            words=tuple(Word(*word) for word in row.words),
        )
        for row in conn.execute(query)
    ]


def spoken(conn: Connection, attempt_id: str) -> Transcript | None:
    """The transcript with the words that people put right; the earlier one while it is made anew, None before
    the first."""
    heading = heading_of(conn, attempt_id)
    if heading is None:
        return None
    said = corrected(segments_of(conn, attempt_id), corrections_of(conn, attempt_id))
    legs = {
        leg: replace(one, segments=tuple(part for part in said if part.channel is leg))
        for leg, one in heading.legs.items()
    }
    return replace(heading, legs=legs)


def heading_of(conn: Connection, attempt_id: str) -> Transcript | None:
    """What `spoken` gives, its legs without their words."""
    row = transcript_of(conn, attempt_id)
    if row is None or row.done_at is None or row.seconds is None:
        return None
    levels = {Leg.AGENT: row.agent_level, Leg.CUSTOMER: row.customer_level}
    lost = {Leg.AGENT: row.agent_lost or 0.0, Leg.CUSTOMER: row.customer_lost or 0.0}
    return Transcript(
        engine=row.engine or "",
        model=row.model or "",
        language=row.language or "",
        seconds=row.seconds,
        took_seconds=row.work_seconds or 0.0,
        legs={
            leg: LegTranscript(leg, row.seconds, level, (), lost[leg])
            for leg, level in levels.items()
            if level is not None
        },
        marks=frozenset(Mark(mark) for mark in row.marks or ()),
        made_with=MadeWith(row.engine_version or "", row.revision or "", row.engine_settings or {}),
        conduct=from_json(row.conduct),
    )


def count_by_state(conn: Connection) -> dict[TranscriptState, int]:
    """How many transcripts are in each state; every state is there."""
    query = select(transcripts.c.state, func.count()).group_by(transcripts.c.state)
    found = {row[0]: row[1] for row in conn.execute(query)}
    return {state: found.get(state, 0) for state in TranscriptState}


def failed(conn: Connection, limit: int = 100) -> list[TranscriptRow]:
    """Transcripts that wait for a person, newest first."""
    query = select(transcripts).where(transcripts.c.state == TranscriptState.FAILED)
    return fetch(conn, query.order_by(transcripts.c.created_at.desc()).limit(limit), TranscriptRow)


def waiting(conn: Connection, now: datetime, limit: int, least: Priority = Priority.BACKLOG) -> list[Job]:
    """Recordings of `least` priority and above to transcribe now: the most urgent, then the longest due.

    One that is being archived anew is left out.
    """
    return fetch(conn, _due(now, limit, least), Job)


def is_due(conn: Connection, now: datetime, least: Priority = Priority.BACKLOG) -> bool:
    """Whether a recording is to be transcribed now."""
    return conn.execute(_due(now, 1, least)).first() is not None


def urgency_of(conn: Connection, attempt_id: str, short_talk_seconds: float) -> Urgency | None:
    """Why this call is no backlog; None where it is."""
    if conn.execute(select(cases.c.id).where(cases.c.attempt_id == attempt_id).limit(1)).first():
        return Urgency.COMPLAINT
    shown = (alarms.c.subject == attempt_id, alarms.c.cleared_at.is_(None))
    if conn.execute(select(alarms.c.id).where(*shown).limit(1)).first():
        return Urgency.ALARM
    length = conn.execute(select(recordings.c.seconds).where(recordings.c.attempt_id == attempt_id)).scalar()
    return Urgency.SHORT_TALK if length is not None and length < short_talk_seconds else None


def is_forgotten(conn: Connection, attempt_id: str) -> bool:
    """Whether the customer of this recording asked to be forgotten."""
    query = (
        select(customers.c.forgotten_at)
        .join(recordings, recordings.c.customer_id == customers.c.id)
        .where(recordings.c.attempt_id == attempt_id)
    )
    return conn.execute(query).scalar() is not None


def urge(conn: Connection, attempt_id: str, urgency: Urgency, by: str | None) -> bool:
    """Let one that waits go before those of lower priority; False where it does already, or waits no more."""
    mine = (
        transcripts.c.attempt_id == attempt_id,
        transcripts.c.state == TranscriptState.WAITING,
        transcripts.c.priority < urgency.priority,
    )
    values = {"priority": urgency.priority, "urgency": urgency, "asked_by": by}
    return conn.execute(update(transcripts).where(*mine).values(**values)).rowcount > 0


def claim(
    conn: Connection, now: datetime, until: datetime, limit: int, least: Priority = Priority.BACKLOG
) -> list[Job]:
    """Recordings to transcribe now, which no other process gets before `until`."""
    mine = []
    for job in fetch(conn, _due(now, limit, least).with_for_update(skip_locked=True, of=transcripts), Job):
        # SQLite has no such lock: there the compare-and-set is the guard.
        taken = conn.execute(
            update(transcripts)
            .where(
                transcripts.c.attempt_id == job.attempt_id,
                transcripts.c.state == TranscriptState.WAITING,
                transcripts.c.due_at == job.due_at,
            )
            .values(due_at=until, started_at=now)
        )
        if taken.rowcount:
            mine.append(job)
    return mine


def keep_leases(conn: Connection, attempt_ids: Collection[str], until: datetime) -> None:
    """Those that still wait are held until then."""
    conn.execute(_still_waiting(attempt_ids).values(due_at=until))


def give_back(conn: Connection, attempt_ids: Collection[str], now: datetime) -> None:
    """Those that still wait are for whoever comes next."""
    conn.execute(_still_waiting(attempt_ids).values(due_at=now, started_at=None))


def add(conn: Connection, attempt_id: str, now: datetime, urgency: Urgency | None = None) -> None:
    """A new row, waiting and due."""
    row = {"attempt_id": attempt_id, "state": TranscriptState.WAITING, "due_at": now, "created_at": now}
    priority = urgency.priority if urgency else Priority.BACKLOG
    conn.execute(insert(transcripts).values(tries=0, priority=priority, urgency=urgency, **row))


def due_at_once(conn: Connection, attempt_id: str, now: datetime) -> None:
    """One that waits between two tries is tried now; nothing where an engine has it."""
    mine = (transcripts.c.attempt_id == attempt_id, transcripts.c.started_at.is_(None))
    waits = transcripts.c.state == TranscriptState.WAITING
    conn.execute(update(transcripts).where(*mine, waits).values(due_at=now))


def note_failure(conn: Connection, attempt_id: str, values: Mapping[str, Any]) -> None:
    """A try failed and another follows; nothing where it does not wait any more."""
    mine = (transcripts.c.attempt_id == attempt_id, transcripts.c.state == TranscriptState.WAITING)
    conn.execute(update(transcripts).where(*mine).values(started_at=None, **values))


def set_marks(conn: Connection, attempt_id: str, marks: Collection[Mark]) -> None:
    """These marks instead of those that were there."""
    values = {"marks": sorted(marks)}
    conn.execute(update(transcripts).where(transcripts.c.attempt_id == attempt_id).values(**values))


def exchange_legs(conn: Connection, row: TranscriptRow) -> None:
    """What stood under the agent stands under the customer, and the other way round."""
    said = [
        replace(part, channel=Leg.CUSTOMER if part.channel is Leg.AGENT else Leg.AGENT)
        for part in segments_of(conn, row.attempt_id)
    ]
    replace_segments(conn, row.attempt_id, said)
    values = {
        "agent_level": row.customer_level,
        "customer_level": row.agent_level,
        "agent_lost": row.customer_lost,
        "customer_lost": row.agent_lost,
        "conduct": to_json(exchanged(from_json(row.conduct))),
    }
    conn.execute(update(transcripts).where(transcripts.c.attempt_id == row.attempt_id).values(**values))


def replace_segments(conn: Connection, attempt_id: str, said: Sequence[Segment]) -> None:
    """These segments instead of any that were there."""
    conn.execute(delete(segments).where(segments.c.attempt_id == attempt_id))
    rows = [
        {
            "attempt_id": attempt_id,
            "position": position,
            "channel": part.channel.value,
            "start": round(part.start, 3),
            "end": round(part.end, 3),
            "text": part.text,
            "confidence": round(part.confidence, 4),
            "words": [
                [word.text, round(word.start, 3), round(word.end, 3), round(word.confidence, 4)]
                for word in part.words
            ],
        }
        for position, part in enumerate(said)
    ]
    if rows:
        conn.execute(insert(segments), rows)


def _still_waiting(attempt_ids: Collection[str]) -> Update:
    return update(transcripts).where(
        transcripts.c.attempt_id.in_(attempt_ids), transcripts.c.state == TranscriptState.WAITING
    )


def _due(now: datetime, limit: int, least: Priority) -> Select[Any]:
    return (
        select(
            transcripts.c.attempt_id,
            transcripts.c.due_at,
            transcripts.c.tries,
            transcripts.c.priority,
            recordings.c.path,
            recordings.c.seconds,
        )
        .join(recordings, recordings.c.attempt_id == transcripts.c.attempt_id)
        .where(
            transcripts.c.state == TranscriptState.WAITING,
            transcripts.c.due_at <= now,
            transcripts.c.priority >= least,
            recordings.c.state == RecordingState.ARCHIVED,
        )
        .order_by(transcripts.c.priority.desc(), transcripts.c.due_at)
        .limit(limit)
    )


def load(conn: Connection) -> Load:
    """How many seconds of recordings wait, those that an engine has included."""
    length = func.coalesce(func.sum(recordings.c.seconds), 0.0)
    query = (
        select(transcripts.c.priority, length)
        .join(recordings, recordings.c.attempt_id == transcripts.c.attempt_id)
        .where(transcripts.c.state == TranscriptState.WAITING, recordings.c.state == RecordingState.ARCHIVED)
        .group_by(transcripts.c.priority)
    )
    seconds = {int(row[0]): float(row[1]) for row in conn.execute(query)}
    urgent = sum(value for priority, value in seconds.items() if priority > Priority.BACKLOG)
    return Load(sum(seconds.values()), urgent)


def measured_factor(conn: Connection) -> float | None:
    """Seconds of work for a second of recording, over the last ones done; None before the first."""
    done = (
        select(transcripts.c.seconds, transcripts.c.work_seconds)
        .where(transcripts.c.state == TranscriptState.DONE, transcripts.c.seconds > 0)
        .order_by(transcripts.c.done_at.desc())
        .limit(_MEASURED)
        .subquery()
    )
    seconds, work = conn.execute(select(func.sum(done.c.seconds), func.sum(done.c.work_seconds))).one()
    return float(work) / float(seconds) if seconds and work else None
