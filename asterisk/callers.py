"""Customers who ring: who waits on which channel, by what Asterisk tells (D9). Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from asterisk.callbook import Message, value_of
from dialer.telephony.events import CallerLeft, CustomerCalls

INBOUND_CONTEXT: Final = "huifang-inbound"
CALLER_CONTEXT: Final = "huifang-caller"
UP_EXTEN: Final = "up"
CALLED: Final = "HF_CALLED"
CALLER: Final = "HF_CALLER"
RANG: Final = "rang:"
"""How the dialplan marks who rings until he is put through: rang:<number>:<called number>."""

_WAITING = frozenset({"ring", "music"})
_REMEMBERED = 5_000


class Callers:
    """The channels of customers who wait, by the Uniqueid that is their call's id.

    `trunk_dials` are dial strings by trunk: who comes in where one leads comes in on that trunk.
    """

    def __init__(self, trunk_dials: Mapping[str, str] | None = None) -> None:
        self._names: dict[str, str] = {}
        self._trunks: dict[str, str] = {}
        for trunk, dial in (trunk_dials or {}).items():
            self._trunks.setdefault(_peer_dialled(dial), trunk)

    def take(self, message: Message, at: datetime) -> CustomerCalls | CallerLeft | None:
        """What a message tells of a caller, if anything."""
        unique_id = message.get("Uniqueid", "")
        match message.get("Event"):
            case "UserEvent" if message.get("UserEvent") == "HFCustomerCalls" and unique_id:
                self._names[unique_id] = message.get("Channel", "")
                return CustomerCalls(
                    call_id=unique_id,
                    number=message.get("Number", ""),
                    called=message.get("Called", ""),
                    at=at,
                    trunk=self._trunk(message),
                )
            case "Hangup" if self._names.pop(unique_id, None) is not None:
                return CallerLeft(call_id=unique_id, at=at)
            case "Rename" if unique_id in self._names:
                self._names[unique_id] = message.get("Newname", "")
        return None

    def restore(self, rows: Iterable[Message], at: datetime) -> list[CustomerCalls]:
        """Begin anew from the rows of a Status listing; whoever still waits is told of again."""
        self._names.clear()
        found = []
        for row in rows:
            context, exten = row.get("Context"), row.get("Exten", "")
            rings = context == INBOUND_CONTEXT or (context == CALLER_CONTEXT and exten in _WAITING)
            if not rings:
                continue
            self._names[row["Uniqueid"]] = row.get("Channel", "")
            found.append(
                CustomerCalls(
                    call_id=row["Uniqueid"],
                    number=row.get("CallerIDNum", "").replace("<unknown>", ""),
                    called=value_of(row, CALLED),
                    at=at,
                    trunk=self._trunk(row),
                )
            )
        return found

    def name(self, call_id: str) -> str | None:
        """The channel on which this caller waits; None: he is gone, or was put through."""
        return self._names.get(call_id)

    def put_through(self, call_id: str) -> None:
        """He waits no longer: he is the customer of a call from now on."""
        self._names.pop(call_id, None)

    def _trunk(self, message: Message) -> str:
        return self._trunks.get(_peer_of(message.get("Channel", "")), "")


class LetGo:
    """Customers who rang and were gone before they were put through, by Asterisk's log; the latest ones."""

    def __init__(self) -> None:
        self._gone: dict[str, CustomerCalls] = {}

    def add(self, event: str, at: datetime, unique_id: str, userfield: str) -> None:
        """Take up a line of the log."""
        if event != "HANGUP" or not userfield.startswith(RANG):
            return
        number, _, called = userfield.removeprefix(RANG).partition(":")
        self._gone[unique_id] = CustomerCalls(call_id=unique_id, number=number, called=called, at=at)
        if len(self._gone) > _REMEMBERED:
            del self._gone[next(iter(self._gone))]

    def since(self, at: datetime) -> tuple[CustomerCalls, ...]:
        """Those who were gone since then, in their order; each with the time of his end."""
        return tuple(one for one in self._gone.values() if one.at >= at)


def _peer_dialled(dial: str) -> str:
    """Where a dial string leads: PJSIP/ims of PJSIP/{number}@ims, DAHDI/1 of DAHDI/1/{number}."""
    technology, _, rest = dial.partition("/")
    first = rest.partition("/")[0]
    return f"{technology}/{first.rpartition('@')[2] if '{number}' in first else first}"


def _peer_of(channel: str) -> str:
    """Where a channel leads: PJSIP/ims of PJSIP/ims-0000001a, DAHDI/1 of DAHDI/1-1."""
    technology, _, rest = channel.partition("/")
    first, more, _ = rest.partition("/")
    return f"{technology}/{first if more else first.rpartition('-')[0]}"
