"""What `/metrics` asks of the database: each question is answered by an index."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, case, func, select

from dialer.agents.tables import agent_sessions
from dialer.alarms.tables import alarms
from dialer.calling.states import IN_FLIGHT
from dialer.calling.tables import attempts
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.storage.feed import after, consumers, latest_id
from qa.transcripts.states import TranscriptState
from qa.transcripts.tables import transcripts
from recordings.states import RecordingState
from recordings.tables import recordings, takeovers

_ENDED = "attempt.ended"
_BATCH = 5_000
_UNSOUND = (RecordingState.MISSING, RecordingState.FAILED, RecordingState.EXPECTED)


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """The site in numbers, at one moment. `queue` is by (playbook, lateness)."""

    agents: Mapping[tuple[str, str], int]
    in_flight: Mapping[str, int]
    queue: Mapping[tuple[str, str], int]
    not_due: int
    recordings: Mapping[str, int]
    waiting: Mapping[str, int]
    behind: Mapping[str, int]
    alarms: Mapping[str, int]


def site_figures(conn: Connection, now: datetime) -> SiteFigures:
    """Everything that is counted anew for each look."""
    latest = latest_id(conn)
    return SiteFigures(
        agents={
            (row[0], row[1] or ""): row[2]
            for row in conn.execute(
                select(agent_sessions.c.state, agent_sessions.c.reason, func.count()).group_by(
                    agent_sessions.c.state, agent_sessions.c.reason
                )
            )
        },
        in_flight=_counts(
            conn,
            select(attempts.c.state, func.count())
            .where(attempts.c.state.in_(IN_FLIGHT))
            .group_by(attempts.c.state),
        ),
        queue=_queue(conn, now),
        not_due=conn.execute(
            select(func.count()).where(follow_ups.c.state == FollowUpState.WAITING, follow_ups.c.due_at > now)
        ).scalar_one(),
        recordings=_counts(
            conn,
            select(recordings.c.state, func.count())
            .where(recordings.c.state.in_(_UNSOUND))
            .group_by(recordings.c.state),
        ),
        waiting={
            "takeover": conn.execute(select(func.count()).select_from(takeovers)).scalar_one(),
            "transcript": conn.execute(
                select(func.count()).where(transcripts.c.state == TranscriptState.WAITING)
            ).scalar_one(),
        },
        behind={
            row.name: max(0, latest - row.last_event)
            for row in conn.execute(select(consumers.c.name, consumers.c.last_event))
        },
        alarms=_counts(
            conn,
            select(alarms.c.kind, func.count()).where(alarms.c.cleared_at.is_(None)).group_by(alarms.c.kind),
        ),
    )


def answers(conn: Connection) -> bool:
    """Whether the database answers at all."""
    return conn.execute(select(1)).scalar() == 1


def outcomes_after(conn: Connection, last: int) -> tuple[dict[str, int], int]:
    """How many attempts ended with which outcome since event `last`, and the event to go on from."""
    found: dict[str, int] = {}
    while True:
        rows = after(conn, last, kinds=(_ENDED,), limit=_BATCH)
        for row in rows:
            outcome = str(row.data.get("outcome", ""))
            found[outcome] = found.get(outcome, 0) + 1
            last = row.id
        if len(rows) < _BATCH:
            return found, last


def _queue(conn: Connection, now: datetime) -> dict[tuple[str, str], int]:
    # What is due only: that is a part of the queue, found by its due time.
    lateness = case(
        (follow_ups.c.limit_at <= now, "overdue"), (follow_ups.c.target_at <= now, "late"), else_="due"
    )
    query = (
        select(follow_ups.c.playbook, lateness, func.count())
        .where(follow_ups.c.state == FollowUpState.WAITING, follow_ups.c.due_at <= now)
        .group_by(follow_ups.c.playbook, lateness)
    )
    return {(row[0], row[1]): row[2] for row in conn.execute(query)}


def _counts(conn: Connection, query: Select[str, int]) -> dict[str, int]:
    return {row[0]: row[1] for row in conn.execute(query)}
