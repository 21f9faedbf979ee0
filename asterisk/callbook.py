"""Which channel is which leg of which attempt, and how far each call has come. Pure.

The agent leg's Uniqueid is the attempt id (Originate's ChannelId); the customer leg has a Uniqueid of its
own and the attempt id as Linkedid. Customer first the Linkedid is that of a Local channel, made from the
attempt id, which waits at the gate and dials; the dialplan tells which leg is the agent's. Every other
channel is none of ours.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from dialer.telephony.events import CallEvent
from dialer.telephony.outcomes import Leg
from dialer.telephony.port import GatePosition, LiveCall

Message = Mapping[str, str]

AGENT_CONTEXT: Final = "huifang-agent"
FIRST_CONTEXT: Final = "huifang-first"
WAIT_EXTEN: Final = "s"
GO_EXTEN: Final = "go"
UP: Final = "Up"

# How the two halves of the Local channel are named that dials the customer of a customer-first call, and is
# gone at his answer; the second one is in the dialplan. And the variable by which that marks the agent's leg.
FIRST: Final = "HFC-"
FIRST_DIALS: Final = "HFD-"
SIDE: Final = "HF_SIDE"
_AGENTS_SIDE = "agent"

# How the channels are named that serve a call besides its two legs: a further phone, the attendant in the
# customer's bridge, and the attendant's other half, which plays the music.
PARTY: Final = "HFP-"
ATTENDANT: Final = "HFA-"
MUSIC: Final = "HFM-"
MUSIC_EXTEN: Final = "music"
SERVING: Final = (PARTY, ATTENDANT, MUSIC, FIRST, FIRST_DIALS)

_ASIDE_LIMIT = 1000
_ATTEMPT = re.compile(r"[0-9A-Z]{26}")
_ATTEMPT_VARIABLE = re.compile(r"^_{0,2}HF_ATTEMPT=([0-9A-Z]{26})$", re.MULTILINE)


def is_attempt(text: str) -> bool:
    """Whether this has the form of an attempt id (a ULID)."""
    return len(text) == 26 and _ATTEMPT.fullmatch(text) is not None


def first_of(linked_id: str) -> str | None:
    """The attempt of the customer-first call with this Linkedid; None: it is none."""
    attempt_id = linked_id.removeprefix(FIRST)
    return attempt_id if attempt_id != linked_id and is_attempt(attempt_id) else None


@dataclass(slots=True)
class Call:
    """One call. Names are channel names, which AMI actions take; None: there is no such leg now."""

    attempt_id: str
    # Its customer is rung before its agent; `dials_name` is the channel that waits at the gate and dials him,
    # `met` tells whether one of ours was with him.
    first: bool = False
    dials_name: str | None = None
    met: bool = False
    agent_id: str | None = None
    agent_name: str | None = None
    agent_up: bool = False
    customer_id: str | None = None
    customer_name: str | None = None
    customer_up: bool = False
    # The call of the customer who rang and is to be put through; "" where he is dialled.
    caller: str = ""
    # The agent's leg was let go by us: that its channel ends is nobody's wish.
    released: bool = False
    held: bool = False
    muted: bool = False
    gate: GatePosition = GatePosition.RINGING
    told: set[type[CallEvent]] = field(default_factory=set)

    def names(self) -> list[str]:
        """The channels alive now, the customer's first."""
        return [name for name in (self.customer_name, self.agent_name, self.dials_name) if name]

    @property
    def at_gate(self) -> str | None:
        """The channel that the gate holds up, or has let through."""
        return self.dials_name if self.first else self.agent_name

    @property
    def awaits_agent(self) -> bool:
        """Whether a customer who was rung first has answered, and his agent not yet."""
        return self.first and self.customer_up and not self.met


@dataclass(slots=True)
class CallBook:
    """The calls alive now, by attempt and by the Uniqueid of each leg."""

    calls: dict[str, Call] = field(default_factory=dict)
    legs: dict[str, tuple[Call, Leg]] = field(default_factory=dict)
    _aside: dict[str, Call] = field(default_factory=dict)

    def call(self, attempt_id: str) -> Call:
        """The call of an attempt; one that is not known to be alive is remembered aside for a while.

        So nothing is told twice when a message overtakes the Newchannel or comes after the Hangup.
        """
        call = self.calls.get(attempt_id) or self._aside.get(attempt_id)
        if call is None:
            call = Call(attempt_id)
            self._put_aside(call)
        return call

    def add(self, message: Message) -> tuple[Call, Leg] | None:
        """Take up the channel a message tells of. None: it is not ours, or no party of ours."""
        unique_id = message.get("Uniqueid", "")
        known = self.legs.get(unique_id)
        if known is not None:
            return known
        if unique_id.startswith(FIRST_DIALS):
            call = self._alive(unique_id.removeprefix(FIRST_DIALS))
            call.first, call.dials_name = True, message.get("Channel")
            return None
        owner = _whose(message)
        if owner is None:
            return None
        attempt_id, leg = owner
        call = self._alive(attempt_id)
        call.first = call.first or first_of(message.get("Linkedid", "")) is not None
        if leg is Leg.AGENT:
            self._join_agent(call, unique_id, message)
        elif call.customer_id is None:
            call.customer_id, call.customer_name = unique_id, message.get("Channel")
        else:  # behind a Local channel, or a third party: the first one stands for the customer
            return None
        self.legs[unique_id] = (call, leg)
        return call, leg

    def _alive(self, attempt_id: str) -> Call:
        call = self.calls.get(attempt_id) or self._aside.pop(attempt_id, None) or Call(attempt_id)
        self.calls[attempt_id] = call
        return call

    def remove(self, unique_id: str) -> tuple[Call, Leg] | None:
        """Forget a leg that ended, and its call with the last one."""
        known = self.legs.pop(unique_id, None)
        if known is not None:
            call, leg = known
            if leg is Leg.AGENT:
                call.agent_name = None
            else:
                call.customer_name = None
        elif unique_id.startswith(FIRST_DIALS) and (dials := self.calls.get(unique_id[len(FIRST_DIALS) :])):
            call, call.dials_name = dials, None
        else:
            return None
        if not call.names():
            self.calls.pop(call.attempt_id, None)
            self._put_aside(call)
        return known

    def agent_leg(self, call: Call, message: Message) -> None:
        """The channel that the message tells of is the agent's leg of this customer-first call."""
        call.first = True
        self._join_agent(call, message.get("Uniqueid", ""), message)

    def _join_agent(self, call: Call, unique_id: str, message: Message) -> None:
        call.agent_id, call.agent_name = unique_id, message.get("Channel")
        self.legs[unique_id] = (call, Leg.AGENT)

    def join(self, call: Call, unique_id: str, name: str) -> None:
        """A customer who rang is this call's from now on."""
        call.customer_id, call.customer_name = unique_id, name
        self.legs[unique_id] = (call, Leg.CUSTOMER)

    def _put_aside(self, call: Call) -> None:
        self._aside[call.attempt_id] = call
        if len(self._aside) > _ASIDE_LIMIT:
            del self._aside[next(iter(self._aside))]

    def restore(self, rows: Iterable[Message]) -> None:
        """Begin anew from the rows of a Status listing."""
        self.calls.clear()
        self.legs.clear()
        # An agent's row may come after the customer's, and decides where the gate stands.
        held, bridged = set(), set()
        for row in rows:
            if row.get("Uniqueid", "").startswith(MUSIC) and row.get("Exten") == MUSIC_EXTEN:
                held.add(row["Uniqueid"].removeprefix(MUSIC))
            owned = self.add(row)
            if owned is None:
                if row.get("Uniqueid", "").startswith(FIRST_DIALS):
                    self.calls[row["Uniqueid"].removeprefix(FIRST_DIALS)].gate = _gate(row)
                continue
            call, leg = owned
            if leg is Leg.AGENT:
                call.muted = value_of(row, "HF_MUTED") == "1"
                call.caller = value_of(row, "HF_CALLER")
                call.agent_up = row.get("ChannelStateDesc") == UP
                call.gate = _gate(row)
            else:
                call.customer_up = row.get("ChannelStateDesc") == UP
                if row.get("BridgeID"):
                    bridged.add(call.attempt_id)
        for call in self.calls.values():
            call.met = call.agent_up or call.attempt_id in bridged
            if call.customer_id is not None:
                call.gate = GatePosition.PASSED
            call.held = call.attempt_id in held

    def live(self) -> tuple[LiveCall, ...]:
        """Every call in the book."""
        return tuple(
            LiveCall(
                attempt_id=call.attempt_id,
                gate=call.gate,
                customer_dialled=call.customer_id is not None,
                customer_answered=call.customer_up,
                agent_gone=call.customer_up and call.agent_name is None and not call.awaits_agent,
                awaits_agent=call.awaits_agent,
                held=call.held,
                muted=call.muted,
            )
            for call in self.calls.values()
        )


def live_calls(rows: Iterable[Message]) -> tuple[LiveCall, ...]:
    """The calls of ours in a Status listing."""
    book = CallBook()
    book.restore(rows)
    return book.live()


def value_of(row: Message, variable: str) -> str:
    """A channel variable in a row of a Status listing, "" where it is not set."""
    for line in row.get("Variable", "").splitlines():
        name, _, value = line.partition("=")
        if name == variable:
            # So Asterisk writes what is not set on that channel.
            return "" if value == "(null)" else value
    return ""


def _whose(message: Message) -> tuple[str, Leg] | None:
    unique_id = message.get("Uniqueid", "")
    if unique_id.startswith(SERVING):  # in the customer's bridge it has the call's Linkedid
        return None
    if is_attempt(unique_id):
        return unique_id, Leg.AGENT
    # The inherited variable finds a customer whom a transfer has linked to another call.
    inherited = _ATTEMPT_VARIABLE.search(message.get("Variable", ""))
    if inherited and value_of(message, SIDE) == _AGENTS_SIDE:
        return inherited[1], Leg.AGENT
    linked_id = message.get("Linkedid", "")
    attempt_id = inherited[1] if inherited else first_of(linked_id) or linked_id
    return (attempt_id, Leg.CUSTOMER) if is_attempt(attempt_id) else None


def _gate(row: Message) -> GatePosition:
    if row.get("Context") == FIRST_CONTEXT:
        return GatePosition.WAITING if row.get("Exten") == WAIT_EXTEN else GatePosition.PASSED
    if row.get("ChannelStateDesc") != UP:
        return GatePosition.RINGING
    at_gate = row.get("Context") == AGENT_CONTEXT and row.get("Exten") == WAIT_EXTEN
    return GatePosition.WAITING if at_gate else GatePosition.PASSED
