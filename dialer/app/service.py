"""The service: every part made, joined, and run until it is told to stop."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

import dialer.tables  # noqa: F401  a database has every table
from asterisk.server import AsteriskServer
from dialer.app.daily import daily_parts
from dialer.app.database import migrate_when_there
from dialer.app.doctor.examine import examine_apart
from dialer.app.installation import installation_of, note_copy
from dialer.app.library import LibraryKeeper, live_library
from dialer.app.lock import ServiceLock
from dialer.app.nodes import Nodes, shares_of
from dialer.app.private_asterisk import AsteriskKeeper
from dialer.app.settings import Settings, transcription_settings
from dialer.calling.engine import Engine, Step
from dialer.calling.fleet import Fleet
from dialer.calling.reach import ReachWatch
from dialer.calling.service import EndRules
from dialer.calling.watching import Watchdog
from dialer.clock import Clock, system_clock
from dialer.forms.sweeping import sweep
from dialer.nodes.rules import Share
from dialer.pace import keep_pace
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.dialects import is_sqlite
from qa.announcements.worker import AnnouncementWorker
from qa.changing.library import rule_library
from qa.changing.replaying import Replayer
from qa.changing.worker import ReplayWorker
from qa.checks.worker import CheckWorker
from qa.examiner.worker import PackageWorker
from qa.falsity.worker import DoubtWorker
from qa.reviews.worker import ReviewWorker
from qa.search.worker import SearchWorker
from qa.speech.executors import place
from qa.speech.workers import Deadline, SpeechPool
from qa.transcripts.worker import TranscriptionWorker
from recordings.worker import ArchiveWorker
from web.app import make_app
from web.panel import Panel
from web.reviews.site import site_of
from web.search.sayings import say_in_chinese

log = structlog.get_logger(__name__)

_RESTART_SECONDS = 2.0
_PORT_AGAIN_SECONDS = 5.0


class Service:
    """One service on one data folder."""

    def __init__(
        self,
        settings: Settings,
        *,
        server: AsteriskServer | None = None,
        library: Library | None = None,
        clock: Clock = system_clock,
        passed: Callable[[Step], None] = lambda _step: None,
    ) -> None:
        self.settings = settings
        self.database = Database(settings.url)
        self.library: Library
        if library is None:
            self.library = live = live_library()
            self._keeper: LibraryKeeper | None = LibraryKeeper(self.database, live, clock)
        else:
            self.library, self._keeper = library, None
        self._nodes = nodes = Nodes(settings, server)
        self._clock, self._passed = clock, passed
        self._watchdog = Watchdog(
            self.database,
            settings.calling,
            settings.agents,
            status=lambda: self.engine.status,
            settle=lambda attempts: self.engine.settle(attempts),  # noqa: PLW0108 - made below
        )
        self.engine = Fleet(
            self.database,
            shares_of(settings),
            self._make_engine,
            # SQLite has one process, and the lock of the data folder sees to that.
            leases=None if is_sqlite(settings.url) else settings.leases,
            owner=installation_of(settings.data_dir).owner,
        )
        self._asterisk = AsteriskKeeper(settings, self.database, clock) if server is not None else None
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="archive")
        cluster, workers, niceness = (
            settings.speech.cluster,
            settings.speech.workers,
            settings.speech.niceness,
        )
        deadline = Deadline(settings.speech.deadline_factor, settings.speech.deadline_seconds)
        self._pool = SpeechPool(where=place(cluster, workers, niceness), deadline=deadline)
        self._archive = ArchiveWorker(
            self.database, nodes.recordings(), settings.recordings, self._threads, clock
        )
        speech = transcription_settings(settings)
        self._transcription = TranscriptionWorker(
            self.database, self._pool, speech, clock, at_once=lambda: self._pool.at_once
        )
        self._announcements = AnnouncementWorker(
            self.database,
            self._pool,
            self._threads,
            self.library,
            settings.announcements,
            speech,
            clock,
            trunks=settings.calling.trunks,
            site=EndRules(ZoneInfo(settings.calling.time_zone), settings.planning.max_tries),
        )
        self._checks = CheckWorker(
            self.database, self.library, rule_library(), clock, company=settings.site.company
        )
        replayer = Replayer(
            self.database,
            settings.changing,
            clock,
            partial(place, cluster, workers, niceness),
            company=settings.site.company,
        )
        self._replays = ReplayWorker(self.database, replayer)
        self._search = SearchWorker(self.database)
        self._doubts = DoubtWorker(self.database, self.library, clock)
        self._reviews = ReviewWorker(
            self.database,
            clock,
            settings.reviews,
            settings.web.zone,
            partial(site_of, settings=settings.reviews, zone=settings.web.zone),
        )
        root = settings.recordings.root
        self._packages = PackageWorker(
            self.database,
            self.library,
            root,
            root.parent / "packages",
            say_in_chinese(),
            settings.web.zone,
            clock,
        )
        self._panel = make_app(
            Panel(
                database=self.database,
                library=self.library,
                clock=clock,
                engine_status=lambda: self.engine.status,
                settings=settings.web,
                recordings_root=settings.recordings.root,
                planning=settings.planning,
                importing=settings.imports,
                branch=settings.site.branch,
                link_figures=lambda: nodes.links,
                examine=partial(examine_apart, settings),
                act=self.engine.act,
                transcription=speech,
                transcribed_at_once=lambda: self._pool.at_once,
                changing=settings.changing,
                reviews=settings.reviews,
            )
        )
        self._reach = ReachWatch(self.database, settings.calling, clock)
        self._daily = daily_parts(settings, self.database, self.library, self._keeper, clock)
        self.panel_ready = asyncio.Event()
        self.panel_address = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then let calls in progress end.

        Raises:
            AlreadyServed: another service runs on this data folder.
            DatabaseRefuses: see there.
        """
        with ServiceLock(self.settings.data_dir):
            note_copy(self.settings.data_dir, self._clock)
            if not await migrate_when_there(self.settings.url, stop):
                return
            await self.database.start()
            if self._keeper is not None:
                await self._keeper.load()
            keep_pace()
            works = [asyncio.create_task(work, name=name) for name, work in self._works()]
            try:
                await stop.wait()
                await self._drain()
            finally:
                for work in works:
                    work.cancel()
                await asyncio.gather(*works, return_exceptions=True)
                self._pool.stop()
                self._threads.shutdown(wait=True)
                await self.database.stop()

    async def _drain(self) -> None:
        try:
            left: int | None = await self.engine.drain(self.settings.drain_seconds)
        except SQLAlchemyError as error:
            # Nobody can tell how many there are; they go on, and are settled at the next start.
            log.error("Calls in progress could not be waited for.", action="stop", error=str(error))
            left = None
        log.info("The service stops.", action="stop", calls_left=left)

    def _make_engine(self, share: Share) -> Engine:
        settings = self.settings
        wrap_ups = partial(sweep, self.database, settings=settings.agents)
        return Engine(
            self.database,
            self._nodes.telephony(share, self._clock),
            self.library,
            settings.calling,
            self._clock,
            planning=settings.planning,
            # Once for the whole site: by whoever has the first node.
            each_second=(wrap_ups, self._watchdog.look) if share.first else (),
            passed=self._passed,
            share=share,
        )

    def _works(self) -> list[tuple[str, Coroutine[None, None, None]]]:
        parts = [
            ("engine", self.engine.run),
            ("archive", self._archive.run),
            ("reach", self._reach.run),
            ("packages", self._packages.run),
        ]
        if self._asterisk is not None:
            parts.append(("asterisk", self._asterisk.run))
        if self.settings.transcribe:
            parts += [("transcription", self._transcription.run), ("checks", self._checks.run)]
            parts += [
                ("search", self._search.run),
                ("doubts", self._doubts.run),
                ("reviews", self._reviews.run),
            ]
            parts += [("announcements", self._announcements.run), ("replays", self._replays.run)]
        parts += self._daily
        return [("panel", self._serve_panel()), *((name, _for_ever(name, run)) for name, run in parts)]

    async def _serve_panel(self) -> None:
        runner = web.AppRunner(self._panel, access_log=None)
        await runner.setup()
        try:
            await self._listen(runner)
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> None:
        wanted = self.settings.web
        while True:
            site = web.TCPSite(runner, wanted.host, wanted.port)
            try:
                await site.start()
                break
            except OSError as error:
                # Calls go on without the panel; it comes as soon as the port is free.
                log.error(
                    f"The panel cannot listen on {wanted.host}:{wanted.port}: {error.strerror}. "
                    "End the program that uses this port, or set another with --port or web.port.",
                    action="listen",
                )
                await asyncio.sleep(_PORT_AGAIN_SECONDS)
        port = next(int(address[1]) for address in runner.addresses)
        self.panel_address = f"http://{wanted.host}:{port}"
        self.panel_ready.set()
        log.info("The panel is ready.", action="listen", address=self.panel_address)


async def _for_ever(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run a worker again after it failed: one part's trouble must not end the others."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("A part of the service failed and is started again.", action="run", part=name)
        await asyncio.sleep(_RESTART_SECONDS)
