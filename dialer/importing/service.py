"""Importing a file: occasions, and the follow-ups they make due."""

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dialer.clock import Clock
from dialer.customers.service import Occasion, Taken, take_in
from dialer.followups.service import correct_number, plan
from dialer.importing.reading import BadRow, read_orders
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.feed import emit

_ROWS_A_WRITE = 200
# What makes a spreadsheet take a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of a file's rows: rows = created + updated + unchanged + rejected."""

    encoding: str
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    follow_ups: int
    error_file: str | None


async def import_orders(
    database: Database,
    library: Library,
    path: Path,
    *,
    zone: ZoneInfo,
    default_branch: str,
    clock: Clock,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> ImportReport:
    """Take in a CSV of settlement orders. Run again, it changes nothing twice.

    Rows that cannot be taken in go to `<file>.errors.csv` with the reason in the last column.

    Raises:
        UnreadableFile: nothing of the file can be read.
    """
    orders = read_orders(path, zone=zone, default_branch=default_branch)
    good = [row for row in orders.rows if isinstance(row, Occasion)]
    bad = [row for row in orders.rows if isinstance(row, BadRow)]
    count: Counter[str] = Counter()
    for start in range(0, len(good), _ROWS_A_WRITE):
        part = good[start : start + _ROWS_A_WRITE]
        count += await database.write(partial(_take_in, library=library, part=part, zone=zone, now=clock()))
        progress(start + len(part), len(good))
    return ImportReport(
        encoding=orders.encoding,
        rows=len(orders.rows),
        created=count[Taken.CREATED],
        updated=count[Taken.UPDATED],
        unchanged=count[Taken.UNCHANGED],
        rejected=len(bad),
        follow_ups=count["follow_ups"],
        error_file=str(_write_errors(path, bad)) if bad else None,
    )


def _take_in(
    conn: Connection, *, library: Library, part: list[Occasion], zone: ZoneInfo, now: datetime
) -> Counter[str]:
    count: Counter[str] = Counter()
    for occasion in part:
        taken = take_in(conn, occasion, now)
        count[taken.what] += 1
        if taken.what is Taken.UPDATED:
            correct_number(conn, taken.occasion_id, occasion.numbers[0], now)
        for playbook in library.for_occasion(occasion.kind):
            count["follow_ups"] += plan(
                conn,
                playbook,
                occasion_id=taken.occasion_id,
                customer_id=taken.customer_id,
                branch=occasion.branch,
                plate=occasion.plate,
                number=occasion.numbers[0],
                happened_at=occasion.happened_at,
                zone=zone,
                now=now,
            )
    emit(conn, "import.progress", "import", now, {"rows": len(part)})
    return count


def _write_errors(path: Path, bad: list[BadRow]) -> Path:
    errors = path.with_name(path.name + ".errors.csv")
    names = [*bad[0].row, "行号 line", "原因 reason"]
    with errors.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row in bad:
            writer.writerow([_inert(cell) for cell in (*row.row.values(), str(row.line), row.why)])
    return errors


def _inert(cell: str) -> str:
    """A cell that a spreadsheet shows and does not run (X2)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
