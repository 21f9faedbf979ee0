"""A manager client as small as can be, so that these tests do not lean on the adapter."""

import asyncio
import itertools
from collections.abc import Callable

from asterisk.settings import AsteriskSettings

Headers = dict[str, str]


class RawAmi:
    """Keeps every event in `events`; `wait` looks at those that came already, too."""

    def __init__(self) -> None:
        self.events: list[Headers] = []
        self._answers: dict[str, asyncio.Future[Headers]] = {}
        self._ids = itertools.count(1)
        self._arrival = asyncio.Event()

    async def connect(self, settings: AsteriskSettings) -> "RawAmi":
        self._reader, self._writer = await asyncio.open_connection(settings.host, settings.port)
        await self._reader.readline()
        self._task = asyncio.create_task(self._read())
        answer = await self.act(Action="Login", Username=settings.username, Secret=settings.secret)
        assert answer["Response"] == "Success", answer
        await self.wait("FullyBooted")
        return self

    async def close(self) -> None:
        self._writer.close()
        self._task.cancel()
        await asyncio.wait([self._task])

    async def act(self, *more: tuple[str, str], **headers: str) -> Headers:
        action_id = str(next(self._ids))
        self._answers[action_id] = asyncio.get_running_loop().create_future()
        pairs = [*headers.items(), ("ActionID", action_id), *more]
        self._writer.write("".join(f"{k}: {v}\r\n" for k, v in pairs).encode() + b"\r\n")
        return await asyncio.wait_for(self._answers[action_id], 5)

    async def wait(self, event: str, timeout: float = 10, **wanted: str) -> Headers:
        """The first event of that name (for UserEvents: `HF…`) whose headers are as wanted."""
        return await self.first(lambda e: name(e) == event and wanted.items() <= e.items(), timeout)

    async def first(self, fits: Callable[[Headers], bool], timeout: float = 10) -> Headers:
        async with asyncio.timeout(timeout):
            while True:
                self._arrival.clear()
                for event in self.events:
                    if fits(event):
                        return event
                await self._arrival.wait()

    async def _read(self) -> None:
        while block := await self._reader.readuntil(b"\r\n\r\n"):
            lines = block.decode().strip("\r\n").split("\r\n")
            headers = dict(line.partition(": ")[::2] for line in lines)
            if "Event" in headers:
                self.events.append(headers)
                self._arrival.set()
            elif (answer := self._answers.pop(headers.get("ActionID", ""), None)) is not None:
                answer.set_result(headers)


def name(event: Headers) -> str:
    return event.get("UserEvent") or event["Event"]
