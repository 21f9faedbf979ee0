"""The chaos run: faults under calls, until so many of both; rest; and the books held together (D7)."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Connection, func, select

from asterisk.cel import CelFile, CelLog
from dialer.agents.states import AgentState
from dialer.agents.tables import agent_sessions
from dialer.app.chaos.blows import Blows
from dialer.app.chaos.plan import Fault, plan
from dialer.app.chaos.stage import Say, Stage
from dialer.app.chaos.verdict import Books, Found, PhoneCall, hold_together
from dialer.app.demo.summary import unlinked_files
from dialer.app.drill.books import every_attempt, recording_states, unfinished
from dialer.calling.tables import attempts, repairs
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from recordings.source import LocalSource

log = structlog.get_logger(__name__)

_SETTLE_SECONDS = 120.0
_STALL_SECONDS = 90.0
_MOST_DEATHS = 3
# For each fault and call so many customers; some faults keep many of them from being called.
_CUSTOMERS = 3
_IN_A_CALL = (AgentState.RESERVED, AgentState.RINGING, AgentState.TALKING)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaosReport:
    """What was done and what was found. `missed` faults came at another moment than they were meant for."""

    seed: int
    faults: int
    wanted_faults: int
    calls: int
    wanted_calls: int
    stopped: bool
    seconds: float
    by_kind: Mapping[str, int]
    missed: int
    service_starts: int
    found: Found

    @property
    def sound(self) -> bool:
        """Whether nothing was lost and nobody rung twice."""
        return self.found.faults.none


class Chaos:
    """One run in `data_dir`. Set `stop` to end it early: what was done is checked all the same."""

    def __init__(self, data_dir: Path, say: Say, seed: int) -> None:
        self._say = say
        self._seed = seed
        self._stage = Stage(data_dir.absolute(), seed)
        self._kinds: Counter[str] = Counter()
        self._missed = 0
        self._starts = 0
        self._deaths: list[str] = []
        self._began = time.monotonic()
        self.stop = asyncio.Event()

    async def run(self, faults: int, calls: int, *, skip: int = 0) -> ChaosReport:
        """Deal `faults` faults under at least `calls` calls, let everything come to rest, and judge.

        The first `skip` faults of the seed are left out: an earlier run had them.

        Raises:
            NotADemoFolder, InstallError, ServerError, PortBusy: see there.
        """
        stage = self._stage
        try:
            await stage.open(_CUSTOMERS * (calls + faults) + 50, self._say)
            await self._serve()
            await self._break(plan(self._seed, skip + faults)[skip:])
            await self._until_called(calls)
            await self._rest()
            found = hold_together(await self._books())
        finally:
            await stage.close()
        return ChaosReport(
            seed=self._seed,
            faults=sum(self._kinds.values()),
            wanted_faults=faults,
            calls=found.attempts,
            wanted_calls=calls,
            stopped=self.stop.is_set(),
            seconds=round(time.monotonic() - self._began, 1),
            by_kind=dict(sorted(self._kinds.items())),
            missed=self._missed,
            service_starts=self._starts,
            found=found,
        )

    async def _serve(self) -> None:
        await self._stage.service.start()
        self._starts += 1

    async def _break(self, faults: tuple[Fault, ...]) -> None:
        blows = Blows(self._stage, random.Random(self._seed))
        for number, fault in enumerate(faults, start=1):
            if self.stop.is_set():
                return
            if not self._stage.service.running:
                await self._serve()
            came = await blows.deal(fault)
            self._kinds[fault.name] += 1
            self._missed += not came
            self._note_death(fault)
            if len(self._deaths) >= _MOST_DEATHS:
                self._say("the service dies by itself again and again: see service.log in the data folder")
                return
            self._say(
                f"{time.monotonic() - self._began:6.0f} s  fault {number} of {len(faults)}: {fault.name}"
                f"{'' if came else ' (its moment did not come)'}; {self._stage.calls} rings so far"
            )

    def _note_death(self, fault: Fault) -> None:
        service = self._stage.service
        if not service.running and not fault.blow.ends_service:
            self._deaths.append(f"exit code {service.code} during {fault.name}")

    async def _until_called(self, calls: int) -> None:
        """Go on in peace until there were enough calls."""
        last, moved = -1, time.monotonic()
        while not self.stop.is_set() and len(self._deaths) < _MOST_DEATHS:
            if not self._stage.service.running:
                await self._serve()
            placed = await self._stage.database.read(_count_attempts)
            if placed >= calls:
                return
            if placed != last:
                last, moved = placed, time.monotonic()
            elif time.monotonic() - moved > _STALL_SECONDS:
                self._say(f"no call was placed for {_STALL_SECONDS:.0f} s: going on to the end")
                return
            await asyncio.sleep(0.5)

    async def _rest(self) -> None:
        """No further call; let the service put everything right, and end it as a person would."""
        self._say("settling")
        self._stage.clerk.open = False
        if not self._stage.service.running:
            await self._serve()
        until = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < until:
            await asyncio.sleep(1)
            if not await self._stage.database.read(_restless):
                break
        await self._stage.service.end()

    async def _books(self) -> Books:
        stage = self._stage
        rows = await stage.database.read(every_attempt)
        cel = CelLog(CelFile(stage.server.layout.cel_file))
        trails = {row.id: await cel.trail(row.id) for row in rows}
        await cel.close()
        source = LocalSource(stage.server.layout.recordings)
        return Books(
            phones=[
                PhoneCall(call.attempt, call.number, call.invited_at, call.answered_at is not None)
                for call in stage.people.trunk.calls
            ],
            attempts=rows,
            trails=trails,
            recordings=await stage.database.read(recording_states),
            repairs=await stage.database.read(_repairs),
            agents=await stage.database.read(_agents_in_a_call),
            follow_ups=await stage.database.read(_follow_ups_in_a_call),
            unlinked=await unlinked_files(stage.database, source, stage.settings.recordings.root),
            deaths=self._deaths,
        )


def _count_attempts(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(attempts)).scalar_one()


def _restless(conn: Connection) -> bool:
    return bool(unfinished(conn) or _agents_in_a_call(conn) or _follow_ups_in_a_call(conn))


def _repairs(conn: Connection) -> dict[str, int]:
    query = select(repairs.c.attempt_id, func.count()).group_by(repairs.c.attempt_id)
    return {row[0]: row[1] for row in conn.execute(query)}


def _agents_in_a_call(conn: Connection) -> list[str]:
    query = select(agent_sessions.c.agent_id, agent_sessions.c.state, agent_sessions.c.attempt_id)
    rows = conn.execute(query.where(agent_sessions.c.state.in_(_IN_A_CALL)))
    return [f"{row.agent_id} {row.state} {row.attempt_id}" for row in rows]


def _follow_ups_in_a_call(conn: Connection) -> list[str]:
    query = select(follow_ups.c.id).where(follow_ups.c.state == FollowUpState.CALLING)
    return list(conn.execute(query).scalars())
