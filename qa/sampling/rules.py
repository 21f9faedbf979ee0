"""Which calls of a day go into which pool, and who reviews them (S1). Pure.

The random pool is drawn first, from all answered calls, checked or not: what the other pools take cannot bend
it, so it alone may be used for estimates. What one pool has drawn no other takes: a call is reviewed once.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

from dialer.planning.rules.sampling import order_of, size_of

_CATCH_UP_DAYS = 7


class Pool(StrEnum):
    """Why a call is reviewed. Only `random` feeds estimates."""

    RANDOM = "random"
    # A share of each agent's calls of the day.
    SHARE = "share"
    # Those in which something may be wrong.
    RISK = "risk"
    # So many of each agent in a month.
    QUOTA = "quota"
    # What a manager picked by hand (S5).
    SPOT = "spot"


class Tier(StrEnum):
    """Whose review it is: the site's own, or the head office's second look at some of those (S5)."""

    SITE = "site"
    HEAD_OFFICE = "head_office"


class Risk(StrEnum):
    """What makes a call worth a look."""

    ALARM = "alarm"
    FAIL = "fail"
    DISSATISFIED = "dissatisfied"
    DOUBTFUL = "doubtful"
    UNCLEAR = "unclear"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answered call. `talk_seconds` from the customer's answer to the end; `doubt` is the score of a
    follow-up that may be false, 0 to 100. One that is not `checked` goes into the random pool only."""

    attempt_id: str
    agent_id: str
    talk_seconds: float
    alarms: int = 0
    fails: int = 0
    unclears: int = 0
    dissatisfied: bool = False
    doubt: float = 0.0
    checked: bool = True


@dataclass(frozen=True, slots=True)
class Basis:
    """What a day's draw goes by, besides plan and seed.

    `month_part` is how much of the month is over (0 to 1), `drawn_this_month` what the quota has taken of
    each agent: what is missing is spread over the rest of the month. `before` have a review already, as those
    picked by hand: only the random pool takes them none the less.
    """

    calls: tuple[Candidate, ...]
    month_part: float
    drawn_this_month: Mapping[str, int]
    before: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what is drawn. Shares from 0 to 1 of the day's calls; `risk_most` calls a day; `quota`
    calls of each agent in a month. A talk under `short_seconds` counts as short. `weights` of each risk: a
    call with a sum of `risk_from` or more may be drawn."""

    random_share: Decimal = Decimal("0.02")
    share: Decimal = Decimal("0.05")
    risk_most: int = 20
    risk_from: int = 20
    quota: int = 3
    short_seconds: float = 15.0
    head_office_share: Decimal = Decimal("0.1")
    weights: Mapping[Risk, int] = field(
        default_factory=lambda: {
            Risk.ALARM: 50,
            Risk.DISSATISFIED: 30,
            Risk.DOUBTFUL: 30,
            Risk.FAIL: 20,
            Risk.SHORT: 10,
            Risk.UNCLEAR: 2,
        }
    )


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Someone who reviews. `agent_id`: the agent he is himself, whose calls he never reviews."""

    user_id: str
    agent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """One pool's draw: the population it was from in the order of the seed, and what was taken of it.

    `why` says for each taken call what spoke for it, in codes.
    """

    pool: Pool
    order: tuple[str, ...]
    taken: tuple[str, ...]
    why: Mapping[str, tuple[str, ...]]


def days_due(now: datetime, at: time) -> list[date]:
    """The days that are due to be drawn from, by the site's clock.

    Yesterday, once it is `at`; and the last week, of which a service that did not run may have missed some.
    """
    latest = 1 if now.time() >= at else 2
    return [now.date() - timedelta(days=back) for back in range(_CATCH_UP_DAYS, latest - 1, -1)]


def risks(call: Candidate, plan: Plan) -> tuple[int, tuple[Risk, ...]]:
    """How much speaks for a look at this call, and what."""
    counts = {
        Risk.ALARM: call.alarms,
        Risk.FAIL: call.fails,
        Risk.DISSATISFIED: int(call.dissatisfied),
        Risk.DOUBTFUL: int(call.doubt >= 50),
        Risk.SHORT: int(call.talk_seconds < plan.short_seconds),
        Risk.UNCLEAR: call.unclears,
    }
    found = tuple(risk for risk, count in counts.items() if count)
    return sum(plan.weights.get(risk, 0) * count for risk, count in counts.items()), found


def draw(basis: Basis, plan: Plan, seed: str) -> tuple[Drawn, ...]:
    """The day's draws, random first. The same basis, plan and seed give the same draws."""
    by_id = {call.attempt_id: call for call in basis.calls}
    order = order_of(by_id, f"{seed}:{Pool.RANDOM}")
    size = size_of(plan.random_share, len(order)) if plan.random_share else 0
    random = Drawn(Pool.RANDOM, order, order[:size], dict.fromkeys(order[:size], ()))
    gone = basis.before | set(random.taken)
    left = {one: call for one, call in by_id.items() if call.checked and one not in gone}

    share = _share(left, plan, f"{seed}:{Pool.SHARE}")
    for one in share.taken:
        del left[one]

    risk = _risk(left, plan, f"{seed}:{Pool.RISK}")
    for one in risk.taken:
        del left[one]

    return random, share, risk, _quota(left, plan, f"{seed}:{Pool.QUOTA}", basis)


def stand_in(
    pool: Pool, order: Sequence[str], gone: str, agents: Mapping[str, str], used: Mapping[Pool, Sequence[str]]
) -> str | None:
    """Who replaces a call that cannot be reviewed: the next of the seed's order, None where none is left.

    In the random pool that is the next whatever else was drawn, or the sample would no longer be one of all
    calls. Elsewhere it is one that no pool has; in share and quota, which count by agent, the same agent's.
    """
    if pool is Pool.RANDOM:
        taken = set(used.get(pool, ()))
    else:
        taken = {one for each in used.values() for one in each}
    same_agent = pool in {Pool.SHARE, Pool.QUOTA}
    return next(
        (one for one in order if one not in taken and (not same_agent or agents[one] == agents[gone])), None
    )


def assign(
    calls: Sequence[Candidate], reviewers: Sequence[Reviewer], load: Mapping[str, int], seed: str
) -> dict[str, str | None]:
    """A reviewer for each call: whoever has least to do, never the agent himself; None where nobody is left.

    `load` is what each one has open already.
    """
    open_now = Counter({one.user_id: load.get(one.user_id, 0) for one in reviewers})
    given: dict[str, str | None] = {}
    by_id = {call.attempt_id: call for call in calls}
    for attempt_id in order_of(by_id, seed):
        may = [one for one in reviewers if one.agent_id != by_id[attempt_id].agent_id]
        if not may:
            given[attempt_id] = None
            continue
        chosen = min(may, key=lambda one: (open_now[one.user_id], order_of([one.user_id, attempt_id], seed)))
        open_now[chosen.user_id] += 1
        given[attempt_id] = chosen.user_id
    return given


def second_look(reviewed: Iterable[str], share: Decimal, seed: str) -> Drawn:
    """Which of the site's reviews the head office reviews again (S5)."""
    order = order_of(set(reviewed), f"{seed}:{Tier.HEAD_OFFICE}")
    size = size_of(share, len(order)) if share else 0
    return Drawn(Pool.RANDOM, order, order[:size], dict.fromkeys(order[:size], ()))


def _share(left: Mapping[str, Candidate], plan: Plan, seed: str) -> Drawn:
    taken: list[str] = []
    for _, ids in sorted(_by_agent(left).items()):
        mine = order_of(ids, seed)
        taken += mine[: size_of(plan.share, len(mine)) if plan.share else 0]
    return Drawn(Pool.SHARE, order_of(left, seed), tuple(taken), dict.fromkeys(taken, ()))


def _risk(left: Mapping[str, Candidate], plan: Plan, seed: str) -> Drawn:
    scored = {one: risks(call, plan) for one, call in left.items()}
    worth = [one for one in order_of(left, seed) if scored[one][0] >= plan.risk_from]
    worth.sort(key=lambda one: -scored[one][0])  # equals stay in the order of the seed
    taken = tuple(worth[: plan.risk_most])
    return Drawn(Pool.RISK, tuple(worth), taken, {one: tuple(scored[one][1]) for one in taken})


def _quota(left: Mapping[str, Candidate], plan: Plan, seed: str, basis: Basis) -> Drawn:
    taken: list[str] = []
    due = -int(-plan.quota * min(1.0, basis.month_part) // 1)
    for agent, ids in sorted(_by_agent(left).items()):
        taken += order_of(ids, seed)[: max(0, due - basis.drawn_this_month.get(agent, 0))]
    return Drawn(Pool.QUOTA, order_of(left, seed), tuple(taken), dict.fromkeys(taken, ()))


def _by_agent(calls: Mapping[str, Candidate]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one, call in calls.items():
        found[call.agent_id].append(one)
    return found
