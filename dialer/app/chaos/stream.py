"""The manager protocol as a proxy sees it: whole messages, and the moments of a call that they mark. Pure."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dialer.app.chaos.plan import Window

_END = b"\r\n\r\n"
_BANNER = b"Asterisk Call Manager/"


class Side(StrEnum):
    """Which way a message goes."""

    ORDERS = "orders"  # from the service to Asterisk
    NEWS = "news"  # from Asterisk to the service


class Framer:
    """Whole messages out of a stream that was cut anywhere. Asterisk's greeting is one of one line."""

    def __init__(self) -> None:
        self._rest = b""
        self._greeted = False

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now, each with its end."""
        buffer = self._rest + data
        messages = []
        if not self._greeted and buffer.startswith(_BANNER[: len(buffer)]):
            line, end, rest = buffer.partition(b"\r\n")
            if not end:
                self._rest = buffer
                return []
            messages.append(line + end)
            buffer = rest
        self._greeted = True
        *whole, self._rest = buffer.split(_END)
        messages += [message + _END for message in whole]
        return messages


@dataclass(frozen=True, slots=True)
class Mark:
    """The message by which a window is known; `held`: the fault comes before it gets through."""

    side: Side
    words: bytes
    held: bool


MARKS: Mapping[Window, Mark] = {
    Window.ATTEMPT_COMMITTED: Mark(Side.ORDERS, b"Action: Originate\r\n", held=True),
    Window.ORIGINATE_SENT: Mark(Side.ORDERS, b"Action: Originate\r\n", held=False),
    Window.AGENT_UP: Mark(Side.NEWS, b"UserEvent: HFAgentUp\r\n", held=True),
    Window.GO_COMMITTED: Mark(Side.ORDERS, b"Action: Redirect\r\n", held=True),
    Window.GO_SENT: Mark(Side.ORDERS, b"Action: Redirect\r\n", held=False),
    Window.RINGING: Mark(Side.NEWS, b"UserEvent: HFGo\r\n", held=False),
    Window.TALKING: Mark(Side.NEWS, b"UserEvent: HFAnswered\r\n", held=False),
    Window.ENDED: Mark(Side.NEWS, b"UserEvent: HFLegEnd\r\n", held=True),
}
"""`recorded` is seen on the disk, `any` nowhere."""


def marks(window: Window, side: Side, message: bytes) -> bool:
    """Whether a message that goes this way marks the window."""
    mark = MARKS.get(window)
    return mark is not None and mark.side is side and mark.words in message


def foreign_events(count: int, seed: int) -> Iterator[bytes]:
    """What a busy PBX tells of calls that are none of ours."""
    dice = random.Random(seed)
    for number in range(count):
        unique_id = f"17{dice.randrange(10**8):08d}.{number}"
        channel = f"PJSIP/foreign-{number:08x}"
        name, more = dice.choice(_FOREIGN)
        yield (
            f"Event: {name}\r\nPrivilege: call,all\r\nChannel: {channel}\r\nChannelStateDesc: Up\r\n"
            f"CallerIDName: 前台\r\nUniqueid: {unique_id}\r\nLinkedid: {unique_id}\r\n{more}\r\n"
        ).encode()


_FOREIGN = (
    ("Newchannel", "Context: from-internal\r\nExten: 110\r\n"),
    ("Newstate", "ChannelState: 6\r\n"),
    ("DialEnd", "DestUniqueid: 1700000000.9\r\nDialStatus: ANSWER\r\n"),
    ("UserEvent", "UserEvent: Billing\r\nAttempt: none of ours\r\n"),
    ("HangupRequest", ""),
    ("Hangup", "Cause: 16\r\nCause-txt: Normal Clearing\r\n"),
    ("DeviceStateChange", "Device: PJSIP/elsewhere\r\nState: INUSE\r\n"),
)
