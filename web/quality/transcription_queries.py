"""The SQL of the page of transcription: what waits, runs, was set aside, or wants a decision."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, cast, select

from dialer.agents.tables import agents
from dialer.calling.tables import attempts
from dialer.followups.tables import follow_ups
from dialer.storage.rows import fetch
from qa.speech.port import Mark
from qa.transcripts.states import TranscriptState
from qa.transcripts.tables import transcripts
from recordings.tables import recordings

_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Line:
    """One recording in the queue. `seconds` of audio; `due_at` is its next try, or its lease's end."""

    attempt_id: str
    answered_at: datetime | None
    plate: str | None
    agent_name: str
    seconds: float | None
    urgency: str | None
    tries: int
    due_at: datetime
    started_at: datetime | None
    failure: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Lines:
    """What the page lists, at most some of each."""

    running: list[Line]
    waiting: list[Line]
    set_aside: list[Line]
    # The channels were perhaps exchanged: a person decides.
    suspected: list[Line]


def lines(conn: Connection, now: datetime) -> Lines:
    """Everything the page lists."""
    waits = transcripts.c.state == TranscriptState.WAITING
    runs = transcripts.c.started_at.is_not(None) & (transcripts.c.due_at > now)
    free = transcripts.c.started_at.is_(None) | (transcripts.c.due_at <= now)
    order = (transcripts.c.priority.desc(), transcripts.c.due_at)
    newest = (transcripts.c.created_at.desc(),)
    swapped = cast(transcripts.c.marks, Text).contains(f'"{Mark.SWAPPED}"')
    return Lines(
        running=_some(conn, waits & runs, (transcripts.c.started_at,)),
        waiting=_some(conn, waits & free, order),
        set_aside=_some(conn, transcripts.c.state == TranscriptState.FAILED, newest),
        suspected=_some(conn, (transcripts.c.state == TranscriptState.DONE) & swapped, newest),
    )


def _some(conn: Connection, which: ColumnElement[bool], order: tuple[Any, ...]) -> list[Line]:
    query = (
        select(
            transcripts.c.attempt_id,
            attempts.c.answered_at,
            follow_ups.c.plate,
            agents.c.name.label("agent_name"),
            recordings.c.seconds,
            transcripts.c.urgency,
            transcripts.c.tries,
            transcripts.c.due_at,
            transcripts.c.started_at,
            transcripts.c.failure,
            transcripts.c.error,
        )
        .join(attempts, attempts.c.id == transcripts.c.attempt_id)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .join(agents, agents.c.id == attempts.c.agent_id)
        .outerjoin(recordings, recordings.c.attempt_id == transcripts.c.attempt_id)
        .where(which)
        .order_by(*order)
        .limit(_SHOWN)
    )
    return fetch(conn, query, Line)
