"""What agents and supervisors do in calls that go on: through the panel, as a person does (D6, V2)."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp
import structlog
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from dialer.agents.queries import sessions
from dialer.agents.states import AgentState
from dialer.agents.tables import agents
from dialer.calling.incall.states import SUPERVISING, Step
from dialer.calling.states import AttemptState
from dialer.calling.tables import attempts
from dialer.storage.database import Database
from web.auth.session import SESSION_COOKIE

log = structlog.get_logger(__name__)

SUPERVISOR = "supervisor"

# A panel that does not answer is asked again, as people do, for about as long as a talk lasts.
_TRIES = 4

_LOOK_SECONDS = 0.3
_TIMEOUT = aiohttp.ClientTimeout(total=4)
# Of a hundred talks in so many something is done.
_TOUCHED = 50
# Between two steps; talks last a few seconds.
_PAUSE_SECONDS = (0.1, 1.2)
_SCRIPTS: Sequence[Sequence[Step]] = (
    (Step.HOLD, Step.RESUME),
    (Step.HOLD,),
    (Step.MUTE, Step.UNMUTE),
    (Step.THIRD, Step.LEAVE),
    (Step.THIRD, Step.CANCEL),
    (Step.TRANSFER, Step.LEAVE),
    (Step.CONSULT, Step.BACK),
    (Step.CONSULT, Step.TRANSFER),
    (Step.LISTEN, Step.WHISPER, Step.JOIN),
    (Step.LISTEN, Step.LEAVE),
    (Step.JOIN, Step.TAKE_OVER),
    (Step.HOLD, Step.JOIN, Step.RESUME),
    (Step.HANG_UP,),
)
_RINGING = (Step.TRANSFER, Step.THIRD, Step.CONSULT)


@dataclass(frozen=True, slots=True)
class Key:
    """What a browser of somebody who is logged in sends along."""

    cookie: str
    csrf: str


@dataclass(frozen=True, slots=True)
class _Talk:
    attempt_id: str
    extension: str


class InCalls:
    """Takes steps in some calls, drawn from the seed; `taken` and `refused` are counted.

    `keys` are those of the users, by the extension of an agent, and of `SUPERVISOR`, whose phone is `desk`.
    """

    def __init__(
        self, database: Database, address: str, keys: Mapping[str, Key], desk: str, seed: int
    ) -> None:
        self._db = database
        self._address = address
        self._keys = keys
        self._desk = desk
        self._dice = random.Random(f"{seed}/steps")
        self._seen: set[str] = set()
        self._doing: set[asyncio.Task[None]] = set()
        self.taken: Counter[str] = Counter()
        self.refused = 0

    async def work(self) -> None:
        """Work until cancelled."""
        async with aiohttp.ClientSession(
            self._address, cookie_jar=aiohttp.DummyCookieJar(), timeout=_TIMEOUT
        ) as panel:
            try:
                while True:
                    await self._look(panel)
                    await asyncio.sleep(_LOOK_SECONDS)
            finally:
                for task in self._doing:
                    task.cancel()
                await asyncio.gather(*self._doing, return_exceptions=True)

    async def _look(self, panel: aiohttp.ClientSession) -> None:
        try:
            talks, free = await self._db.read(_talks_and_free)
        except SQLAlchemyError:
            return
        for talk in talks:
            if talk.attempt_id in self._seen:
                continue
            self._seen.add(talk.attempt_id)
            if self._dice.uniform(0, 100) < _TOUCHED:
                # At the supervisor's desk nobody sits who could be busy.
                script, other = self._dice.choice(_SCRIPTS), self._dice.choice([*free, self._desk])
                task = asyncio.create_task(self._play(panel, talk, script, other))
                self._doing.add(task)
                task.add_done_callback(self._doing.discard)

    async def _play(
        self, panel: aiohttp.ClientSession, talk: _Talk, script: Sequence[Step], other: str
    ) -> None:
        for step in script:
            await asyncio.sleep(self._dice.uniform(*_PAUSE_SECONDS))
            by = SUPERVISOR if step in SUPERVISING else talk.extension
            body = {"step": step.value}
            if by == SUPERVISOR or step in _RINGING:
                body["extension"] = self._desk if by == SUPERVISOR else other
            area = "supervisor" if by == SUPERVISOR else "agent"
            done = await self._send(panel, f"/{area}/calls/{talk.attempt_id}/steps", body, self._keys[by])
            if done is None:
                return
            if done:
                self.taken[step.value] += 1
            else:
                self.refused += 1

    async def _send(
        self, panel: aiohttp.ClientSession, path: str, body: Mapping[str, str], key: Key
    ) -> bool | None:
        """Whether the step was taken; None where the panel does not answer."""
        headers = {"X-CSRF-Token": key.csrf, "Cookie": f"{SESSION_COOKIE}={key.cookie}"}
        for _ in range(_TRIES):
            try:
                async with panel.post(path, json=body, headers=headers) as response:
                    return response.status == 204
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                log.info("The panel did not answer.", action="step", error=repr(error))
            await asyncio.sleep(self._dice.uniform(*_PAUSE_SECONDS))
        return None


def _talks_and_free(conn: Connection) -> tuple[list[_Talk], list[str]]:
    """The talks that go on, and the extensions of agents who have nothing to do."""
    query = select(attempts.c.id, agents.c.extension).join(agents, agents.c.id == attempts.c.agent_id)
    talking = conn.execute(query.where(attempts.c.state == AttemptState.TALKING))
    talks = [_Talk(row.id, row.extension) for row in talking]
    free = [one for one in sessions(conn) if one.state in (AgentState.READY, AgentState.PAUSED)]
    return talks, sorted(one.extension for one in free if one.extension)
