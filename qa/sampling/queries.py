"""All SQL of samples."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from dialer.calling.tables import attempts
from dialer.storage.rows import fetch, fetch_one
from dialer.telephony.outcomes import DialOutcome
from qa.checks.states import CheckState
from qa.checks.tables import checks, findings
from qa.sampling.rules import Candidate, Pool, Tier
from qa.sampling.tables import review_samples


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


def candidates(conn: Connection, since: datetime, until: datetime) -> list[Candidate]:
    """The answered calls of this time that were checked; alarms counted from their findings."""
    alarms = func.count().filter(findings.c.alarm).label("alarms")
    query = (
        select(
            attempts.c.id,
            attempts.c.agent_id,
            attempts.c.answered_at,
            attempts.c.ended_at,
            checks.c.fails,
            checks.c.unclears,
            checks.c.signals,
            alarms,
        )
        .join(checks, checks.c.attempt_id == attempts.c.id)
        .outerjoin(findings, findings.c.attempt_id == attempts.c.id)
        .where(
            attempts.c.placed_at >= since,
            attempts.c.placed_at < until,
            attempts.c.outcome == DialOutcome.ANSWERED,
            checks.c.state == CheckState.DONE,
        )
        .group_by(
            attempts.c.id,
            attempts.c.agent_id,
            attempts.c.answered_at,
            attempts.c.ended_at,
            checks.c.fails,
            checks.c.unclears,
            checks.c.attempt_id,
        )
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


def _candidate(row: Row[Any]) -> Candidate:
    seconds = (row.ended_at - row.answered_at).total_seconds() if row.ended_at and row.answered_at else 0.0
    signals = row.signals or {}
    return Candidate(
        attempt_id=row.id,
        agent_id=row.agent_id,
        talk_seconds=seconds,
        alarms=row.alarms,
        fails=row.fails or 0,
        unclears=row.unclears or 0,
        dissatisfied=bool(signals.get("dissatisfied")),
    )
