"""A TCP line between the service and Asterisk's manager interface, on which everything can go wrong."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

from dialer.app.chaos.plan import Window
from dialer.app.chaos.stream import MARKS, Framer, Side, marks

_HOST = "127.0.0.1"
_CHUNK = 65536
# Of a long run of messages only the first so many bytes go one by one: the line is slow, not dead.
_SINGLE_BYTES = 600

Act = Callable[[], Awaitable[None]]


class Line:
    """One connection through the proxy. What is done to it stays with it."""

    def __init__(self, proxy: "Proxy", near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._writers = {Side.ORDERS: far, Side.NEWS: near}
        self._turns = {side: asyncio.Lock() for side in Side}
        self.free = asyncio.Event()
        self.free.set()
        self.swallowed: Side | None = None
        self.torn: Side | None = None

    async def carry(self, side: Side, reader: asyncio.StreamReader) -> None:
        """Carry one direction until it ends."""
        framer = Framer()
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                for message in framer.feed(data):
                    await self._pass(side, message)
        self._writers[side].close()

    def abort(self) -> None:
        """Reset it, both ways."""
        self.free.set()
        for writer in self._writers.values():
            writer.transport.abort()

    async def ended(self) -> None:
        """Wait until both its ends are closed."""
        for writer in self._writers.values():
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def inject(self, messages: Iterable[bytes]) -> None:
        """Add messages to what Asterisk says."""
        batch = bytearray()
        for message in messages:
            batch += message
            if len(batch) >= _CHUNK:
                await self._write(Side.NEWS, bytes(batch))
                batch.clear()
        await self._write(Side.NEWS, bytes(batch))

    async def _pass(self, side: Side, message: bytes) -> None:
        await self.free.wait()
        if self.swallowed is side:
            return
        act = self._proxy.take_armed(side, message)
        if act is not None and act[1]:
            await self._strike(act[0])
        if self.torn is side:
            self._writers[side].write(message[: len(message) // 2])
            with contextlib.suppress(OSError):
                await self._writers[side].drain()
            self.abort()
            return
        await self._write(side, message)
        if act is not None and not act[1]:
            await self._strike(act[0])

    async def _strike(self, act: Act) -> None:
        """Nothing passes either way until it is done."""
        self.free.clear()
        try:
            await act()
        finally:
            self.free.set()

    async def _write(self, side: Side, data: bytes) -> None:
        async with self._turns[side]:
            writer = self._writers[side]
            if self._proxy.delay_seconds:
                await asyncio.sleep(self._proxy.delay_seconds)
            if self._proxy.split:
                for at in range(min(len(data), _SINGLE_BYTES)):
                    writer.write(data[at : at + 1])
                    await asyncio.sleep(0)
                data = data[_SINGLE_BYTES:]
            writer.write(data)
            await writer.drain()


class Proxy:
    """Listens on a port of this machine, always the same, and leads to `target`."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.port = 0
        self.delay_seconds = 0.0
        self.split = False
        self.lines: set[Line] = set()
        self.joined = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._armed: tuple[Window, Act] | None = None

    async def open(self) -> None:
        """Take connections."""
        self._server = await asyncio.start_server(self._join, _HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Reset what there is, and refuse what comes, until it is opened again."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.reset()

    def reset(self) -> None:
        """Reset what there is."""
        for line in tuple(self.lines):
            line.abort()

    async def close(self) -> None:
        """End it for good."""
        lines = tuple(self.lines)
        await self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(line.ended() for line in lines))

    def arm(self, window: Window, act: Act) -> None:
        """Do `act` when the next message that marks this window comes by, and hold everything meanwhile."""
        self._armed = (window, act)

    def disarm(self) -> bool:
        """Take back what was armed; False where it was done already."""
        armed, self._armed = self._armed, None
        return armed is not None

    def take_armed(self, side: Side, message: bytes) -> tuple[Act, bool] | None:
        """What is to be done at this message, and whether before it passes."""
        if self._armed is None or not marks(self._armed[0], side, message):
            return None
        (window, act), self._armed = self._armed, None
        return act, MARKS[window].held

    async def _join(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            far_reader, far = await asyncio.open_connection(_HOST, self._target)
        except OSError:
            near.transport.abort()
            self._tasks.discard(task)
            return
        line = Line(self, near, far)
        self.lines.add(line)
        self.joined.set()
        try:
            await asyncio.gather(line.carry(Side.ORDERS, reader), line.carry(Side.NEWS, far_reader))
        finally:
            self.lines.discard(line)
            if not self.lines:
                self.joined.clear()
            line.abort()
            self._tasks.discard(task)
