"""How long after: spans such as `1d`, `3wd`, `30min`, `6mo`. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_SPAN = re.compile(r"^(-?\d{1,4})(min|h|wd|d|w|mo|q|y)$")


class Unit(StrEnum):
    """What a span counts. Working days and all longer units are those of the site's calendar."""

    MINUTE = "min"
    HOUR = "h"
    DAY = "d"
    WORKING_DAY = "wd"
    WEEK = "w"
    MONTH = "mo"
    QUARTER = "q"
    YEAR = "y"


_DAY = 24 * 60
_MINUTES = {
    Unit.MINUTE: 1,
    Unit.HOUR: 60,
    Unit.DAY: _DAY,
    Unit.WORKING_DAY: _DAY,
    Unit.WEEK: 7 * _DAY,
    Unit.MONTH: 30 * _DAY,
    Unit.QUARTER: 91 * _DAY,
    Unit.YEAR: 365 * _DAY,
}


@dataclass(frozen=True, slots=True)
class Span:
    """`count` of a unit; a negative one is before. Written `3wd`, `-7d`."""

    count: int
    unit: Unit

    @property
    def exact(self) -> bool:
        """Whether it ends at a moment (minutes, hours) and not with a day."""
        return self.unit in (Unit.MINUTE, Unit.HOUR)

    @property
    def roughly(self) -> int:
        """About how many minutes it is: to compare two spans."""
        return self.count * _MINUTES[self.unit]

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @classmethod
    def parse(cls, text: str) -> "Span":
        """From its written form.

        Raises:
            ValueError: it is none.
        """
        found = _SPAN.match(text) if isinstance(text, str) else None
        if found is None:
            raise ValueError(
                f"{text!r} is not a span such as 1d: minutes min, hours h, days d, working days wd, weeks w, "
                "months mo, quarters q, years y"
            )
        return cls(int(found[1]), Unit(found[2]))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object) -> "Span":
            return value if isinstance(value, cls) else cls.parse(str(value))

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )
