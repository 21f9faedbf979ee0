"""Agents of the demo: they work through the panel as a person does, with a login and its pages."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import structlog

from dialer.agents.queries import AgentSession, session
from dialer.agents.states import AgentState
from dialer.app.service import Service
from dialer.calling.queries import attempt
from dialer.followups.queries import follow_up
from dialer.forms.queries import form_of
from dialer.forms.rules import Disposition
from dialer.forms.topics import topic_of
from dialer.playbooks.form.schema import Question

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 0.5
# While the customer talks the answers come one by one.
_ASK_SECONDS = 1.5
# A pause asked for in one of these takes effect at once or after the call.
_BUSY = (
    AgentState.READY,
    AgentState.RESERVED,
    AgentState.RINGING,
    AgentState.TALKING,
    AgentState.WRAP_UP,
)
_CSRF = re.compile(r'<meta name="csrf" content="([^"]+)">')


@dataclass(frozen=True, slots=True)
class Login:
    """How a user of the demo logs in."""

    login: str
    password: str
    name: str
    role: str
    extension: str = ""
    # A role that is given beside the first.
    beside: str = ""


class Robot:
    """One agent: gets ready, fills the questionnaire while the talk goes on, saves the result."""

    def __init__(self, service: Service, who: Login, agent_id: str) -> None:
        self._address = service.panel_address
        self._who = who
        self._agent_id = agent_id
        self._db = service.database
        self._library = service.library
        self._csrf = ""
        self.wants_calls = True

    async def work(self) -> None:
        """Work until cancelled."""
        async with aiohttp.ClientSession(self._address, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            await self._log_in(http)
            await self._post(http, "/agent/state", {"action": "sign_in"})
            while True:
                current = await self._db.read(lambda c: session(c, self._agent_id))
                try:
                    await self._act(http, current)
                except (aiohttp.ClientError, TimeoutError) as error:
                    # As a person would: the page did not take it, so it is done again.
                    log.warning("The panel did not take it.", action="robot", error=str(error))
                await asyncio.sleep(_LOOK_SECONDS)

    async def _act(self, http: aiohttp.ClientSession, current: AgentSession | None) -> None:
        if current is None:
            return
        if not self.wants_calls and current.next_pause is None and current.state in _BUSY:
            await self._post(http, "/agent/state", {"action": "pause", "reason": "break"})
        match current.state:
            case AgentState.PAUSED if self.wants_calls:
                await self._post(http, "/agent/state", {"action": "ready"})
            case AgentState.TALKING if current.attempt_id is not None:
                await self._answer_next(http, current.attempt_id)
                await asyncio.sleep(_ASK_SECONDS)
            case AgentState.WRAP_UP if current.attempt_id is not None:
                if await self._answer_next(http, current.attempt_id):
                    return
                await self._save(http, current.attempt_id)

    async def _answer_next(self, http: aiohttp.ClientSession, attempt_id: str) -> bool:
        """Answer the next open question; False where there is none."""
        question = await self._next_question(attempt_id)
        if question is None:
            return False
        value = question.choices[1].value if question.type == "grade" else question.choices[-1].value
        if question.type == "yes_no":
            value = question.choices[0].value
        await self._post(
            http, f"/agent/calls/{attempt_id}/answers", {"question": question.id, "value": value}
        )
        return True

    async def _next_question(self, attempt_id: str) -> Question | None:
        current = await self._db.read(lambda c: attempt(c, attempt_id))
        assert current is not None
        owed = await self._db.read(lambda c: follow_up(c, current.follow_up_id))
        assert owed is not None
        standing = (await self._db.read(lambda c: topic_of(c, self._library, owed))).standing
        open_ones = (item for item in standing.questions if item.id not in standing.answers)
        return next((item for item in open_ones if item.choices), None)

    async def _save(self, http: aiohttp.ClientSession, attempt_id: str) -> None:
        if await self._db.read(lambda c: form_of(c, attempt_id)) is None:
            form: dict[str, str | bool] = {
                "disposition": Disposition.COMPLETED.value,
                "wishes": "",
                "call_again_at": "",
                "finish": True,
            }
            await self._post(http, f"/agent/calls/{attempt_id}/form", form)
            return
        await self._post(http, f"/agent/calls/{attempt_id}/finish", {})

    async def _log_in(self, http: aiohttp.ClientSession) -> None:
        self._csrf = _token(await (await http.get("/login")).text())
        form = {"login": self._who.login, "password": self._who.password, "csrf_token": self._csrf}
        async with http.post("/login", data=form) as response:
            response.raise_for_status()
        async with http.get("/agent", headers={"Accept": "text/html"}) as page:
            self._csrf = _token(await page.text())

    async def _post(self, http: aiohttp.ClientSession, path: str, body: Mapping[str, str | bool]) -> None:
        async with http.post(path, json=body, headers={"X-CSRF-Token": self._csrf}) as response:
            if response.status >= 400:
                said = (await response.text())[:200]
                log.warning("The panel refused.", action="robot", path=path, said=said)


def _token(page: str) -> str:
    found = _CSRF.search(page)
    if found is None:
        raise RuntimeError("the panel's page carries no token: is it the panel that answers?")
    return found.group(1)
