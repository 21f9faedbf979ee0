"""Which trunk takes a call, and when a trunk counts as broken (D4, L7). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dialer.telephony.outcomes import DialOutcome
from dialer.trunks.settings import BreakerSettings, Supervision, TrunkSettings
from dialer.trunks.states import BreakerEvent, BreakerState

DEFAULT = "default"
"""The trunk of a site that configures none: the telephone system's own dial setting, without limits."""

_UNLIMITED = 1_000_000_000
# The far side, or the way to it, could not take the call at all.
_BAD = frozenset({"CHANUNAVAIL", "CONGESTION", "INVALIDARGS"})
_GOOD = frozenset(
    {
        DialOutcome.ANSWERED,
        DialOutcome.ABANDONED,
        DialOutcome.BUSY,
        DialOutcome.NO_ANSWER,
        DialOutcome.REJECTED,
        DialOutcome.INVALID_NUMBER,
    }
)


class NoLine(StrEnum):
    """Why no trunk takes a call now."""

    BROKEN = "broken"
    FULL = "full"
    TOO_FAST = "too_fast"
    NONE_HERE = "none_here"


class Verdict(StrEnum):
    """What a call tells of its trunk."""

    GOOD = "good"
    BAD = "bad"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Breaker:
    """Where a trunk's breaker stands. `waits` is how often it was tried in vain, `probe` the trying call.

    `retry_at`: when one call may try it; half open, when another one may, for the first must be over by then.
    """

    name: str
    state: BreakerState = BreakerState.CLOSED
    failures: int = 0
    first_failed_at: datetime | None = None
    opened_at: datetime | None = None
    retry_at: datetime | None = None
    waits: int = 0
    probe: str | None = None
    why: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", BreakerState(self.state))

    def is_due(self, now: datetime) -> bool:
        """Whether one call may try the trunk, which is broken.

        While one does no other may, until the first one's customer has been rung or never will be.
        """
        if self.retry_at is None:
            return self.state is BreakerState.OPEN
        return self.retry_at <= now


@dataclass(frozen=True, slots=True)
class Load:
    """What a trunk carries: calls in flight, and calls that its rate still allows now (None: any)."""

    in_flight: int = 0
    allowed: int | None = None
    breaker: Breaker | None = None

    @property
    def tries(self) -> bool:
        """Whether the next call would be the one that tries a broken trunk."""
        return self.breaker is not None and self.breaker.state is not BreakerState.CLOSED

    def one_more(self) -> "Load":
        """After one more call."""
        breaker = self.breaker
        if breaker is not None and self.tries:
            breaker = replace(breaker, state=BreakerState.HALF_OPEN, retry_at=None)
        return Load(self.in_flight + 1, None if self.allowed is None else self.allowed - 1, breaker)


def trunks_of(configured: Sequence[TrunkSettings], node: str, *, first: bool) -> tuple[TrunkSettings, ...]:
    """The trunks of a node; those that name none are the `first` node's. With none at all, the default."""
    if not configured:
        return (TrunkSettings(name=DEFAULT),)
    return tuple(one for one in configured if one.node == node or (first and not one.node))


def choose(
    trunks: Sequence[TrunkSettings], loads: Mapping[str, Load], now: datetime
) -> TrunkSettings | NoLine:
    """The trunk for one more call, or why there is none: the best priority, then the emptiest."""
    open_ = [(one, loads.get(one.name) or Load()) for one in trunks]
    able = [(one, load) for one, load in open_ if room(one, load, now) > 0]
    if able:
        return min(able, key=lambda pair: (pair[0].priority, _filled(*pair), pair[0].name))[0]
    return _why_none(open_, now)


def room(trunk: TrunkSettings, load: Load, now: datetime) -> int:
    """How many more calls the trunk may take now."""
    if load.breaker is not None and load.breaker.state is not BreakerState.CLOSED:
        most = 1 if load.breaker.is_due(now) else 0
    else:
        most = _UNLIMITED
    if trunk.channels is not None:
        most = min(most, trunk.channels - load.in_flight)
    if load.allowed is not None:
        most = min(most, load.allowed)
    return max(0, most)


def _filled(trunk: TrunkSettings, load: Load) -> float:
    return load.in_flight / (trunk.channels or 1000)


def _why_none(loads: Sequence[tuple[TrunkSettings, Load]], now: datetime) -> NoLine:
    if not loads:
        return NoLine.NONE_HERE
    working = [(one, load) for one, load in loads if load.breaker is None or not _shut(load.breaker, now)]
    if not working:
        return NoLine.BROKEN
    if all(one.channels is not None and load.in_flight >= one.channels for one, load in working):
        return NoLine.FULL
    return NoLine.TOO_FAST


def _shut(breaker: Breaker, now: datetime) -> bool:
    return breaker.state is not BreakerState.CLOSED and not breaker.is_due(now)


def verdict(outcome: DialOutcome, *, dialled: bool, dial_status: str | None) -> Verdict:
    """What the end of a call tells of its trunk.

    Bad are congestion (503, causes 34 and 38) and a channel that could not be had (no route, the trunk
    not registered); good is all that only a network can have said. An agent who left tells nothing.
    """
    if outcome is DialOutcome.CONGESTION or (outcome is DialOutcome.FAILED and dial_status in _BAD):
        return Verdict.BAD
    return Verdict.GOOD if dialled and outcome in _GOOD else Verdict.NOTHING


@dataclass(frozen=True, slots=True)
class Change:
    """The breaker after a call; `event` None: only its count of failures changed."""

    event: BreakerEvent | None
    after: Breaker


def after_call(
    breaker: Breaker, attempt_id: str, told: Verdict, why: str, settings: BreakerSettings, now: datetime
) -> Change | None:
    """What a call that ended changes; None: nothing.

    While a breaker is open only its trying call counts: calls of before tell of before.
    """
    if breaker.state is BreakerState.CLOSED:
        return _while_closed(breaker, told, why, settings, now)
    if breaker.state is BreakerState.OPEN or breaker.probe != attempt_id:
        return None
    if told is Verdict.GOOD:
        return Change(BreakerEvent.MEND, Breaker(breaker.name))
    if told is Verdict.NOTHING:
        # The agent left, or the request was lost: the next call tries it.
        return Change(BreakerEvent.FAIL, replace(breaker, retry_at=now, probe=None))
    waits = breaker.waits + 1
    seconds = min(settings.retry_seconds * 2.0 ** min(waits, 20), settings.retry_most_seconds)
    retry_at = now + timedelta(seconds=seconds)
    return Change(BreakerEvent.FAIL, replace(breaker, retry_at=retry_at, waits=waits, probe=None, why=why))


def _while_closed(
    breaker: Breaker, told: Verdict, why: str, settings: BreakerSettings, now: datetime
) -> Change | None:
    if told is Verdict.GOOD and breaker.failures:
        return Change(None, Breaker(breaker.name))
    if told is not Verdict.BAD:
        return None
    first = breaker.first_failed_at
    fresh = first is not None and now - first <= timedelta(seconds=settings.window_seconds)
    failures = breaker.failures + 1 if fresh else 1
    after = replace(breaker, failures=failures, first_failed_at=first if fresh else now, why=why)
    if failures < settings.failures:
        return Change(None, after)
    retry_at = now + timedelta(seconds=settings.retry_seconds)
    return Change(BreakerEvent.TRIP, replace(after, opened_at=now, retry_at=retry_at, waits=0))


def supervision(trunks: Sequence[TrunkSettings], name: str | None) -> Supervision:
    """What tells an answer on the trunk of this name (D3)."""
    return next((one.answer_supervision for one in trunks if one.name == name), Supervision.SIP)
