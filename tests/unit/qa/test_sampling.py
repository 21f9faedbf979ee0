"""S1, S5: pools kept apart, drawn again from their seed, shared out fairly, never one's own calls."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.planning.rules.sampling import population_hash
from qa.sampling.proof import Proof, basis_of, kept_basis, kept_plan, plan_of, proofs
from qa.sampling.queries import SampleRow
from qa.sampling.rules import (
    Basis,
    Candidate,
    Drawn,
    Plan,
    Pool,
    Reviewer,
    Risk,
    Tier,
    assign,
    days_due,
    draw,
    risks,
    second_look,
    stand_in,
)

PLAN = Plan(random_share=Decimal("0.1"), share=Decimal("0.1"), risk_most=3, quota=2)


def calls(count: int, agents: int = 3) -> list[Candidate]:
    return [Candidate(f"C{n:04}", f"A{n % agents}", 60.0, fails=int(n % 7 == 0)) for n in range(count)]


def drawn(
    population: Sequence[Candidate],
    seed: str = "s",
    month_part: float = 0.5,
    drawn_this_month: Mapping[str, int] | None = None,
    before: frozenset[str] = frozenset(),
) -> dict[Pool, Drawn]:
    basis = Basis(tuple(population), month_part, drawn_this_month or {}, before)
    return {one.pool: one for one in draw(basis, PLAN, seed)}


@given(st.integers(0, 120), st.text(max_size=8))
def test_the_same_seed_draws_the_same_and_pools_are_disjoint(count: int, seed: str) -> None:
    population = calls(count)
    first = drawn(population, seed)
    assert first == drawn(list(reversed(population)), seed)
    taken = Counter(one for each in first.values() for one in each.taken)
    assert set(taken.values()) <= {1}
    assert set(taken) <= {call.attempt_id for call in population}


def test_the_random_pool_is_drawn_from_all_calls_whatever_the_others_take() -> None:
    population = calls(100)
    every = drawn(population)[Pool.RANDOM]
    assert len(every.order) == 100
    assert len(every.taken) == 10
    risky = [Candidate(one.attempt_id, one.agent_id, 5.0, alarms=3) for one in population]
    assert drawn(risky)[Pool.RANDOM].taken == every.taken


def test_a_share_is_taken_of_each_agent_and_the_quota_fills_up_the_month() -> None:
    population = calls(60)
    found = drawn(population)
    agent = {call.attempt_id: call.agent_id for call in population}
    assert set(Counter(agent[one] for one in found[Pool.SHARE].taken).values()) == {2}
    assert Counter(agent[one] for one in found[Pool.QUOTA].taken) == {"A0": 1, "A1": 1, "A2": 1}
    later = drawn(population, month_part=1.0, drawn_this_month={"A0": 2, "A1": 1})
    assert Counter(agent[one] for one in later[Pool.QUOTA].taken) == {"A1": 1, "A2": 2}


def test_risk_takes_the_worst_first_and_says_why() -> None:
    population = calls(30)
    population[4] = Candidate("C0004", "A1", 4.0, alarms=1, dissatisfied=True)
    found = drawn(population)[Pool.RISK]
    other = {one for each in drawn(population).values() if each.pool is not Pool.RISK for one in each.taken}
    if "C0004" not in other:
        assert found.taken[0] == "C0004"
        assert found.why["C0004"] == (Risk.ALARM, Risk.DISSATISFIED, Risk.SHORT)
    assert risks(population[4], PLAN) == (90, (Risk.ALARM, Risk.DISSATISFIED, Risk.SHORT))
    assert risks(Candidate("x", "A", 60.0, doubt=49.9), PLAN) == (0, ())


@pytest.mark.parametrize("reviewers", [1, 2, 4])
def test_work_is_spread_and_nobody_gets_his_own_calls(reviewers: int) -> None:
    people = [Reviewer(f"r{n}", f"A{n}" if n < 2 else None) for n in range(reviewers)]
    population = calls(40, agents=2)
    given_to = assign(population, people, {"r0": 3}, "s")
    agent = {call.attempt_id: call.agent_id for call in population}
    own = {person.user_id: person.agent_id for person in people}
    assert all(who is None or own[who] != agent[one] for one, who in given_to.items())
    if reviewers == 4:
        load = Counter(who for who in given_to.values() if who)
        assert max(load.values()) - min(load.values()) <= 4
        assert None not in given_to.values()
    if reviewers == 1:
        assert sum(who is None for who in given_to.values()) == 20


def test_calls_that_are_not_checked_go_into_the_random_pool_only() -> None:
    """S1: the calls that could be transcribed are better than all calls; an estimate speaks for all."""
    population = [replace(call, checked=n % 2 == 0) for n, call in enumerate(calls(100))]
    found = drawn(population)
    assert found[Pool.RANDOM] == drawn(calls(100))[Pool.RANDOM]
    unchecked = {call.attempt_id for call in population if not call.checked}
    assert unchecked & {*found[Pool.RANDOM].taken}
    assert not unchecked & {
        one for pool, each in found.items() if pool is not Pool.RANDOM for one in each.order
    }


def test_what_was_picked_by_hand_is_left_to_the_random_pool_alone() -> None:
    population = calls(100)
    before = frozenset(call.attempt_id for call in population[:50])
    found = drawn(population, before=before)
    assert found[Pool.RANDOM] == drawn(population)[Pool.RANDOM]
    assert not before & {one for pool, each in found.items() if pool is not Pool.RANDOM for one in each.order}


AGENTS = {"a": "A0", "b": "A0", "c": "A1", "d": "A0", "e": "A0"}
ORDER = tuple(AGENTS)


@pytest.mark.parametrize(
    ("pool", "used", "expected"),
    [
        # The random pool takes the next, whoever has it besides.
        (Pool.RANDOM, {Pool.RANDOM: ["a", "b"], Pool.RISK: ["c"]}, "c"),
        (Pool.RISK, {Pool.RISK: ["a", "b"], Pool.RANDOM: ["c"]}, "d"),
        # What counts by agent is replaced by the same agent's.
        (Pool.SHARE, {Pool.SHARE: ["a", "b"]}, "d"),
        (Pool.QUOTA, {Pool.QUOTA: ["a"], Pool.SPOT: ["b", "d"]}, "e"),
        (Pool.QUOTA, {Pool.QUOTA: ["a", "b", "d", "e"]}, None),
    ],
)
def test_the_next_of_the_order_stands_in(
    pool: Pool, used: dict[Pool, list[str]], expected: str | None
) -> None:
    assert stand_in(pool, ORDER, "a", AGENTS, used) == expected


@pytest.mark.parametrize(
    ("now", "first", "last"),
    [("2026-11-30T08:00", "2026-11-23", "2026-11-29"), ("2026-11-30T07:59", "2026-11-23", "2026-11-28")],
)
def test_the_days_that_are_due(now: str, first: str, last: str) -> None:
    """A day is drawn once it is over; a week that was missed is made up for."""
    days = days_due(datetime.fromisoformat(now), time(8))
    assert (days[0].isoformat(), days[-1].isoformat()) == (first, last)


def kept_rows(seed: str = "s") -> list[SampleRow]:
    """A day's draws as they are stored."""
    population = [replace(call, doubt=60.0) if n == 5 else call for n, call in enumerate(calls(60))]
    basis = Basis(tuple(population), 0.5, {"A0": 1}, frozenset({"C0007"}))
    return [
        SampleRow(
            id=str(one.pool),
            day=date(2026, 11, 29),
            pool=one.pool,
            tier=Tier.SITE,
            seed=seed,
            plan=kept_plan(PLAN),
            members=list(one.order),
            population=population_hash(one.order),
            taken=list(one.taken),
            size=len(one.taken),
            replaced=[],
            drawn_by="lead",
            drawn_at=datetime(2026, 11, 30),
            basis=kept_basis(basis) if one.pool is Pool.RANDOM else None,
        )
        for one in draw(basis, PLAN, seed)
    ]


def forged(**changes: object) -> list[SampleRow]:
    """The same with a pool's row changed: `pool`, and what of it."""
    pool = changes.pop("pool")
    return [replace(row, **changes) if row.pool is pool else row for row in kept_rows()]  # type: ignore[arg-type]


def test_what_is_kept_draws_every_pool_again() -> None:
    """S1: not the order alone, but whose share it was, what spoke for each risk, and how many were owed."""
    assert set(proofs(kept_rows()).values()) == {Proof.SAME}
    first = kept_rows()[0]
    assert first.basis is not None
    assert kept_basis(basis_of(first.basis)) == first.basis
    assert plan_of(first.plan) == PLAN


@pytest.mark.parametrize("pool", [Pool.RANDOM, Pool.SHARE, Pool.RISK, Pool.QUOTA])
def test_a_draw_that_was_changed_is_seen(pool: Pool) -> None:
    row = next(one for one in kept_rows() if one.pool is pool)
    others = [one for one in row.members if one not in row.taken]
    assert others, "the test would prove nothing"
    swapped = [*row.taken[:-1], others[-1]]
    for change in (
        {"taken": swapped},
        {"taken": row.taken[:-1], "size": row.size - 1},
        {"members": row.members[1:], "population": population_hash(row.members[1:])},
        {"members": row.members[::-1]},
        {"seed": "another"},
        {"replaced": [[row.taken[0], others[-1], "other", "lead", "2026-11-30", ""]]},
        {"replaced": [[row.taken[0], None, "other", "lead", "2026-11-30", ""]]},
    ):
        found = proofs(forged(pool=pool, **change))
        assert found[str(pool)] is Proof.CHANGED, change


def test_a_population_that_was_changed_is_seen_in_every_pool_it_feeds() -> None:
    """Who makes a call look harmless afterwards is seen: its risk was drawn by what was known then."""
    rows = kept_rows()
    assert rows[0].basis is not None
    risky = next(row for row in rows if row.pool is Pool.RISK).taken[0]
    tame = [
        [*one[:3], 0, 0, 0, False, 0.0, True] if one[0] == risky else one for one in rows[0].basis["calls"]
    ]
    found = proofs(forged(pool=Pool.RANDOM, basis={**rows[0].basis, "calls": tame}))
    assert found[Pool.RANDOM] is Proof.SAME
    assert found[Pool.RISK] is Proof.CHANGED
    unreadable = proofs(forged(pool=Pool.RANDOM, basis={"calls": "none"}))
    assert set(unreadable.values()) == {Proof.CHANGED}


def test_the_head_office_looks_at_a_share_again() -> None:
    ids = [f"C{n}" for n in range(25)]
    found = second_look(ids, Decimal("0.1"), "s")
    assert len(found.taken) == 3
    assert found == second_look(reversed(ids), Decimal("0.1"), "s")
