"""The breaker of a trunk: who keeps failing is left alone, and tried again by one call (D4)."""

from enum import StrEnum

from dialer.machine import Machine


class BreakerState(StrEnum):
    """Whether calls go through a trunk.

    `closed` is the ordinary state. `open`: it failed again and again, and gets no call. `half_open`: one
    call tries it; that one's fate decides.
    """

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerEvent(StrEnum):
    """What moves a breaker."""

    TRIP = "trip"
    TRY = "try"
    # The trying call failed as well, or told nothing.
    FAIL = "fail"
    MEND = "mend"


S, E = BreakerState, BreakerEvent

MACHINE = Machine(
    "trunk_state",
    {
        E.TRIP: {S.CLOSED: S.OPEN},
        E.TRY: {S.OPEN: S.HALF_OPEN},
        E.FAIL: {S.HALF_OPEN: S.OPEN},
        E.MEND: {S.HALF_OPEN: S.CLOSED},
    },
)
