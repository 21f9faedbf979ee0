"""Carries a step to the service that has the call, and its answer back: a row is the message (D8).

An agent's page may be open at any service of a site, and only the holder of the call's node may act there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, insert, select

from dialer.calling.incall.rules import Actor, Refusal
from dialer.calling.incall.states import COMMAND, CommandEvent, CommandState, Step
from dialer.calling.incall.steps import StepRefused
from dialer.calling.incall.tables import call_commands
from dialer.ids import new_id
from dialer.machine import IllegalMove
from dialer.storage.database import Database
from dialer.storage.dialects import database_time
from dialer.storage.feed import emit
from dialer.storage.rows import fetch, fetch_one
from dialer.storage.transition import apply

log = structlog.get_logger(__name__)

WAITING = "call_command.waiting"
# Rows of another process wake nobody here.
_LOOK_SECONDS = 0.2
_PATIENCE_SECONDS = 6.0

Act = Callable[[str, Step, Actor, str, str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Command:
    """A step that was handed over."""

    id: str
    attempt_id: str
    node: str
    state: CommandState
    wanted: dict[str, Any]
    asked_at: datetime
    why: str | None
    detail: str | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", CommandState(self.state))


class Courier:
    """Hands steps over, and takes those that are for nodes of this service, by `act`."""

    def __init__(self, database: Database, act: Act, *, patience: float = _PATIENCE_SECONDS) -> None:
        self._db = database
        self._act = act
        self._patience = patience

    async def ask(
        self, node: str, attempt_id: str, step: Step, by: Actor, extension: str, digits: str, number: str
    ) -> None:
        """Let the service that has `node` take the step, and wait for it.

        Raises:
            StepRefused: it was not taken; or nobody has the node, or it is not known what became of it.
        """
        needs = {"step": step.value, "extension": extension, "digits": digits, "number": number}
        wanted = {**needs, "by": asdict(by)}
        command_id = await self._db.write(lambda c: _hand_over(c, node, attempt_id, wanted), urgent=True)
        clock = asyncio.get_running_loop().time
        until = clock() + self._patience
        while (answer := await self._db.read(lambda c: command_of(c, command_id))) and clock() < until:
            if answer.state is CommandState.DONE:
                return
            if answer.state is CommandState.REFUSED:
                raise StepRefused(Refusal(answer.why or Refusal.REFUSED), answer.detail or "")
            await asyncio.sleep(_LOOK_SECONDS)
        was = await self._db.write(lambda c: _give_up(c, command_id), urgent=True)
        if was is CommandState.DONE:
            return
        raise StepRefused(Refusal.ELSEWHERE if was is CommandState.WAITING else Refusal.UNSURE)

    async def serve(self, held: Callable[[], Collection[str]]) -> None:
        """Take what is for the nodes `held` now, until cancelled."""
        while True:
            mark = self._db.feed.mark()
            try:
                await self.serve_once(held())
            except Exception as error:
                log.exception("Steps for this service cannot be taken now.", action="serve", error=str(error))
            await self._db.feed.wait(_LOOK_SECONDS, since=mark, kinds=(WAITING,))

    async def serve_once(self, nodes: Collection[str]) -> int:
        """Take the steps that wait for these nodes; how many there were."""
        if not nodes or not await self._db.read(lambda c: waiting(c, nodes)):
            return 0
        taken = await self._db.write(lambda c: _take(c, nodes, self._patience), urgent=True)
        await asyncio.gather(*(self._do(one) for one in taken))
        return len(taken)

    async def _do(self, one: Command) -> None:
        wanted, why, detail = one.wanted, "", ""
        try:
            step, by = Step(wanted["step"]), Actor(**wanted["by"])
            await self._act(one.attempt_id, step, by, wanted["extension"], wanted["digits"], wanted["number"])
        except StepRefused as refused:
            why, detail = refused.why.value, refused.detail
        event = CommandEvent.REFUSE if why else CommandEvent.DO
        values: dict[str, Any] = {"wanted": {}, "why": why or None, "detail": detail or None}
        try:
            await self._db.write(lambda c: _move(c, one, event, values), urgent=True)
        except IllegalMove:
            log.warning("Who asked for a step did not wait for it.", action="serve", attempt=one.attempt_id)


def command_of(conn: Connection, command_id: str) -> Command | None:
    """The step with this id."""
    return fetch_one(conn, _COLUMNS.where(call_commands.c.id == command_id), Command)


def waiting(conn: Connection, nodes: Collection[str]) -> list[Command]:
    """The steps that wait for these nodes, in the order in which they were asked for."""
    which = call_commands.c.state == CommandState.WAITING, call_commands.c.node.in_(nodes)
    return fetch(conn, _COLUMNS.where(*which).order_by(call_commands.c.id), Command)


_COLUMNS = select(*(call_commands.c[name] for name in Command.__slots__))


def _hand_over(conn: Connection, node: str, attempt_id: str, wanted: dict[str, Any]) -> str:
    command_id, now = new_id(), database_time(conn)
    row = {"id": command_id, "attempt_id": attempt_id, "node": node, "asked_at": now, "wanted": wanted}
    conn.execute(insert(call_commands).values(state=CommandState.WAITING, **row))
    emit(conn, WAITING, command_id, now, {"attempt": attempt_id, "step": wanted["step"]})
    return command_id


def _take(conn: Connection, nodes: Collection[str], patience: float) -> list[Command]:
    """Take them; nobody waits any more for what is older than `patience`."""
    oldest = database_time(conn) - timedelta(seconds=patience)
    taken = []
    for one in waiting(conn, nodes):
        if one.asked_at < oldest:
            _move(conn, one, CommandEvent.EXPIRE, {"wanted": {}})
            continue
        _move(conn, one, CommandEvent.TAKE)
        taken.append(replace(one, state=CommandState.TAKEN))
    return taken


def _give_up(conn: Connection, command_id: str) -> CommandState | None:
    """Wait no longer; where it stood."""
    one = command_of(conn, command_id)
    if one is not None and COMMAND.allows(one.state, CommandEvent.EXPIRE):
        _move(conn, one, CommandEvent.EXPIRE, {"wanted": {}})
    return one.state if one is not None else None


def _move(conn: Connection, one: Command, event: CommandEvent, values: dict[str, Any] | None = None) -> None:
    transition = COMMAND.advance(one.state, event, database_time(conn))
    apply(conn, call_commands, one.id, transition, values=values, data={"attempt": one.attempt_id})
