"""Draws the samples of a day and makes their reviews (S1, S5). Each runs in its caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dialer.ids import new_id
from dialer.planning.rules.sampling import population_hash
from dialer.storage.dialects import keep_event_order
from dialer.storage.feed import emit
from qa.checks.queries import check_of
from qa.falsity.queries import doubts_of
from qa.reviews import queries
from qa.reviews.scorecards import Scorecard
from qa.reviews.states import ReviewState
from qa.sampling import queries as samples
from qa.sampling.proof import draw_tier, kept_basis, kept_plan
from qa.sampling.rules import Basis, Candidate, Drawn, Plan, Pool, Reviewer, Tier, assign


class CannotDraw(Exception):
    """There is nothing to draw, or it was drawn already. The message says which."""


@dataclass(frozen=True, slots=True)
class Site:
    """What every draw needs to know: the plan, the scorecard, the zone that days are of, who reviews.

    `reviewers` have calls drawn for them; `staff` are all who may review, leads among them.
    """

    plan: Plan
    card: Scorecard
    zone: ZoneInfo
    reviewers: Sequence[Reviewer]
    staff: Sequence[Reviewer]

    @property
    def logins(self) -> list[str]:
        """Whose reviews stay theirs."""
        return [one.user_id for one in self.staff]


def draw_day(conn: Connection, site: Site, day: date, seed: str, by: str, now: datetime) -> list[str]:
    """Draw the pools from the calls of `day` and give each call a reviewer; the ids of the draws.

    Raises:
        CannotDraw: that day is not over, it was drawn already, or nobody talked that day.
    """
    keep_event_order(conn)  # one at a time
    _must_be_over(day, site.zone, now)
    if samples.is_drawn(conn, day, Tier.SITE):
        raise CannotDraw(f"The calls of {day} were drawn already: see the sample of that day.")
    bounds = bounds_of(day, day + timedelta(days=1), site.zone)
    calls = _with_doubts(conn, samples.candidates(conn, *bounds))
    if not calls:
        raise CannotDraw(f"No call of {day} was answered: there is nothing to draw from.")
    month = day.replace(day=1)
    after = (month + timedelta(days=32)).replace(day=1)
    basis = Basis(
        calls=tuple(calls),
        month_part=((day - month).days + 1) / (after - month).days,
        drawn_this_month=queries.quota_taken(conn, month, after),
        before=queries.reviewed_before(conn, *bounds),
    )
    drawn = draw_tier(Tier.SITE, basis, site.plan, seed)
    taken = {one for each in drawn.values() for one in each.taken}
    given = assign([c for c in calls if c.attempt_id in taken], site.reviewers, queries.load(conn), seed)
    keeping = _Keeping(conn, site, day, Tier.SITE, seed, basis, given, by, now)
    return [keeping.keep(one) for one in drawn.values()]


def draw_second(conn: Connection, site: Site, day: date, seed: str, by: str, now: datetime) -> list[str]:
    """Draw the head office's second look from the site's reviews submitted on `day` (S5).

    Raises:
        CannotDraw: that day is not over, it was drawn already, or nothing was reviewed that day.
    """
    keep_event_order(conn)
    _must_be_over(day, site.zone, now)
    if samples.is_drawn(conn, day, Tier.HEAD_OFFICE):
        raise CannotDraw(f"The second look at {day} was drawn already.")
    first = queries.reviewed(conn, *bounds_of(day, day + timedelta(days=1), site.zone))
    if not first:
        raise CannotDraw(f"Nothing was reviewed on {day}, so there is nothing to look at again.")
    calls = tuple(call for one in sorted(first) if (call := samples.candidate(conn, one)) is not None)
    basis = Basis(calls, 0.0, {})
    drawn = draw_tier(Tier.HEAD_OFFICE, basis, site.plan, seed)
    by_id = {call.attempt_id: call for call in calls}
    given: dict[str, str | None] = {}
    load = queries.load(conn)
    for one in drawn[Pool.RANDOM].taken:
        given[one] = who = reviewer_of(conn, site, by_id[one], load, seed)
        if who is not None:
            load[who] = load.get(who, 0) + 1
    keeping = _Keeping(conn, site, day, Tier.HEAD_OFFICE, seed, basis, given, by, now)
    return [keeping.keep(one) for one in drawn.values()]


@dataclass(frozen=True, slots=True)
class Drift:
    """How the answered calls of a day differ by now from those it was drawn from.

    `more` were not known as answered then, `fewer` do not count as answered any more: what is heard on the
    line may correct an outcome later.
    """

    more: tuple[str, ...]
    fewer: tuple[str, ...]


def drift(conn: Connection, day: date, zone: ZoneInfo) -> Drift | None:
    """What became of a day's population since; None where the site has drawn nothing from that day."""
    rows = samples.samples_of(conn, day)
    first = next((row for row in rows if row.tier is Tier.SITE and row.pool is Pool.RANDOM), None)
    if first is None:
        return None
    then = set(first.members)
    since, until = bounds_of(day, day + timedelta(days=1), zone)
    now = {call.attempt_id for call in samples.candidates(conn, since, until)}
    return Drift(tuple(sorted(now - then)), tuple(sorted(then - now)))


def pick(
    conn: Connection,
    site: Site,
    attempt_id: str,
    by: str,
    now: datetime,
    *,
    own_agent_id: str | None = None,
) -> str:
    """A manager's spot-check of one call, which he reviews himself (S5); the id of the review.

    Raises:
        CannotDraw: nobody talked in this call, it is his own, or it has a review already.
    """
    keep_event_order(conn)
    call = samples.candidate(conn, attempt_id)
    if call is None:
        raise CannotDraw(f"The call {attempt_id} was not answered: there is nothing to listen to.")
    if call.agent_id == own_agent_id:
        raise CannotDraw("This is a call of your own: somebody else reviews it.")
    for row in queries.of_calls(conn, [attempt_id]):
        if row.state in queries.OPEN:
            raise CannotDraw(f"The call {attempt_id} waits to be reviewed already.")
        if row.state in queries.DONE:
            raise CannotDraw(f"The call {attempt_id} was reviewed already by {row.reviewer}.")
    day = now.astimezone(site.zone).date()
    known = next((one for one in samples.samples_of(conn, day) if one.pool is Pool.SPOT), None)
    if known is None:
        drawn = Drawn(Pool.SPOT, (attempt_id,), (attempt_id,), {attempt_id: ()})
        basis = Basis((call,), 0.0, {})
        _Keeping(conn, site, day, Tier.SITE, "", basis, {attempt_id: by}, by, now).keep(drawn)
    elif attempt_id in known.taken:
        raise CannotDraw(f"The call {attempt_id} was set aside today: it cannot be reviewed.")
    else:
        members = sorted({*known.members, attempt_id})
        changed = {"members": members, "taken": [*known.taken, attempt_id], "size": len(members)}
        samples.change(conn, known.id, {**changed, "population": population_hash(members)})
        add_review(conn, site, known.id, Pool.SPOT, Tier.SITE, call, (), by, now)
    return queries.of_calls(conn, [attempt_id])[-1].id


def reviewer_of(
    conn: Connection, site: Site, call: Candidate, load: Mapping[str, int], seed: str
) -> str | None:
    """Who reviews this call: whoever has least to do of those who had it never."""
    had = set(queries.reviewers_of(conn, call.attempt_id))
    others = [person for person in site.reviewers if person.user_id not in had]
    return assign([call], others, load, seed)[call.attempt_id]


@dataclass(frozen=True, slots=True)
class _Keeping:
    """What the draws of one day have in common while they are kept."""

    conn: Connection
    site: Site
    day: date
    tier: Tier
    seed: str
    basis: Basis
    given: Mapping[str, str | None]
    by: str
    now: datetime

    def keep(self, drawn: Drawn) -> str:
        """One draw with its reviews; its id."""
        sample_id = new_id()
        samples.add(
            self.conn,
            {
                "id": sample_id,
                "day": self.day,
                "pool": drawn.pool,
                "tier": self.tier,
                "seed": self.seed,
                "plan": kept_plan(self.site.plan),
                "members": list(drawn.order),
                "population": population_hash(drawn.order),
                "taken": list(drawn.taken),
                "size": len(drawn.taken),
                "basis": kept_basis(self.basis) if drawn.pool is Pool.RANDOM else None,
                "replaced": [],
                "drawn_by": self.by,
                "drawn_at": self.now,
            },
        )
        told = {"pool": drawn.pool, "tier": self.tier, "day": self.day.isoformat(), "calls": len(drawn.taken)}
        told |= {"seed": self.seed, "population": population_hash(drawn.order), "by": self.by}
        emit(self.conn, "sample.drawn", sample_id, self.now, told)
        by_id = {call.attempt_id: call for call in self.basis.calls}
        for one in drawn.taken:
            why, who = drawn.why.get(one, ()), self.given.get(one)
            add_review(self.conn, self.site, sample_id, drawn.pool, self.tier, by_id[one], why, who, self.now)
        return sample_id


def add_review(
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
    """One more call of a draw to review."""
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
            "card": site.card.model_dump(mode="json"),
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


def _must_be_over(day: date, zone: ZoneInfo, now: datetime) -> None:
    if day >= now.astimezone(zone).date():
        raise CannotDraw(f"The day {day} is not over: draw from it once no call can be added.")


def bounds_of(first: date, after: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When these days begin and end."""
    return datetime.combine(first, time(), zone), datetime.combine(after, time(), zone)
