"""Days of the year in the solar and the lunar calendar, and periods that come again (P18, P19). Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256

from lunardate import LunarDate

from dialer.followups.dates import add_months
from dialer.followups.workdays import WorkCalendar
from dialer.planning.rules.facts import day_of
from dialer.playbooks.expressions.conditions import Value
from dialer.playbooks.spans import Span, Unit

_MONTHS = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12}
_MONDAY = date(1970, 1, 5)
_LAST_LUNAR_DAYS = (30, 29)


def year_day(spec: str, year: int, facts: Mapping[str, Value]) -> date | None:
    """The day that `solar:10-01`, `lunar:08-15` or `fact:birthday` is in `year`; None where there is none.

    A day that the month does not have is its last one: lunar:12-30 is New Year's Eve in every year. A lunar
    year's days from about the eleventh month on lie in the next solar year, so `year` is the lunar year.
    """
    calendar, _, text = spec.partition(":")
    if calendar == "fact":
        known = day_of(facts, text)
        return None if known is None else _solar(year, known.month, known.day)
    month, day = (int(part) for part in text.split("-"))
    return _lunar(year, month, day) if calendar == "lunar" else _solar(year, month, day)


def _solar(year: int, month: int, day: int) -> date:
    first = date(year, month, 1)
    return min(first + timedelta(days=day - 1), add_months(first, 1) - timedelta(days=1))


def _lunar(year: int, month: int, day: int) -> date | None:
    for count in (day, *(last for last in _LAST_LUNAR_DAYS if last < day)):
        try:
            found: date = LunarDate(year, month, count).to_solar_date()
        except ValueError:
            continue
        return found
    return None


def period_of(day: date, every: Span) -> tuple[date, date]:
    """The period of length `every` in which `day` lies: its first day, and the first day after it.

    Months, quarters and years are those of the calendar; weeks begin on Monday.
    """
    if every.count < 1:
        raise ValueError(f"a cadence of {every} makes no sense: it must be later than the one before")
    months = _MONTHS.get(every.unit, 0) * every.count
    if months:
        number = (day.year * 12 + day.month - 1) // months * months
        first = date(number // 12, number % 12 + 1, 1)
        return first, add_months(first, months)
    days = every.count * (7 if every.unit is Unit.WEEK else 1)
    first = _MONDAY + timedelta(days=(day - _MONDAY).days // days * days)
    return first, first + timedelta(days=days)


def spread(key: str, days: Sequence[date]) -> date:
    """One of `days` for `key`: always the same, and even over many keys."""
    number = int.from_bytes(sha256(key.encode()).digest()[:8], "big")
    return days[number % len(days)]


def day_in_period(key: str, first: date, after: date, calendar: WorkCalendar) -> date:
    """The working day of a period on which `key` has its turn; even over the period."""
    return spread(key, calendar.workdays(first, after) or [first])
