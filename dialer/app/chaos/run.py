"""The chaos run: faults under calls, until so many of both; rest; and the books held together (D7)."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import Connection, func, select

from asterisk.cel import CelFile, CelLog
from dialer.app.chaos.blows import Blows
from dialer.app.chaos.callers import call_backs
from dialer.app.chaos.left import (
    agents_left,
    follow_ups_left,
    in_doubt,
    not_at_rest,
    repairs_made,
    tickets_left,
    told_to_a_person,
)
from dialer.app.chaos.plan import Fault, plan
from dialer.app.chaos.stage import Say, Stage
from dialer.app.chaos.stays import Stays, follow
from dialer.app.chaos.verdict import Books, Found, PhoneCall, hold_together, nobody_can_know
from dialer.app.demo.summary import unlinked_files
from dialer.app.drill.books import every_attempt, recording_states
from dialer.calling.queries import Attempt
from dialer.calling.tables import attempts
from dialer.telephony.port import CallTrail
from recordings.source import LocalSource

log = structlog.get_logger(__name__)

_SETTLE_SECONDS = 120.0
_STALL_SECONDS = 90.0
_MOST_DEATHS = 3
# For each fault and call so many customers; some faults keep many of them from being called.
_CUSTOMERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaosReport:
    """What was done and what was found. `missed` faults came at another moment than they were meant for;
    `steps` were taken in calls, `refused` ones were not; `longest` are seconds in each state of an agent."""

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
    steps: Mapping[str, int]
    refused: int
    longest: Mapping[str, float]
    found: Found

    @property
    def sound(self) -> bool:
        """Whether nothing was lost and nobody rung twice."""
        return self.found.faults.none


class Chaos:
    """One run in `data_dir`. Set `stop` to end it early: what was done is checked all the same."""

    def __init__(self, data_dir: Path, say: Say, seed: int, database_url: str = "") -> None:
        self._say = say
        self._seed = seed
        self._stage = Stage(data_dir.absolute(), seed, database_url)
        self._kinds: Counter[str] = Counter()
        self._missed = 0
        self._starts = 0
        # The latest life in which the service was seen to work.
        self._worked = 0
        self._deaths: list[str] = []
        self._began = time.monotonic()
        self.stop = asyncio.Event()

    async def run(self, faults: int, calls: int, *, skip: int = 0) -> ChaosReport:
        """Deal `faults` faults under at least `calls` calls, let everything come to rest, and judge.

        The first `skip` faults of the seed are left out: an earlier run had them.

        Raises:
            NotADemoFolder, NotEmpty, InstallError, ServerError, PortBusy: see there.
        """
        stage = self._stage
        try:
            await stage.open(_CUSTOMERS * (calls + faults) + 50, self._say)
            stays = Stays(stage.longest_stays)
            await self._serve()
            stage.begin(follow(stage.database, stays, self._life))
            await self._break(plan(self._seed, skip + faults)[skip:])
            await self._until_called(calls)
            await self._rest()
            found = hold_together(await self._books(stays))
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
            steps=dict(sorted(stage.in_calls.taken.items())),
            refused=stage.in_calls.refused,
            longest=stays.longest,
            found=found,
        )

    async def _life(self) -> int | None:
        """Which life of the service this is; None while it is dead, or still starts."""
        if not self._stage.service.running:
            return None
        if self._worked < self._starts and await self._stage.panel_answers():
            self._worked = self._starts
        return self._starts if self._worked == self._starts else None

    async def _serve(self) -> None:
        await self._stage.service.start()
        self._starts += 1
        await self._stage.service.prepare()

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
        stage = self._stage
        stage.calm_down()
        if not stage.service.running:
            await self._serve()
        until = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < until:
            await asyncio.sleep(0.5)
            kept = await self._kept_in_doubt()
            if not stage.lines_up and not await stage.database.read(partial(not_at_rest, kept=kept)):
                break
        await stage.service.end()

    async def _kept_in_doubt(self) -> set[str]:
        """The attempts that a person must decide on, and nobody else can."""
        rows = await self._stage.database.read(in_doubt)
        trails = await self._trails(rows)
        lost = self._stage.lost
        return {row.id for row in rows if nobody_can_know(row, trails[row.id], torn=row.id in lost)}

    async def _trails(self, rows: Sequence[Attempt]) -> dict[str, CallTrail]:
        cel = CelLog(CelFile(self._stage.server.layout.cel_file))
        try:
            return {row.id: await cel.trail(row.id) for row in rows}
        finally:
            await cel.close()

    async def _books(self, stays: Stays) -> Books:
        stage, read = self._stage, self._stage.database.read
        rows = await read(every_attempt)
        source = LocalSource(stage.server.layout.recordings)
        calls = stage.people.trunk.calls
        return Books(
            phones=[
                PhoneCall(
                    call.attempt, call.number, call.invited_at, call.answered_at is not None, call.ended_at
                )
                for call in calls
                if call.attempt or call.number not in stage.callers.rang
            ],
            attempts=rows,
            trails=await self._trails(rows),
            recordings=await read(recording_states),
            repairs=await read(repairs_made),
            agents=await read(agents_left),
            follow_ups=await read(follow_ups_left),
            unlinked=await unlinked_files(stage.database, source, stage.settings.recordings.root),
            deaths=self._deaths,
            rang_in=stage.callers.rang,
            call_backs=await read(call_backs),
            torn={row.id for row in rows if row.id in stage.lost},
            told=await read(told_to_a_person),
            stays=stays.too_long,
            tickets=await read(tickets_left),
            lines=stage.lines_up,
        )


def _count_attempts(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(attempts)).scalar_one()
