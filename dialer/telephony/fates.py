"""What the people and the network of the fake telephone system do, and how Asterisk 22 tells of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class AgentDoes(StrEnum):
    """What an agent's phone does when it is rung."""

    ANSWER = "answer"
    BUSY = "busy"
    IGNORE = "ignore"


class CustomerDoes(StrEnum):
    """What a customer's phone, or the network, does."""

    ANSWER = "answer"
    BUSY = "busy"
    REJECT = "reject"
    UNKNOWN_NUMBER = "unknown_number"
    UNAVAILABLE = "unavailable"
    NO_LINE = "no_line"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFate:
    """After `after` seconds of ringing the agent does it; None: when told.

    Hangs up so many seconds after the customer's answer; None: not by itself.
    """

    does: AgentDoes = AgentDoes.ANSWER
    after: float | None = 0.0
    hangs_up_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFate:
    """After `after` seconds of ringing the customer does it; None: when told.

    Hangs up so many seconds after the answer; None: not by itself.
    """

    does: CustomerDoes = CustomerDoes.ANSWER
    after: float | None = 0.0
    hangs_up_after: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """What is told of a leg that was not answered."""

    rings: bool
    dial_status: str
    cause: int
    tech_cause: str


FAILURES: Final = {
    CustomerDoes.BUSY: Failure(True, "BUSY", 17, "486"),
    CustomerDoes.REJECT: Failure(True, "CHANUNAVAIL", 21, "603"),
    CustomerDoes.UNKNOWN_NUMBER: Failure(False, "CHANUNAVAIL", 1, "404"),
    CustomerDoes.UNAVAILABLE: Failure(False, "NOANSWER", 19, "480"),
    CustomerDoes.NO_LINE: Failure(False, "CONGESTION", 34, "503"),
}
