"""What chaos deals: the same for the same seed, and something of everything."""

from collections import Counter

import pytest

from dialer.app.chaos.plan import Blow, Fault, Window, plan
from dialer.app.chaos.stream import MARKS

SEEDS = range(20)


def kinds(faults: tuple[Fault, ...]) -> Counter[str]:
    return Counter(f"{fault.name}/{fault.amount}/{fault.seconds >= 10}" for fault in faults)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_is_a_plan(seed: int) -> None:
    assert plan(seed, 200) == plan(seed, 200)
    assert plan(seed, 200)[:60] == plan(seed, 60)
    assert plan(seed, 200) != plan(seed + 1, 200)


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_comes_before_anything_comes_again(seed: int) -> None:
    every = plan(seed, 500)
    size = len(kinds(every))
    first, second = every[:size], every[size : 2 * size]
    assert kinds(first).keys() == kinds(second).keys() == kinds(every).keys()


def test_the_service_and_asterisk_die_at_every_moment_of_a_call() -> None:
    """D7: the windows of the protocol, each with the death of either side, and with the link cut."""
    faults = plan(1, 500)
    wire = set(MARKS)
    for blow, windows in (
        (Blow.KILL_SERVICE, {*wire, Window.RECORDED, Window.ANY}),
        (Blow.KILL_ASTERISK, {*wire, Window.ANY}),
        (Blow.CUT, {*wire, Window.ANY}),
        (Blow.POWER_CUT, {Window.GO_SENT, Window.TALKING, Window.ANY}),
    ):
        assert {fault.window for fault in faults if fault.blow is blow} == windows
    assert {fault.blow for fault in faults} == set(Blow)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_short_run_is_quick_and_of_many_kinds(seed: int) -> None:
    faults = plan(seed, 11)
    assert len({fault.blow for fault in faults}) >= 5
    assert sum(fault.seconds for fault in faults) < 40
