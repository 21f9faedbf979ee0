"""A month, and whether its review can be signed (R12). Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month of the site."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """The month that is written as 2026-11.

        Raises:
            ValueError: it is none.
        """
        found = _MONTH.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is not a month such as 2026-11")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, moment: datetime, zone: ZoneInfo) -> "Month":
        """The month of this moment."""
        day = moment.astimezone(zone)
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02}"

    def moved(self, months: int) -> "Month":
        """So many months later, or earlier."""
        year, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, number + 1)

    def begins(self, zone: ZoneInfo) -> datetime:
        """Its first moment, in UTC."""
        return datetime.combine(date(self.year, self.number, 1), time(0), zone).astimezone(UTC)

    def ends(self, zone: ZoneInfo) -> datetime:
        """The first moment after it, in UTC."""
        return self.moved(1).begins(zone)

    def is_over(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether nothing can be added to it any more."""
        return now >= self.ends(zone)
