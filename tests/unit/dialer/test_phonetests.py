"""What an agent's own test of his phone proves, and when he may have one (V3)."""

from datetime import UTC, datetime, timedelta

import pytest

from dialer.agents.states import AgentState
from dialer.phonetests.rules import Outcome, PhoneTest, Refusal, is_over, may_say, may_test, outcome
from dialer.telephony.phonetest import Reached

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def ended(
    reached: Reached | None = Reached.ANSWERED,
    *,
    seconds: float = 8.0,
    packets: int | None = 400,
    said: bool | None = None,
) -> PhoneTest:
    return PhoneTest("t", "a", "8001", NOW, after(1), after(12), reached, seconds, packets, packets, said)


@pytest.mark.parametrize(
    ("test", "proves"),
    [
        (ended(said=True), Outcome.CONFIRMED),
        (ended(said=False), Outcome.NOT_HEARD),
        (ended(), Outcome.ANSWERED),
        (ended(packets=0, said=True), Outcome.NO_AUDIO),
        (ended(packets=0, seconds=1.0, said=True), Outcome.CONFIRMED),
        (ended(packets=None, said=True), Outcome.CONFIRMED),
        (ended(packets=None), Outcome.ANSWERED),
        (ended(Reached.NO_ANSWER, said=True), Outcome.NO_ANSWER),
        (ended(Reached.NOT_REGISTERED), Outcome.NOT_REGISTERED),
        (ended(None, said=True), Outcome.INTERRUPTED),
    ],
)
def test_v3_what_was_counted_comes_before_what_was_said(test: PhoneTest, proves: Outcome) -> None:
    """Silence is proven only by a count of some seconds; packets that nobody counts prove nothing."""
    assert outcome(test, after(20)) is proves


def test_v3_a_test_that_nobody_ends_is_interrupted_by_time() -> None:
    asked = PhoneTest("t", "a", "8001", NOW)
    taken = PhoneTest("t", "a", "8001", NOW, after(1))
    assert outcome(asked, after(9)) is outcome(taken, after(60)) is Outcome.RUNNING
    assert outcome(asked, after(11)) is outcome(taken, after(92)) is Outcome.INTERRUPTED
    assert is_over(ended(), NOW)


@pytest.mark.parametrize("state", [state for state in AgentState if state is not AgentState.PAUSED])
def test_v3_only_who_is_paused_tests(state: AgentState) -> None:
    assert may_test(state, "8001", None, NOW, link_up=True) is Refusal.NOT_PAUSED


def test_v3_a_test_needs_a_phone_a_link_and_no_other_test() -> None:
    paused, running = AgentState.PAUSED, PhoneTest("t", "a", "8001", NOW, after(1))
    assert may_test(paused, "", None, NOW, link_up=True) is Refusal.NO_PHONE
    assert may_test(paused, "8001", running, after(5), link_up=True) is Refusal.RUNNING
    assert may_test(paused, "8001", None, NOW, link_up=False) is Refusal.NO_LINK
    assert may_test(paused, "8001", ended(), after(20), link_up=True) is None


def test_v3_he_says_it_while_it_rings_and_for_a_while_after() -> None:
    assert may_say(PhoneTest("t", "a", "8001", NOW, after(1)), after(5))
    assert may_say(ended(), after(300))
    assert not may_say(ended(), after(12 + 601))
    assert not may_say(ended(Reached.NO_ANSWER), after(20))
    assert not may_say(None, NOW)
