"""The people of a load run at the service's panel: a supervisor who looks, agents who close their forms."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress

import aiohttp

from bench.load.site import Site
from dialer.forms.rules import Disposition

WRAP_UP_SECONDS = 1.0
_TRY_SECONDS = 20.0
_TRIES = 5


class PanelError(Exception):
    """The panel does not do what a page asks it. The message says what it answered."""


class Page:
    """The feed of a supervisor's page; `told` is given each event's kind, subject and data."""

    def __init__(self, site: Site, told: Callable[[str, str, Mapping[str, object]], None]) -> None:
        self._site = site
        self._told = told
        self.lags_ms: list[float] = []
        self.connected = asyncio.Event()

    async def read(self) -> None:
        """Read until cancelled.

        Raises:
            PanelError: the feed broke off.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_read=30)
        async with (
            aiohttp.ClientSession(self._site.panel, timeout=timeout) as http,
            http.get("/feed", headers=self._site.supervisor) as response,
        ):
            if response.status != 200:
                raise PanelError(f"The feed answered {response.status}.")
            kind = ""
            async for line in response.content:
                self.connected.set()
                if line.startswith(b"event: "):
                    kind = line[7:].strip().decode()
                elif line.startswith(b"data: ") and kind == "row":
                    self._take(json.loads(line[6:]))
        raise PanelError("The feed of the supervisor's page broke off.")

    def _take(self, row: Mapping[str, object]) -> None:
        at, data = row["at"], row["data"]
        assert isinstance(at, int) and isinstance(data, dict)
        self.lags_ms.append(time.time() * 1000 - at)
        self._told(str(row["kind"]), str(row["subject"]), data)


class Hands:
    """The agents' hands. They press what they are told, and close each form after a short wrap-up."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._http: aiohttp.ClientSession | None = None
        self._attempts: dict[str, str] = {}
        self._works: set[asyncio.Task[None]] = set()
        self.refused: list[str] = []

    async def __aenter__(self) -> "Hands":
        self._http = aiohttp.ClientSession(
            self._site.panel, timeout=aiohttp.ClientTimeout(total=_TRY_SECONDS)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        for work in self._works:
            work.cancel()
        await asyncio.gather(*self._works, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    async def answers(self) -> bool:
        """Whether the panel is there."""
        assert self._http is not None
        with suppress(aiohttp.ClientError, TimeoutError):
            async with self._http.get("/session", headers=self._site.supervisor) as response:
                return response.status == 204
        return False

    async def all_press(self, action: str, a_second: float, **more: str) -> None:
        """Every agent presses a button of the page, one after the other."""
        begun = time.monotonic()
        for number, agent in enumerate(self._site.agents):
            await asyncio.sleep(max(0.0, begun + number / a_second - time.monotonic()))
            self._work(self._post(agent, "/agent/state", dict(more, action=action)))

    def heard(self, kind: str, subject: str, data: Mapping[str, object]) -> None:
        """What the feed tells: whose call it is, and when it is over."""
        agent = data.get("agent")
        if kind.startswith("attempt.") and isinstance(agent, str):
            self._attempts[agent] = subject
        elif kind == "agent_session.wrap_up" and subject in self._attempts:
            self._work(self._close_form(subject, self._attempts.pop(subject)))

    async def _close_form(self, agent: str, attempt: str) -> None:
        await asyncio.sleep(WRAP_UP_SECONDS)
        form = {"disposition": Disposition.REFUSED.value, "wishes": "", "call_again_at": "", "finish": True}
        await self._post(agent, f"/agent/calls/{attempt}/form", form)

    def _work(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._works.add(task)
        task.add_done_callback(self._works.discard)

    async def _post(self, agent: str, path: str, body: Mapping[str, object]) -> None:
        assert self._http is not None
        said = ""
        for _ in range(_TRIES):
            try:
                async with self._http.post(path, json=body, headers=self._site.agents[agent]) as response:
                    if response.status < 400:
                        return
                    said = f"{path}: {response.status} {(await response.text())[:200]}"
            except (aiohttp.ClientError, TimeoutError) as error:
                said = f"{path}: {type(error).__name__} {error}"
            await asyncio.sleep(1)
        self.refused.append(said)
