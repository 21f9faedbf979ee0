"""What an agent's own test of his phone can do and tell: it is rung, and he hears himself (V3)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Reached(StrEnum):
    """How far a phone under test was reached."""

    ANSWERED = "answered"
    # It rang in vain, or was busy.
    NO_ANSWER = "no_answer"
    # It cannot be rung at all, or refused at once.
    NOT_REGISTERED = "not_registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneTestOrder:
    """What is needed to test a phone. `ring_seconds` and `echo_seconds` are the longest it takes."""

    test_id: str
    extension: str
    ring_seconds: int = 15
    echo_seconds: int = 30

    @property
    def longest(self) -> int:
        """Seconds after which nothing of the test is left, whatever becomes of the service."""
        return self.ring_seconds + self.echo_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneHeard:
    """What the telephone system can say of a test that is over.

    `seconds` is how long the phone was up. Packets of sound from the phone and to it are None where it does
    not count them: then it is not known whether any came.
    """

    reached: Reached
    seconds: float = 0.0
    from_phone: int | None = None
    to_phone: int | None = None


class PhoneTests(Protocol):
    """The part of the telephony port that tests phones. A test gives way to every call of ours.

    Raises:
        LinkUnavailable, RequestRefused, RequestUncertain: see there.
    """

    async def test_phone(self, order: PhoneTestOrder) -> PhoneHeard:
        """Ring a phone; who answers hears himself. Returns when the test is over: hung up by anybody, ended
        by us, after `echo_seconds`, or because a call of ours is to ring this phone.

        Raises:
            RequestRefused: this phone is being tested already.
            RequestUncertain: the link was lost meanwhile; the test ends by itself.
        """

    async def end_phone_test(self, test_id: str) -> None:
        """Hang up a phone under test. One that is over is no error."""
