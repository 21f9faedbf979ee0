"""The day that a due date falls on: named by the source, or projected from the delivery on (P4). Pure."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import ceil
from zoneinfo import ZoneInfo

from dialer.followups.dates import add_span
from dialer.followups.workdays import WorkCalendar
from dialer.planning.rules.facts import day_of, number_of
from dialer.playbooks.expressions.conditions import Value
from dialer.playbooks.form.timing import Trigger

# No car drives farther in a day for long, and no service is ten years away: whatever says so is a slip.
_MOST_A_DAY = 1000
_MOST_DAYS = 3660


def due_day(trigger: Trigger, facts: Mapping[str, Value], zone: ZoneInfo) -> date | None:
    """The earliest day that is known of those that a `due` trigger goes by; None where none is.

    They are the day that its fact names, so many months after the occasion, and the day on which the
    odometer reaches its kilometres. `facts` are those of `facts_of`, the moment of the occasion among them.
    """
    named = day_of(facts, trigger.fact)
    days = [] if named is None else [named]
    happened_at = facts.get("happened_at")
    if isinstance(happened_at, datetime) and (
        not trigger.counted_from or facts.get("kind") in trigger.counted_from
    ):
        begun = happened_at.astimezone(zone).date()
        if trigger.months is not None:
            days.append(add_span(begun, trigger.months, WorkCalendar()))
        if trigger.kilometres is not None:
            reached = day_reached(trigger.kilometres, begun, facts)
            days += [] if reached is None else [reached]
    return min(days, default=None)


def day_reached(kilometres: int, begun: date, facts: Mapping[str, Value]) -> date | None:
    """The day on which a car that was at 0 km on the day `begun` has driven `kilometres`.

    By `daily_mileage` in km a day; without a sensible one by the odometer's `mileage` on the day
    `mileage_on`. None where neither is known; what cannot be true counts as not known.
    """
    known = [(number_of(facts, "daily_mileage"), 1)]
    read_on = day_of(facts, "mileage_on")
    if read_on is not None:
        known.append((number_of(facts, "mileage"), (read_on - begun).days))
    for driven, days in known:
        if driven is None or not driven.is_finite() or days < 1 or not 0 < driven <= _MOST_A_DAY * days:
            continue
        after = Decimal(kilometres) * days / driven
        if after <= _MOST_DAYS:
            return begun + timedelta(days=ceil(after))
    return None


def with_due_day(trigger: Trigger, facts: Mapping[str, Value], zone: ZoneInfo) -> Mapping[str, Value]:
    """The facts, the day that a `due` trigger is about among them where the source does not name it."""
    if not trigger.fact or day_of(facts, trigger.fact) is not None:
        return facts
    return {**facts, trigger.fact: due_day(trigger, facts, zone)}
