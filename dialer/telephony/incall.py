"""What a call in progress can do besides going on: who else takes part, hold, mute, tones (D6, V2).

A party is a further phone: a colleague's, a supervisor's, or one outside that a trunk rings. Each has an id
of our own, by which the telephone system names its channel. The recording is on the customer's channel and
stays whole.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

# What a phone can send: digits, star, hash, and the four letters of DTMF.
TONES = frozenset("0123456789*#ABCD")


class PartyMode(StrEnum):
    """How a party takes part."""

    # Hears both sides, and nobody hears him.
    LISTEN = "listen"
    # Hears both sides; only our agent hears him. Not in the recording.
    WHISPER = "whisper"
    # One of those who talk: everybody hears him, and the recording does.
    JOIN = "join"
    # Talks in private with the one of ours who was with the customer, and who is back there when it is over.
    # The customer is on hold and hears nothing of it; neither does the recording.
    CONSULT = "consult"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyOrder:
    """What is needed to ring a phone and let it take part in a call. `ring_seconds` are whole seconds.

    `number`, as `trunk` dials it, rings a phone outside instead of an `extension`.
    """

    party_id: str
    attempt_id: str
    extension: str = ""
    number: str = ""
    trunk: str = ""
    mode: PartyMode = PartyMode.JOIN
    ring_seconds: int = 20
    caller_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveParty:
    """A party alive now. `mode` None: its phone rings; `talking`: it is with the customer."""

    party_id: str
    attempt_id: str
    mode: PartyMode | None = None
    talking: bool = False


class InCallTelephony(Protocol):
    """The part of the telephony port that serves calls in progress.

    All of them act only while the customer is there, and raise RequestRefused otherwise. A request that is
    repeated changes nothing more.

    Raises:
        LinkUnavailable, RequestRefused, RequestUncertain: see there.
    """

    async def add_party(self, order: PartyOrder) -> None:
        """Ring a phone; on its answer it takes part. Its fate comes as events. A living id is refused.

        With the answer of one who is consulted the customer is on hold, until `resume`, and whoever of ours
        was with him is not any more.

        Raises:
            RequestRefused: several of ours are with the customer: none of them can be consulted with.
        """

    async def move_party(self, party_id: str, mode: PartyMode) -> None:
        """Let a party that is up take part in another way, without ringing anew; never to consult it."""

    async def drop_party(self, party_id: str) -> None:
        """Hang up a party's phone. One that is gone is no error, also when its call is over."""

    async def release_agent(self, attempt_id: str) -> None:
        """Hang up the agent's phone alone; the call goes on with a party who talks.

        Raises:
            RequestRefused: nobody else of ours talks with the customer.
        """

    async def hold(self, attempt_id: str) -> None:
        """The customer hears music, and none of ours; ours hear nothing."""

    async def resume(self, attempt_id: str) -> None:
        """End the hold."""

    async def mute(self, attempt_id: str, muted: bool, party_id: str | None = None) -> None:
        """Nobody hears the agent's phone, or that of a party, until it is taken back."""

    async def send_digits(self, attempt_id: str, digits: str) -> None:
        """Send tones to the customer's side, such as an extension there."""

    async def live_parties(self) -> tuple[LiveParty, ...]:
        """Every party of ours that is alive now, also those whose call is over."""
