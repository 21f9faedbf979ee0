"""The demo from its empty folder to its summary."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import date, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from asterisk.server import AsteriskServer
from dialer.app.demo.cast import make_cast, orders_csv
from dialer.app.demo.robots import Robot
from dialer.app.demo.site import ROBOTS, Site, add_people, make_site, prepare_folder
from dialer.app.demo.stage import Stage
from dialer.app.demo.story import Story
from dialer.app.demo.summary import Counts, Summary, count, unlinked_files
from dialer.app.demo.talks import legs_of, talks
from dialer.app.logs import set_up_logs
from dialer.app.private_asterisk import reach, running_asterisk
from dialer.app.service import Service
from dialer.app.settings import speech_model
from dialer.calling.queries import extension_of
from dialer.clock import system_clock
from dialer.importing.service import import_orders
from qa.speech.port import ModelMissing
from recordings.source import LocalSource

Say = Callable[[str], None]

_LOOK_SECONDS = 0.5
# Without any progress for so long something is wrong, and waiting on would hide it.
_STALL_SECONDS = 180.0


class DemoStalled(Exception):
    """Nothing moves any more. The message says what is still missing."""


class Demo:
    """One demo run in `data_dir`. `say` is told what happens, a line at a time."""

    def __init__(self, data_dir: Path, say: Say) -> None:
        self._data_dir = data_dir.absolute()
        self._say = say
        self._stop = asyncio.Event()
        self._began = time.monotonic()
        self.has_model = True

    async def run(self, calls: int | None, on_stage: Callable[[Site, str], None]) -> Summary:
        """Play until `calls` answered calls are fully processed; until cancelled where None.

        `on_stage` is told the users and the panel's address as soon as it can be looked at.

        Raises:
            NotADemoFolder, InstallError, ServerError, DemoStalled: see there.
        """
        prepare_folder(self._data_dir)
        set_up_logs(file=self._data_dir / "logs" / "service.log")
        cast = make_cast(talks())
        async with AsyncExitStack() as stack:
            stage = Stage(cast, self._extension_of, legs_of)
            trunk_port = await stage.open_trunk()
            stack.push_async_callback(stage.close)
            site = make_site(self._data_dir, cast, trunk_port)
            self._tell_model(site)
            server = await running_asterisk(site.settings, lambda text, _done: self._say(text))
            stack.push_async_callback(server.stop)
            registrar = (server.settings.bind_address, server.ports.sip)
            await stage.register_agents(registrar, site.phones)
            service = Service(site.settings, server=server)
            self._database = service.database
            serving = asyncio.create_task(service.run(self._stop), name="service")
            stack.push_async_callback(self._end_service, serving)
            await _ready(service, serving)
            agents = await add_people(service.database, site)
            await self._import(service, orders_csv(cast, _today(site)))
            on_stage(site, service.panel_address)
            story = Story(service.database, self._say)
            robots = [
                Robot(service, login, agents[login.extension])
                for login in site.logins
                if login.extension in ROBOTS
            ]
            workers = [asyncio.create_task(robot.work(), name="robot") for robot in robots]
            workers.append(asyncio.create_task(story.tell(), name="story"))
            stack.push_async_callback(_cancel, workers)
            counts = await self._play(calls, robots, [serving, *workers])
            return await self._summary(counts, stage, server, site)

    async def _play(self, calls: int | None, robots: list[Robot], tasks: list[asyncio.Task[None]]) -> Counts:
        last, moved = None, time.monotonic()
        while True:
            for task in tasks:
                if task.done():
                    task.result()
            counts = await self._database.read(count)
            if counts != last:
                last, moved = counts, time.monotonic()
            if calls is not None:
                for robot in robots:
                    robot.wants_calls = counts.answered + counts.in_flight < calls
                enough = counts.answered >= calls and counts.in_flight == 0
                if enough and (counts.processed if self.has_model else counts.archived_all):
                    return counts
                if time.monotonic() - moved > _STALL_SECONDS:
                    raise DemoStalled(
                        f"nothing moved for {_STALL_SECONDS:.0f} s: {counts.answered} answered of {calls} "
                        f"wanted, {counts.archived} archived, {counts.transcribed} transcribed, "
                        f"{counts.checked} checked; see {self._data_dir / 'logs'}"
                    )
            await asyncio.sleep(_LOOK_SECONDS)

    async def _import(self, service: Service, orders: bytes) -> None:
        file = self._data_dir / "orders.csv"
        file.write_bytes(orders)
        settings = service.settings
        report = await import_orders(
            service.database,
            service.library,
            file,
            zone=ZoneInfo(settings.calling.time_zone),
            default_branch=settings.site.branch,
            clock=system_clock,
        )
        self._say(
            f"Imported {file.name} ({report.encoding}): {report.created} orders, "
            f"{report.follow_ups} follow-ups due."
        )

    def _tell_model(self, site: Site) -> None:
        try:
            found = speech_model(site.settings)
            self._say(f"Speech model: {found.name} ({found.folder}).")
        except ModelMissing as error:
            self.has_model = False
            self._say(f"No transcription: {error} (add --shared for every data folder). All else goes on.")

    async def _extension_of(self, attempt_id: str) -> str | None:
        return await self._database.read(partial(extension_of, attempt_id=attempt_id))

    async def _end_service(self, serving: asyncio.Task[None]) -> None:
        self._stop.set()
        await asyncio.wait([serving], timeout=60)
        await _cancel([serving])

    async def _summary(self, counts: Counts, stage: Stage, server: AsteriskServer, site: Site) -> Summary:
        source = LocalSource(reach(site.settings, server).recordings_dir)
        unlinked = await unlinked_files(self._database, source, site.settings.recordings.root)
        return Summary(
            asterisk=str(server.binary.version),
            engine=", ".join(counts.engines) or "none",
            model=", ".join(counts.models) or "none",
            follow_ups=counts.follow_ups,
            attempts=counts.attempts,
            outcomes=counts.outcomes,
            answered=counts.answered,
            recordings=counts.recordings,
            archived=counts.archived,
            transcribed=counts.transcribed,
            checked=counts.checked,
            findings=counts.findings,
            double_dials=stage.double_dials(),
            unlinked_recordings=len(unlinked),
            wall_seconds=round(time.monotonic() - self._began, 1),
            recordings_root=str(site.settings.recordings.root),
            database=str(site.settings.data_dir / "dialer.db"),
        )


async def _ready(service: Service, serving: asyncio.Task[None]) -> None:
    ready = asyncio.create_task(service.panel_ready.wait())
    await asyncio.wait({ready, serving}, return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    if serving.done():
        serving.result()


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _today(site: Site) -> date:
    return datetime.now(ZoneInfo(site.settings.calling.time_zone)).date()
