"""Call events: frozen values that tell the core what happened on the telephone side.

Each carries `at`, our own clock (UTC) when it was read, and where the telephone system stamps
its messages, `asterisk_at`, its clock. The two are never compared with each other; durations
are differences of one of them. No order between events of one call is promised.
"""

from dataclasses import dataclass
from datetime import datetime

from dialer.telephony.incall import PartyMode
from dialer.telephony.outcomes import Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent:
    """Something that happened to one attempt's call."""

    attempt_id: str
    at: datetime
    asterisk_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRinging(CallEvent):
    """The agent's phone rings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentUp(CallEvent):
    """The agent answered and waits at the gate: the customer has not been dialled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtGate(CallEvent):
    """Customer first: the call waits at the gate, and nobody was rung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateExpired(CallEvent):
    """Nobody opened the gate in time: the agent was released, the customer never dialled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOpened(CallEvent):
    """The dialplan passed the gate and is about to dial the customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDialing(CallEvent):
    """The customer's leg was created."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRinging(CallEvent):
    """The customer's phone rings (the network said so)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAnswered(CallEvent):
    """The customer's leg was answered; the two-leg recording begins here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConnected(CallEvent):
    """Customer first: the agent answered, and both parties are connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMissed(CallEvent):
    """Customer first: the customer answered, the agent's phone did not. He hears an apology, and the end."""

    dial_status: str
    cause: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDialEnded(CallEvent):
    """Dial came back: `dial_status` and `cause` (Q.850) of the customer's leg."""

    dial_status: str
    cause: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEnded(CallEvent):
    """A leg's channel is gone. `cause` is Q.850; `tech_cause` the protocol's own code, e.g. "486"."""

    leg: Leg
    cause: int | None
    tech_cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HangupRequested(CallEvent):
    """The first such event of a call names the party that hung up."""

    leg: Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLegFailed(CallEvent):
    """The agent's leg could not be set up or was not answered (Originate's own answer)."""

    reason: int
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InCallEvent(CallEvent):
    """Something that a call in progress did besides going on (D6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyRinging(InCallEvent):
    """A party's phone rings."""

    party_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyUp(InCallEvent):
    """A party takes part in this way from now on; told again for each change."""

    party_id: str
    mode: PartyMode


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyEnded(InCallEvent):
    """A party's phone has hung up, or was not to be had. `cause` is Q.850 where it is known."""

    party_id: str
    cause: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered(InCallEvent):
    """Somebody of ours is with the customer now: a party, or with None the agent."""

    party_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Left(InCallEvent):
    """Somebody of ours is no longer with the customer."""

    party_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneHeld(InCallEvent):
    """The agent put the customer on hold with the key of the phone itself: the call is held as by `hold`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneResumed(InCallEvent):
    """The agent took the customer back with the key of the phone itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCalls:
    """A customer rings and waits to be put through (D9). `number` is his, "" where it is withheld; `trunk`
    is the one that brings him in, "" where that is not known.

    Told again after the link was lost, for whoever still waits.
    """

    call_id: str
    number: str
    called: str
    at: datetime
    trunk: str = ""
    asterisk_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerLeft:
    """A customer who rang is gone without having been put through."""

    call_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkUp:
    """The link works and the telephone system is ready. Always followed by settling.

    `started_at` is the telephone system's own start time where it is known: when it changed,
    nothing of before is alive.
    """

    at: datetime
    version: str
    started_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDown:
    """The link is lost or refused. `advice` is a sentence saying what a person can do."""

    at: datetime
    reason: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneState:
    """A phone became reachable or unreachable (registration and qualify)."""

    at: datetime
    extension: str
    reachable: bool


TelephonyEvent = CallEvent | CustomerCalls | CallerLeft | LinkUp | LinkDown | PhoneState
