"""Makes the packages that people asked for: one after the other, apart from the page (Q7)."""

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from dialer.clock import Clock
from dialer.machine import IllegalMove
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.work import work_through
from qa.examiner import orders, queries
from qa.examiner.packing import PackageError, Say, Stopped, pack, unfinished
from qa.examiner.queries import Package
from qa.examiner.service import Contents, NothingToPack, gather
from qa.examiner.states import PackageEvent, PackageState

log = structlog.get_logger(__name__)

_LONGEST_SLEEP = 5.0
_LOOK_SECONDS = 0.5
# A package is a copy of personal data: it stays for a day, and is made anew by one press.
KEPT = timedelta(hours=24)
_KEPT_STATES = (PackageState.READY, PackageState.PACKING)


class PackageWorker:
    """Packs into `folder`. Work is in rows, held by a short lease: what a killed process left is begun anew,
    and what it had written is overwritten or taken away."""

    def __init__(
        self,
        db: Database,
        library: Library,
        root: Path,
        folder: Path,
        say: Say,
        zone: ZoneInfo,
        clock: Clock,
        lease_seconds: float = 30.0,
    ) -> None:
        self._db = db
        self._library = library
        self._root = root
        self._folder = folder
        self._say = say
        self._zone = zone
        self._clock = clock
        self._lease = timedelta(seconds=lease_seconds)

    async def run(self) -> None:
        """Work until cancelled; trouble of any kind is logged and tried again."""
        await work_through(
            self._db.feed,
            self.step,
            action="pack",
            longest_sleep=_LONGEST_SLEEP,
            kinds=(orders.ASKED,),
        )

    async def step(self) -> int:
        """Make the next package, if one is due; give how many were made. Without one, tidy the folder."""
        now = self._clock()
        package = await self._db.write(partial(orders.claim, now=now, until=now + self._lease))
        if package is None:
            await self._tidy()
            return 0
        try:
            await self._make(package)
        except IllegalMove:
            log.info("A package was stopped.", action="pack", package=package.id)
        return 1

    async def _make(self, package: Package) -> None:
        stopped, so_far = threading.Event(), _Progress()
        file = self._folder / package.file_name
        try:
            ask = partial(gather, library=self._library, wanted=package.wanted, by=package.asked_by)
            contents = await self._db.read(partial(ask, now=self._clock()))
            write = partial(pack, contents, self._root, file, self._say, self._zone)
            thread = asyncio.create_task(
                asyncio.to_thread(partial(write, progress=so_far.note, stopped=stopped.is_set))
            )
            try:
                await self._watch(package, thread, stopped, so_far)
                digest = await thread
            except asyncio.CancelledError:
                stopped.set()
                await asyncio.wait({thread})  # it takes away what it has written, unless it was done
                file.unlink(missing_ok=True)
                await self._db.write(self._moving(package, PackageEvent.GIVE_BACK))
                raise
            await self._db.write(partial(self._finish, package=package, contents=contents, digest=digest))
        except Stopped as error:
            raise IllegalMove(f"the package {package.id} was stopped") from error
        except (PackageError, NothingToPack) as error:
            log.warning(str(error), action="pack", package=package.id)
            await self._db.write(self._moving(package, PackageEvent.FAIL, error=str(error)))
        except IllegalMove:
            await asyncio.to_thread(file.unlink, missing_ok=True)
            raise

    async def _watch(
        self, package: Package, thread: "asyncio.Task[str]", stopped: threading.Event, so_far: "_Progress"
    ) -> None:
        """Note how far it is and keep the lease, until it is done, or somebody stopped it."""
        held = package.due_at
        while not thread.done():
            await asyncio.wait({thread}, timeout=_LOOK_SECONDS)
            until = self._clock() + self._lease
            note = partial(queries.note_progress, package_id=package.id, held=held, until=until)
            if await self._db.write(partial(note, done=so_far.done, total=so_far.total)):
                held = until
            else:
                stopped.set()

    def _finish(self, conn: Connection, package: Package, contents: Contents, digest: str) -> None:
        size = (self._folder / package.file_name).stat().st_size
        orders.finish(conn, package, contents, digest, size, self._clock())

    def _moving(
        self, package: Package, event: PackageEvent, **values: object
    ) -> Callable[[Connection], None]:
        return lambda conn: orders.move(conn, package, event, self._clock(), **values)

    async def _tidy(self) -> None:
        """Take away what is too old, and files that no package has: nothing half-written stays (Q7)."""
        now = self._clock()
        known = await self._db.read(partial(queries.packages_in, states=_KEPT_STATES))
        for package in known:
            if package.state is PackageState.READY and _is_over(package, now):
                await self._db.write(self._moving(package, PackageEvent.EXPIRE))
        kept = [one for one in known if one.state is PackageState.PACKING or not _is_over(one, now)]
        mine = {self._folder / one.file_name for one in kept}
        await asyncio.to_thread(_keep_only, self._folder, mine | {unfinished(file) for file in mine})


class _Progress:
    """How far a thread is."""

    def __init__(self) -> None:
        self.done = self.total = 0

    def note(self, done: int, total: int) -> None:
        self.done, self.total = done, total


def _is_over(package: Package, now: datetime) -> bool:
    return package.finished_at is not None and now - package.finished_at > KEPT


def _keep_only(folder: Path, kept: set[Path]) -> None:
    if not folder.is_dir():
        return
    for file in folder.iterdir():
        if file not in kept:
            file.unlink(missing_ok=True)
