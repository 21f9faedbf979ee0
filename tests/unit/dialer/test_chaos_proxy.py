"""The line on which everything can go wrong, between two ends of this machine."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from dialer.app.chaos.plan import Window
from dialer.app.chaos.proxy import Proxy
from dialer.app.chaos.stream import Side

PING, ORIGINATE = b"Action: Ping\r\n\r\n", b"Action: Originate\r\nChannel: PJSIP/1\r\n\r\n"
NEWS = b"Event: Hangup\r\nCause: 16\r\n\r\n"


class Ends:
    """The service's end (`near`), Asterisk's (`far`), and the proxy between them."""

    def __init__(self) -> None:
        self.got = bytearray()
        self.lines = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._changed = asyncio.Event()
        self._far: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.proxy = Proxy(self._server.sockets[0].getsockname()[1])
        await self.proxy.open()

    async def join(self) -> None:
        before = self.lines
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.proxy.port)
        self._writers.append(self.writer)
        await self.until(lambda: self.lines > before)

    async def close(self) -> None:
        await self.proxy.close()
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        await self.until(lambda: self.over)
        self._server.close()

    def say(self, message: bytes) -> None:
        """As Asterisk."""
        assert self._far is not None
        self._far.write(message)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._far = writer
        self.lines += 1
        self._changed.set()
        try:
            while data := await reader.read(1000):
                self.got += data
                self._changed.set()
        except ConnectionError:
            pass
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        self._far = None
        self._changed.set()

    @property
    def over(self) -> bool:
        """Whether Asterisk's end is closed."""
        return self._far is None


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    ends = Ends()
    await ends.open()
    await ends.join()
    yield ends
    await ends.close()


async def heard(ends: Ends, count: int) -> bytes:
    async with asyncio.timeout(10):
        return await ends.reader.readexactly(count)


async def test_what_is_said_passes_both_ways(ends: Ends) -> None:
    ends.writer.write(PING + ORIGINATE)
    await ends.until(lambda: ends.got == PING + ORIGINATE)
    ends.say(NEWS)
    assert await heard(ends, len(NEWS)) == NEWS


@pytest.mark.parametrize(
    ("window", "through"), [(Window.ATTEMPT_COMMITTED, b""), (Window.ORIGINATE_SENT, ORIGINATE)]
)
async def test_a_fault_comes_before_or_after_its_message(ends: Ends, window: Window, through: bytes) -> None:
    """Committed and not sent; sent and not answered: nothing passes meanwhile."""
    seen: list[bytes] = []

    async def act() -> None:
        if through:
            await ends.until(lambda: bytes(ends.got) == through)
        seen.append(bytes(ends.got))
        ends.proxy.reset()

    ends.proxy.arm(window, act)
    ends.writer.write(ORIGINATE + PING)
    await ends.until(lambda: ends.over)
    assert seen == [through]
    assert not ends.proxy.disarm()
    assert PING not in ends.got


async def test_a_cut_line_refuses_and_comes_back_at_the_same_port(ends: Ends) -> None:
    await ends.proxy.cut()
    await ends.until(lambda: ends.over)
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", ends.proxy.port)
    await ends.proxy.open()
    await ends.join()
    ends.writer.write(PING)
    await ends.until(lambda: ends.got == PING)


async def test_a_torn_message_is_half_and_then_nothing(ends: Ends) -> None:
    for line in ends.proxy.lines:
        line.torn = Side.ORDERS
    ends.writer.write(ORIGINATE + PING)
    await ends.until(lambda: ends.over)
    assert ORIGINATE.startswith(bytes(ends.got))
    assert len(ends.got) < len(ORIGINATE)


async def test_half_open_swallows_one_way_only(ends: Ends) -> None:
    for line in ends.proxy.lines:
        line.swallowed = Side.ORDERS
    ends.writer.write(PING)
    ends.say(NEWS)
    assert await heard(ends, len(NEWS)) == NEWS
    assert not ends.got


async def test_split_at_every_byte_and_delayed_it_is_still_the_same(ends: Ends) -> None:
    ends.proxy.split, ends.proxy.delay_seconds = True, 0.01
    ends.writer.write(PING + ORIGINATE)
    await ends.until(lambda: ends.got == PING + ORIGINATE)


async def test_a_flood_comes_between_messages(ends: Ends) -> None:
    (line,) = ends.proxy.lines
    flood = [b"Event: Foreign\r\n\r\n"] * 3000
    ends.say(NEWS)
    injecting = asyncio.create_task(line.inject(flood))
    all_of_it = await heard(ends, len(NEWS) + len(b"".join(flood)))
    await injecting
    assert NEWS in all_of_it
    assert all_of_it.replace(NEWS, b"") == b"".join(flood)
