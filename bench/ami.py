"""How many AMI events a core reads, as a ratio to panoramisk's own protocol on the same stream.

The stream is whole calls recorded on Asterisk 22 without any event filter (`data/*.ami.txt`), each with
ids of its own, sent over a real connection by a thread. What is measured is the CPU time of the reading
thread: for the adapter up to frozen call events taken from its queue, for panoramisk up to a callback that
counts messages.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files

from panoramisk import Manager

from asterisk.settings import AsteriskSettings
from asterisk.telephony import AsteriskTelephony
from asterisk.translate import CALL_EVENTS
from dialer.telephony.events import LegEnded, LinkUp

LEAST_EVENTS_A_SECOND = 100_000

_RECORDED = ("customer_hangs_up", "customer_486")
_LEGS = 2
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_QUEUE_LIMIT = 10_000_000


@dataclass(frozen=True, slots=True)
class AmiFigures:
    """Events are those Asterisk sent, wanted or not."""

    calls: int
    events: int
    megabytes: float
    adapter_events_per_second: float
    panoramisk_events_per_second: float

    @property
    def ratio(self) -> float:
        """How many times as fast as panoramisk."""
        return self.adapter_events_per_second / self.panoramisk_events_per_second


def run(calls: int = 1000) -> AmiFigures:
    """Send `calls` recorded calls to both, one after the other."""
    stream, events = _stream(calls)
    return AmiFigures(
        calls=calls,
        events=events,
        megabytes=len(stream) / 1e6,
        adapter_events_per_second=events
        / asyncio.run(_read(stream, lambda port, go: _adapter(port, go, calls))),
        panoramisk_events_per_second=events
        / asyncio.run(_read(stream, lambda port, go: _panoramisk(port, go, calls))),
    )


def _stream(calls: int) -> tuple[bytes, int]:
    """The bytes of so many calls, and how many events they are."""
    recorded = [
        files("bench").joinpath("data", f"{name}.ami.txt").read_text("utf-8").replace("\n", "\r\n")
        for name in _RECORDED
    ]
    whole = "".join(
        recorded[number % len(recorded)]
        .replace("{attempt}", _attempt_id(number))
        .replace("{customer}", f"1700000000.{number}")
        for number in range(calls)
    )
    return whole.encode(), whole.count("\r\n\r\n")


def _attempt_id(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[rest] + digits
    return f"01{digits:0>24}"


Reader = Callable[[int, Callable[[], None]], Awaitable[float]]


async def _read(stream: bytes, reader: Reader) -> float:
    """CPU seconds that a reader needs for the stream."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        go = threading.Event()
        sender = threading.Thread(target=_send, args=(listener, stream, go), daemon=True)
        sender.start()
        try:
            return await reader(listener.getsockname()[1], go.set)
        finally:
            go.set()
            await asyncio.to_thread(sender.join)


def _send(listener: socket.socket, stream: bytes, go: threading.Event) -> None:
    """A manager port that lets anybody in, and sends the stream when told."""
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"Asterisk Call Manager/11.0.0\r\n")
        asked = threading.Thread(target=_answer, args=(connection,), daemon=True)
        asked.start()
        go.wait()
        connection.sendall(stream)
        asked.join()


def _answer(connection: socket.socket) -> None:
    rest = b""
    while data := connection.recv(65536):
        *actions, rest = (rest + data).split(b"\r\n\r\n")
        for raw in actions:
            action = dict(line.split(": ", 1) for line in raw.decode().split("\r\n"))
            reply = f"Response: Success\r\nActionID: {action['ActionID']}\r\n"
            match action["Action"]:
                case "Login":
                    reply += "\r\nEvent: FullyBooted\r\nPrivilege: system,all\r\n"
                case "CoreStatus":
                    reply += "CoreStartupDate: 2026-01-01\r\nCoreStartupTime: 00:00:00\r\n"
                case "Status" | "DeviceStateList":
                    reply += f"\r\nEvent: Done\r\nActionID: {action['ActionID']}\r\nEventList: Complete\r\n"
            connection.sendall(reply.encode() + b"\r\n")


async def _adapter(port: int, go: Callable[[], None], calls: int) -> float:
    settings = AsteriskSettings(host="127.0.0.1", port=port, username="bench", secret="bench")
    telephony = AsteriskTelephony(settings, queue_limit=_QUEUE_LIMIT)
    await telephony.start()
    ended, began = 0, 0.0
    async for event in telephony.events():
        if isinstance(event, LinkUp):
            began = time.thread_time()
            go()
        elif isinstance(event, LegEnded):
            ended += 1
            if ended == calls * _LEGS:
                break
    spent = time.thread_time() - began
    await telephony.stop()
    return spent


async def _panoramisk(port: int, go: Callable[[], None], calls: int) -> float:
    manager = Manager(host="127.0.0.1", port=port, username="bench", secret="bench", ping_delay=600)
    ended, done = 0, asyncio.Event()

    def count(_: object, event: dict[str, str]) -> None:
        nonlocal ended
        if event["Event"] == "Hangup":
            ended += 1
            if ended == calls * _LEGS:
                done.set()

    for name in CALL_EVENTS:
        manager.register_event(name, count)
    booted = asyncio.Event()
    manager.register_event("FullyBooted", lambda *_: booted.set())
    # It logs every message it reads at the level debug; nobody wants that in production.
    manager.log.setLevel("ERROR")
    await manager.connect()
    await booted.wait()
    began = time.thread_time()
    go()
    await done.wait()
    spent = time.thread_time() - began
    manager.on_disconnect = lambda *_: None
    manager.close()
    return spent
