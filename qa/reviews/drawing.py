"""Draws the samples of a day and makes their reviews (S1, S5). Each runs in its caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dialer.ids import new_id
from dialer.planning.rules.sampling import order_of, population_hash, size_of
from dialer.storage.dialects import keep_event_order
from dialer.storage.feed import emit
from qa.checks.queries import check_of
from qa.falsity.queries import doubts_of
from qa.reviews import queries
from qa.reviews.scorecards import Scorecard
from qa.reviews.states import ReviewState
from qa.sampling import queries as samples
from qa.sampling.queries import SampleRow
from qa.sampling.rules import (
    Candidate,
    Drawn,
    Plan,
    Pool,
    Reviewer,
    Tier,
    assign,
    draw,
    second_look,
    stand_in,
)


class CannotDraw(Exception):
    """There is nothing to draw, or it was drawn already. The message says which."""


@dataclass(frozen=True, slots=True)
class Site:
    """What every draw needs to know: the plan, the scorecard, the zone that days are of, who reviews."""

    plan: Plan
    card: Scorecard
    zone: ZoneInfo
    reviewers: Sequence[Reviewer]


def draw_day(conn: Connection, site: Site, day: date, seed: str, by: str, now: datetime) -> list[str]:
    """Draw the pools from the calls of `day` and give each call a reviewer; the ids of the draws.

    Raises:
        CannotDraw: it was drawn already, or no checked call was answered that day.
    """
    keep_event_order(conn)  # one at a time
    if samples.is_drawn(conn, day, Tier.SITE):
        raise CannotDraw(f"The calls of {day} were drawn already: see the sample of that day.")
    since, until = _bounds(day, day + timedelta(days=1), site.zone)
    calls = _with_doubts(conn, samples.candidates(conn, since, until))
    if not calls:
        raise CannotDraw(f"No answered and checked call of {day}: is transcription behind?")
    month = day.replace(day=1)
    after = (month + timedelta(days=32)).replace(day=1)
    drawn = draw(
        calls,
        site.plan,
        seed,
        month_part=((day - month).days + 1) / (after - month).days,
        drawn_this_month=queries.quota_taken(conn, *_bounds(month, after, site.zone)),
    )
    taken = {one for each in drawn for one in each.taken}
    given = assign([c for c in calls if c.attempt_id in taken], site.reviewers, queries.load(conn), seed)
    by_id = {call.attempt_id: call for call in calls}
    return [_keep(conn, site, one, day, Tier.SITE, seed, by_id, given, by, now) for one in drawn if one.taken]


def draw_second(conn: Connection, site: Site, day: date, seed: str, by: str, now: datetime) -> list[str]:
    """Draw the head office's second look from the site's reviews submitted on `day` (S5).

    Raises:
        CannotDraw: it was drawn already, or nothing was reviewed that day.
    """
    keep_event_order(conn)
    if samples.is_drawn(conn, day, Tier.HEAD_OFFICE):
        raise CannotDraw(f"The second look at {day} was drawn already.")
    first = queries.reviewed(conn, *_bounds(day, day + timedelta(days=1), site.zone))
    if not first:
        raise CannotDraw(f"Nothing was reviewed on {day}, so there is nothing to look at again.")
    drawn = second_look(first, site.plan.head_office_share, seed)
    by_id = {one: call for one in drawn.order if (call := samples.candidate(conn, one)) is not None}
    given: dict[str, str | None] = {}
    load = queries.load(conn)
    for one in drawn.taken:
        others = [person for person in site.reviewers if person.user_id != first[one]]
        given |= assign([by_id[one]], others, load, seed)
        if (who := given[one]) is not None:
            load[who] = load.get(who, 0) + 1
    return [_keep(conn, site, drawn, day, Tier.HEAD_OFFICE, seed, by_id, given, by, now)]


def pick(conn: Connection, site: Site, attempt_id: str, reviewer: str | None, by: str, now: datetime) -> str:
    """A manager's spot-check of one call (S5); the id of the review.

    Raises:
        CannotDraw: nobody talked in this call, or it has a review that is open.
    """
    call = samples.candidate(conn, attempt_id)
    if call is None:
        raise CannotDraw(f"The call {attempt_id} was not answered: there is nothing to listen to.")
    if any(one.state in queries.OPEN for one in queries.of_calls(conn, [attempt_id])):
        raise CannotDraw(f"The call {attempt_id} waits to be reviewed already.")
    day = now.astimezone(site.zone).date()
    known = next((one for one in samples.samples_of(conn, day) if one.pool is Pool.SPOT), None)
    if known is None:
        drawn = Drawn(Pool.SPOT, (attempt_id,), (attempt_id,), {attempt_id: ()})
        _keep(conn, site, drawn, day, Tier.SITE, "", {attempt_id: call}, {attempt_id: reviewer}, by, now)
    else:
        members = sorted({*known.members, attempt_id})
        changed = {"members": members, "taken": [*known.taken, attempt_id], "size": len(members)}
        samples.change(conn, known.id, {**changed, "population": population_hash(members)})
        _add_review(conn, site, known.id, Pool.SPOT, Tier.SITE, call, (), reviewer, now)
    return queries.of_calls(conn, [attempt_id])[-1].id


def replace_call(
    conn: Connection, site: Site, sample: SampleRow, gone: str, reason: str, now: datetime
) -> str | None:
    """The next call of the draw stands in for one that cannot be reviewed; None where there is no other."""
    used = {
        one for row in samples.samples_of(conn, sample.day) for one in row.taken if row.tier is sample.tier
    }
    drawn = Drawn(sample.pool, tuple(sample.members), tuple(sample.taken), {})
    instead = stand_in(drawn, used)
    call = samples.candidate(conn, instead) if instead is not None else None
    replaced = [*sample.replaced, [gone, instead, reason]]
    taken = [*sample.taken, instead] if instead is not None else sample.taken
    samples.change(conn, sample.id, {"replaced": replaced, "taken": taken})
    if instead is None or call is None:
        return None
    reviewer = assign([call], site.reviewers, queries.load(conn), sample.seed)[instead]
    _add_review(conn, site, sample.id, sample.pool, sample.tier, call, (), reviewer, now)
    return instead


def is_reproducible(sample: SampleRow) -> bool:
    """Whether a draw is what its seed gives (share and quota: its order; risk: its population).

    The kept population is the one that was drawn from and stands in the seed's order (risk: by what spoke for
    each call); a random draw took its beginning, as many as the plan says, and the stand-ins that followed.
    """
    if population_hash(sample.members) != sample.population or not set(sample.taken) <= set(sample.members):
        return False
    second = sample.tier is Tier.HEAD_OFFICE
    word = sample.tier if second else sample.pool
    if sample.pool not in {Pool.RISK, Pool.SPOT} and tuple(sample.members) != order_of(
        sample.members, f"{sample.seed}:{word}"
    ):
        return False
    if sample.pool is not Pool.RANDOM:
        return True
    share = Decimal(sample.plan["head_office_share" if second else "random_share"])
    stand_ins = [one[1] for one in sample.replaced if one[1] is not None]
    size = size_of(share, len(sample.members)) if share else 0
    return sample.size == size and sample.taken == [*sample.members[:size], *stand_ins]


def _keep(
    conn: Connection,
    site: Site,
    drawn: Drawn,
    day: date,
    tier: Tier,
    seed: str,
    by_id: Mapping[str, Candidate],
    given: Mapping[str, str | None],
    by: str,
    now: datetime,
) -> str:
    sample_id = new_id()
    samples.add(
        conn,
        {
            "id": sample_id,
            "day": day,
            "pool": drawn.pool,
            "tier": tier,
            "seed": seed,
            "plan": _plan(site.plan),
            "members": list(drawn.order),
            "population": population_hash(drawn.order),
            "taken": list(drawn.taken),
            "size": len(drawn.taken),
            "replaced": [],
            "drawn_by": by,
            "drawn_at": now,
        },
    )
    told = {"pool": drawn.pool, "tier": tier, "day": day.isoformat(), "calls": len(drawn.taken)}
    emit(conn, "sample.drawn", sample_id, now, told)
    for one in drawn.taken:
        why = drawn.why.get(one, ())
        _add_review(conn, site, sample_id, drawn.pool, tier, by_id[one], why, given.get(one), now)
    return sample_id


def _add_review(
    conn: Connection,
    site: Site,
    sample_id: str,
    pool: Pool,
    tier: Tier,
    call: Candidate,
    why: Sequence[str],
    reviewer: str | None,
    now: datetime,
) -> None:
    check = check_of(conn, call.attempt_id)
    review_id = new_id()
    queries.add(
        conn,
        {
            "id": review_id,
            "sample_id": sample_id,
            "attempt_id": call.attempt_id,
            "pool": pool,
            "tier": tier,
            "why": list(why),
            "agent_id": call.agent_id,
            "reviewer": reviewer,
            "state": ReviewState.WAITING,
            "draft": {},
            "revision": 0,
            "scorecard": site.card.id,
            "scorecard_version": site.card.version,
            "rule_set": check.rule_set if check else None,
            "rule_set_version": check.rule_set_version if check else None,
            "fatal": False,
            "note": "",
            "created_at": now,
        },
    )
    emit(conn, "review.waiting", review_id, now, {"pool": pool, "reviewer": reviewer})


def _with_doubts(conn: Connection, calls: Sequence[Candidate]) -> list[Candidate]:
    doubts = doubts_of(conn, [call.attempt_id for call in calls])
    return [replace(call, doubt=doubts.get(call.attempt_id, 0.0)) for call in calls]


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "random_share": str(plan.random_share),
        "share": str(plan.share),
        "risk_most": plan.risk_most,
        "risk_from": plan.risk_from,
        "quota": plan.quota,
        "short_seconds": plan.short_seconds,
        "head_office_share": str(plan.head_office_share),
        "weights": {str(risk): weight for risk, weight in plan.weights.items()},
    }


def _bounds(first: date, after: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return datetime.combine(first, time(), zone), datetime.combine(after, time(), zone)
