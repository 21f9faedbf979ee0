"""What `/metrics` asks of the database: each question is answered by an index."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, Select, case, func, select

from dialer.agents.tables import agent_sessions
from dialer.alarms.tables import alarms
from dialer.calling.states import IN_FLIGHT
from dialer.calling.tables import attempts
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.halts.queries import open_halts
from dialer.storage.feed import EventRow, after, consumers, latest_id
from qa.transcripts.states import TranscriptState
from qa.transcripts.tables import transcripts
from recordings.states import RecordingState
from recordings.tables import recordings, takeovers

_ENDED, _ARCHIVED = "attempt.ended", "recording.archived"
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
    halts: Mapping[str, int]


@dataclass(slots=True)
class Counted:
    """What event rows told of: attempts by outcome; seconds of talk that are in the archive, and that are
    missing there."""

    outcomes: dict[str, int] = field(default_factory=dict)
    archived_seconds: float = 0.0
    gap_seconds: float = 0.0

    def add(self, row: EventRow) -> None:
        """One more row."""
        if row.kind == _ENDED:
            outcome = str(row.data.get("outcome", ""))
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        else:
            self.archived_seconds += row.data.get("seconds") or 0
            self.gap_seconds += row.data.get("gap_seconds") or 0


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
        halts={one.holds or "everything": 1 for one in open_halts(conn).open},
    )


def answers(conn: Connection) -> bool:
    """Whether the database answers at all."""
    return conn.execute(select(1)).scalar() == 1


def count_after(conn: Connection, last: int, counted: Counted) -> tuple[Counted, int]:
    """What event rows after `last` add to `counted`, which stays as it is; and the event to go on from."""
    found = replace(counted, outcomes=dict(counted.outcomes))
    while True:
        rows = after(conn, last, kinds=(_ENDED, _ARCHIVED), limit=_BATCH)
        for row in rows:
            found.add(row)
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
