"""Kill the service again and again at the worst moments; then count at the customers' phones (D7)."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from dialer.app.demo.cast import Fate, Role
from dialer.app.demo.site import Site, add_people, make_site, prepare_folder
from dialer.app.demo.stage import Stage
from dialer.app.demo.summary import unlinked_files
from dialer.app.demo.talks import Legs
from dialer.app.drill.books import (
    count_repairs,
    customers,
    every_attempt,
    import_cast,
    recording_states,
    ring_customers_first,
    unfinished,
)
from dialer.app.drill.clerk import Clerk
from dialer.app.drill.subject import ServiceProcess
from dialer.app.drill.verdict import Ring, Verdict, judge
from dialer.app.private_asterisk import reach, running_asterisk
from dialer.calling.engine import Step
from dialer.calling.queries import extension_of
from dialer.playbooks.library import shipped_library
from dialer.storage.database import Database
from dialer.storage.migrating import migrate
from recordings.source import LocalSource
from recordings.states import RecordingState

Say = Callable[[str], None]

_AT_RANDOM = "at_random"
_MOMENTS = (_AT_RANDOM, *(step.value for step in Step))
_TALK_SECONDS = 3.0
# A service that is not dead by then was never at the moment asked for: it is killed there.
_PATIENCE_SECONDS = 25.0
_SETTLE_SECONDS = 120.0
# How calls are kept short, so that thirty kills take minutes.
_QUICK = {
    "agent_ring_seconds": 6,
    "customer_ring_seconds": 6,
    "settle_margin_seconds": 3,
    "page_lead_seconds": 0.2,
}
_FATES = (Fate.ANSWERS, Fate.ANSWERS, Fate.BUSY, Fate.ANSWERS, Fate.NO_ANSWER, Fate.REJECTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class KillReport:
    """How often the service was killed, when, and what was left."""

    kills: int
    moments: dict[str, int]
    seed: int
    verdict: Verdict


class KillDrill:
    """One drill in `data_dir`."""

    def __init__(self, data_dir: Path, say: Say, seed: int, *, customer_first: bool = False) -> None:
        self._data_dir = data_dir.absolute()
        self._say = say
        self._seed = seed
        self._customer_first = customer_first
        self._random = random.Random(seed)

    async def run(self, kills: int) -> KillReport:
        """Kill the service `kills` times, let it settle, and judge.

        Raises:
            NotADemoFolder, InstallError, ServerError, ServiceDied: see there.
        """
        prepare_folder(self._data_dir)
        cast = customers(kills * 14 + 20, _FATES)
        async with AsyncExitStack() as stack:
            stage = Stage(cast, self._extension_of, _short_legs)
            trunk_port = await stage.open_trunk()
            stack.push_async_callback(stage.close)
            site = make_site(self._data_dir, cast, trunk_port, calling=_QUICK, transcribe=False)
            server = await running_asterisk(site.settings, lambda text, _done: self._say(text))
            stack.push_async_callback(server.stop)
            await stage.register_agents((server.settings.bind_address, server.ports.sip), site.phones)
            await migrate(site.settings.url)
            self._db = Database(site.settings.url)
            await self._db.start()
            stack.push_async_callback(self._db.stop)
            await add_people(self._db, site)
            library = await self._db.write(ring_customers_first) if self._customer_first else None
            zone = ZoneInfo(site.settings.calling.time_zone)
            await import_cast(self._db, cast, self._data_dir, zone, library=library)
            clerk = Clerk(self._db, shipped_library())
            clerking = asyncio.create_task(clerk.work(), name="clerk")
            stack.callback(clerking.cancel)
            service = ServiceProcess(self._data_dir)
            moments: Counter[str] = Counter()
            for number in range(1, kills + 1):
                moment = _MOMENTS[number % len(_MOMENTS)]
                moments[await self._kill_at(service, moment)] += 1
                self._say(f"kill {number} of {kills}: {moment}; {len(stage.trunk.calls)} rings so far")
            clerk.open = False
            await self._settle(service)
            source = LocalSource(reach(site.settings, server).recordings_dir)
            verdict = await self._judge(stage, source, site)
            return KillReport(kills=kills, moments=dict(moments), seed=self._seed, verdict=verdict)

    async def _kill_at(self, service: ServiceProcess, moment: str) -> str:
        """Start the service and kill it; says when it really died."""
        await service.start("" if moment == _AT_RANDOM else f"{moment}:{self._random.randint(1, 4)}")
        patience = self._random.uniform(2.5, 9.0) if moment == _AT_RANDOM else _PATIENCE_SECONDS
        try:
            await asyncio.wait_for(service.wait(), patience)
        except TimeoutError:
            return _AT_RANDOM
        finally:
            # Also where the drill itself is ended: no service outlives it.
            await service.kill()
        service.must_be_killed()
        return moment

    async def _settle(self, service: ServiceProcess) -> None:
        """Let a last service put everything right, and end it as a person would."""
        self._say("settling")
        await service.start()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _SETTLE_SECONDS
        try:
            while loop.time() < deadline:
                await asyncio.sleep(1)
                service.must_be_killed()
                if not await self._db.read(unfinished):
                    break
            await service.end()
        finally:
            await service.kill()

    async def _judge(self, stage: Stage, source: LocalSource, site: Site) -> Verdict:
        rings = [Ring(call.attempt, call.number, call.answered_at is not None) for call in stage.trunk.calls]
        unlinked = await unlinked_files(self._db, source, site.settings.recordings.root)
        states = await self._db.read(recording_states)
        return judge(
            rings,
            await self._db.read(every_attempt),
            repairs=await self._db.read(count_repairs),
            recorded=frozenset(one for one, state in states.items() if state == RecordingState.ARCHIVED),
            unlinked=unlinked,
        )

    async def _extension_of(self, attempt_id: str) -> str | None:
        return await self._db.read(partial(extension_of, attempt_id=attempt_id))


def _short_legs(_role: Role) -> Legs:
    # A tone on each side: enough to be no silence.
    tone = bytes(0x35 if (n // 10) % 2 else 0xB5 for n in range(int(_TALK_SECONDS * 8000)))
    return Legs(tone, tone, _TALK_SECONDS)
