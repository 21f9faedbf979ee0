"""Working days and public holidays: the Chinese calendar with its make-up workdays (L1). Pure.

The State Council names the days year by year. A year that `chinesecalendar` does not know counts by its
weekends and says so: `knows`.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import chinese_calendar
from chinese_calendar import constants

_FIRST_YEAR: int = min(constants.holidays).year
_LAST_YEAR: int = max(constants.holidays).year
# Festivals only; a plain weekend is none.
_PUBLIC: frozenset[date] = frozenset(constants.holidays)
_SATURDAY = 5
_ONE = timedelta(days=1)


@dataclass(frozen=True)
class WorkCalendar:
    """The site's calendar: the public one, with the house's own days off and on."""

    extra_holidays: frozenset[date] = frozenset()
    extra_workdays: frozenset[date] = frozenset()
    _known: dict[date, bool] = field(default_factory=dict, repr=False, compare=False)

    @staticmethod
    def knows(year: int) -> bool:
        """Whether the public holidays of this year are known; otherwise only weekends count."""
        return _FIRST_YEAR <= year <= _LAST_YEAR

    def is_workday(self, day: date) -> bool:
        """Whether it is a working day, make-up workdays included."""
        known = self._known.get(day)
        if known is None:
            known = self._known[day] = self._look_up(day)
        return known

    def _look_up(self, day: date) -> bool:
        if day in self.extra_workdays:
            return True
        if day in self.extra_holidays:
            return False
        if self.knows(day.year):
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < _SATURDAY

    def is_holiday(self, day: date) -> bool:
        """Whether it is a public holiday or a day off of the house; a plain weekend is none."""
        if day in self.extra_workdays:
            return False
        return day in self.extra_holidays or day in _PUBLIC

    def add(self, day: date, count: int) -> date:
        """The day that is `count` working days after `day`, before it where negative.

        0 is the day itself, working or not.
        """
        step = _ONE if count > 0 else -_ONE
        left = abs(count)
        while left:
            day += step
            left -= self.is_workday(day)
        return day

    def next_workday(self, day: date) -> date:
        """`day` where it is a working day, else the next one."""
        while not self.is_workday(day):
            day += _ONE
        return day

    def workdays(self, first: date, after: date) -> list[date]:
        """The working days from `first` up to, and without, `after`."""
        return [
            day
            for day in (first + timedelta(days=n) for n in range((after - first).days))
            if self.is_workday(day)
        ]

    def between(self, first: date, last: date) -> int:
        """How many working days there are after `first` up to `last`."""
        return len(self.workdays(first + _ONE, last + _ONE))
