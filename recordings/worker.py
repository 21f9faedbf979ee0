"""Takes recordings over as calls end: one dull step, and a loop around it."""

import asyncio
import errno
import shutil
from concurrent.futures import Executor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from structlog.contextvars import bound_contextvars

from dialer.clock import Clock
from dialer.machine import IllegalMove
from dialer.storage.database import Database
from recordings import queries, service
from recordings.offload import Offload
from recordings.queries import Takeover
from recordings.service import Trouble
from recordings.settings import RecordingSettings
from recordings.source import RecordingSource, SourceUnreachable
from recordings.takeover import TakeOver

log = structlog.get_logger(__name__)

# What a folder without room answers: full, over its quota, over the largest file.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_MEGABYTE = 1_000_000
_LONGEST_SLEEP = 5.0
# Commits come in bursts; one look serves them all.
_PAUSE_AFTER_NEWS = 0.1


class ArchiveWorker:
    """Expects a recording of every answered call, and archives what the telephone system leaves.

    `executor` does what takes time: fetching, joining, encoding. Threads will do; with processes
    the source must be picklable.
    """

    def __init__(
        self,
        db: Database,
        source: RecordingSource,
        settings: RecordingSettings,
        executor: Executor,
        clock: Clock,
    ) -> None:
        self._db = db
        self._source = source
        self._settings = settings
        self._offload = Offload(executor)
        self._clock = clock
        self._take_over = TakeOver(db, source, settings, self._offload, clock)
        self._next_scan: datetime | None = None

    async def run(self) -> None:
        """Work until cancelled; trouble of any kind is logged and tried again."""
        while True:
            mark = self._db.feed.mark()
            try:
                if await self.step():
                    continue
                await self._db.feed.wait(await self._idle_seconds(), since=mark, kinds=(service.ENDED,))
                await asyncio.sleep(_PAUSE_AFTER_NEWS)
            except Exception:
                log.exception("Archiving met trouble and goes on.", action="archive_recordings")
                await asyncio.sleep(self._settings.retry_seconds)

    async def step(self) -> int:
        """See which calls ended, search what was forgotten, take over what is due; how much was done."""
        now = self._clock()
        done = 0
        if await self._db.read(service.has_news):
            done += await self._db.write(partial(service.expect_ended, now=now))
        pause = timedelta(seconds=self._settings.scan_seconds)
        # Further away than it was set: the clock was put back.
        if self._next_scan is None or not now < self._next_scan <= now + pause:
            self._next_scan = now + pause
            await self._scan()
        if await self._db.read(partial(queries.is_due, now=now)):
            until = now + timedelta(seconds=self._settings.lease_seconds)
            jobs = await self._db.write(
                partial(queries.claim, now=now, until=until, limit=self._settings.parallel)
            )
            await asyncio.gather(*(self._do(job) for job in jobs))
            done += len(jobs)
        return done

    async def _idle_seconds(self) -> float:
        due = await self._db.read(queries.next_due)
        if due is None:
            return _LONGEST_SLEEP
        return min(_LONGEST_SLEEP, max(0.0, (due - self._clock()).total_seconds()))

    async def _scan(self) -> None:
        try:
            lying = await self._offload.run(self._source.attempts)
        except SourceUnreachable as error:
            data = await self._report(Trouble.SOURCE, str(error))
            await self._db.write(partial(service.meet, trouble=Trouble.SOURCE, data=data, now=self._clock()))
            return
        strangers = await self._db.write(partial(service.adopt, attempt_ids=lying, now=self._clock()))
        if strangers:
            log.warning(
                "There are recordings that belong to no call of this service. Find out which service "
                "made them, and take them out of the folder where Asterisk leaves recordings.",
                action="adopt_recordings",
                count=len(strangers),
                example=strangers[0],
            )

    async def _do(self, job: Takeover) -> None:
        with bound_contextvars(attempt=job.attempt_id):
            await self._do_with_care(job)

    async def _do_with_care(self, job: Takeover) -> None:
        try:
            await self._take_over.attempt(job)
        except IllegalMove:
            # Another process was quicker: look at what it left.
            await self._take_over.look_again(job, job.seen)
        except SourceUnreachable as error:
            await self._put_off(job, Trouble.SOURCE, str(error))
        except OSError as error:
            trouble = Trouble.DISK_FULL if error.errno in _NO_ROOM else Trouble.STORE
            await self._put_off(job, trouble, str(error))
        except Exception as error:
            log.exception(
                "A recording could not be archived and is tried again later.",
                action="archive_recording",
                attempt=job.attempt_id,
            )
            await self._put_off(job, Trouble.FAILING, f"{type(error).__name__}: {error}")

    async def _put_off(self, job: Takeover, trouble: Trouble, error: str) -> None:
        now = self._clock()
        due_at = now + timedelta(seconds=self._settings.retry_after(job.tries + 1))
        data = await self._report(trouble, error)
        await self._db.write(
            partial(service.put_off, job=job, due_at=due_at, trouble=trouble, data=data, now=now)
        )

    async def _report(self, trouble: Trouble, error: str) -> dict[str, object]:
        """Log what is wrong and what to do, and give what the alarm is to say."""
        waiting = await self._db.read(queries.waiting)
        free = await self._offload.run(_free_bytes, self._settings.root)
        advice = _advice(trouble, error, self._settings, free)
        log.error(advice, action="archive_recordings", waiting=waiting)
        return {
            "path": str(self._settings.root),
            "free_bytes": free,
            "waiting": waiting,
            "error": error,
            "advice": advice,
        }


def _free_bytes(root: Path) -> int | None:
    try:
        return shutil.disk_usage(root).free
    except OSError:
        return None


def _advice(trouble: Trouble, error: str, settings: RecordingSettings, free: int | None) -> str:
    wait = "Until then recordings wait where Asterisk left them; they are archived by themselves afterwards."
    if trouble is Trouble.DISK_FULL:
        room = "an unknown number of" if free is None else free // _MEGABYTE
        kept = settings.keep_free_bytes // _MEGABYTE
        return (
            f"There is no room for recordings in {settings.root}: {room} MB are free, {kept} MB are always "
            f"kept free. Delete or move files on that disk, or give it more room. {wait}"
        )
    if trouble is Trouble.STORE:
        return (
            f"Recordings cannot be written to {settings.root}: {error}. See that the disk is mounted and "
            f"sound, and that the service's user may write there. {wait}"
        )
    if trouble is Trouble.SOURCE:
        return error
    return f"A recording could not be archived ({error}). It is tried again; the log has the details."
