"""A folder whose files are taken in by themselves, and the alarm when one is not there in time (C4)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, select

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.clock import Clock
from dialer.followups.workdays import WorkCalendar
from dialer.importing.options import DEFAULT_SOURCE, ImportOptions, ImportReport
from dialer.importing.queries import last_import
from dialer.importing.reading import UnreadableFile
from dialer.importing.service import import_file, note_unreadable
from dialer.importing.settings import ExpectedFile, ImportSettings
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.feed import emit, events

log = structlog.get_logger(__name__)

# Raised while a file that is expected is not there; its subject is the source.
MISSING = "import_missing"
# Raised when a file of the folder could not be taken in; cleared by the source's next good one.
FAILED = "import_failed"
# The event row of an expected file that came: late or not, with its wrong rows.
CAME = "import.came"
DONE_FOLDER, FAILED_FOLDER = "done", "failed"
_PARTS = (".part", ".tmp", ".crdownload", ".filepart")
_ERRORS = ".errors.csv"

# (size, time of the last change): the same twice, and nobody writes to it any more.
Looks = tuple[int, float]


@dataclass(frozen=True, slots=True)
class Late:
    """Whether an expected file is late at some time, and since when its day counts."""

    expected: ExpectedFile
    since: datetime
    late: bool


def lateness(expected: ExpectedFile, now: datetime, zone: ZoneInfo, *, working_day: bool = True) -> Late:
    """Whether the file has to be there by now; those that came since the day's beginning count."""
    local = now.astimezone(zone)
    midnight = datetime.combine(local.date(), time(0), zone)
    due = local.time() >= expected.by and (working_day or not expected.working_days)
    return Late(expected, midnight, due)


def expected_for(name: str, expected: Sequence[ExpectedFile]) -> ExpectedFile | None:
    """The expected file that a file's name begins with; the longest where several do."""
    fitting = [one for one in expected if name.lower().startswith(one.source.lower())]
    return max(fitting, key=lambda one: len(one.source), default=None)


class HotFolder:
    """Takes in what is put into the folder, each file once it is whole."""

    def __init__(
        self,
        database: Database,
        library: Library,
        settings: ImportSettings,
        *,
        zone: ZoneInfo,
        default_branch: str,
        clock: Clock,
        planning: PlanningSettings | None = None,
        say: Callable[[str], str] = str,
    ) -> None:
        self._database = database
        self._library = library
        self._settings = settings
        self._zone = zone
        self._branch = default_branch
        self._clock = clock
        self._say = say
        self._planning = planning or PlanningSettings()
        self._seen: dict[Path, Looks] = {}

    async def run(self) -> None:
        """Go on until cancelled. Without a folder only the expected files are watched."""
        while True:
            await self.step()
            await asyncio.sleep(self._settings.poll_seconds)

    async def step(self) -> list[ImportReport]:
        """Take in what is whole by now, then look what is late; the reports of what was taken in."""
        reports = []
        folder = self._settings.folder
        if folder is not None:
            for path in await asyncio.to_thread(self._whole, folder):
                report = await self._take(path)
                if report is not None:
                    reports.append(report)
        await self._watch()
        return reports

    def _whole(self, folder: Path) -> list[Path]:
        """The files that did not change since the last look."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            now = {path: _looks(path) for path in sorted(folder.iterdir()) if _is_file_of_ours(path)}
        except OSError as error:
            log.warning(
                "The import folder cannot be read.", action="look", folder=str(folder), why=str(error)
            )
            return []
        whole = [path for path, looks in now.items() if looks == self._seen.get(path) and looks[0]]
        self._seen = now
        return whole

    async def _take(self, path: Path) -> ImportReport | None:
        expected = expected_for(path.name, self._settings.expected)
        source = expected.source if expected else DEFAULT_SOURCE
        done = path.parent / DONE_FOLDER
        options = ImportOptions(
            zone=self._zone,
            default_branch=self._branch,
            kind=expected.kind if expected else "",
            source=source,
            by="folder",
            say=self._say,
            error_file=done / (path.name + _ERRORS),
        )
        try:
            await asyncio.to_thread(done.mkdir, exist_ok=True)
            report = await import_file(
                self._database, self._library, path, options, clock=self._clock, planning=self._planning
            )
        except (UnreadableFile, OSError) as error:
            await self._failed(path, options, str(error))
            return None
        await asyncio.to_thread(_move, path, DONE_FOLDER)
        await self._database.write(partial(self._came, source=source, report=report))
        log.info(
            "A file was taken in.", action="import", file=path.name, rows=report.rows, bad=report.rejected
        )
        return report

    def _came(self, conn: Connection, *, source: str, report: ImportReport) -> None:
        now = self._clock()
        clear_alarm(conn, FAILED, source, now)
        expected = next((one for one in self._settings.expected if one.source == source), None)
        if expected is None:
            return
        clear_alarm(conn, MISSING, source, now)
        late = now.astimezone(self._zone).time() >= expected.by
        # Counted in the ledger of misses: late files and wrong rows (C4, F4).
        data = {"source": source, "late": late, "rejected": report.rejected, "rows": report.rows}
        emit(conn, CAME, report.id, now, data)

    async def _failed(self, path: Path, options: ImportOptions, why: str) -> None:
        await note_unreadable(self._database, path, options, why, self._clock)
        moved = await asyncio.to_thread(_move, path, FAILED_FOLDER)
        await asyncio.to_thread(
            moved.with_name(moved.name + ".txt").write_text, self._say(why) + "\n", "utf-8"
        )
        now, data = self._clock(), {"file": path.name, "error": why}
        await self._database.write(lambda conn: raise_alarm(conn, FAILED, options.source, now, data))
        log.warning("A file could not be taken in.", action="import", file=path.name, why=why)

    async def _watch(self) -> None:
        if not self._settings.expected:
            return
        now = self._clock()
        look = partial(watch, expected=self._settings.expected, now=now, zone=self._zone)
        await self._database.write(partial(look, calendar=self._planning.calendar()))


def watch(
    conn: Connection, expected: Sequence[ExpectedFile], now: datetime, zone: ZoneInfo, calendar: WorkCalendar
) -> None:
    """Raise an alarm for each expected file that is late; clear it when the file came."""
    working = calendar.is_workday(now.astimezone(zone).date())
    for one in expected:
        late = lateness(one, now, zone, working_day=working)
        came = last_import(conn, one.source, late.since)
        if came is not None:
            clear_alarm(conn, MISSING, one.source, now)
        elif late.late:
            data: Mapping[str, str] = {"source": one.source, "by": f"{one.by:%H:%M}"}
            raise_alarm(conn, MISSING, one.source, now, data)


def late_and_wrong(conn: Connection, day: datetime, zone: ZoneInfo) -> dict[str, dict[str, int]]:
    """For each source on the day of `day`: files that came, those of them that were late, wrong rows (C4)."""
    start = datetime.combine(day.astimezone(zone).date(), time(0), zone)
    query = select(events.c.data).where(
        events.c.kind == CAME, events.c.at >= start, events.c.at < start + timedelta(days=1)
    )
    counts: dict[str, dict[str, int]] = {}
    for data in conn.execute(query).scalars():
        one = counts.setdefault(data["source"], {"files": 0, "late": 0, "rejected": 0})
        one["files"] += 1
        one["late"] += bool(data["late"])
        one["rejected"] += data["rejected"]
    return counts


def _looks(path: Path) -> Looks:
    stat = path.stat()
    return stat.st_size, stat.st_mtime


def _is_file_of_ours(path: Path) -> bool:
    return path.is_file() and not path.name.startswith((".", "~$")) and path.suffix.lower() not in _PARTS


def _move(path: Path, folder: str) -> Path:
    """Move a file to a folder beside it; a name that is taken there gets a number."""
    target = path.parent / folder
    target.mkdir(exist_ok=True)
    free = target / path.name
    number = 1
    while free.exists():
        number += 1
        free = target / f"{path.stem}-{number}{path.suffix}"
    return path.rename(free)
