"""What is transcribed first, in which hours, and when it will be ready. Pure.

Backlog is whatever nobody waits for. It may be left to the night, when the cores are free; what a person
asked for, and calls with a complaint or an alarm, are transcribed at once at any hour.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import IntEnum, StrEnum
from zoneinfo import ZoneInfo


class Priority(IntEnum):
    """The higher one is transcribed first."""

    BACKLOG = 0
    FLAGGED = 1
    ASKED = 2


class Urgency(StrEnum):
    """Why a recording is no backlog."""

    ASKED = "asked"  # by a person
    COMPLAINT = "complaint"  # a case was opened in the call
    ALARM = "alarm"  # an alarm is open on the call
    SHORT_TALK = "short_talk"  # perhaps a machine answered: its words decide on the next try (D3)

    @property
    def priority(self) -> Priority:
        """How far it goes before others."""
        return Priority.ASKED if self is Urgency.ASKED else Priority.FLAGGED


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of every day, which may go over midnight; `start` equal to `end` is the whole day."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> "Hours | None":
        """`20:30-07:30`; None for an empty text. Raises ValueError."""
        if not text.strip():
            return None
        start, dash, end = text.partition("-")
        if not dash:
            raise ValueError(f"{text!r} are no hours: write them as 20:30-07:30")
        return cls(time.fromisoformat(_padded(start)), time.fromisoformat(_padded(end)))

    def hold(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether `now` is in them."""
        hour = now.astimezone(zone).time()
        if self.start < self.end:
            return self.start <= hour < self.end
        return hour >= self.start or hour < self.end

    def spans(self, now: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        """When they hold from `now` on, in order, for ever."""
        day = now.astimezone(zone).date() - timedelta(days=1)
        while True:
            start = datetime.combine(day, self.start, zone).astimezone(UTC)
            later = day if self.start < self.end else day + timedelta(days=1)
            end = datetime.combine(later, self.end, zone).astimezone(UTC)
            if end > now:
                yield max(start, now), end
            day += timedelta(days=1)


def least_priority(now: datetime, hours: Hours | None, zone: ZoneInfo) -> Priority:
    """What may be begun at this hour, and everything above it."""
    return Priority.BACKLOG if hours is None or hours.hold(now, zone) else Priority.FLAGGED


@dataclass(frozen=True, slots=True)
class Load:
    """What waits, in seconds of recordings; `urgent_seconds` of them at any hour."""

    seconds: float
    urgent_seconds: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """`work_seconds` on all workers together, from the measured `factor`; `ready_at` on the clock."""

    factor: float
    work_seconds: float
    ready_at: datetime


def forecast(
    load: Load, factor: float | None, workers: int, hours: Hours | None, zone: ZoneInfo, now: datetime
) -> Forecast | None:
    """When everything that waits is transcribed, if nothing else comes.

    `factor` is seconds of work for a second of recording on one worker, as measured lately; without one
    nobody can tell, and the answer is None.
    """
    if factor is None:
        return None
    urgent = load.urgent_seconds * factor / workers
    left = load.seconds * factor / workers
    done_at = now + timedelta(seconds=urgent)
    rest = timedelta(seconds=max(0.0, left - urgent))
    if hours is None or not rest:
        return Forecast(factor, left, done_at + rest)
    for start, end in hours.spans(done_at, zone):
        if end - start >= rest:
            return Forecast(factor, left, start + rest)
        rest -= end - start
    raise AssertionError("hours hold for ever")


def _padded(hour: str) -> str:
    """7:30 as people write it."""
    return hour.strip().rjust(5, "0")
