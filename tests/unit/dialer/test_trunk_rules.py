"""Which trunk takes a call, and when one counts as broken (D4, L7)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.telephony.outcomes import DialOutcome
from dialer.trunks.bucket import Buckets
from dialer.trunks.choosing import (
    DEFAULT,
    Breaker,
    Load,
    NoLine,
    Verdict,
    after_call,
    choose,
    room,
    trunks_of,
    verdict,
)
from dialer.trunks.settings import BreakerSettings, TrunkSettings
from dialer.trunks.states import MACHINE, BreakerEvent, BreakerState
from tests.support.core import NOW, at

SETTINGS = BreakerSettings(failures=3, window_seconds=60, retry_seconds=30, retry_most_seconds=200)


def trunk(name: str = "a", **values: object) -> TrunkSettings:
    return TrunkSettings.model_validate({"name": name, **values})


def broken(name: str = "a", retry: float = 30, state: BreakerState = BreakerState.OPEN) -> Breaker:
    return Breaker(name, state, failures=3, opened_at=NOW, retry_at=at(retry), probe="probe")


# --- choosing -----------------------------------------------------------------------------------


def test_the_first_by_priority_takes_the_call_until_it_is_full() -> None:
    trunks = (trunk("b", priority=1, channels=2), trunk("a", priority=2))
    assert choose(trunks, {}, NOW) == trunks[0]
    assert choose(trunks, {"b": Load(2)}, NOW) == trunks[1]


def test_equals_share_their_calls() -> None:
    trunks = (trunk("a", channels=10), trunk("b", channels=4))
    assert choose(trunks, {"a": Load(5), "b": Load(1)}, NOW) == trunks[1]
    assert choose(trunks, {"a": Load(5), "b": Load(3)}, NOW) == trunks[0]


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        (Load(2), NoLine.FULL),
        (Load(0, allowed=0), NoLine.TOO_FAST),
        (Load(0, breaker=broken()), NoLine.BROKEN),
        (Load(0, breaker=broken(retry=1, state=BreakerState.HALF_OPEN)), NoLine.BROKEN),
    ],
)
def test_where_no_trunk_takes_a_call_the_reason_is_told(load: Load, reason: NoLine) -> None:
    assert choose((trunk(channels=2),), {"a": load}, NOW) is reason


def test_a_node_without_a_trunk_says_so() -> None:
    configured = (trunk("a", node="east"), trunk("b"))
    assert [one.name for one in trunks_of(configured, "east", first=False)] == ["a"]
    assert [one.name for one in trunks_of(configured, "west", first=True)] == ["b"]
    assert choose(trunks_of(configured, "west", first=False), {}, NOW) is NoLine.NONE_HERE


def test_with_no_trunk_configured_there_is_the_default() -> None:
    (only,) = trunks_of((), "anywhere", first=False)
    assert only.name == DEFAULT
    assert choose((only,), {DEFAULT: Load(5_000)}, NOW) == only


def test_the_other_trunk_takes_the_calls_of_a_broken_one() -> None:
    """L7: the queue is not drained into a trunk that fails."""
    trunks = (trunk("a", priority=1), trunk("b", priority=2))
    assert choose(trunks, {"a": Load(breaker=broken())}, NOW) == trunks[1]


def test_one_call_tries_a_broken_trunk_when_its_time_has_come() -> None:
    load = Load(breaker=broken(retry=30))
    assert room(trunk(), load, at(29)) == 0
    assert room(trunk(), load, at(30)) == 1
    assert room(trunk(), load.one_more(), at(30)) == 0


def test_of_a_try_that_tells_nothing_in_its_time_another_one_is_made() -> None:
    """D4: the trying call may be in doubt for hours."""
    tried = Load(1, breaker=broken(retry=80, state=BreakerState.HALF_OPEN))
    assert room(trunk(), tried, at(79)) == 0
    assert (room(trunk(), tried, at(80)), tried.tries) == (1, True)
    assert room(trunk(), tried.one_more(), at(80)) == 0


loads = st.builds(
    Load,
    in_flight=st.integers(0, 6),
    allowed=st.none() | st.integers(0, 6),
    breaker=st.none()
    | st.builds(
        broken,
        retry=st.sampled_from([-1.0, 30.0]),
        state=st.sampled_from([BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED]),
    ),
)


@given(
    st.lists(st.tuples(st.none() | st.integers(1, 6), st.integers(0, 2), loads), min_size=0, max_size=4),
    st.integers(0, 30),
)
def test_never_more_calls_than_the_trunks_may_take(
    drawn: list[tuple[int | None, int, Load]], wanted: int
) -> None:
    """D4: channels, rates and breakers hold, whatever is asked for; and what there is room for is given."""
    trunks = [
        trunk(f"t{index}", channels=channels, priority=priority)
        for index, (channels, priority, _) in enumerate(drawn)
    ]
    before = {one.name: load for one, (_, _, load) in zip(trunks, drawn, strict=True)}
    now = dict(before)
    given_to = dict.fromkeys(before, 0)
    places = sum(min(room(one, before[one.name], NOW), wanted) for one in trunks)
    for _ in range(wanted):
        found = choose(trunks, now, NOW)
        if isinstance(found, NoLine):
            break
        given_to[found.name] += 1
        now[found.name] = now[found.name].one_more()
    assert sum(given_to.values()) == min(wanted, places)
    for one in trunks:
        load, calls = before[one.name], given_to[one.name]
        if not calls:
            continue
        assert one.channels is None or load.in_flight + calls <= one.channels
        assert load.allowed is None or calls <= load.allowed
        if load.breaker is not None and load.breaker.state is not BreakerState.CLOSED:
            assert calls == 1
            assert load.breaker.retry_at is not None
            assert load.breaker.retry_at <= NOW


# --- the rate -----------------------------------------------------------------------------------


class Seconds:
    """A clock that is told what time it is."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@given(
    st.sampled_from([0.5, 1.0, 3.0, 20.0]),
    st.lists(st.tuples(st.floats(0, 3), st.integers(0, 5)), max_size=40),
)
def test_a_rate_holds_over_any_stretch_of_time(rate: float, steps: list[tuple[float, int]]) -> None:
    """D4: calls per second; a burst is at most one second's worth, whatever was idle before."""
    clock = Seconds()
    buckets = Buckets((trunk(calls_per_second=rate), trunk("free")), clock)
    placed: list[float] = []
    for wait, wanted in steps:
        clock.now += wait
        allowed = buckets.allowed()
        assert "free" not in allowed
        for _ in range(min(wanted, allowed["a"])):
            buckets.spend("a")
            placed.append(clock.now)
    for first, start in enumerate(placed):
        for last in range(first, len(placed)):
            assert last - first + 1 <= (placed[last] - start) * rate + max(1.0, rate) + 1e-6


def test_what_was_taken_too_much_is_owed() -> None:
    clock = Seconds()
    buckets = Buckets((trunk(calls_per_second=2.0),), clock)
    buckets.spend("a", 3)
    clock.now += 1.0
    assert buckets.allowed() == {"a": 0}
    clock.now += 0.5
    assert buckets.allowed() == {"a": 1}


# --- the breaker --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "dialled", "status", "told"),
    [
        (DialOutcome.CONGESTION, True, "CONGESTION", Verdict.BAD),
        (DialOutcome.FAILED, False, "CHANUNAVAIL", Verdict.BAD),
        (DialOutcome.FAILED, True, "CHANUNAVAIL", Verdict.BAD),
        (DialOutcome.FAILED, False, None, Verdict.NOTHING),
        (DialOutcome.FAILED, False, "CANCEL", Verdict.NOTHING),
        (DialOutcome.AGENT_UNAVAILABLE, False, None, Verdict.NOTHING),
        (DialOutcome.UNKNOWN, True, None, Verdict.NOTHING),
        (DialOutcome.ANSWERED, True, "ANSWER", Verdict.GOOD),
        (DialOutcome.BUSY, True, "BUSY", Verdict.GOOD),
        # An unknown number or a refusal comes with CHANUNAVAIL, and only a network can have said it.
        (DialOutcome.INVALID_NUMBER, True, "CHANUNAVAIL", Verdict.GOOD),
        (DialOutcome.REJECTED, True, "CHANUNAVAIL", Verdict.GOOD),
        (DialOutcome.NO_ANSWER, True, "NOANSWER", Verdict.GOOD),
    ],
)
def test_what_a_call_tells_of_its_trunk(
    outcome: DialOutcome, dialled: bool, status: str | None, told: Verdict
) -> None:
    assert verdict(outcome, dialled=dialled, dial_status=status) is told


def fail(breaker: Breaker, seconds: float) -> Breaker:
    change = after_call(breaker, "x", Verdict.BAD, "CONGESTION 34", SETTINGS, at(seconds))
    assert change is not None
    return change.after if change.event is None else after(breaker, change.event, change.after)


def after(before: Breaker, event: BreakerEvent, values: Breaker) -> Breaker:
    return replace(values, state=MACHINE.advance(before.state, event, NOW).after)


def test_failures_in_a_row_open_the_breaker() -> None:
    one = fail(Breaker("a"), 0)
    two = fail(one, 10)
    assert (one.failures, two.failures, two.state) == (1, 2, BreakerState.CLOSED)
    three = fail(two, 20)
    assert three.state is BreakerState.OPEN
    assert three.retry_at == at(20 + SETTINGS.retry_seconds)
    assert three.why == "CONGESTION 34"


def test_a_call_that_goes_through_or_a_long_time_begins_the_count_anew() -> None:
    two = fail(fail(Breaker("a"), 0), 10)
    good = after_call(two, "x", Verdict.GOOD, "", SETTINGS, at(11))
    assert good is not None
    assert (good.event, good.after.failures) == (None, 0)
    assert fail(two, 61).failures == 1


def test_calls_from_before_change_nothing_while_it_is_open() -> None:
    for told in Verdict:
        assert after_call(broken(), "older", told, "", SETTINGS, at(5)) is None
        half = broken(state=BreakerState.HALF_OPEN)
        assert after_call(half, "older", told, "", SETTINGS, at(5)) is None


def test_the_trying_call_mends_or_makes_it_wait_longer_each_time() -> None:
    half = broken(state=BreakerState.HALF_OPEN)
    mended = after_call(half, "probe", Verdict.GOOD, "", SETTINGS, at(40))
    assert mended is not None
    assert (mended.event, mended.after) == (BreakerEvent.MEND, Breaker("a"))
    waits = []
    now = NOW
    for _ in range(4):
        failed = after_call(half, "probe", Verdict.BAD, "no route", SETTINGS, now)
        assert failed is not None
        assert failed.event is BreakerEvent.FAIL
        assert failed.after.retry_at is not None
        waits.append((failed.after.retry_at - now).total_seconds())
        half = after(half, failed.event, failed.after)
        assert half.state is BreakerState.OPEN
        now += timedelta(seconds=waits[-1])
        half = Breaker("a", BreakerState.HALF_OPEN, waits=half.waits, probe="probe", retry_at=half.retry_at)
    assert waits == [60, 120, 200, 200]


def test_a_trying_call_that_tells_nothing_leaves_it_to_the_next() -> None:
    """The agent did not answer: nobody knows more of the trunk than before."""
    half = broken(state=BreakerState.HALF_OPEN)
    change = after_call(half, "probe", Verdict.NOTHING, "", SETTINGS, at(40))
    assert change is not None
    assert (change.event, change.after.retry_at, change.after.waits) == (BreakerEvent.FAIL, at(40), 0)
