"""When a follow-up is tried again, when no more, and what is owed then (L7, L8). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.followups.dates import after_span
from dialer.followups.hours import in_window, next_open, part_of_day, split_by_part
from dialer.followups.workdays import WorkCalendar
from dialer.playbooks.form.schema import OtherMeans, Playbook, Retry
from dialer.playbooks.form.timing import Window
from dialer.telephony.heard import Heard
from dialer.telephony.outcomes import DialOutcome

__all__ = ["HEARD", "MAX_TRIES", "RETRY", "NextTry", "RetryRule", "in_window", "means_owed", "next_try"]

MAX_TRIES = 6
# An appointment waits so long for the agent who made it; then a stand-in calls (L7).
STAND_IN_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class RetryRule:
    """`after` how long the next try may come, `tries` how many of this cause there may be.

    `counted` tells whether a try counts at all: failures of our own side burn none. `elsewhen`: the next
    one comes in another part of the day. `other_phone`: this number is not dialled again, the next one is.
    """

    after: timedelta
    tries: int | None
    counted: bool
    elsewhen: bool = False
    other_phone: bool = False


# One row for every outcome: a new one cannot be half handled, a test compares the two.
RETRY: Mapping[DialOutcome, RetryRule] = {
    DialOutcome.ANSWERED: RetryRule(timedelta(0), None, True),
    DialOutcome.BUSY: RetryRule(timedelta(minutes=15), 3, True),
    DialOutcome.NO_ANSWER: RetryRule(timedelta(hours=3), 4, True, elsewhen=True),
    DialOutcome.REJECTED: RetryRule(timedelta(hours=3), 4, True),
    DialOutcome.INVALID_NUMBER: RetryRule(timedelta(0), 1, True, other_phone=True),
    DialOutcome.CONGESTION: RetryRule(timedelta(minutes=5), None, False),
    DialOutcome.AGENT_UNAVAILABLE: RetryRule(timedelta(0), None, False),
    # Our side's failure, too; but he was disturbed, and is not rung again at once.
    DialOutcome.ABANDONED: RetryRule(timedelta(minutes=15), None, False),
    DialOutcome.FAILED: RetryRule(timedelta(minutes=5), None, False),
    # In doubt whether the customer's phone rang: then it counts as if it had.
    DialOutcome.UNKNOWN: RetryRule(timedelta(hours=3), 4, True),
}


_NOT_THERE = RetryRule(timedelta(hours=4), 3, True)
_NEVER_THERE = RetryRule(timedelta(0), 1, True, other_phone=True)
_NOT_TAKEN = RETRY[DialOutcome.NO_ANSWER]
# What was heard instead of the customer; it says more than the outcome does. One row for each that counts.
HEARD: Mapping[str, RetryRule] = {
    Heard.EMPTY_NUMBER: _NEVER_THERE,
    Heard.SUSPENDED: _NEVER_THERE,
    Heard.BARRED: _NEVER_THERE,
    Heard.POWERED_OFF: _NOT_THERE,
    Heard.UNREACHABLE: _NOT_THERE,
    Heard.CALL_REMINDER: _NOT_THERE,
    Heard.BUSY: RETRY[DialOutcome.BUSY],
    Heard.NO_ANSWER: _NOT_TAKEN,
    Heard.SECRETARY: _NOT_TAKEN,
    Heard.VOICEMAIL: _NOT_TAKEN,
    Heard.FORWARDED: _NOT_TAKEN,
    Heard.NOBODY: _NOT_TAKEN,
    # Our own line's trouble burns none of the customer's tries.
    Heard.OWN_LINE: RETRY[DialOutcome.CONGESTION],
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
    heard: str = "",
    own: Mapping[str, Retry] | None = None,
    windows: Sequence[Window] = (),
    zone: ZoneInfo | None = None,
    most: int = MAX_TRIES,
) -> NextTry:
    """What comes after a try that did not reach the customer (L7).

    `tries` are those counted before this one, by cause; `other_numbers` the customer's valid ones besides
    `number`; `dialled` whether the customer's leg was dialled at all; `heard` the announcement, if any;
    `own` the playbook's own rules by cause; `windows` its hours on the clock of `zone`; `most` tries in all.
    """
    cause = heard if heard in HEARD else outcome.value
    rule = _rule(outcome, cause, own or {}, now, zone)
    if not (rule.counted and dialled):
        return NextTry(now + rule.after, number, tries, False)
    after = {**tries, cause: tries.get(cause, 0) + 1}
    if sum(after.values()) >= most:
        return NextTry(None, number, after, True)
    if rule.other_phone:
        if other_numbers:
            return NextTry(now, other_numbers[0], after, True)
        return NextTry(None, number, after, True)
    if rule.tries is not None and after[cause] >= rule.tries:
        return NextTry(None, number, after, True)
    due_at = now + rule.after
    if rule.elsewhen and windows and zone is not None:
        due_at = _in_another_part(due_at, now, windows, zone)
    return NextTry(due_at, number, after, True)


def _rule(
    outcome: DialOutcome, cause: str, own: Mapping[str, Retry], now: datetime, zone: ZoneInfo | None
) -> RetryRule:
    rule = HEARD.get(cause) or RETRY[outcome]
    change = own.get(cause)
    if change is None:
        return rule
    wait = rule.after
    if change.after is not None:
        wait = after_span(now, change.after, zone or ZoneInfo("UTC"), WorkCalendar()) - now
    tries = rule.tries if change.tries is None else max(1, change.tries)
    return RetryRule(wait, tries, rule.counted, rule.elsewhen, rule.other_phone)


def _in_another_part(
    due_at: datetime, tried_at: datetime, windows: Sequence[Window], zone: ZoneInfo
) -> datetime:
    """The first open moment from `due_at` on in a part of the day other than that of `tried_at`.

    Where the hours know one part only, it is the same part of a later day.
    """
    tried = part_of_day(tried_at.astimezone(zone).time())
    others = tuple(part for part in split_by_part(windows) if part_of_day(part.start) != tried)
    if not others:
        # Not within the same stretch of hours: the next day.
        return next_open(due_at, windows, zone, after_day=tried_at.astimezone(zone).date())
    return next_open(due_at, others, zone)


@dataclass(frozen=True, slots=True)
class MeansOwed:
    """What is owed when the telephone did not do: by which means, by when."""

    means: tuple[str, ...]
    due_at: datetime


def means_owed(playbook: Playbook, now: datetime, zone: ZoneInfo, calendar: WorkCalendar) -> MeansOwed:
    """The other means that this playbook owes once its tries are used up (L8)."""
    other: OtherMeans = playbook.other_means
    return MeansOwed(other.means, after_span(now, other.within, zone, calendar).astimezone(UTC))
