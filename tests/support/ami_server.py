"""A scriptable AMI server: says what a test wants Asterisk to say, and keeps what it was asked."""

import asyncio
from collections.abc import Callable
from typing import Self

Action = dict[str, str]
Script = Callable[["AmiSession", Action], None]

BANNER = b"Asterisk Call Manager/11.0.0\r\n"


def message(**headers: str) -> bytes:
    """The bytes of one message."""
    return "".join(f"{key}: {value}\r\n" for key, value in headers.items()).encode() + b"\r\n"


class AmiSession:
    """One connection to the server."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.logged_in = False

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    def answer(self, action: Action, response: str = "Success", **headers: str) -> None:
        self.send(message(Response=response, ActionID=action["ActionID"], **headers))

    def list(self, action: Action, *rows: dict[str, str]) -> None:
        """A list answer: its Response, its events, and the event that ends it."""
        self.answer(action, EventList="start", Message="will follow")
        for row in rows:
            self.send(message(**{"Event": "Row", "ActionID": action["ActionID"], **row}))
        self.send(message(Event="RowsComplete", ActionID=action["ActionID"], EventList="Complete"))

    def drop(self) -> None:
        """End the connection as a broken network does."""
        self._writer.transport.abort()

    def end(self) -> None:
        """Send what is written, then close."""
        self._writer.close()


class AmiServer:
    """Answers Login, Ping, CoreSettings, CoreStatus, DeviceStateList and Status by itself; `on` overrides."""

    def __init__(self) -> None:
        self.secret = "right"
        self.boots = True
        self.start_date = "2026-11-22"
        self.devices: list[dict[str, str]] = []
        self.channels: list[dict[str, str]] = []
        self.on: dict[str, Script] = {}
        self.actions: list[Action] = []
        self.raw: list[str] = []
        self.sessions: list[AmiSession] = []
        self.logins = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def listen(self) -> None:
        """Take connections; on the same port as before, if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections, and drop those there are."""
        if self._server is not None:
            self._server.close()
        for session in self.sessions:
            session.drop()
        if self._tasks:
            await asyncio.wait(self._tasks)

    @property
    def session(self) -> AmiSession:
        """The latest connection."""
        return self.sessions[-1]

    def asked(self, name: str) -> list[Action]:
        """The actions of this name so far."""
        return [action for action in self.actions if action["Action"] == name]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on what was received holds."""
        async with asyncio.timeout(5):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        session = AmiSession(writer)
        self.sessions.append(session)
        session.send(BANNER)
        try:
            while True:
                raw = (await reader.readuntil(b"\r\n\r\n")).decode()
                action = dict(line.split(": ", 1) for line in raw.strip().split("\r\n"))
                self.raw.append(raw)
                self.actions.append(action)
                (self.on.get(action["Action"]) or self._by_default)(session, action)
                self._changed.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)
            self._changed.set()

    def _by_default(self, session: AmiSession, action: Action) -> None:
        match action["Action"]:
            case "Login":
                self._log_in(session, action)
            case "Ping":
                session.answer(action, Ping="Pong")
            case "CoreSettings":
                session.answer(action, AsteriskVersion="22.0.0")
            case "CoreStatus":
                session.answer(action, CoreStartupDate=self.start_date, CoreStartupTime="08:00:00")
            case "DeviceStateList":
                session.list(action, *self.devices)
            case "Status":
                wanted = action.get("Channel")
                session.list(action, *(row for row in self.channels if wanted in (None, row["Channel"])))
            case _:
                session.answer(action)

    def _log_in(self, session: AmiSession, action: Action) -> None:
        self.logins += 1
        if action["Secret"] != self.secret:
            session.answer(action, "Error", Message="Authentication failed")
            session.end()
            return
        session.logged_in = True
        session.answer(action, Message="Authentication accepted")
        if self.boots:
            session.send(message(Event="FullyBooted", Privilege="system,all", Status="Fully Booted"))
