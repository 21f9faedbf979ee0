"""S1, S5: pools kept apart, drawn again from their seed, shared out fairly, never one's own calls."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.sampling.rules import (
    Candidate,
    Drawn,
    Plan,
    Pool,
    Reviewer,
    Risk,
    assign,
    draw,
    risks,
    second_look,
    stand_in,
)

PLAN = Plan(random_share=Decimal("0.1"), share=Decimal("0.1"), risk_most=3, quota=2)


def calls(count: int, agents: int = 3) -> list[Candidate]:
    return [Candidate(f"C{n:04}", f"A{n % agents}", 60.0, fails=int(n % 7 == 0)) for n in range(count)]


def drawn(population: list[Candidate], seed: str = "s", **more: object) -> dict[Pool, Drawn]:
    month = {"month_part": 0.5, "drawn_this_month": {}} | more
    return {one.pool: one for one in draw(population, PLAN, seed, **month)}  # type: ignore[arg-type]


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


def test_the_next_of_the_order_stands_in() -> None:
    order = Drawn(Pool.RANDOM, ("a", "b", "c", "d"), ("a", "b"), {})
    assert stand_in(order, {"a", "b"}) == "c"
    assert stand_in(order, {"a", "b", "c", "d"}) is None


def test_the_head_office_looks_at_a_share_again() -> None:
    ids = [f"C{n}" for n in range(25)]
    found = second_look(ids, Decimal("0.1"), "s")
    assert len(found.taken) == 3
    assert found == second_look(reversed(ids), Decimal("0.1"), "s")
