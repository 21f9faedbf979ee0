"""Results told to other systems, tried again until they are there, with a state that is seen (C6)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout
from sqlalchemy import Connection, func, insert, select, update

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.clock import Clock
from dialer.importing.outgoing.results import ENDED, Result, results_of
from dialer.importing.settings import Webhook
from dialer.importing.tables import write_backs
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.feed import after, position, remember

log = structlog.get_logger(__name__)

WRITTEN, FAILED = "written", "failed"
# Raised while a system does not take results.
ALARM = "write_back_failing"
_CONSUMER = "write_back"
_EVENTS = 200
_SECONDS = 15.0
_LOOK_SECONDS = 5.0
# After the first try, the second... and the last one again and again.
_WAITS = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 7200))
_TRIES_BEFORE_ALARM = 3


@dataclass(frozen=True, slots=True)
class Owed:
    """A result that a webhook has not taken yet."""

    follow_up_id: str
    target: str
    tries: int


def wait_after(tries: int) -> timedelta:
    """How long to wait after so many tries."""
    return _WAITS[min(tries, len(_WAITS)) - 1]


def note_written(conn: Connection, ids: Sequence[str], target: str, now: datetime) -> None:
    """These results are with `target` now."""
    _note(conn, ids, target, WRITTEN, "", now)


def _note(conn: Connection, ids: Sequence[str], target: str, state: str, problem: str, now: datetime) -> None:
    for follow_up_id in ids:
        same = (write_backs.c.follow_up_id == follow_up_id, write_backs.c.target == target)
        values = {"state": state, "problem": problem[:500], "at": now}
        changed = conn.execute(
            update(write_backs).where(*same).values(tries=write_backs.c.tries + 1, **values)
        )
        if not changed.rowcount:
            keys = {"follow_up_id": follow_up_id, "target": target}
            conn.execute(insert(write_backs).values(**keys, tries=1, **values))


def states(conn: Connection) -> dict[str, dict[str, int]]:
    """How many results stand where, by target: {"crm": {"written": 212, "failed": 1}}."""
    query = select(write_backs.c.target, write_backs.c.state, func.count()).group_by(
        write_backs.c.target, write_backs.c.state
    )
    counts: dict[str, dict[str, int]] = {}
    for target, state, count in conn.execute(query):
        counts.setdefault(target, {})[state] = count
    return counts


def take_up(conn: Connection, hooks: Sequence[Webhook], now: datetime) -> int:
    """Put what has ended since the last look on every webhook's list; how much that was."""
    news = after(conn, position(conn, _CONSUMER), kinds=ENDED, limit=_EVENTS)
    for row in news:
        for hook in hooks:
            same = (write_backs.c.follow_up_id == row.subject, write_backs.c.target == hook.name)
            # Ended once more, after it had been taken up again: it is told once more.
            values = {"state": FAILED, "problem": "", "tries": 0, "at": now}
            if not conn.execute(update(write_backs).where(*same).values(**values)).rowcount:
                conn.execute(insert(write_backs).values(follow_up_id=row.subject, target=hook.name, **values))
    if news:
        remember(conn, _CONSUMER, news[-1].id)
    return len(news)


def due(conn: Connection, target: str, now: datetime) -> list[Owed]:
    """What this webhook has to be told now: never tried, or its wait is over."""
    query = (
        select(write_backs.c.follow_up_id, write_backs.c.target, write_backs.c.tries, write_backs.c.at)
        .where(write_backs.c.target == target, write_backs.c.state == FAILED)
        .order_by(write_backs.c.at)
        .limit(_EVENTS)
    )
    return [
        Owed(row.follow_up_id, row.target, row.tries)
        for row in conn.execute(query)
        if row.tries == 0 or now - row.at >= wait_after(row.tries)
    ]


def body_of(hook: Webhook, result: Result) -> dict[str, str | int | None]:
    """What is posted: the columns of the webhook, or every field."""
    if not hook.columns:
        return dict(result)
    return {name: result.get(field) for name, field in hook.columns.items()}


class WriteBack:
    """Posts each result to each webhook."""

    def __init__(
        self, database: Database, library: Library, hooks: Sequence[Webhook], zone: ZoneInfo, clock: Clock
    ) -> None:
        self._database = database
        self._library = library
        self._hooks = hooks
        self._zone = zone
        self._clock = clock

    async def run(self) -> None:
        """Go on until cancelled. Without webhooks there is nothing to do."""
        if not self._hooks:
            await asyncio.Event().wait()
        async with ClientSession(timeout=ClientTimeout(total=_SECONDS)) as session:
            while True:
                await self.step(session)
                await asyncio.sleep(_LOOK_SECONDS)

    async def step(self, session: ClientSession) -> int:
        """Tell what is due; how many results were taken."""
        while await self._database.write(partial(take_up, hooks=self._hooks, now=self._clock())):
            pass
        taken = 0
        for hook in self._hooks:
            taken += await self._tell(session, hook)
        return taken

    async def _tell(self, session: ClientSession, hook: Webhook) -> int:
        now = self._clock()
        owed = await self._database.read(partial(due, target=hook.name, now=now))
        ids = [one.follow_up_id for one in owed]
        results = await self._database.read(lambda conn: results_of(conn, self._library, ids, self._zone))
        tries = {one.follow_up_id: one.tries for one in owed}
        taken = 0
        for result in results:
            follow_up_id = str(result["follow_up_id"])
            problem = await self._post(session, hook, result)
            note = partial(self._note, target=hook.name, tries=tries[follow_up_id])
            await self._database.write(partial(note, follow_up_id=follow_up_id, problem=problem))
            if problem:
                # The next one would fail alike: it waits for its turn.
                log.info("A result was not taken.", action="write_back", target=hook.name, why=problem)
                break
            taken += 1
        return taken

    async def _post(self, session: ClientSession, hook: Webhook, result: Result) -> str:
        headers = {"Authorization": f"Bearer {hook.token}"} if hook.token else {}
        # The same result again has the same key: the other side can tell that it knows it.
        headers["Idempotency-Key"] = str(result["follow_up_id"])
        try:
            async with session.post(hook.url, json=body_of(hook, result), headers=headers) as answer:
                return "" if answer.ok else f"{hook.url} answered {answer.status}"
        except (ClientError, TimeoutError, OSError) as error:
            return f"{hook.url} does not answer: {error or type(error).__name__}"

    def _note(self, conn: Connection, *, target: str, follow_up_id: str, problem: str, tries: int) -> None:
        now = self._clock()
        _note(conn, [follow_up_id], target, FAILED if problem else WRITTEN, problem, now)
        if not problem:
            clear_alarm(conn, ALARM, target, now)
        elif tries + 1 >= _TRIES_BEFORE_ALARM:
            raise_alarm(conn, ALARM, target, now, {"target": target, "error": problem})
