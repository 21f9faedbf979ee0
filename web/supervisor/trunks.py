"""The trunks and the numbers customers see, from rows to what the live page shows (V1, D4). Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dialer.trunks.choosing import DEFAULT, Breaker
from dialer.trunks.reach import Reached
from dialer.trunks.settings import TrunkSettings
from dialer.trunks.states import BreakerState
from web.i18n import N_

_STATE = {
    BreakerState.CLOSED: (N_("Works"), "good"),
    BreakerState.OPEN: (N_("Broken"), "bad"),
    BreakerState.HALF_OPEN: (N_("Being tried"), "warn"),
}


@dataclass(frozen=True, slots=True)
class TrunkRow:
    """One trunk. `state` is a message id; `name` None: the only one, which has no name."""

    name: str | None
    state: str
    tone: str
    calls: int
    channels: int | None
    why: str
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A number that customers see; shares are percent, None before the first call. "" is the trunk's own."""

    number: str
    today: int | None
    dialled_today: int
    days: int | None
    dialled: int
    marked: bool


def trunk_rows(
    trunks: Sequence[TrunkSettings], carried: Mapping[str | None, int], breakers: Mapping[str, Breaker]
) -> list[TrunkRow]:
    """The trunks in the order they are taken."""
    shown = sorted(trunks, key=lambda one: (one.priority, one.name)) or [TrunkSettings(name=DEFAULT)]
    rows = []
    for one in shown:
        breaker = breakers.get(one.name) or Breaker(one.name)
        state, tone = _STATE[breaker.state]
        open_ = breaker.state is BreakerState.OPEN
        rows.append(
            TrunkRow(
                one.name if trunks else None,
                state,
                tone,
                carried.get(one.name, 0),
                one.channels,
                breaker.why if breaker.state is not BreakerState.CLOSED else "",
                breaker.retry_at if open_ else None,
            )
        )
    return rows


def number_rows(numbers: Sequence[Reached], marked: Collection[str]) -> list[NumberRow]:
    """The numbers, those that look marked first."""
    rows = [
        NumberRow(
            one.caller_id,
            _percent(one.share_today),
            one.dialled_today,
            _percent(one.share),
            one.dialled,
            one.caller_id in marked,
        )
        for one in numbers
    ]
    return sorted(rows, key=lambda row: (not row.marked, row.number))


def _percent(share: float | None) -> int | None:
    return None if share is None else round(100 * share)
