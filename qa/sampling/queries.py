"""All SQL of samples."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update

from dialer.calling.tables import attempts
from dialer.storage.rows import fetch, fetch_one
from dialer.telephony.outcomes import DialOutcome
from qa.checks.states import CheckState
from qa.checks.tables import checks, findings
from qa.sampling.rules import Candidate, Pool, Tier
from qa.sampling.tables import review_samples
from qa.transcripts.states import TranscriptState
from qa.transcripts.tables import transcripts


@dataclass(frozen=True, slots=True)
class SampleRow:
    """A draw as it was made: enough to make it again. `taken` and `replaced` in attempt ids."""

    id: str
    day: date
    pool: Pool
    tier: Tier
    seed: str
    plan: dict[str, Any]
    members: list[str]
    population: str
    taken: list[str]
    size: int
    replaced: list[list[str | None]]
    drawn_by: str
    drawn_at: datetime
    basis: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pool", Pool(self.pool))
        object.__setattr__(self, "tier", Tier(self.tier))


def sample(conn: Connection, sample_id: str) -> SampleRow | None:
    """One draw."""
    return fetch_one(conn, select(review_samples).where(review_samples.c.id == sample_id), SampleRow)


def samples_of(conn: Connection, day: date) -> list[SampleRow]:
    """The draws from the calls of this day, in the order they were made."""
    query = select(review_samples).where(review_samples.c.day == day).order_by(review_samples.c.id)
    return fetch(conn, query, SampleRow)


def is_drawn(conn: Connection, day: date, tier: Tier) -> bool:
    """Whether that day's calls were drawn from; a manager's own picks do not count."""
    query = select(review_samples.c.id).where(
        review_samples.c.day == day, review_samples.c.tier == tier, review_samples.c.pool != Pool.SPOT
    )
    return conn.execute(query.limit(1)).first() is not None


def undrawn(conn: Connection, days: Mapping[date, tuple[datetime, datetime]]) -> list[date]:
    """Those of these days (each with its begin and end) that were not drawn from though somebody talked."""
    found = []
    for day, (since, until) in sorted(days.items()):
        talked = select(attempts.c.id).where(*_answered(since, until)).limit(1)
        if not is_drawn(conn, day, Tier.SITE) and conn.execute(talked).first() is not None:
            found.append(day)
    return found


def being_checked(conn: Connection, since: datetime, until: datetime) -> int:
    """How many answered calls of this time are still being transcribed or checked."""
    query = (
        select(func.count())
        .select_from(attempts)
        .outerjoin(transcripts, transcripts.c.attempt_id == attempts.c.id)
        .outerjoin(checks, checks.c.attempt_id == attempts.c.id)
        .where(
            *_answered(since, until),
            or_(transcripts.c.state == TranscriptState.WAITING, checks.c.state == CheckState.WAITING),
        )
    )
    return conn.execute(query).scalar_one()


def candidates(conn: Connection, since: datetime, until: datetime) -> list[Candidate]:
    """The answered calls of this time, checked or not; alarms counted from their findings."""
    alarms = (
        select(findings.c.attempt_id, func.count().label("alarms"))
        .join(attempts, attempts.c.id == findings.c.attempt_id)
        .where(findings.c.alarm, *_answered(since, until))
        .group_by(findings.c.attempt_id)
        .subquery()
    )
    query = (
        select(
            attempts.c.id,
            attempts.c.agent_id,
            attempts.c.answered_at,
            attempts.c.ended_at,
            checks.c.state,
            checks.c.fails,
            checks.c.unclears,
            checks.c.signals,
            alarms.c.alarms,
        )
        .outerjoin(checks, checks.c.attempt_id == attempts.c.id)
        .outerjoin(alarms, alarms.c.attempt_id == attempts.c.id)
        .where(*_answered(since, until))
        .order_by(attempts.c.id)
    )
    return [_candidate(row) for row in conn.execute(query)]


def candidate(conn: Connection, attempt_id: str) -> Candidate | None:
    """One answered call, checked or not."""
    row = conn.execute(select(attempts).where(attempts.c.id == attempt_id)).first()
    if row is None or row.answered_at is None:
        return None
    seconds = ((row.ended_at or row.answered_at) - row.answered_at).total_seconds()
    return Candidate(row.id, row.agent_id, seconds)


def add(conn: Connection, values: dict[str, Any]) -> None:
    """A new draw."""
    conn.execute(insert(review_samples).values(**values))


def change(conn: Connection, sample_id: str, values: dict[str, Any]) -> None:
    """What became of a draw."""
    conn.execute(update(review_samples).where(review_samples.c.id == sample_id).values(**values))


def _answered(since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        attempts.c.placed_at >= since,
        attempts.c.placed_at < until,
        attempts.c.outcome == DialOutcome.ANSWERED,
    )


def _candidate(row: Row[*tuple[Any, ...]]) -> Candidate:
    seconds = (row.ended_at - row.answered_at).total_seconds() if row.ended_at and row.answered_at else 0.0
    signals = row.signals or {}
    return Candidate(
        attempt_id=row.id,
        agent_id=row.agent_id,
        talk_seconds=seconds,
        alarms=row.alarms or 0,
        fails=row.fails or 0,
        unclears=row.unclears or 0,
        dissatisfied=bool(signals.get("dissatisfied")),
        checked=row.state == CheckState.DONE,
    )
