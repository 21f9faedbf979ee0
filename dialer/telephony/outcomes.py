"""How a dial try ended, decided from the evidence the network left (D3).

The mapping follows what Asterisk reports for each fate of a leg: the hang-up cause
(Q.850) first, then the dial status, and the Originate's own reason only as the last resort.
"""

from dataclasses import dataclass
from enum import StrEnum

# Q.850 causes that name what the other side did.
_BUSY = frozenset({17})
_REJECTED = frozenset({21})
_INVALID_NUMBER = frozenset({1, 22, 28})
_NO_ANSWER = frozenset({18, 19, 20})
_CONGESTION = frozenset({27, 34, 38, 41, 42, 44, 47, 58, 63})


class DialOutcome(StrEnum):
    """What the network did with one attempt. Never a business result: that is a disposition."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID_NUMBER = "invalid_number"
    CONGESTION = "congestion"
    AGENT_UNAVAILABLE = "agent_unavailable"
    # Customer first: he answered, and hung up or was apologised to before an agent was there.
    ABANDONED = "abandoned"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Leg(StrEnum):
    """The two parties of a call."""

    AGENT = "agent"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class LegEvidence:
    """What was seen of one leg.

    `cause` is the Q.850 hang-up cause of the leg, `dial_status` Asterisk's word at the end of
    Dial, `rang` whether the other side reported ringing, `answered` whether it answered.
    """

    answered: bool = False
    rang: bool = False
    dial_status: str | None = None
    cause: int | None = None
    tech_cause: str | None = None


def customer_outcome(leg: LegEvidence) -> DialOutcome:
    """The outcome of an attempt whose customer leg was dialled."""
    if leg.answered:
        return DialOutcome.ANSWERED
    by_cause = _outcome_of_cause(leg.cause)
    if by_cause is not None:
        return by_cause
    match leg.dial_status:
        case "ANSWER":
            return DialOutcome.ANSWERED
        case "BUSY":
            return DialOutcome.BUSY
        case "CONGESTION":
            return DialOutcome.CONGESTION
        case "NOANSWER" | "CANCEL":
            return DialOutcome.NO_ANSWER
        case "CHANUNAVAIL" | "INVALIDARGS":
            return DialOutcome.FAILED
        case _:
            return DialOutcome.NO_ANSWER if leg.rang else DialOutcome.UNKNOWN


def _outcome_of_cause(cause: int | None) -> DialOutcome | None:
    # Cause 0 and 16 say nothing of an unanswered leg: a ring time-out ends with either.
    if cause in _BUSY:
        return DialOutcome.BUSY
    if cause in _REJECTED:
        return DialOutcome.REJECTED
    if cause in _INVALID_NUMBER:
        return DialOutcome.INVALID_NUMBER
    if cause in _NO_ANSWER:
        return DialOutcome.NO_ANSWER
    if cause in _CONGESTION:
        return DialOutcome.CONGESTION
    return None
