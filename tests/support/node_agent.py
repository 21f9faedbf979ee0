"""A real node agent, and a line to it that can be cut and can spoil what passes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from recordings.node.server import NodeAgent
from recordings.node.settings import NodeAgentSettings

TOKEN = "a-token-of-this-test-only"


@asynccontextmanager
async def agent(folder: Path, cel_file: Path, **more: object) -> AsyncIterator[NodeAgent]:
    """An agent on a free port."""
    settings = NodeAgentSettings.model_validate({"port": 0, "token": TOKEN, **more})
    running = NodeAgent(settings, recordings_dir=folder, cel_file=cel_file)
    await running.start()
    yield running
    await running.stop()


class BadLine:
    """A TCP line to `target`. `cut_after`: bytes of each answer that pass before it breaks off; `spoil_at`:
    the byte of each answer that is changed. None: nothing happens."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.port = 0
        self.cut_after: int | None = None
        self.spoil_at: int | None = None
        self.passed = 0
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "BadLine":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        lines = list(self._lines)
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
        # What was aborted is closed in the loop's next turns.
        for _turn in range(3):
            await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        ends = [writer]
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            ends.append(far_writer)
            asking = asyncio.create_task(_pump(reader, far_writer))
            self._lines.add(asking)
            await self._answer(far_reader, writer)
        except OSError:
            pass  # either side has gone
        finally:
            for end in ends:
                end.transport.abort()
            self._lines.discard(line)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answered = 0
        while data := await reader.read(4096):
            if self.cut_after is not None and answered + len(data) > self.cut_after:
                writer.write(data[: self.cut_after - answered])
                await writer.drain()
                await asyncio.sleep(0.05)  # aborted at once, even what was written would be lost
                return
            spoil = self.spoil_at
            if spoil is not None and answered <= spoil < answered + len(data):
                at = spoil - answered
                data = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
            answered += len(data)
            self.passed += len(data)
            writer.write(data)
            await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(4096):
            writer.write(data)
        writer.close()
