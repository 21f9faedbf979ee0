"""Which agents' phones can be rung, from Asterisk's device states. Pure.

Device states cover every channel technology, and say UNAVAILABLE when a phone's registration ends, runs
out, or its qualify stays unanswered.
"""

from collections.abc import Iterable
from datetime import datetime

from asterisk.ami.wire import Fields
from dialer.telephony.events import PhoneState

_OUT_OF_REACH = frozenset({"UNAVAILABLE", "INVALID", "UNKNOWN"})


class Devices:
    """The phones named by an agent channel template such as `PJSIP/{extension}`."""

    def __init__(self, agent_channel: str) -> None:
        prefix, _, rest = agent_channel.partition("{extension}")
        # A Local channel goes through the dialplan: its state says nothing of the phone behind it.
        self._prefix = "" if prefix.lower().startswith("local/") else prefix
        self._suffix = rest.partition("@")[0]
        self._reachable: set[str] | None = None

    def reachable(self) -> frozenset[str] | None:
        """Extensions that can be rung now; None while that is unknown."""
        return None if self._reachable is None else frozenset(self._reachable)

    def forget(self) -> None:
        """The link is gone: nothing is known."""
        self._reachable = None

    def restore(self, rows: Iterable[Fields]) -> None:
        """Begin anew from the rows of a DeviceStateList."""
        if self._prefix:
            self._reachable = set()
            for row in rows:
                self._take(row)

    def change(self, message: Fields, at: datetime) -> PhoneState | None:
        """What a DeviceStateChange changes, if anything."""
        changed = self._take(message)
        return None if changed is None else PhoneState(at=at, extension=changed[0], reachable=changed[1])

    def _take(self, message: Fields) -> tuple[str, bool] | None:
        device = message.get("Device", "")
        if self._reachable is None or not (device.startswith(self._prefix) and device.endswith(self._suffix)):
            return None
        extension = device[len(self._prefix) : len(device) - len(self._suffix)]
        reachable = message.get("State") not in _OUT_OF_REACH
        if reachable == (extension in self._reachable):
            return None
        (self._reachable.add if reachable else self._reachable.discard)(extension)
        return extension, reachable
