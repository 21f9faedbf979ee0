"""Whether what was issued adds up: done, pending, failed with evidence, or missing (Q7). Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from dialer.followups.states import FollowUpState


class Fate(StrEnum):
    """What became of one that was issued. `excluded` has its reason on record; `missing` has nothing."""

    DONE = "done"
    PENDING = "pending"
    FAILED = "failed"
    EXCLUDED = "excluded"
    MISSING = "missing"


_FATES = {
    FollowUpState.DONE: Fate.DONE,
    FollowUpState.EXHAUSTED: Fate.FAILED,
    FollowUpState.CANCELLED: Fate.FAILED,
}


def fate_of(state: str | None, *, excluded: bool) -> Fate:
    """The fate of an occasion whose follow-up is in `state`; None: it has none."""
    if state is None:
        return Fate.EXCLUDED if excluded else Fate.MISSING
    return _FATES.get(FollowUpState(state), Fate.PENDING)


@dataclass(frozen=True, slots=True)
class Sums:
    """issued = done + pending + failed + excluded + missing; it adds up where nothing is missing and each
    failed one has a try or a reason on record."""

    issued: int
    done: int
    pending: int
    failed: int
    excluded: int
    missing: int
    unproven: int

    @property
    def adds_up(self) -> bool:
        return self.missing == 0 and self.unproven == 0


def sums(issued: Iterable[tuple[Fate, bool]]) -> Sums:
    """Count; the second of each pair says whether there is evidence."""
    rows = list(issued)
    counts = Counter(fate for fate, _ in rows)
    unproven = sum(1 for fate, proven in rows if fate is Fate.FAILED and not proven)
    return Sums(
        issued=len(rows),
        done=counts[Fate.DONE],
        pending=counts[Fate.PENDING],
        failed=counts[Fate.FAILED],
        excluded=counts[Fate.EXCLUDED],
        missing=counts[Fate.MISSING],
        unproven=unproven,
    )
