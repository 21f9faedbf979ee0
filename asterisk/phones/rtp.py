"""Audio over RTP: packets (pure), what was heard put together, and one timer for all streams."""

import asyncio
import secrets
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from asterisk.phones.audio import SILENCE
from asterisk.phones.sdp import PCMA, AudioTarget

FRAME = 160
FRAME_SECONDS = 0.02
_HEADER = struct.Struct("!BBHII")
# A jump of the time stamp past this is a new stream, not a gap.
_LONGEST_GAP = 8000 * 60
_BEHIND_LIMIT = 50


def pack(sequence: int, timestamp: int, source: int, payload: bytes, *, first: bool) -> bytes:
    """One A-law packet; `first` sets the marker bit."""
    marker = 0x80 if first else 0
    return _HEADER.pack(0x80, PCMA | marker, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, source) + payload


def unpack(datagram: bytes) -> tuple[int, int, bytes] | None:
    """Time stamp, source and payload of an A-law packet; None for anything else."""
    if len(datagram) <= _HEADER.size:
        return None
    flags, kind, _, timestamp, source = _HEADER.unpack_from(datagram)
    if flags >> 6 != 2 or kind & 0x7F != PCMA:
        return None
    return timestamp, source, datagram[_HEADER.size + 4 * (flags & 0x0F) :]


class Heard:
    """What a phone heard: each packet at its place by time stamp, silence where none came."""

    def __init__(self) -> None:
        self.audio = bytearray()
        self.packets = 0
        self.began_at: datetime | None = None
        self._source: int | None = None
        self._origin = 0

    def add(self, timestamp: int, source: int, payload: bytes) -> None:
        """Put one packet at its place. A new source goes on where the old one ended."""
        self.packets += 1
        if self.began_at is None:
            self.began_at = datetime.now(UTC)
        place = (timestamp - self._origin) & 0xFFFFFFFF
        if source != self._source or place > len(self.audio) + _LONGEST_GAP:
            self._source = source
            self._origin = timestamp - len(self.audio)
            place = len(self.audio)
        if place > len(self.audio):
            self.audio += SILENCE * (place - len(self.audio))
        self.audio[place : place + len(payload)] = payload


class Metronome:
    """One timer for every stream of a process: calls each ticker once per 20 ms, catching up when late."""

    def __init__(self) -> None:
        self._tickers: set[Callable[[], None]] = set()
        self._task: asyncio.Task[None] | None = None

    def add(self, ticker: Callable[[], None]) -> None:
        """Call `ticker` from now on."""
        self._tickers.add(ticker)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(), name="metronome")

    def remove(self, ticker: Callable[[], None]) -> None:
        """No longer call `ticker`. Without tickers the timer ends."""
        self._tickers.discard(ticker)
        if not self._tickers and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        now = asyncio.get_running_loop().time
        due = now()
        while True:
            for ticker in tuple(self._tickers):
                ticker()
            due += FRAME_SECONDS
            if (wait := due - now()) > 0:
                await asyncio.sleep(wait)
            elif wait < -_BEHIND_LIMIT * FRAME_SECONDS:
                due = now()  # the process stood still: do not flood the line afterwards
            else:
                await asyncio.sleep(0)


class AudioStream(asyncio.DatagramProtocol):
    """One leg's audio: sends the speech, then silence, and keeps what comes in.

    `keep` False counts what comes in and forgets it.
    """

    def __init__(self, metronome: Metronome, target: AudioTarget, *, keep: bool) -> None:
        self.heard = Heard()
        self.target = target
        self._metronome = metronome
        self._keep = keep
        self._transport: asyncio.DatagramTransport | None = None
        self._speech = b""
        self._spoken = 0
        self._said = asyncio.Event()
        self._said.set()
        self._frames = 0
        self._sequence = secrets.randbelow(1 << 16)
        self._timestamp = secrets.randbelow(1 << 32)
        self._source = secrets.randbelow(1 << 32)

    @classmethod
    async def open(cls, host: str, metronome: Metronome, target: AudioTarget, *, keep: bool) -> "AudioStream":
        """Bind a free port and begin to send silence."""
        loop = asyncio.get_running_loop()
        _, stream = await loop.create_datagram_endpoint(
            lambda: cls(metronome, target, keep=keep), local_addr=(host, 0)
        )
        metronome.add(stream._tick)
        return stream

    @property
    def port(self) -> int:
        """Our port, for the session description."""
        if self._transport is None:
            return 0
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def say(self, speech: bytes) -> None:
        """Begin to say `speech` with the next packet, instead of what is being said."""
        self._speech, self._spoken = speech, 0
        self._said.clear()

    async def said(self) -> None:
        """Wait until all of the speech has been sent."""
        await self._said.wait()

    def close(self) -> None:
        """Send and hear nothing more."""
        self._metronome.remove(self._tick)
        self._said.set()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, _address: object) -> None:
        packet = unpack(data)
        if packet is None:
            return
        if self._keep:
            self.heard.add(*packet)
        else:
            self.heard.packets += 1

    def _tick(self) -> None:
        frame = self._speech[self._spoken : self._spoken + FRAME]
        self._spoken += FRAME
        if self._spoken >= len(self._speech):
            self._said.set()
        payload = frame if len(frame) == FRAME else frame + SILENCE * (FRAME - len(frame))
        index = self._frames
        self._frames += 1
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.sendto(
            pack(
                self._sequence + index,
                self._timestamp + index * FRAME,
                self._source,
                payload,
                first=index == 0,
            ),
            (self.target.host, self.target.port),
        )
