"""All SQL of transcripts. Reads for callers first, then the queue."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from dialer.storage.rows import fetch, fetch_one
from dialer.telephony.outcomes import Leg
from qa.speech.port import LegTranscript, Segment, Transcript, Word
from qa.transcripts.states import TranscriptState
from qa.transcripts.tables import segments, transcripts
from recordings.states import RecordingState
from recordings.tables import recordings


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """How a recording's transcript stands. `seconds` of audio, `work_seconds` of work; levels in dBFS."""

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

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", TranscriptState(self.state))


@dataclass(frozen=True, slots=True)
class Job:
    """An archived recording that waits to be transcribed. `path` is relative to the archive."""

    attempt_id: str
    due_at: datetime
    tries: int
    path: str
    seconds: float | None


def transcript_of(conn: Connection, attempt_id: str) -> TranscriptRow | None:
    """The transcript of an attempt's call, in whatever state."""
    return fetch_one(conn, select(transcripts).where(transcripts.c.attempt_id == attempt_id), TranscriptRow)


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
    """The transcript as the engine gave it; None unless it is done."""
    row = transcript_of(conn, attempt_id)
    if row is None or row.state is not TranscriptState.DONE or row.seconds is None:
        return None
    said = segments_of(conn, attempt_id)
    levels = {Leg.AGENT: row.agent_level, Leg.CUSTOMER: row.customer_level}
    return Transcript(
        engine=row.engine or "",
        model=row.model or "",
        language=row.language or "",
        seconds=row.seconds,
        took_seconds=row.work_seconds or 0.0,
        legs={
            leg: LegTranscript(leg, row.seconds, level, tuple(part for part in said if part.channel is leg))
            for leg, level in levels.items()
            if level is not None
        },
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


def waiting(conn: Connection, now: datetime, limit: int) -> list[Job]:
    """Recordings to transcribe now, the longest due first. One that is being archived anew is left out."""
    return fetch(conn, _due(now, limit), Job)


def is_due(conn: Connection, now: datetime) -> bool:
    """Whether a recording is to be transcribed now."""
    return conn.execute(_due(now, limit=1)).first() is not None


def claim(conn: Connection, now: datetime, until: datetime, limit: int) -> list[Job]:
    """Recordings to transcribe now, which no other process gets before `until`."""
    mine = []
    for job in fetch(conn, _due(now, limit).with_for_update(skip_locked=True, of=transcripts), Job):
        # SQLite has no such lock: there the compare-and-set is the guard.
        taken = conn.execute(
            update(transcripts)
            .where(
                transcripts.c.attempt_id == job.attempt_id,
                transcripts.c.state == TranscriptState.WAITING,
                transcripts.c.due_at == job.due_at,
            )
            .values(due_at=until)
        )
        if taken.rowcount:
            mine.append(job)
    return mine


def set_due(conn: Connection, attempt_ids: Collection[str], due_at: datetime) -> None:
    """Keep those that still wait until `due_at`, or give them back where that is now."""
    conn.execute(
        update(transcripts)
        .where(transcripts.c.attempt_id.in_(attempt_ids), transcripts.c.state == TranscriptState.WAITING)
        .values(due_at=due_at)
    )


def add(conn: Connection, attempt_id: str, now: datetime) -> None:
    """A new row, waiting and due."""
    row = {"attempt_id": attempt_id, "state": TranscriptState.WAITING, "due_at": now, "created_at": now}
    conn.execute(insert(transcripts).values(tries=0, **row))


def note_failure(conn: Connection, attempt_id: str, values: Mapping[str, Any]) -> None:
    """A try failed and another follows; nothing where it does not wait any more."""
    mine = (transcripts.c.attempt_id == attempt_id, transcripts.c.state == TranscriptState.WAITING)
    conn.execute(update(transcripts).where(*mine).values(**values))


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


def _due(now: datetime, limit: int) -> Select[Any]:
    return (
        select(
            transcripts.c.attempt_id,
            transcripts.c.due_at,
            transcripts.c.tries,
            recordings.c.path,
            recordings.c.seconds,
        )
        .join(recordings, recordings.c.attempt_id == transcripts.c.attempt_id)
        .where(
            transcripts.c.state == TranscriptState.WAITING,
            transcripts.c.due_at <= now,
            recordings.c.state == RecordingState.ARCHIVED,
        )
        .order_by(transcripts.c.due_at)
        .limit(limit)
    )
