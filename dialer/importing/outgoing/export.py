"""A day's results as a file in the layout of another system (C6, X2)."""

import asyncio
import csv
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from openpyxl import Workbook
from sqlalchemy import Connection

from dialer.clock import Clock
from dialer.importing.errors import inert
from dialer.importing.outgoing.results import FIELDS, Result, ended_on, is_field, results_of
from dialer.importing.outgoing.write_back import note_written
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.feed import emit

Layout = Mapping[str, str]
EXPORTED = "results.exported"


class BadLayout(Exception):
    """The layout cannot be used. The message says why."""


def read_layout(path: Path | None) -> Layout:
    """A YAML file of `column: field`, in the order of the columns; without one every field.

    Raises:
        BadLayout: it cannot be read, or names no field.
    """
    if path is None:
        return {name: name for name in FIELDS}
    try:
        told = yaml.load(path.read_text("utf-8-sig"), Loader=yaml.CBaseLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadLayout(f"the layout {path.name} cannot be read: {error}") from error
    if not isinstance(told, dict) or not told:
        raise BadLayout(f"the layout {path.name} is not a list of lines such as 回访结果: disposition")
    unknown = [str(field) for field in told.values() if not is_field(str(field))]
    if unknown:
        raise BadLayout(
            f"the layout {path.name} names {', '.join(unknown)}; known are {', '.join(FIELDS)}, and "
            "answer:QUESTION, fact:NAME, staff:ROLE"
        )
    return {str(column): str(field) for column, field in told.items()}


async def export_results(
    database: Database,
    library: Library,
    day: date,
    layout: Layout,
    to: Path,
    *,
    name: str,
    zone: ZoneInfo,
    clock: Clock,
    by: str = "command line",
) -> int:
    """Write the results of a day to a .csv or .xlsx file, and note each as written back under `name`.

    Who took the file, and of how many, is kept (R12).

    Raises:
        OSError: the file cannot be written; nothing is noted then.
    """

    def load(conn: Connection) -> list[Result]:
        return results_of(conn, library, ended_on(conn, day, zone), zone)

    results = await database.read(load)
    await asyncio.to_thread(_write, to, layout, results)
    ids = [str(result["follow_up_id"]) for result in results]
    now, told = clock(), {"by": by, "layout": name, "results": len(ids), "file": to.name}

    def note(conn: Connection) -> None:
        note_written(conn, ids, name, now)
        emit(conn, EXPORTED, day.isoformat(), now, told)

    await database.write(note)
    return len(results)


def row_of(layout: Layout, result: Result) -> list[str | int]:
    """A result in the layout's columns; what is not known is an empty cell."""
    return ["" if (value := result.get(field)) is None else value for field in layout.values()]


def _write(to: Path, layout: Layout, results: Sequence[Result]) -> None:
    rows: list[list[str | int]] = [list(layout), *(row_of(layout, result) for result in results)]
    # Written beside it first: a reader never sees half a file.
    part = to.with_name(f".{to.name}.part")
    if to.suffix.lower() == ".xlsx":
        book = Workbook(write_only=True)
        sheet = book.create_sheet(to.stem[:31])
        for row in rows:
            sheet.append([inert(cell) if isinstance(cell, str) else cell for cell in row])
        book.save(part)
    else:
        with part.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([[inert(str(cell)) for cell in row] for row in rows])
    part.replace(to)
