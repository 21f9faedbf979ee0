"""The life of an offer: a follow-up that lies before one agent until he calls, or does not (D2)."""

from enum import StrEnum

from dialer.machine import Machine


class OfferState(StrEnum):
    """Where an offer stands. Only after `pressed` an attempt is committed, by the engine."""

    OPEN = "open"
    PRESSED = "pressed"
    CALLED = "called"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    # A gate was shut when the call was to be committed.
    REFUSED = "refused"
    # Its follow-up or its agent is not to be had any more.
    WITHDRAWN = "withdrawn"


class OfferEvent(StrEnum):
    """What moves an offer."""

    PRESS = "press"
    CALL = "call"
    SKIP = "skip"
    EXPIRE = "expire"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


class Then(StrEnum):
    """What comes when the time of an offer is over."""

    CALL = "call"
    # The follow-up goes back and the agent is paused.
    RELEASE = "release"


S, E = OfferState, OfferEvent

# The agent is kept for it.
HELD = (S.OPEN, S.PRESSED)

MACHINE = Machine(
    "offer",
    {
        E.PRESS: {S.OPEN: S.PRESSED},
        E.CALL: {S.PRESSED: S.CALLED},
        E.SKIP: {S.OPEN: S.SKIPPED},
        E.EXPIRE: {S.OPEN: S.EXPIRED},
        E.REFUSE: {S.PRESSED: S.REFUSED},
        E.WITHDRAW: dict.fromkeys(HELD, S.WITHDRAWN),
    },
)
