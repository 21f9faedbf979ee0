"""AMI messages to call events, purely.

No order of messages is relied on: each event is told once, by whichever message proves it first.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from asterisk.callbook import UP, Call, CallBook, Message, is_attempt
from dialer.telephony.events import (
    AgentConnected,
    AgentLegFailed,
    AgentMissed,
    AgentRinging,
    AgentUp,
    AtGate,
    CallEvent,
    CustomerAnswered,
    CustomerDialEnded,
    CustomerDialing,
    CustomerRinging,
    GateExpired,
    GateOpened,
    HangupRequested,
    LegEnded,
)
from dialer.telephony.outcomes import Leg
from dialer.telephony.port import GatePosition

ORIGINATE_ID: Final = "HF-originate"
"""First part of the ActionID of our Originates: `HF-originate/<attempt>/<nonce>`."""
FIRST_ORIGINATE: Final = "HF-first"
"""The same where the customer is rung first."""

_RINGING: Final = "Ringing"
_WHY_FAILED = {
    0: "the phone is not registered, busy, unknown, or refused the call",
    1: "nobody answered",
    3: "nobody answered in time",
    5: "the phone is busy",
    8: "the phone or its line cannot take the call now",
}

Translated = CallEvent | None


def translate(book: CallBook, message: Message, at: datetime) -> Translated:
    """The event a message proves, if any.

    The book is brought up to date. `at` is our clock's time of reading.
    """
    handler = _HANDLERS.get(message.get("Event", ""))
    return handler(book, message, at) if handler is not None else None


def originate_attempt(message: Message) -> str | None:
    """The attempt whose Originate this OriginateResponse answers; None if it is not one of ours."""
    mark, _, rest = message.get("ActionID", "").partition("/")
    attempt_id = rest.partition("/")[0]
    return attempt_id if mark in (ORIGINATE_ID, FIRST_ORIGINATE) and is_attempt(attempt_id) else None


def _new_channel(book: CallBook, message: Message, at: datetime) -> Translated:
    owned = book.add(message)
    if owned is None or owned[1] is Leg.AGENT:
        return _new_state(book, message, at)
    owned[0].gate = GatePosition.PASSED
    return _once(owned[0], CustomerDialing, message, at)


def _new_state(book: CallBook, message: Message, at: datetime) -> Translated:
    owned = book.legs.get(message.get("Uniqueid", ""))
    if owned is None:
        return None
    call, leg = owned
    state = message.get("ChannelStateDesc")
    if state == _RINGING:
        return _once(call, AgentRinging if leg is Leg.AGENT else CustomerRinging, message, at)
    if state == UP and leg is Leg.AGENT:
        call.agent_up = True
    return None


def _user_event(book: CallBook, message: Message, at: datetime) -> Translated:
    name, attempt_id = message.get("UserEvent", ""), message.get("Attempt", "")
    if not name.startswith("HF") or not is_attempt(attempt_id):
        return None
    call = book.call(attempt_id)
    match name:
        case "HFAgentUp":
            call.agent_up = True
            if call.gate is GatePosition.RINGING:
                call.gate = GatePosition.WAITING
            return _once(call, AgentUp, message, at)
        case "HFNoGo":
            call.gate = GatePosition.PASSED
            return _once(call, GateExpired, message, at)
        case "HFGo":
            call.gate = GatePosition.PASSED
            return _once(call, GateOpened, message, at)
        case "HFAnswered":
            call.customer_up = True
            return _once(call, CustomerAnswered, message, at)
        case "HFAtGate":
            call.first = True
            if call.gate is GatePosition.RINGING:
                call.gate = GatePosition.WAITING
            return _once(call, AtGate, message, at)
        case "HFAgentLeg":
            book.agent_leg(call, message)
        case "HFAgentIn":
            call.agent_up = call.met = True
            return _once(call, AgentConnected, message, at)
        case "HFNoAgent":
            return _agent_missed(call, message, at)
        case "HFDialEnd":
            return _dial_ended(call, message, at, message.get("DialStatus", ""))
    return None


def _dial_end(book: CallBook, message: Message, at: datetime) -> Translated:
    owned = book.legs.get(message.get("DestUniqueid", ""))
    if owned is None or owned[1] is Leg.AGENT:
        return None
    call, status = owned[0], message.get("DialStatus", "")
    if status == "ANSWER":
        call.customer_up = True
        return _once(call, CustomerAnswered, message, at)
    # When the agent hangs up the dialplan does not go on after Dial, so that nobody else tells.
    return _dial_ended(call, message, at, status) if status == "CANCEL" else None


def _dial_ended(call: Call, message: Message, at: datetime, status: str) -> Translated:
    if not _first(call, CustomerDialEnded):
        return None
    return CustomerDialEnded(
        attempt_id=call.attempt_id,
        at=at,
        asterisk_at=stamp_of(message),
        dial_status=status,
        cause=_number(message.get("Cause")),
    )


def _agent_missed(call: Call, message: Message, at: datetime) -> Translated:
    if not _first(call, AgentMissed):
        return None
    return AgentMissed(
        attempt_id=call.attempt_id,
        at=at,
        asterisk_at=stamp_of(message),
        dial_status=message.get("DialStatus", ""),
        cause=_number(message.get("Cause")),
    )


def _hangup_request(book: CallBook, message: Message, at: datetime) -> Translated:
    owned = book.legs.get(message.get("Uniqueid", ""))
    if owned is None or (owned[1] is Leg.AGENT and owned[0].released):
        return None
    if not _first(owned[0], HangupRequested):
        return None
    return HangupRequested(attempt_id=owned[0].attempt_id, at=at, asterisk_at=stamp_of(message), leg=owned[1])


def _hangup(book: CallBook, message: Message, at: datetime) -> Translated:
    owned = book.remove(message.get("Uniqueid", ""))
    if owned is None:
        return None
    return LegEnded(
        attempt_id=owned[0].attempt_id,
        at=at,
        asterisk_at=stamp_of(message),
        leg=owned[1],
        cause=_number(message.get("Cause")),
        tech_cause=message.get("TechCause") or None,
    )


def _rename(book: CallBook, message: Message, _: datetime) -> Translated:
    owned = book.legs.get(message.get("Uniqueid", ""))
    if owned is not None:
        call, leg = owned
        if leg is Leg.AGENT:
            call.agent_name = message.get("Newname")
        else:
            call.customer_name = message.get("Newname")
    return None


def _originate_response(book: CallBook, message: Message, at: datetime) -> Translated:
    attempt_id = originate_attempt(message)
    if attempt_id is None or message.get("Response") == "Success":
        return None
    if message.get("ActionID", "").startswith(FIRST_ORIGINATE):
        # It always "fails", since who dials leaves at the answer: it tells only what nothing else does.
        first = book.call(attempt_id)
        if AtGate in first.told or first.names() or first.customer_id is not None:
            return None
    call = book.calls.get(attempt_id)
    if call is not None and call.agent_up:
        return None  # a second Originate of a live attempt was refused: the live call goes on
    reason = _number(message.get("Reason")) or 0
    return AgentLegFailed(
        attempt_id=attempt_id,
        at=at,
        asterisk_at=stamp_of(message),
        reason=reason,
        detail=_WHY_FAILED.get(reason, ""),
    )


def _once(call: Call, kind: type[CallEvent], message: Message, at: datetime) -> Translated:
    if not _first(call, kind):
        return None
    return kind(attempt_id=call.attempt_id, at=at, asterisk_at=stamp_of(message))


def _first(call: Call, kind: type[CallEvent]) -> bool:
    if kind in call.told:
        return False
    call.told.add(kind)
    return True


def stamp_of(message: Message) -> datetime | None:
    """Asterisk's own time of the message, there with `timestampevents=yes`."""
    try:
        return datetime.fromtimestamp(float(message["Timestamp"]), UTC)
    except (KeyError, ValueError, OverflowError):
        return None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


_HANDLERS: dict[str, Callable[[CallBook, Message, datetime], Translated]] = {
    "Newchannel": _new_channel,
    "Newstate": _new_state,
    "UserEvent": _user_event,
    "DialEnd": _dial_end,
    "HangupRequest": _hangup_request,
    "Hangup": _hangup,
    "Rename": _rename,
    "OriginateResponse": _originate_response,
}
CALL_EVENTS: Final = tuple(_HANDLERS)
"""Names of the AMI events `translate` reads."""
