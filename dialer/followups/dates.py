"""Earliest, target and limit of a follow-up in the site's calendar (L1, L3). Pure."""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dialer.followups.workdays import WorkCalendar
from dialer.playbooks.form.timing import HolidayRule, Step
from dialer.playbooks.spans import Span, Unit

_ONE = timedelta(days=1)
_MONTHS = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12}


@dataclass(frozen=True, slots=True)
class DueDates:
    """Earliest, target and limit of a follow-up."""

    earliest: datetime
    target: datetime
    limit: datetime


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which `day` begins in `zone`."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """So many months later; the last day of the month where that day is not there."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_span(day: date, span: Span, calendar: WorkCalendar) -> date:
    """The day a span of days or longer leads to."""
    match span.unit:
        case Unit.WORKING_DAY:
            return calendar.add(day, span.count)
        case Unit.MONTH | Unit.QUARTER | Unit.YEAR:
            return add_months(day, span.count * _MONTHS[span.unit])
        case Unit.WEEK:
            return day + timedelta(weeks=span.count)
        case _:
            return day + timedelta(days=span.count)


def after_span(moment: datetime, span: Span, zone: ZoneInfo, calendar: WorkCalendar) -> datetime:
    """The moment a span leads to: exact for minutes and hours, else the same hour of the other day."""
    if span.exact:
        minutes = span.count * (60 if span.unit is Unit.HOUR else 1)
        return moment + timedelta(minutes=minutes)
    local = moment.astimezone(zone)
    day = add_span(local.date(), span, calendar)
    return datetime.combine(day, local.time(), zone).astimezone(UTC)


def due_dates(
    step: Step,
    begins_at: datetime,
    zone: ZoneInfo,
    calendar: WorkCalendar | None = None,
    holidays: HolidayRule = HolidayRule.CALL,
) -> DueDates:
    """The dates of a step whose spans count from `begins_at`; its day on the site is day 0.

    Days begin and end on the site, whatever the clocks do in between. What falls on a public holiday goes
    by the rule: called all the same, moved to the first working day after it, or to the last one before.
    """
    return DateBook(zone, calendar or WorkCalendar()).of(step, begins_at, holidays)


@dataclass(frozen=True)
class DateBook:
    """Dates of steps, worked out once for each day they count from."""

    zone: ZoneInfo
    calendar: WorkCalendar
    _days: dict[tuple[int, HolidayRule, date, bool], DueDates] = field(default_factory=dict, repr=False)
    # Keeps the steps alive whose identity stands for them in `_days`.
    _steps: dict[int, tuple[Step, bool]] = field(default_factory=dict, repr=False)

    def of(
        self, step: Step, begins_at: datetime, holidays: HolidayRule, *, foreseen: bool = False
    ) -> DueDates:
        """The same as `due_dates`. `foreseen`: that day was known beforehand, as a due date is."""
        day = begins_at.astimezone(self.zone).date()
        kept = self._steps.get(id(step))
        if kept is None:
            exact = any(span.exact for span in (step.earliest, step.target, step.limit))
            kept = self._steps[id(step)] = (step, exact)
        if kept[1]:
            return self._work_out(step, begins_at, day, holidays, foreseen)
        key = (id(step), holidays, day, foreseen)
        dates = self._days.get(key)
        if dates is None:
            dates = self._days[key] = self._work_out(step, begins_at, day, holidays, foreseen)
        return dates

    def _work_out(
        self, step: Step, begins_at: datetime, day: date, holidays: HolidayRule, foreseen: bool
    ) -> DueDates:
        move = self._mover(holidays, date.min if foreseen else day)

        def moment(span: Span, later: timedelta) -> datetime:
            if span.exact:
                return self._exact(after_span(begins_at, span, self.zone, self.calendar), move)
            return midnight(move(add_span(day, span, self.calendar)) + later, self.zone)

        earliest = moment(step.earliest, timedelta(0))
        target = max(earliest, moment(step.target, _ONE))
        return DueDates(earliest, target, max(target, moment(step.limit, _ONE)))

    def _exact(self, moment: datetime, move: Callable[[date], date]) -> datetime:
        local = moment.astimezone(self.zone)
        moved = move(local.date())
        if moved == local.date():
            return moment
        return datetime.combine(moved, local.time(), self.zone).astimezone(UTC)

    def _mover(self, holidays: HolidayRule, known_on: date) -> Callable[[date], date]:
        calendar = self.calendar

        def shift(day: date) -> date:
            return calendar.next_workday(day) if calendar.is_holiday(day) else day

        def before(day: date) -> date:
            if not calendar.is_holiday(day):
                return day
            earlier = calendar.add(day, -1)
            # What happened in the holiday itself cannot be dealt with before it.
            return earlier if earlier >= known_on else shift(day)

        match holidays:
            case HolidayRule.SHIFT_DEADLINE:
                return shift
            case HolidayRule.BEFORE:
                return before
            case _:
                return lambda day: day
