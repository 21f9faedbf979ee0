"""The one place that reads the clock. Everything that decides takes `now` as a value."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


class Steps:
    """Finds the steps of a clock by another one that nobody steps."""

    def __init__(self) -> None:
        self._apart: float | None = None

    def since_last(self, now: datetime, steady: float) -> float:
        """By how many seconds `now` was stepped since the last time; `steady` are seconds of the other."""
        apart = now.timestamp() - steady
        stepped = 0.0 if self._apart is None else apart - self._apart
        self._apart = apart
        return stepped
