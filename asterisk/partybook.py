"""Which channel is which party of a call in progress, who is with the customer, and what becomes of it. Pure.

A party's Uniqueid is `HFP-` and its id. Who talks with the customer is who is in the same bridge.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from asterisk.callbook import ATTENDANT, MUSIC, PARTY, CallBook, Message, is_attempt, value_of
from asterisk.translate import stamp_of
from dialer.telephony.events import (
    Entered,
    InCallEvent,
    Left,
    PartyEnded,
    PartyRinging,
    PartyUp,
    PhoneHeld,
    PhoneResumed,
)
from dialer.telephony.incall import LiveParty, PartyMode
from dialer.telephony.outcomes import Leg

PARTY_ORIGINATE: Final = "HF-party"
"""First part of the ActionID of our Originates of parties: `HF-party/<attempt>/<party>/<nonce>`."""


@dataclass(slots=True)
class Party:
    """A further phone of ours. `name` is its channel's, None until there is one."""

    party_id: str
    attempt_id: str
    name: str | None = None
    mode: PartyMode | None = None
    rang: bool = False


@dataclass(slots=True)
class Attendant:
    """The channel that stays in the customer's bridge; `music_name` is its other half."""

    name: str | None = None
    music_name: str | None = None


@dataclass(slots=True)
class PartyBook:
    """The parties and attendants alive now, and the bridge that each channel of our calls is in."""

    calls: CallBook
    parties: dict[str, Party] = field(default_factory=dict)
    attendants: dict[str, Attendant] = field(default_factory=dict)
    bridges: dict[str, str] = field(default_factory=dict)

    def of_call(self, attempt_id: str) -> list[Party]:
        """The parties of a call."""
        return [party for party in self.parties.values() if party.attempt_id == attempt_id]

    def talking(self, attempt_id: str) -> list[str]:
        """Uniqueids of ours who are with the customer: the agent's first, then the parties'."""
        bridge = self._customers_bridge(attempt_id)
        ours = [self._agent_id(attempt_id), *(PARTY + party.party_id for party in self.of_call(attempt_id))]
        return [one for one in ours if bridge is not None and self.bridges.get(one) == bridge]

    def is_aside(self, party: Party) -> bool:
        """Whether it talks with somebody in a bridge that is not the customer's."""
        bridge = self.bridges.get(PARTY + party.party_id)
        if bridge is None or bridge == self._customers_bridge(party.attempt_id):
            return False
        return list(self.bridges.values()).count(bridge) > 1

    def name_of(self, unique_id: str) -> str | None:
        """The channel of one of ours."""
        if unique_id.startswith(PARTY):
            party = self.parties.get(unique_id.removeprefix(PARTY))
            return party.name if party else None
        known = self.calls.legs.get(unique_id)
        return known[0].agent_name if known and known[1] is Leg.AGENT else None

    def names(self, attempt_id: str) -> list[str]:
        """The channels of a call's parties and of its attendant."""
        attendant = self.attendants.get(attempt_id)
        names = [party.name for party in self.of_call(attempt_id)]
        return [name for name in (*names, attendant.name if attendant else None) if name]

    def restore(self, rows: Iterable[Message]) -> None:
        """Begin anew from the rows of a Status listing; the book of calls was restored from them before."""
        self.parties.clear()
        self.attendants.clear()
        self.bridges.clear()
        for row in rows:
            unique_id = row.get("Uniqueid", "")
            if row.get("BridgeID"):
                self.bridges[unique_id] = row["BridgeID"]
            self._add(unique_id, row)

    def live(self) -> tuple[LiveParty, ...]:
        """Every party in the book."""
        return tuple(
            LiveParty(
                party_id=party.party_id,
                attempt_id=party.attempt_id,
                mode=party.mode,
                talking=PARTY + party.party_id in self.talking(party.attempt_id),
            )
            for party in self.parties.values()
        )

    def take(self, message: Message, at: datetime) -> tuple[InCallEvent, ...]:
        """What a message proves of a call in progress. The book is brought up to date."""
        handler = _HANDLERS.get(message.get("Event", ""))
        return handler(self, message, at) if handler is not None else ()

    def _add(self, unique_id: str, message: Message) -> None:
        name = message.get("Channel")
        if unique_id.startswith(PARTY):
            party_id = unique_id.removeprefix(PARTY)
            party = self.parties.setdefault(party_id, Party(party_id, value_of(message, "HF_CALL")))
            party.name = name
            mode = value_of(message, "HF_MODE")
            if mode:
                party.mode = PartyMode(mode)
        elif unique_id.startswith((ATTENDANT, MUSIC)):
            kind, attempt_id = unique_id[: len(MUSIC)], unique_id[len(MUSIC) :]
            attendant = self.attendants.setdefault(attempt_id, Attendant())
            if kind == MUSIC:
                attendant.music_name = name
            else:
                attendant.name = name

    def _customers_bridge(self, attempt_id: str) -> str | None:
        call = self.calls.calls.get(attempt_id)
        return self.bridges.get(call.customer_id) if call and call.customer_id else None

    def _agent_id(self, attempt_id: str) -> str:
        call = self.calls.calls.get(attempt_id)
        return (call.agent_id if call else None) or attempt_id

    def attempt_of(self, unique_id: str) -> str | None:
        """The attempt whose call a channel belongs to; None: it is none of ours."""
        if unique_id.startswith(PARTY):
            party = self.parties.get(unique_id.removeprefix(PARTY))
            return party.attempt_id if party else None
        if unique_id.startswith(ATTENDANT):
            return unique_id.removeprefix(ATTENDANT)
        known = self.calls.legs.get(unique_id)
        return known[0].attempt_id if known else None


def party_originate(message: Message) -> str | None:
    """The party whose Originate this OriginateResponse answers; None if it is not one of ours."""
    mark, _, rest = message.get("ActionID", "").partition("/")
    return rest.split("/")[1] if mark == PARTY_ORIGINATE and rest.count("/") == 2 else None


def _new_channel(book: PartyBook, message: Message, at: datetime) -> tuple[InCallEvent, ...]:
    book._add(message.get("Uniqueid", ""), message)
    return _new_state(book, message, at)


def _new_state(book: PartyBook, message: Message, at: datetime) -> tuple[InCallEvent, ...]:
    unique_id = message.get("Uniqueid", "")
    if not unique_id.startswith(PARTY) or message.get("ChannelStateDesc") != "Ringing":
        return ()
    party = book.parties.get(unique_id.removeprefix(PARTY))
    if party is None or party.rang:
        return ()
    party.rang = True
    stamp = stamp_of(message)
    return (PartyRinging(attempt_id=party.attempt_id, at=at, asterisk_at=stamp, party_id=party.party_id),)


def _user_event(book: PartyBook, message: Message, at: datetime) -> tuple[InCallEvent, ...]:
    attempt_id, party_id = message.get("Attempt", ""), message.get("Party", "")
    if message.get("UserEvent") != "HFParty" or not is_attempt(attempt_id):
        return ()
    mode = PartyMode(message["Mode"])
    party = book.parties.setdefault(party_id, Party(party_id, attempt_id))
    party.name, party.mode = message.get("Channel"), mode
    stamp = stamp_of(message)
    return (PartyUp(attempt_id=attempt_id, at=at, asterisk_at=stamp, party_id=party_id, mode=mode),)


def _bridge_enter(book: PartyBook, message: Message, at: datetime) -> tuple[InCallEvent, ...]:
    return _moved(book, message, at, message.get("BridgeUniqueid"))


def _bridge_leave(book: PartyBook, message: Message, at: datetime) -> tuple[InCallEvent, ...]:
    return _moved(book, message, at, None)


def _moved(book: PartyBook, message: Message, at: datetime, bridge: str | None) -> tuple[InCallEvent, ...]:
    unique_id = message.get("Uniqueid", "")
    attempt_id = book.attempt_of(unique_id)
    if attempt_id is None:
        return ()
    before = book.talking(attempt_id)
    if bridge is None:
        book.bridges.pop(unique_id, None)
    else:
        book.bridges[unique_id] = bridge
    after = book.talking(attempt_id)
    stamp = stamp_of(message)
    changes: list[InCallEvent] = []
    for one in [*before, *after]:
        kind = Left if one in before and one not in after else Entered
        if (one in before) != (one in after):
            who = one.removeprefix(PARTY) if one.startswith(PARTY) else None
            changes.append(kind(attempt_id=attempt_id, at=at, asterisk_at=stamp, party_id=who))
    return tuple(changes)


def _hangup(book: PartyBook, message: Message, at: datetime) -> tuple[InCallEvent, ...]:
    unique_id = message.get("Uniqueid", "")
    # A channel that leaves its bridge says so before it ends: nothing is left to tell but its end.
    book.bridges.pop(unique_id, None)
    if unique_id.startswith(ATTENDANT):
        book.attendants.pop(unique_id.removeprefix(ATTENDANT), None)
    cause = message.get("Cause", "")
    return _ended(book, unique_id.removeprefix(PARTY), message, at, int(cause) if cause.isdigit() else None)


def _originate_response(book: PartyBook, message: Message, at: datetime) -> tuple[InCallEvent, ...]:
    party_id = party_originate(message)
    if party_id is None or message.get("Response") == "Success":
        return ()
    party = book.parties.get(party_id)
    if party is not None and party.name is not None:
        # A second Originate of a party that is up was refused, and it goes on; or the end of its channel,
        # which may come later, tells the cause.
        return ()
    return _ended(book, party_id, message, at, None)


def _ended(
    book: PartyBook, party_id: str, message: Message, at: datetime, cause: int | None
) -> tuple[InCallEvent, ...]:
    party = book.parties.pop(party_id, None)
    if party is None:
        return ()
    known = {"attempt_id": party.attempt_id, "party_id": party_id}
    return (PartyEnded(**known, at=at, asterisk_at=stamp_of(message), cause=cause),)


def _hold(book: PartyBook, message: Message, at: datetime) -> tuple[InCallEvent, ...]:
    known = book.calls.legs.get(message.get("Uniqueid", ""))
    if known is None or known[1] is not Leg.AGENT:
        return ()
    kind = PhoneHeld if message["Event"] == "Hold" else PhoneResumed
    return (kind(attempt_id=known[0].attempt_id, at=at, asterisk_at=stamp_of(message)),)


_HANDLERS: dict[str, Callable[[PartyBook, Message, datetime], tuple[InCallEvent, ...]]] = {
    "Newchannel": _new_channel,
    "Newstate": _new_state,
    "UserEvent": _user_event,
    "BridgeEnter": _bridge_enter,
    "BridgeLeave": _bridge_leave,
    "Hangup": _hangup,
    "OriginateResponse": _originate_response,
    "Hold": _hold,
    "Unhold": _hold,
}
IN_CALL_EVENTS: Final = tuple(_HANDLERS)
"""Names of the AMI events the book reads."""
