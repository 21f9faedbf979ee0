"""Which of the numbers that customers see looks as if it were marked (骚扰电话): few answer it (D4). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from dialer.trunks.settings import ReachSettings


@dataclass(frozen=True, slots=True)
class Reached:
    """Customers' phones that one caller id dialled, and how many of them answered: today, and in all days."""

    caller_id: str
    dialled: int
    answered: int
    dialled_today: int = 0
    answered_today: int = 0

    @property
    def share(self) -> float | None:
        """Answered of dialled; None before the first."""
        return self.answered / self.dialled if self.dialled else None

    @property
    def share_today(self) -> float | None:
        """The same of today."""
        return self.answered_today / self.dialled_today if self.dialled_today else None


@dataclass(frozen=True, slots=True)
class Marked:
    """A caller id that is answered far less than the others together."""

    caller_id: str
    share: float
    others: float


def marked(numbers: Sequence[Reached], settings: ReachSettings) -> list[Marked]:
    """Those far under the others; none is judged by few calls, nor without others to compare it with."""
    found = []
    for one in numbers:
        rest = [other for other in numbers if other is not one]
        dialled = sum(other.dialled for other in rest)
        if min(one.dialled, dialled) < settings.least_calls:
            continue
        others = sum(other.answered for other in rest) / dialled
        share = one.answered / one.dialled
        if share < others * settings.share:
            found.append(Marked(one.caller_id, share, others))
    return found
