"""When the customer is tried again, and when no more (L7)."""

from datetime import timedelta

import pytest

from dialer.followups.rules import RETRY, NextTry, next_try
from dialer.telephony.outcomes import DialOutcome
from tests.support.core import NOW

NUMBER, OTHER = "13800000001", "13900000002"


def tried(
    outcome: DialOutcome, tries: dict[str, int], *, others: tuple[str, ...] = (), dialled: bool = True
) -> NextTry:
    return next_try(outcome, tries=tries, number=NUMBER, other_numbers=others, dialled=dialled, now=NOW)


def test_every_outcome_has_a_rule() -> None:
    """A new outcome cannot be half handled."""
    assert set(RETRY) == set(DialOutcome)


@pytest.mark.parametrize(
    ("outcome", "wait", "most"),
    [
        pytest.param(DialOutcome.BUSY, timedelta(minutes=15), 3, id="busy"),
        pytest.param(DialOutcome.NO_ANSWER, timedelta(hours=3), 4, id="no-answer"),
        pytest.param(DialOutcome.REJECTED, timedelta(hours=3), 4, id="rejected"),
        pytest.param(DialOutcome.UNKNOWN, timedelta(hours=3), 4, id="unknown"),
    ],
)
def test_each_cause_has_its_wait_and_its_number_of_tries(
    outcome: DialOutcome, wait: timedelta, most: int
) -> None:
    """L7: busy 15 min x 3, no answer 3 h x 4; after the last one there is none."""
    for before in range(most - 1):
        counted = {outcome.value: before} if before else {}
        assert tried(outcome, counted) == NextTry(NOW + wait, NUMBER, {outcome.value: before + 1}, True)
    last = tried(outcome, {outcome.value: most - 1})
    assert (last.due_at, last.tries, last.counted) == (None, {outcome.value: most}, True)


def test_at_most_six_tries_in_all() -> None:
    """L7: causes that are each within their own bound stop together at six."""
    assert tried(DialOutcome.NO_ANSWER, {"busy": 2, "no_answer": 2}).due_at is not None
    assert tried(DialOutcome.BUSY, {"busy": 2, "no_answer": 3}).due_at is None
    assert tried(DialOutcome.INVALID_NUMBER, {"busy": 2, "no_answer": 3}, others=(OTHER,)).due_at is None


def test_an_invalid_number_is_followed_by_the_next_phone_at_once() -> None:
    """L7: invalid number, next phone, none again."""
    assert tried(DialOutcome.INVALID_NUMBER, {}, others=(OTHER, "x")) == NextTry(
        NOW, OTHER, {"invalid_number": 1}, True
    )
    assert tried(DialOutcome.INVALID_NUMBER, {"invalid_number": 1}).due_at is None


@pytest.mark.parametrize(
    "outcome", [DialOutcome.CONGESTION, DialOutcome.FAILED, DialOutcome.AGENT_UNAVAILABLE]
)
def test_failures_of_our_own_side_burn_no_try(outcome: DialOutcome) -> None:
    """L7: trunk failures and absent agents burn none, however often they come."""
    spent = {"busy": 2, "no_answer": 3}
    following = tried(outcome, spent)
    assert following.due_at is not None
    assert (following.tries, following.counted, following.number) == (spent, False, NUMBER)


@pytest.mark.parametrize("outcome", DialOutcome)
def test_nothing_counts_before_the_customer_was_dialled(outcome: DialOutcome) -> None:
    """L7: a try is a customer's phone that may have rung."""
    following = tried(outcome, {"busy": 2}, dialled=False)
    assert (following.tries, following.counted) == ({"busy": 2}, False)
    assert following.due_at is not None


def test_what_was_counted_before_is_not_changed_in_place() -> None:
    """The row's own value is compared and kept: a pure rule changes nothing."""
    before = {"busy": 1}
    tried(DialOutcome.BUSY, before)
    assert before == {"busy": 1}
