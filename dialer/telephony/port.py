"""The port through which the core places calls. Served by `asterisk` and by the shipped fake.

One contract suite (tests/contract/test_telephony.py) runs on both.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from dialer.telephony.events import CustomerCalls, TelephonyEvent
from dialer.telephony.incall import InCallTelephony
from dialer.telephony.phonetest import PhoneTests


class TelephonyError(Exception):
    """A request to the telephone system did not succeed. The message says what to do."""


class LinkUnavailable(TelephonyError):
    """There is no link: the request was certainly not sent. Try again after `LinkUp`."""


class RequestRefused(TelephonyError):
    """The telephone system refused the request: it certainly had no effect."""


class RequestUncertain(TelephonyError):
    """The request was sent and its answer never came: whether it had an effect is unknown.

    Settle the attempt from `live_calls` and `trail` before anything else is done with it.
    """


class TrailUnreadable(TelephonyError):
    """The trail of calls cannot be read: what it would have shown is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOrder:
    """What is needed to call one agent and, through the gate, one customer.

    Only ids and ASCII: names stay in the database. Times are whole seconds. `customer_number` is as
    `trunk` dials it; a trunk the telephone system does not know is dialled its usual way. `caller` is the
    call of a customer who rang: nobody is dialled then, and the open gate puts him through. `customer_first`
    is for `call_customer`: there `agent_ring_seconds` is how long a customer who answered waits.
    """

    attempt_id: str
    agent_extension: str
    customer_number: str
    caller_id: str = ""
    trunk: str = ""
    caller: str = ""
    customer_first: bool = False
    agent_ring_seconds: int = 20
    customer_ring_seconds: int = 45


class CallerHears(StrEnum):
    """What a customer who rang hears while he is not put through."""

    RINGING = "ring"
    MUSIC = "music"
    # A message, and then the end: nobody is here at this hour; nobody was free.
    CLOSED = "closed"
    NOBODY = "nobody"


class GatePosition(StrEnum):
    """Where the agent's leg of a live call stands, or, customer first, the call itself."""

    RINGING = "ringing"
    WAITING = "waiting"
    PASSED = "passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """A call alive on the telephone system now, known by its attempt.

    `agent_gone`: its agent has left, and others of ours talk with the customer. `awaits_agent`: the customer,
    who was rung first, has answered, and his agent not yet.
    """

    attempt_id: str
    gate: GatePosition
    customer_dialled: bool
    customer_answered: bool
    agent_gone: bool = False
    awaits_agent: bool = False
    held: bool = False
    muted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTrail:
    """What the telephone system's own log (CEL) proves of a call that is over or under way.

    Times are the telephone system's clock. `customer_started_at` None means that the log holds
    no customer leg: it was not dialled, provided the log holds the call at all. `gate_at` is when, customer
    first, the channel began that waits at the gate; agent first the agent's answer stands for it.
    """

    attempt_id: str
    gate_at: datetime | None = None
    agent_answered_at: datetime | None = None
    customer_started_at: datetime | None = None
    customer_answered_at: datetime | None = None
    customer_ended_at: datetime | None = None
    customer_cause: int | None = None
    agent_ended_at: datetime | None = None


class Telephony(InCallTelephony, PhoneTests, Protocol):
    """Places calls and tells what became of them. All methods are safe to call at any time."""

    async def start(self) -> None:
        """Begin to keep the link up, for ever. Returns at once; `LinkUp` tells of success."""

    async def stop(self) -> None:
        """Close the link for good. Calls in progress go on without us."""

    def events(self) -> AsyncIterator[TelephonyEvent]:
        """All events, in the order they were read, for one consumer. Ends after `stop`."""

    async def call_agent(self, order: CallOrder) -> None:
        """Ring the agent; on answer the leg waits at the gate for `open_gate`.

        Returns when the request was accepted; the fate comes as events. An `attempt_id` that is
        alive is refused: the id is an idempotency key.

        Raises:
            LinkUnavailable, RequestRefused, RequestUncertain: see there.
        """

    async def call_customer(self, order: CallOrder) -> None:
        """Wait at the gate for `open_gate`, ringing nobody; then the customer is rung before his agent.

        On his answer he is recorded, and the agent's phone is rung at once; where it is not answered he hears
        an apology. All else is as in `call_agent`.

        Raises:
            LinkUnavailable, RequestRefused, RequestUncertain: see there.
        """

    async def open_gate(self, attempt_id: str) -> None:
        """Let the waiting agent's leg go on to dial the customer.

        Acts only while that leg waits at the gate; raises RequestRefused otherwise, so that a
        repeated call can never dial twice.
        """

    async def tell_caller(self, call_id: str, hears: CallerHears) -> None:
        """Take charge of a customer who rang: he hears this from now on, for a minute or two at most.

        Without it the telephone system ends his call by itself after a few seconds.

        Raises:
            RequestRefused: he is gone, or is put through already.
        """

    async def hang_up(self, attempt_id: str) -> None:
        """End the call: both legs and every party. One that is already over is no error."""

    async def live_calls(self) -> tuple[LiveCall, ...]:
        """Every call of ours that is alive now, whoever placed it."""

    async def trail(self, attempt_id: str) -> CallTrail:
        """What the telephone system's log proves of this attempt.

        Raises:
            TrailUnreadable: the log cannot be read.
        """

    async def let_go(self, since: datetime) -> tuple[CustomerCalls, ...]:
        """Customers who rang and were gone since then before they were put through, whoever watched (D9).

        By the telephone system's log, whose clock it is: `at` of each is when he was gone.

        Raises:
            TrailUnreadable: the log cannot be read.
        """

    def reachable_phones(self) -> frozenset[str] | None:
        """Extensions known to be reachable now; None while that is unknown (no link)."""
