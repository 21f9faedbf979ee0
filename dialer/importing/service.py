"""Importing a file: occasions in batches, and what they make due."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert

from dialer.clock import Clock
from dialer.ids import new_id
from dialer.importing.errors import ErrorFile
from dialer.importing.options import DEFAULT_SOURCE, ImportOptions, ImportReport, Stop
from dialer.importing.queries import saved_mapping, unfinished
from dialer.importing.reading import OccasionFile, UnreadableFile, open_occasions
from dialer.importing.running import Run
from dialer.importing.tables import imports
from dialer.planning.rules.owed import Site
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.feed import emit

_CHUNK = 1 << 20

__all__ = ["DEFAULT_SOURCE", "ImportOptions", "ImportReport", "Stop", "import_file", "import_orders"]


async def import_file(
    database: Database,
    library: Library,
    path: Path,
    options: ImportOptions,
    *,
    clock: Clock,
    planning: PlanningSettings | None = None,
    progress: Callable[[int, int], None] = lambda _rows, _of: None,
    stop: Stop | None = None,
) -> ImportReport:
    """Take in a file. Run again, it changes nothing twice; stopped or killed, it goes on where it was.

    Rows that cannot be taken in go to `<file>.errors.csv` with the reason in the last column. `progress` is
    told how many rows are through, and of about how many: the file's lines, 0 where it has none.

    Raises:
        UnreadableFile: nothing of the file can be read, or no more of it; what came before is kept.
    """
    mapped = options.mapped or await database.read(lambda conn: saved_mapping(conn, options.source))
    options = replace(options, mapped=mapped)
    file = await asyncio.to_thread(open_with, path, options, clock())
    digest, lines = await asyncio.to_thread(_sha256, path)
    earlier = await database.read(lambda conn: unfinished(conn, digest, file.kind, options.source))
    errors = ErrorFile(
        options.error_file or path.with_name(path.name + ".errors.csv"), file.columns, options.say
    )
    site = Site.of(library, planning or PlanningSettings(), options.zone)
    run = Run(database, site, file, options, errors, clock)
    await run.begin(path, digest, earlier)
    try:
        while batch := await asyncio.to_thread(run.next_batch):
            await run.take(batch)
            progress(run.counts["rows"], lines)
            if stop is not None and stop.wanted:
                return await run.end("stopped")
    except UnreadableFile as error:
        await run.end("failed", str(error))
        raise
    finally:
        file.close()
    return await run.end("done")


def open_with(path: Path, options: ImportOptions, now: datetime) -> OccasionFile:
    """Open a file as `options` say.

    Raises:
        UnreadableFile: as `open_occasions`.
    """
    return open_occasions(
        path,
        zone=options.zone,
        default_branch=options.default_branch,
        today=now.astimezone(options.zone).date(),
        source=options.source,
        kind=options.kind,
        mapped=options.mapped,
    )


async def note_unreadable(
    database: Database, path: Path, options: ImportOptions, why: str, clock: Clock
) -> None:
    """Leave a row for a file that could not be opened at all, so that it is seen."""
    now = clock()
    row = {
        "id": new_id(),
        "file": (options.shown_name or path.name)[:255],
        "sha256": (await asyncio.to_thread(_sha256, path))[0],
        "kind": options.kind,
        "source": options.source,
        "form": "",
        "encoding": "",
        "rows": 0,
        "created": 0,
        "updated": 0,
        "unchanged": 0,
        "rejected": 0,
        "state": "failed",
        "problem": why,
        "by": options.by,
        "began_at": now,
        "ended_at": now,
    }

    def work(conn: Connection) -> None:
        conn.execute(insert(imports).values(**row))
        emit(conn, "import.failed", str(row["id"]), now, {"file": row["file"]})

    await database.write(work)


async def import_orders(
    database: Database,
    library: Library,
    path: Path,
    *,
    zone: ZoneInfo,
    default_branch: str,
    clock: Clock,
    progress: Callable[[int, int], None] = lambda _rows, _of: None,
) -> ImportReport:
    """Take in a file of settlement orders.

    Raises:
        UnreadableFile: as `import_file`.
    """
    options = ImportOptions(zone=zone, default_branch=default_branch, kind="settlement-order")
    return await import_file(database, library, path, options, clock=clock, progress=progress)


def _sha256(path: Path) -> tuple[str, int]:
    """The file's checksum, and how many lines it has if it is text."""
    if not path.is_file():
        return "", 0
    digest, lines, text = hashlib.sha256(), 0, True
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            text = text and not chunk.startswith((b"PK", b"\xd0\xcf"))
            lines += chunk.count(b"\n")
    return digest.hexdigest(), lines if text else 0
