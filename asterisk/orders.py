"""Call orders to AMI actions, purely; nothing that could mean something to a dialplan gets through."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from asterisk.callbook import (
    AGENT_CONTEXT,
    FIRST,
    FIRST_CONTEXT,
    FIRST_DIALS,
    GO_EXTEN,
    WAIT_EXTEN,
    is_attempt,
)
from asterisk.translate import FIRST_ORIGINATE, ORIGINATE_ID
from dialer.telephony.port import CallOrder, RequestRefused

Action = Mapping[str, str | Sequence[str]]


# Digits, letters and what numbers, prefixes and trunk codes are written with: no comma, bracket, $, & or
# blank.
_PLAIN = re.compile(r"[0-9A-Za-z+*#_-]{1,64}")
_DIAL_STRING = re.compile(r"[0-9A-Za-z+*#_/@.:;=-]{1,200}")
_CALL_ID = re.compile(r"[0-9A-Za-z._-]{1,150}")
_LONGEST_RING = 600
_GATE_MOST = 40


def originate(order: CallOrder, agent_channel: str, customer_dial: str, nonce: str) -> Action:
    """The Originate of a call order. The templates hold `{extension}` and `{number}`.

    Raises:
        RequestRefused: a value is not plain; the message names it.
    """
    if not is_attempt(order.attempt_id):
        raise RequestRefused(
            f"Attempt id {order.attempt_id!r} is refused: it must be a ULID of 26 letters and digits."
        )
    number = plain("customer number", order.customer_number)
    for what, seconds in (("agent", order.agent_ring_seconds), ("customer", order.customer_ring_seconds)):
        if not 1 <= seconds <= _LONGEST_RING:
            raise RequestRefused(
                f"The {what}'s ring time is {seconds} s: set it between 1 and {_LONGEST_RING} s."
            )
    channel = phone(agent_channel, order.agent_extension)
    dial = _filled("customer_dial", customer_dial, "{number}", number)
    caller = {"CallerID": f"<{plain('caller id', order.caller_id)}>"} if order.caller_id else {}
    # A synchronous Originate would hold back all events of the session.
    common = {"Action": "Originate", "Priority": "1", "Async": "true", **caller}
    variables = [
        f"__HF_ATTEMPT={order.attempt_id}",
        f"__HF_DIAL={dial}",
        f"__HF_RING={order.customer_ring_seconds}",
    ]
    if order.customer_first:
        return {
            **common,
            "ActionID": f"{FIRST_ORIGINATE}/{order.attempt_id}/{nonce}",
            # In the agent's stead: it waits at the gate, and who dials can keep what the network plays.
            "Channel": f"Local/{WAIT_EXTEN}@{FIRST_CONTEXT}/n",
            "ChannelId": FIRST + order.attempt_id,
            "OtherChannelId": FIRST_DIALS + order.attempt_id,
            "Context": FIRST_CONTEXT,
            "Exten": "answered",
            # Dial in our dialplan is the one to give up.
            "Timeout": str((_GATE_MOST + order.customer_ring_seconds) * 1000),
            "Variable": [
                *variables,
                f"__HF_AGENT={channel}",
                f"__HF_CONNECT={order.agent_ring_seconds}",
            ],
        }
    return {
        **common,
        "ActionID": f"{ORIGINATE_ID}/{order.attempt_id}/{nonce}",
        "Channel": channel,
        "ChannelId": order.attempt_id,
        "Context": AGENT_CONTEXT,
        "Exten": WAIT_EXTEN,
        "Timeout": str(order.agent_ring_seconds * 1000),
        "Variable": [*variables, *([f"HF_CALLER={_call_id(order.caller)}"] if order.caller else [])],
    }


def set_variable(channel: str, name: str, value: str) -> Action:
    """Sets a channel variable; `value` is plain."""
    return {"Action": "Setvar", "Channel": channel, "Variable": name, "Value": value}


def redirect(channel: str, context: str = AGENT_CONTEXT, exten: str = GO_EXTEN) -> Action:
    """Sends a channel elsewhere in our dialplan; without more, the agent's through the gate."""
    return {
        "Action": "Redirect",
        "Channel": channel,
        "Context": context,
        "Exten": exten,
        "Priority": "1",
    }


def phone(agent_channel: str, extension: str) -> str:
    """The channel that rings a phone of ours.

    Raises:
        RequestRefused: the extension is not plain.
    """
    return _filled("agent_channel", agent_channel, "{extension}", plain("extension", extension))


def outside(customer_dial: str, number: str) -> str:
    """The channel that rings a phone outside through a trunk.

    Raises:
        RequestRefused: the number is not plain.
    """
    return _filled("customer_dial", customer_dial, "{number}", plain("number", number))


def started_at(core_status: Mapping[str, str]) -> datetime | None:
    """Asterisk's start time, told in its machine's own time zone and kept here as if that were UTC.

    It serves only to be compared with itself: another value means another start. While Asterisk starts it can
    read 1969 or 1970: None.
    """
    try:
        start = datetime.fromisoformat(
            f"{core_status['CoreStartupDate']}T{core_status['CoreStartupTime']}"
        ).replace(tzinfo=UTC)
    except (KeyError, ValueError):
        return None
    return start if start.year > 1970 else None


def plain(what: str, value: str) -> str:
    """The value, where it holds nothing that could mean something to a dialplan.

    Raises:
        RequestRefused: it does; the message names it.
    """
    if not _PLAIN.fullmatch(value):
        raise RequestRefused(
            f"The {what} {value!r} is refused: only digits, letters and + * # _ - may be in it. "
            "Correct it and try again."
        )
    return value


def _filled(setting: str, template: str, place: str, value: str) -> str:
    filled = template.replace(place, value)
    if place not in template or not _DIAL_STRING.fullmatch(filled):
        raise RequestRefused(
            f"Setting {setting} is {template!r}: it must hold {place} once, and no blank, comma, quote, "
            "bracket or &."
        )
    return filled


def _call_id(caller: str) -> str:
    if not _CALL_ID.fullmatch(caller):
        raise RequestRefused(f"The caller {caller!r} is refused: it is no id of a call of Asterisk's.")
    return caller
