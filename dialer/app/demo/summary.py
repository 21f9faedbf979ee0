"""What a demo run came to, counted from the database, the archive and the customers' phones."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, func, select

from dialer.calling.queries import outcomes
from dialer.calling.tables import attempts
from dialer.followups.tables import follow_ups
from dialer.storage.database import Database
from dialer.telephony.outcomes import DialOutcome
from qa.checks.tables import findings
from qa.transcripts.tables import transcripts
from recordings.source import RecordingSource
from recordings.tables import early_clips, recordings


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What the database says."""

    follow_ups: int
    attempts: int
    in_flight: int
    outcomes: dict[str, int]
    answered: int
    recordings: int
    archived: int
    transcribed: int
    checked: int
    findings: dict[str, int]
    engines: Sequence[str]
    models: Sequence[str]

    @property
    def processed(self) -> bool:
        """Whether every answered call was archived, transcribed and checked."""
        return self.answered == self.archived == self.transcribed == self.checked

    @property
    def archived_all(self) -> bool:
        """Whether every answered call was archived."""
        return self.answered == self.archived


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The demo's result, as printed and as written by --json."""

    asterisk: str
    engine: str
    model: str
    follow_ups: int
    attempts: int
    outcomes: dict[str, int]
    answered: int
    recordings: int
    archived: int
    transcribed: int
    checked: int
    findings: dict[str, int]
    double_dials: int
    unlinked_recordings: int
    wall_seconds: float
    recordings_root: str
    database: str


def count(conn: Connection) -> Counts:
    """Count everything that the summary and the end of the demo go by."""

    def rows(condition: ColumnElement[bool]) -> int:
        return conn.execute(select(func.count()).where(condition)).scalar_one()

    ended = outcomes(conn)
    verdicts = select(findings.c.verdict, func.count()).group_by(findings.c.verdict)
    done = transcripts.c.state == "done"
    return Counts(
        follow_ups=rows(follow_ups.c.id.is_not(None)),
        attempts=rows(attempts.c.id.is_not(None)),
        in_flight=rows(attempts.c.state != "ended"),
        outcomes=ended,
        answered=ended.get(DialOutcome.ANSWERED, 0),
        recordings=rows(recordings.c.id.is_not(None)),
        archived=rows(recordings.c.state == "archived"),
        transcribed=rows(done),
        checked=conn.execute(select(func.count(func.distinct(findings.c.attempt_id)))).scalar_one(),
        findings={row[0]: row[1] for row in conn.execute(verdicts)},
        engines=_distinct(conn, transcripts.c.engine, done),
        models=_distinct(conn, transcripts.c.model, done),
    )


def _distinct(conn: Connection, column: ColumnElement[str], condition: ColumnElement[bool]) -> list[str]:
    query = select(column).where(condition).distinct()
    return [str(value) for value in conn.execute(query).scalars() if value]


async def unlinked_files(database: Database, source: RecordingSource, root: Path) -> list[str]:
    """Audio that no row of the database leads to: left at the telephone system, or in the archive."""
    left = await asyncio.to_thread(source.attempts)
    in_archive = await asyncio.to_thread(lambda: {str(p.relative_to(root)) for p in root.rglob("*.wav")})
    known = await database.read(_linked)
    return sorted({*left, *(in_archive - known)})


def _linked(conn: Connection) -> set[str]:
    calls = conn.execute(select(recordings.c.path)).scalars()
    clips = conn.execute(select(early_clips.c.path)).scalars()
    return {str(path) for path in (*calls, *clips) if path}
