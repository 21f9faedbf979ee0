"""All SQL of reviews. Reads for callers first."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update

from dialer.calling.tables import attempts
from dialer.storage.rows import fetch, fetch_one
from qa.checks.tables import findings
from qa.reviews.rules import hides_machine
from qa.reviews.states import ReviewState
from qa.reviews.tables import appeals, clips, review_scores, review_verdicts, reviews
from qa.rules.findings import Verdict
from qa.sampling.rules import Pool, Tier
from qa.sampling.tables import review_samples

DONE = (ReviewState.SUBMITTED, ReviewState.APPEALED, ReviewState.DECIDED)
OPEN = (ReviewState.WAITING, ReviewState.CLAIMED)
_OPEN_AT_MOST = 500


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One review. `draft` holds verdicts, scores and note as they are so far; `card` is the scorecard it goes
    by; `score` in hundredths."""

    id: str
    sample_id: str
    attempt_id: str
    pool: Pool
    tier: Tier
    why: list[str]
    agent_id: str
    reviewer: str | None
    state: ReviewState
    held_until: datetime | None
    revision: int
    draft: dict[str, Any]
    scorecard: str
    scorecard_version: int
    card: dict[str, Any] | None
    rule_set: str | None
    rule_set_version: int | None
    score: int | None
    fatal: bool
    note: str
    created_at: datetime
    submitted_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pool", Pool(self.pool))
        object.__setattr__(self, "tier", Tier(self.tier))
        object.__setattr__(self, "state", ReviewState(self.state))

    @property
    def unfit(self) -> tuple[str, str] | None:
        """Why its reviewer asks for it to be set aside, and his note; None where he does not."""
        asked = self.draft.get("unfit")
        return (str(asked["reason"]), str(asked["note"])) if asked else None

    @property
    def is_blind(self) -> bool:
        """Whether the machine's verdict stays hidden until one's own is given (S4)."""
        return self.pool is Pool.RANDOM


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """What a review says of a rule: at first (blind in the random pool), once the machine's verdict was seen
    (`reconsidered`, None where that changed nothing), and after an appeal (`decided`)."""

    review_id: str
    rule_id: str
    machine: str | None
    verdict: str
    reason: str
    note: str
    reconsidered: str | None
    decided: str | None

    @property
    def in_force(self) -> Verdict:
        """The last word of a person: what counts for the agent."""
        return Verdict(self.decided or self.reconsidered or self.verdict)


@dataclass(frozen=True, slots=True)
class AppealRow:
    """An agent's appeal. `about`: rules and lines of the scorecard; `granted` is None before a decision."""

    id: str
    review_id: str
    agent_id: str
    about: list[str]
    reason: str
    filed_at: datetime
    due_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    granted: bool | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Clip:
    """A piece of a call kept for its agent or as a case for training. Seconds of the recording."""

    id: str
    attempt_id: str
    rule_id: str | None
    start: float
    end: float
    purpose: str
    note: str
    made_by: str
    made_at: datetime


def review(conn: Connection, review_id: str) -> ReviewRow | None:
    """One review."""
    return fetch_one(conn, select(reviews).where(reviews.c.id == review_id), ReviewRow)


def open_for(
    conn: Connection, user: str, own_agent_id: str | None, limit: int = _OPEN_AT_MOST
) -> list[ReviewRow]:
    """What this user has to review: his own first, then what is nobody's, last what he asked to have set
    aside; never his own calls."""
    query = select(reviews).where(
        reviews.c.state.in_(OPEN), or_(reviews.c.reviewer == user, reviews.c.reviewer.is_(None))
    )
    if own_agent_id is not None:
        query = query.where(reviews.c.agent_id != own_agent_id)
    # SQLite and PostgreSQL sort NULL differently.
    order = (reviews.c.reviewer.is_(None), reviews.c.sample_id, reviews.c.id)
    found = fetch(conn, query.order_by(*order).limit(max(limit, _OPEN_AT_MOST)), ReviewRow)
    return sorted(found, key=lambda row: row.unfit is not None)[:limit]


def to_set_aside(conn: Connection) -> list[ReviewRow]:
    """Every open review whose call its reviewer asks to have set aside, the oldest first."""
    rows = fetch(conn, select(reviews).where(reviews.c.state.in_(OPEN)).order_by(reviews.c.id), ReviewRow)
    return [row for row in rows if row.unfit is not None]


def open_but_of(conn: Connection, logins: Collection[str]) -> list[ReviewRow]:
    """Every open review that is somebody's, but of none of these."""
    others = (reviews.c.reviewer.is_not(None), reviews.c.reviewer.not_in(logins))
    query = select(reviews).where(reviews.c.state.in_(OPEN), *others)
    return fetch(conn, query.order_by(reviews.c.id), ReviewRow)


def done_by(conn: Connection, user: str, since: datetime) -> list[ReviewRow]:
    """What this user has submitted since then, newest first."""
    query = select(reviews).where(
        reviews.c.reviewer == user, reviews.c.state.in_(DONE), reviews.c.submitted_at >= since
    )
    return fetch(conn, query.order_by(reviews.c.submitted_at.desc()), ReviewRow)


def of_agent(conn: Connection, agent_id: str, limit: int = 100) -> list[ReviewRow]:
    """The results an agent may see, newest first; the head office's second look is not his (S4)."""
    query = select(reviews).where(
        reviews.c.agent_id == agent_id, reviews.c.state.in_(DONE), reviews.c.tier == Tier.SITE
    )
    return fetch(conn, query.order_by(reviews.c.submitted_at.desc()).limit(limit), ReviewRow)


def of_sample(conn: Connection, sample_id: str) -> list[ReviewRow]:
    """Every review of a draw."""
    query = select(reviews).where(reviews.c.sample_id == sample_id).order_by(reviews.c.id)
    return fetch(conn, query, ReviewRow)


def of_calls(conn: Connection, attempt_ids: Collection[str]) -> list[ReviewRow]:
    """Every review of these calls, oldest first."""
    query = select(reviews).where(reviews.c.attempt_id.in_(attempt_ids)).order_by(reviews.c.id)
    return fetch(conn, query, ReviewRow)


def blind_reviews(conn: Connection, user: str) -> dict[str, str]:
    """The calls whose verdicts of the machine are hidden from this user, each with his review of it (S4)."""
    mine = select(reviews).where(reviews.c.reviewer == user, reviews.c.state.in_(OPEN))
    return {
        row.attempt_id: row.id
        for row in fetch(conn, mine, ReviewRow)
        if hides_machine(blind=row.is_blind, over=row.state not in OPEN, reviewer=row.reviewer, user=user)
    }


def verdicts(conn: Connection, review_id: str) -> dict[str, VerdictRow]:
    """What a submitted review says of each rule."""
    query = select(review_verdicts).where(review_verdicts.c.review_id == review_id)
    return {row.rule_id: row for row in fetch(conn, query, VerdictRow)}


def scores(conn: Connection, review_id: str) -> dict[str, int | None]:
    """The points of a submitted review; None: does not apply."""
    query = select(review_scores.c.item_id, review_scores.c.points).where(
        review_scores.c.review_id == review_id
    )
    return {row[0]: row[1] for row in conn.execute(query)}


def machine_verdicts(conn: Connection, attempt_id: str) -> dict[str, Verdict]:
    """What the machine says of each rule of a call, in the order of its rule set."""
    query = (
        select(findings.c.rule_id, findings.c.verdict)
        .where(findings.c.attempt_id == attempt_id)
        .order_by(findings.c.position)
    )
    return {row[0]: Verdict(row[1]) for row in conn.execute(query)}


def appeal_of(conn: Connection, review_id: str) -> AppealRow | None:
    """The appeal against a review."""
    return fetch_one(conn, select(appeals).where(appeals.c.review_id == review_id), AppealRow)


def open_appeals(conn: Connection) -> list[AppealRow]:
    """Appeals that wait for a decision, the first due first."""
    query = select(appeals).where(appeals.c.decided_at.is_(None)).order_by(appeals.c.due_at)
    return fetch(conn, query, AppealRow)


def clips_of(conn: Connection, *, purpose: str, agent_id: str | None = None, limit: int = 200) -> list[Clip]:
    """Clips for this purpose, newest first; of one agent's calls where one is named."""
    query = select(clips).where(clips.c.purpose == purpose)
    if agent_id is not None:
        mine = select(reviews.c.attempt_id).where(reviews.c.agent_id == agent_id)
        query = query.where(clips.c.attempt_id.in_(mine))
    return fetch(conn, query.order_by(clips.c.id.desc()).limit(limit), Clip)


def quota_taken(conn: Connection, first: date, after: date) -> dict[str, int]:
    """How many of each agent's calls of these days the quota has taken."""
    query = (
        select(reviews.c.agent_id, func.count())
        .join(review_samples, review_samples.c.id == reviews.c.sample_id)
        .where(
            reviews.c.pool == Pool.QUOTA,
            reviews.c.state != ReviewState.SET_ASIDE,
            review_samples.c.day >= first,
            review_samples.c.day < after,
        )
        .group_by(reviews.c.agent_id)
    )
    return {row[0]: row[1] for row in conn.execute(query)}


def reviewed_before(conn: Connection, since: datetime, until: datetime) -> frozenset[str]:
    """The calls placed in this time that have a review of the site already, as those picked by hand."""
    query = (
        select(reviews.c.attempt_id)
        .join(attempts, attempts.c.id == reviews.c.attempt_id)
        .where(attempts.c.placed_at >= since, attempts.c.placed_at < until, reviews.c.tier == Tier.SITE)
    )
    return frozenset(row[0] for row in conn.execute(query))


def load(conn: Connection) -> dict[str, int]:
    """How many reviews each user has open."""
    query = (
        select(reviews.c.reviewer, func.count())
        .where(
            reviews.c.reviewer.is_not(None),
            reviews.c.state.in_(OPEN),
        )
        .group_by(reviews.c.reviewer)
    )
    return {row[0]: row[1] for row in conn.execute(query)}


def reviewed(conn: Connection, since: datetime, until: datetime) -> dict[str, str]:
    """The calls of submitted site reviews of this time, each with its reviewer."""
    query = select(reviews.c.attempt_id, reviews.c.reviewer).where(
        reviews.c.tier == Tier.SITE,
        reviews.c.state.in_(DONE),
        reviews.c.submitted_at >= since,
        reviews.c.submitted_at < until,
    )
    return {row[0]: row[1] for row in conn.execute(query)}


def reviewers_of(conn: Connection, attempt_id: str) -> list[str]:
    """Who has this call to review or has reviewed it."""
    query = select(reviews.c.reviewer).where(
        reviews.c.attempt_id == attempt_id, reviews.c.reviewer.is_not(None)
    )
    return [row[0] for row in conn.execute(query)]


# --- changes -----------------------------------------------------------------------------


def add(conn: Connection, values: Mapping[str, Any]) -> None:
    """A new review."""
    conn.execute(insert(reviews).values(**values))


def save_draft(
    conn: Connection, review_id: str, by: str, revision: int, draft: Mapping[str, Any], until: datetime
) -> bool:
    """Keep a draft, unless another tab was quicker or the review is somebody else's."""
    saved = conn.execute(
        update(reviews)
        .where(
            reviews.c.id == review_id,
            reviews.c.revision == revision,
            reviews.c.reviewer == by,
            reviews.c.state == ReviewState.CLAIMED,
        )
        .values(draft=dict(draft), revision=revision + 1, held_until=until)
    )
    return saved.rowcount == 1


def hold(conn: Connection, review_id: str, until: datetime) -> None:
    """It is still worked at."""
    conn.execute(update(reviews).where(reviews.c.id == review_id).values(held_until=until))


def left_alone(conn: Connection, now: datetime, limit: int = 500) -> list[str]:
    """Claimed reviews whose time is over."""
    query = select(reviews.c.id).where(reviews.c.state == ReviewState.CLAIMED, reviews.c.held_until < now)
    return [row[0] for row in conn.execute(query.limit(limit))]


def replace_result(
    conn: Connection,
    review_id: str,
    said: Collection[Mapping[str, Any]],
    points: Mapping[str, int | None],
) -> None:
    """What a review says now."""
    conn.execute(delete(review_verdicts).where(review_verdicts.c.review_id == review_id))
    conn.execute(delete(review_scores).where(review_scores.c.review_id == review_id))
    if said:
        conn.execute(insert(review_verdicts), [{"review_id": review_id, **one} for one in said])
    if points:
        rows = [{"review_id": review_id, "item_id": key, "points": value} for key, value in points.items()]
        conn.execute(insert(review_scores), rows)


def decide_rule(conn: Connection, review_id: str, rule_id: str, verdict: Verdict) -> bool:
    """What an appeal made of a rule."""
    changed = conn.execute(
        update(review_verdicts)
        .where(review_verdicts.c.review_id == review_id, review_verdicts.c.rule_id == rule_id)
        .values(decided=verdict)
    )
    return changed.rowcount == 1


def set_points(conn: Connection, review_id: str, points: Mapping[str, int | None]) -> None:
    """Other points for some lines."""
    for item_id, value in points.items():
        conn.execute(
            update(review_scores)
            .where(review_scores.c.review_id == review_id, review_scores.c.item_id == item_id)
            .values(points=value)
        )


def add_appeal(conn: Connection, values: Mapping[str, Any]) -> None:
    """A new appeal."""
    conn.execute(insert(appeals).values(**values))


def close_appeal(conn: Connection, appeal_id: str, values: Mapping[str, Any]) -> bool:
    """Its decision; False where it has one already."""
    closed = conn.execute(
        update(appeals).where(appeals.c.id == appeal_id, appeals.c.decided_at.is_(None)).values(**values)
    )
    return closed.rowcount == 1


def add_clip(conn: Connection, values: Mapping[str, Any]) -> None:
    """A new clip."""
    conn.execute(insert(clips).values(**values))


def _submitted(since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        reviews.c.state.in_(DONE),
        reviews.c.submitted_at >= since,
        reviews.c.submitted_at < until,
    )
