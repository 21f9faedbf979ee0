"""When a follow-up is tried again, and when no more (L7). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dialer.playbooks.spans import Span
from dialer.playbooks.timing import Step, Window
from dialer.telephony.outcomes import DialOutcome

MAX_TRIES = 6


@dataclass(frozen=True, slots=True)
class RetryRule:
    """`after` how long the next try may come, `tries` how many of this cause there may be.

    `counted` tells whether a try counts at all: failures of our own side burn none.
    """

    after: timedelta
    tries: int | None
    counted: bool


# One row for every outcome: a new one cannot be half handled, a test compares the two.
RETRY: Mapping[DialOutcome, RetryRule] = {
    DialOutcome.ANSWERED: RetryRule(timedelta(0), None, True),
    DialOutcome.BUSY: RetryRule(timedelta(minutes=15), 3, True),
    DialOutcome.NO_ANSWER: RetryRule(timedelta(hours=3), 4, True),
    DialOutcome.REJECTED: RetryRule(timedelta(hours=3), 4, True),
    DialOutcome.INVALID_NUMBER: RetryRule(timedelta(0), 1, True),
    DialOutcome.CONGESTION: RetryRule(timedelta(minutes=5), None, False),
    DialOutcome.AGENT_UNAVAILABLE: RetryRule(timedelta(0), None, False),
    DialOutcome.FAILED: RetryRule(timedelta(minutes=5), None, False),
    # In doubt whether the customer's phone rang: then it counts as if it had.
    DialOutcome.UNKNOWN: RetryRule(timedelta(hours=3), 4, True),
}


@dataclass(frozen=True, slots=True)
class NextTry:
    """The try after this one: when, and at which number. `due_at` None: there is none."""

    due_at: datetime | None
    number: str
    tries: Mapping[str, int]
    counted: bool


def next_try(
    outcome: DialOutcome,
    *,
    tries: Mapping[str, int],
    number: str,
    other_numbers: tuple[str, ...],
    dialled: bool,
    now: datetime,
) -> NextTry:
    """What comes after a try that did not reach the customer.

    `tries` are those counted before this one, by outcome; `other_numbers` the customer's valid
    ones besides `number`; `dialled` whether the customer's leg was dialled at all.
    """
    rule = RETRY[outcome]
    counted = rule.counted and dialled
    if not counted:
        return NextTry(now + rule.after, number, tries, False)
    after = {**tries, outcome.value: tries.get(outcome.value, 0) + 1}
    if sum(after.values()) >= MAX_TRIES:
        return NextTry(None, number, after, True)
    if outcome is DialOutcome.INVALID_NUMBER:
        if other_numbers:
            return NextTry(now, other_numbers[0], after, True)
        return NextTry(None, number, after, True)
    if rule.tries is not None and after[outcome.value] >= rule.tries:
        return NextTry(None, number, after, True)
    return NextTry(now + rule.after, number, after, True)


@dataclass(frozen=True, slots=True)
class DueDates:
    """Earliest, target and limit of a follow-up."""

    earliest: datetime
    target: datetime
    limit: datetime


def due_dates(step: Step, happened_at: datetime, zone: ZoneInfo) -> DueDates:
    """The dates of a step in the site's calendar; day 0 is the day of the occasion."""
    day = happened_at.astimezone(zone).date()

    def end_of(span: Span) -> datetime:
        return _midnight(day + timedelta(days=span.count + 1), zone)

    return DueDates(
        _midnight(day + timedelta(days=step.earliest.count), zone),
        end_of(step.target),
        end_of(step.limit),
    )


def in_window(windows: tuple[Window, ...], now: datetime, zone: ZoneInfo) -> bool:
    """Whether customers may be called at this hour (L3)."""
    hour = now.astimezone(zone).time()
    return any(window.start <= hour < window.end for window in windows)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone)
