"""Customers who ring: who waits on which channel, by what Asterisk tells (D9). Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from asterisk.callbook import Message, value_of
from dialer.telephony.events import CallerLeft, CustomerCalls

INBOUND_CONTEXT: Final = "huifang-inbound"
CALLER_CONTEXT: Final = "huifang-caller"
UP_EXTEN: Final = "up"
CALLED: Final = "HF_CALLED"
CALLER: Final = "HF_CALLER"

_WAITING = frozenset({"ring", "music"})


class Callers:
    """The channels of customers who wait, by the Uniqueid that is their call's id."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

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
                )
            )
        return found

    def name(self, call_id: str) -> str | None:
        """The channel on which this caller waits; None: he is gone, or was put through."""
        return self._names.get(call_id)

    def put_through(self, call_id: str) -> None:
        """He waits no longer: he is the customer of a call from now on."""
        self._names.pop(call_id, None)
