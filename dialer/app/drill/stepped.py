"""A clock that a drill can step while the service runs."""

from datetime import datetime, timedelta
from pathlib import Path

from dialer.clock import system_clock


class SteppedClock:
    """The system's clock plus the seconds that stand in `file`; without the file, the system's."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self) -> datetime:
        """Now, in UTC, as the service shall believe."""
        try:
            seconds = float(self._file.read_text("ascii") or 0)
        except (OSError, ValueError):
            seconds = 0.0
        return system_clock() + timedelta(seconds=seconds)

    def step(self, seconds: float) -> None:
        """Set how far the clock is off from now on."""
        self._file.write_text(str(seconds), "ascii")
