"""The life of an attempt: one dial try, guarded by two commits."""

from enum import StrEnum

from dialer.machine import Machine


class AttemptState(StrEnum):
    """Where an attempt stands.

    `placing_agent` is committed before the agent's phone is asked to ring, `customer_go` before
    the gate to the customer is opened. `unknown` is an attempt in doubt: it is settled from live
    channels and the telephone system's log before the customer may be dialled again (D7).
    """

    PLACING_AGENT = "placing_agent"
    CUSTOMER_GO = "customer_go"
    TALKING = "talking"
    UNKNOWN = "unknown"
    ENDED = "ended"


class CallMode(StrEnum):
    """How a call came about (D2, D9)."""

    PROGRESSIVE = "progressive"
    # The agent looked first, and pressed Call or skipped it.
    PREVIEW = "preview"
    # To the minute that the customer named.
    APPOINTMENT = "appointment"
    # An agent asked for this customer or this number.
    MANUAL = "manual"
    # The customer rang.
    INBOUND = "inbound"
    # The customer is rung first, with an agent kept for him.
    CUSTOMER_FIRST = "customer_first"


class AttemptEvent(StrEnum):
    """What moves an attempt."""

    GO = "go"
    ANSWER = "answer"
    DOUBT = "doubt"
    END = "end"


S, E = AttemptState, AttemptEvent
IN_FLIGHT = (S.PLACING_AGENT, S.CUSTOMER_GO, S.TALKING, S.UNKNOWN)

MACHINE = Machine(
    "attempt",
    {
        # From `unknown` only what settling has proven: the agent still waits at the gate.
        E.GO: {S.PLACING_AGENT: S.CUSTOMER_GO, S.UNKNOWN: S.CUSTOMER_GO},
        E.ANSWER: {S.CUSTOMER_GO: S.TALKING, S.UNKNOWN: S.TALKING},
        E.DOUBT: {S.PLACING_AGENT: S.UNKNOWN, S.CUSTOMER_GO: S.UNKNOWN, S.TALKING: S.UNKNOWN},
        E.END: dict.fromkeys(IN_FLIGHT, S.ENDED),
    },
)
