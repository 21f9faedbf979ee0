"""Samples: their size, their order, and who stands in for whom (L2)."""

from decimal import Decimal
from math import ceil
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from dialer.planning.rules.sampling import draw, order_of, population_hash, size_of, stratum_of

SHARES = st.decimals("0.01", "1", places=2)
KEYS = st.sets(st.text("abcdef0123456789", min_size=1, max_size=8), max_size=60)


@given(SHARES, st.integers(0, 100_000))
def test_l2_sampling_is_ceil_of_share_times_stratum(share: Decimal, population: int) -> None:
    """At least one of anybody, and never more than there are."""
    assert size_of(share, population) == min(population, max(1, ceil(share * population)))


@given(KEYS, SHARES, st.text(max_size=10), st.randoms(use_true_random=False))
def test_l2_the_same_seed_draws_the_same_whatever_came_first(
    keys: set[str], share: Decimal, seed: str, random: Random
) -> None:
    mixed = sorted(keys)
    random.shuffle(mixed)
    assert draw(keys, share, seed) == draw(mixed, share, seed)
    assert population_hash(keys) == population_hash(mixed)
    assert len(draw(keys, share, seed).called) == size_of(share, len(keys))


@given(KEYS, st.text("xyz", min_size=1, max_size=4))
def test_l2_who_comes_late_finds_a_fixed_place(keys: set[str], late: str) -> None:
    after = [key for key in order_of({*keys, late}, "seed") if key != late]
    assert after == list(order_of(keys - {late}, "seed"))


@given(KEYS, SHARES, st.data())
def test_l2_the_next_of_the_seed_stands_in_for_the_unreachable(
    keys: set[str], share: Decimal, data: st.DataObject
) -> None:
    gone = data.draw(st.sets(st.sampled_from(sorted(keys)))) if keys else set()
    drawn = draw(keys, share, "seed", dict.fromkeys(gone, "no_number"))
    assert not gone & set(drawn.called)
    assert len(drawn.called) == min(drawn.size, len(keys) - len(gone))
    for left, instead in drawn.replaced:
        assert left in drawn.order[: drawn.size]
        assert instead in drawn.order[drawn.size :]
    reachable = [key for key in drawn.order if key not in gone]
    assert set(drawn.called) == set(reachable[: len(drawn.called)])


def test_l2_the_replaced_share_is_told() -> None:
    drawn = draw({"a", "b", "c", "d"}, Decimal("0.5"), "s", {order_of({"a", "b", "c", "d"}, "s")[0]: "x"})
    assert drawn.replaced_share == Decimal("0.5")


def test_l2_a_stratum_is_named_by_its_facts() -> None:
    assert stratum_of(("unit", "kind"), {"unit": "城东", "kind": "repair"}) == "unit=城东 kind=repair"
    assert stratum_of(("unit",), {}, "key") == "unit=- segment=key"
    assert stratum_of((), {}) == "all"
