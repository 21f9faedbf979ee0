"""All SQL of trainings."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from dialer.calling.incall.tables import speaker_turns
from dialer.calling.tables import attempts
from dialer.storage.rows import fetch, fetch_one
from qa.checks.queries import spoken_by
from qa.reviews.queries import DONE
from qa.reviews.tables import review_verdicts, reviews
from qa.rules.findings import Verdict
from qa.sampling.rules import Tier
from qa.training.tables import training_agents, training_cases, trainings


@dataclass(frozen=True, slots=True)
class Training:
    """One training. `rule_id` is None where it was about something else than a rule."""

    id: str
    held_on: date
    rule_id: str | None
    topic: str
    trainer: str
    minutes: int
    note: str
    noted_by: str
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class Trained:
    """An agent at a training; `confirmed_at` is when he said so himself."""

    training_id: str
    agent_id: str
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Broken:
    """How often an agent's reviewed calls broke a rule, of those in which it could be told."""

    part: int
    whole: int


def training(conn: Connection, training_id: str) -> Training | None:
    """One training."""
    return fetch_one(conn, select(trainings).where(trainings.c.id == training_id), Training)


def held(conn: Connection, since: date, until: date, limit: int = 500) -> list[Training]:
    """The trainings of these days, `until` included, newest first."""
    query = select(trainings).where(trainings.c.held_on >= since, trainings.c.held_on <= until)
    return fetch(
        conn, query.order_by(trainings.c.held_on.desc(), trainings.c.id.desc()).limit(limit), Training
    )


def of_agent(conn: Connection, agent_id: str, limit: int = 20) -> list[Training]:
    """The trainings of an agent, newest first."""
    query = (
        select(trainings)
        .join(training_agents, training_agents.c.training_id == trainings.c.id)
        .where(training_agents.c.agent_id == agent_id)
        .order_by(trainings.c.held_on.desc(), trainings.c.id.desc())
    )
    return fetch(conn, query.limit(limit), Training)


def trained(conn: Connection, training_ids: Collection[str]) -> dict[str, list[Trained]]:
    """Who was at these trainings."""
    query = select(training_agents).where(training_agents.c.training_id.in_(training_ids))
    found: dict[str, list[Trained]] = {}
    for row in fetch(conn, query.order_by(training_agents.c.agent_id), Trained):
        found.setdefault(row.training_id, []).append(row)
    return found


def cases(conn: Connection, training_ids: Collection[str]) -> dict[str, list[str]]:
    """The calls by which these trainings were held."""
    query = select(training_cases).where(training_cases.c.training_id.in_(training_ids))
    found: dict[str, list[str]] = {}
    for row in conn.execute(query.order_by(training_cases.c.attempt_id)):
        found.setdefault(row.training_id, []).append(row.attempt_id)
    return found


def broken(
    conn: Connection, agent_ids: Sequence[str], rule_id: str, since: datetime, until: datetime
) -> Broken:
    """How often these agents broke a rule in calls of this time, as it stands after any appeal: what they
    said, also in calls that were handed to them (D6)."""
    said = func.coalesce(
        review_verdicts.c.decided, review_verdicts.c.reconsidered, review_verdicts.c.verdict
    ).label("said")
    joined = select(speaker_turns.c.attempt_id).where(speaker_turns.c.agent_id.in_(agent_ids))
    query = (
        select(said, reviews.c.attempt_id, reviews.c.agent_id)
        .join(reviews, reviews.c.id == review_verdicts.c.review_id)
        .join(attempts, attempts.c.id == reviews.c.attempt_id)
        .where(
            or_(reviews.c.agent_id.in_(agent_ids), reviews.c.attempt_id.in_(joined)),
            reviews.c.state.in_(DONE),
            reviews.c.tier == Tier.SITE,
            attempts.c.placed_at >= since,
            attempts.c.placed_at < until,
            review_verdicts.c.rule_id == rule_id,
        )
    )
    rows = conn.execute(query).all()
    whose = spoken_by(conn, list({row.attempt_id for row in rows}))
    verdicts = [row.said for row in rows if whose.get((row.attempt_id, rule_id), row.agent_id) in agent_ids]
    fails = sum(one == Verdict.FAIL for one in verdicts)
    return Broken(fails, fails + sum(one == Verdict.PASS for one in verdicts))


def before_and_after(
    conn: Connection, one: Training, agent_ids: Sequence[str], midnight: datetime, span: timedelta
) -> tuple[Broken, Broken] | None:
    """How often its rule was broken in calls before a training and after it; None where it was about none.

    `midnight` is when the day after it began: that day's own calls may have been before or after.
    """
    if one.rule_id is None:
        return None
    day_before = midnight - timedelta(days=1)
    return (
        broken(conn, agent_ids, one.rule_id, day_before - span, day_before),
        broken(conn, agent_ids, one.rule_id, midnight, midnight + span),
    )


def add(conn: Connection, values: Mapping[str, Any], agents: Collection[str], calls: Collection[str]) -> None:
    """A new training with who was there and its cases."""
    conn.execute(insert(trainings).values(**values))
    key = values["id"]
    conn.execute(insert(training_agents), [{"training_id": key, "agent_id": one} for one in agents])
    if calls:
        conn.execute(insert(training_cases), [{"training_id": key, "attempt_id": one} for one in calls])


def confirm(conn: Connection, training_id: str, agent_id: str, now: datetime) -> bool:
    """The agent was there; False where he is not on its list, or has said so before."""
    changed = conn.execute(
        update(training_agents)
        .where(
            training_agents.c.training_id == training_id,
            training_agents.c.agent_id == agent_id,
            training_agents.c.confirmed_at.is_(None),
        )
        .values(confirmed_at=now)
    )
    return changed.rowcount == 1
