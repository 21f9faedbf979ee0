"""Draws a day again from what was kept, and says whether every pool is what its seed gives (S1). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from enum import StrEnum
from typing import Any

from dialer.planning.rules.sampling import population_hash
from qa.sampling.queries import SampleRow
from qa.sampling.rules import Basis, Candidate, Drawn, Plan, Pool, Risk, Tier, draw, second_look, stand_in


class Proof(StrEnum):
    """What drawing again says of a kept draw."""

    SAME = "same"
    CHANGED = "changed"
    # Picked by hand: there is nothing to draw again.
    PICKED = "picked"


def proofs(rows: Sequence[SampleRow]) -> dict[str, Proof]:
    """What drawing a day again says of each of its draws, by their ids; `rows` are all draws of that day.

    Every pool is drawn anew from the calls as they were known then (basis), with the kept plan and seed; then
    every stand-in is looked for anew, in the order in which calls were set aside. Population, order, what was
    taken and who stood in must come out the same.
    """
    found = {row.id: Proof.PICKED if row.pool is Pool.SPOT else Proof.CHANGED for row in rows}
    for tier in Tier:
        kept = [row for row in rows if row.tier is tier and row.pool is not Pool.SPOT]
        first = next((row for row in kept if row.pool is Pool.RANDOM), None)
        if first is None or first.basis is None:
            continue
        try:
            basis, plan = basis_of(first.basis), plan_of(first.plan)
        except (KeyError, TypeError, ValueError, ArithmeticError):
            continue  # what was kept was changed so that it cannot be read
        again = draw_tier(tier, basis, plan, first.seed)
        whole = {row.pool for row in kept} == set(again)  # nor was a pool taken away
        taken = _with_stand_ins(kept, again, basis)
        for row in kept:
            one = again.get(row.pool)
            same = (
                whole
                and one is not None
                and (row.seed, row.plan) == (first.seed, first.plan)
                and tuple(row.members) == one.order
                and row.population == population_hash(one.order)
                and row.size == len(one.taken)
                and row.taken == taken[row.pool]
            )
            found[row.id] = Proof.SAME if same else Proof.CHANGED
    return found


def draw_tier(tier: Tier, basis: Basis, plan: Plan, seed: str) -> dict[Pool, Drawn]:
    """The draws of this tier, by pool."""
    if tier is Tier.SITE:
        return {one.pool: one for one in draw(basis, plan, seed)}
    looked_at = second_look([call.attempt_id for call in basis.calls], plan.head_office_share, seed)
    return {looked_at.pool: looked_at}


def kept_basis(basis: Basis) -> dict[str, Any]:
    """A basis as it is stored."""
    return {
        "calls": [list(asdict(call).values()) for call in basis.calls],
        "month_part": basis.month_part,
        "drawn_this_month": dict(basis.drawn_this_month),
        "before": sorted(basis.before),
    }


def basis_of(kept: Mapping[str, Any]) -> Basis:
    """The basis that was stored. Raises KeyError, TypeError or ValueError where it cannot be read."""
    return Basis(
        tuple(Candidate(*one) for one in kept["calls"]),
        float(kept["month_part"]),
        dict(kept["drawn_this_month"]),
        frozenset(kept["before"]),
    )


def kept_plan(plan: Plan) -> dict[str, Any]:
    """A plan as it is stored."""
    weights = {str(risk): weight for risk, weight in plan.weights.items()}
    shares = ("random_share", "share", "head_office_share")
    return asdict(plan) | {name: str(getattr(plan, name)) for name in shares} | {"weights": weights}


def plan_of(kept: Mapping[str, Any]) -> Plan:
    """The plan that was stored. Raises KeyError, TypeError, ValueError or ArithmeticError."""
    shares = {name: Decimal(kept[name]) for name in ("random_share", "share", "head_office_share")}
    weights = {Risk(name): int(weight) for name, weight in kept["weights"].items()}
    return Plan(**{**kept, **shares, "weights": weights})


def _with_stand_ins(
    rows: Sequence[SampleRow], again: Mapping[Pool, Drawn], basis: Basis
) -> dict[Pool, list[str]]:
    """What each pool has taken, stand-ins included; nothing known stands for one that was not the next."""
    agents = {call.attempt_id: call.agent_id for call in basis.calls}
    taken = {pool: list(one.taken) for pool, one in again.items()}
    # The row says when; one after the other, whichever pool it was in.
    replaced = sorted(
        ((one[4] or "", row.pool, one) for row in rows if row.pool in taken for one in row.replaced),
        key=lambda entry: entry[:2],
    )
    for _, pool, (gone, instead, *_) in replaced:
        following = None
        if gone in taken[pool]:
            following = stand_in(pool, again[pool].order, gone, agents, used_of(taken, basis))
        if following != instead:
            taken[pool].append("")
        elif following is not None:
            taken[pool].append(following)
    return taken


def used_of(taken: Mapping[Pool, Sequence[str]], basis: Basis) -> dict[Pool, Sequence[str]]:
    """What no pool but the random one may take any more: what each has, and what was picked before."""
    return {**taken, Pool.SPOT: sorted(basis.before)}
