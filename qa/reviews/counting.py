"""All SQL of what reviews add up to: agreement, faults, figures by agent (S3, Q5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from dialer.storage.rows import fetch
from qa.checks.queries import spoken_by
from qa.reviews.queries import DONE, VerdictRow
from qa.reviews.rules import Fault
from qa.reviews.tables import appeals, review_scores, review_verdicts, reviews
from qa.rules.findings import Verdict
from qa.sampling.rules import Pool, Tier


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """One agent's reviews of a time: mean score of 100, mean points of each line of the scorecard."""

    agent_id: str
    count: int
    score: float | None
    fatal: int
    items: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Appealed:
    """An agent's appeals of a time, and how many of them were granted so far."""

    filed: int
    granted: int


def judged_blind(
    conn: Connection, since: datetime, until: datetime
) -> dict[str, list[tuple[Verdict | None, Verdict]]]:
    """By rule: what the machine said (None: it judged no such rule) and what a person said before he saw it,
    of the random pool's calls (Q5, S1).

    Neither second thoughts nor appeals change it: both begin with the machine's or the first verdict, and
    agents appeal against faults only, so what is left of them would be too few.
    """
    query = (
        select(review_verdicts)
        .join(reviews, reviews.c.id == review_verdicts.c.review_id)
        .where(*_submitted(since, until), reviews.c.pool == Pool.RANDOM, reviews.c.tier == Tier.SITE)
        .order_by(review_verdicts.c.rule_id, review_verdicts.c.review_id)
    )
    found: dict[str, list[tuple[Verdict | None, Verdict]]] = {}
    for row in fetch(conn, query, VerdictRow):
        machine = Verdict(row.machine) if row.machine else None
        found.setdefault(row.rule_id, []).append((machine, Verdict(row.verdict)))
    return found


def double_judged(
    conn: Connection, since: datetime, until: datetime
) -> dict[str, list[tuple[Verdict, Verdict]]]:
    """By rule: what two people said of the same call, seeing neither each other nor the machine: the head
    office's second look at the random pool (S4, S5). What the other pools kept of a rule that nobody touched
    is the machine's word."""
    query = (
        select(reviews.c.attempt_id, review_verdicts.c.rule_id, review_verdicts.c.verdict)
        .join(review_verdicts, reviews.c.id == review_verdicts.c.review_id)
        .where(*_submitted(since, until), reviews.c.pool == Pool.RANDOM)
        .order_by(reviews.c.attempt_id, review_verdicts.c.rule_id, reviews.c.id)
    )
    by_place: dict[tuple[str, str], list[Verdict]] = {}
    for attempt_id, rule_id, verdict in conn.execute(query):
        by_place.setdefault((attempt_id, rule_id), []).append(Verdict(verdict))
    found: dict[str, list[tuple[Verdict, Verdict]]] = {}
    for (_, rule_id), said in by_place.items():
        found.setdefault(rule_id, []).extend((said[0], other) for other in said[1:])
    return {rule_id: pairs for rule_id, pairs in found.items() if pairs}


def faults(conn: Connection, since: datetime, until: datetime) -> list[Fault]:
    """Rules that people found broken, a call once, in the order of the calls (S3).

    Each is the fault of who spoke then, where a call was handed on; of nobody where that was no agent (D6).
    """
    query = (
        select(review_verdicts, reviews.c.agent_id, reviews.c.attempt_id)
        .join(reviews, reviews.c.id == review_verdicts.c.review_id)
        .where(*_submitted(since, until), reviews.c.tier == Tier.SITE)
        .order_by(reviews.c.attempt_id, review_verdicts.c.rule_id)
    )
    broken = {
        (row.attempt_id, row.rule_id): row.agent_id
        for row in conn.execute(query)
        if (row.decided or row.reconsidered or row.verdict) == Verdict.FAIL
    }
    broken |= {
        place: who
        for place, who in spoken_by(conn, list({attempt_id for attempt_id, _ in broken})).items()
        if place in broken
    }
    return [Fault(who, rule_id, attempt_id) for (attempt_id, rule_id), who in broken.items() if who]


def agent_figures(conn: Connection, since: datetime, until: datetime) -> list[AgentFigures]:
    """Each agent's reviews of a time (S2, S3)."""
    where = (*_submitted(since, until), reviews.c.tier == Tier.SITE)
    query = (
        select(
            reviews.c.agent_id,
            func.count(),
            func.avg(reviews.c.score),
            func.count().filter(reviews.c.fatal),
        )
        .where(*where)
        .group_by(reviews.c.agent_id)
        .order_by(reviews.c.agent_id)
    )
    items: dict[str, dict[str, float]] = {}
    by_item = (
        select(reviews.c.agent_id, review_scores.c.item_id, func.avg(review_scores.c.points))
        .join(review_scores, reviews.c.id == review_scores.c.review_id)
        .where(*where, review_scores.c.points.is_not(None))
        .group_by(reviews.c.agent_id, review_scores.c.item_id)
    )
    for agent_id, item_id, mean in conn.execute(by_item):
        items.setdefault(agent_id, {})[item_id] = round(float(mean), 2)
    return [
        AgentFigures(
            agent_id,
            count,
            None if mean is None else round(float(mean) / 100, 2),
            fatal,
            items.get(agent_id, {}),
        )
        for agent_id, count, mean, fatal in conn.execute(query)
    ]


def by_pool(conn: Connection, since: datetime, until: datetime) -> dict[str, dict[Pool, int]]:
    """By agent: how many reviews each pool has brought."""
    query = (
        select(reviews.c.agent_id, reviews.c.pool, func.count())
        .where(*_submitted(since, until), reviews.c.tier == Tier.SITE)
        .group_by(reviews.c.agent_id, reviews.c.pool)
    )
    found: dict[str, dict[Pool, int]] = {}
    for agent_id, pool, count in conn.execute(query):
        found.setdefault(agent_id, {})[Pool(pool)] = count
    return found


def appealed(conn: Connection, since: datetime, until: datetime) -> dict[str, Appealed]:
    """By agent: the appeals filed in this time (S4)."""
    query = (
        select(appeals.c.agent_id, func.count(), func.count().filter(appeals.c.granted))
        .where(appeals.c.filed_at >= since, appeals.c.filed_at < until)
        .group_by(appeals.c.agent_id)
    )
    return {agent_id: Appealed(filed, granted) for agent_id, filed, granted in conn.execute(query)}


def _submitted(since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        reviews.c.state.in_(DONE),
        reviews.c.submitted_at >= since,
        reviews.c.submitted_at < until,
    )
