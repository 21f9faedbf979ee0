"""`dialer import`: a file of occasions becomes follow-ups. `dialer export`: their results go back."""

import signal
from datetime import date
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from dialer.app.cli.common import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    console,
    fail,
    settings_of,
    show,
    with_database,
)
from dialer.clock import system_clock
from dialer.importing.mapping import read_mapping
from dialer.importing.options import DEFAULT_SOURCE, ImportOptions, ImportReport, Stop
from dialer.importing.outgoing.export import BadLayout, export_results, read_layout
from dialer.importing.preview import Preview, preview
from dialer.importing.queries import saved_mapping
from dialer.importing.reading import UnreadableFile
from dialer.importing.service import import_file, note_unreadable
from dialer.playbooks.library import shipped_library
from dialer.storage.database import Database
from web.i18n import translator

IMPORT_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TextColumn("rows"),
    TimeElapsedColumn(),
)

export_app = typer.Typer(help="Give results back to other systems.", no_args_is_help=True)


def import_command(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, XLSX, XLS, or HTML or XML named .xls.")],
    kind: Annotated[
        str, typer.Option(help="The kind, as settlement-order; without it the headings tell.")
    ] = "",
    source: Annotated[str, typer.Option(help="Whose file it is: ids and mapping are a source's own.")] = (
        DEFAULT_SOURCE
    ),
    mapping: Annotated[
        Path | None, typer.Option("--map", help="A YAML file with `heading: field`; kept for the source.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Show what would happen, and change nothing.")] = False,
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Import occasions and make the follow-ups they owe. Again is harmless; stopped, it goes on."""
    settings = settings_of(data)
    try:
        options = ImportOptions(
            zone=ZoneInfo(settings.calling.time_zone),
            default_branch=settings.site.branch,
            kind=kind,
            source=source,
            mapped=read_mapping(mapping) if mapping else {},
            by="command line",
            say=translator(settings.web.language).sentence,
        )
        if dry_run:
            seen = with_database(settings, lambda database: _preview(database, file, options))
            if as_json:
                show(seen, as_json, "")
            else:
                _show_preview(seen)
            return
        report = with_database(settings, lambda database: _import(database, file, options, quiet=as_json))
    except UnreadableFile as error:
        fail(error)
    show(report, as_json, _told(report))
    if report.state == "stopped":
        raise typer.Exit(130)


async def _preview(database: Database, file: Path, options: ImportOptions) -> Preview:
    mapped = options.mapped or await database.read(lambda conn: saved_mapping(conn, options.source))
    told = ImportOptions(
        zone=options.zone,
        default_branch=options.default_branch,
        kind=options.kind,
        source=options.source,
        mapped=mapped,
    )
    return preview(file, told, system_clock())


async def _import(database: Database, file: Path, options: ImportOptions, *, quiet: bool) -> ImportReport:
    stop = Stop()
    # The batch it is at is finished; a second Ctrl-C ends at once.
    earlier = signal.signal(signal.SIGINT, lambda *_: _stop_once(stop))
    try:
        with Progress(*IMPORT_COLUMNS, transient=True, disable=quiet) as bar:
            task = bar.add_task(f"Importing {file.name}", total=None)
            return await import_file(
                database,
                shipped_library(),
                file,
                options,
                clock=system_clock,
                progress=lambda rows, of: bar.update(task, completed=rows, total=of or None),
                stop=stop,
            )
    except UnreadableFile as error:
        await note_unreadable(database, file, options, str(error), system_clock)
        raise
    finally:
        signal.signal(signal.SIGINT, earlier)


def _stop_once(stop: Stop) -> None:
    if stop.wanted:
        raise KeyboardInterrupt
    stop.wanted = True


def _told(report: ImportReport) -> str:
    kind = f"{report.kind}{', found from the headings' if report.kind_guessed else ''}"
    lines = [
        f"{report.rows} rows ({report.form}, {report.encoding}; {kind}): {report.created} new, "
        f"{report.updated} changed, {report.unchanged} unchanged, {report.rejected} rejected"
        + (f" (see {report.error_file})" if report.error_file else "")
        + f"; {report.follow_ups} follow-ups made."
    ]
    if report.state == "stopped":
        lines.append("Stopped: import the same file again and it goes on from here.")
    return "\n".join([*lines, *_remarks(report)])


def _remarks(told: ImportReport | Preview) -> list[str]:
    lines = []
    if derived := told.notes.get("derived_id"):
        lines.append(
            f"{derived} rows have no number of their own: one was made from time, plate or phone, and name."
        )
    if left := told.notes.get("number_left_out"):
        lines.append(f"{left} further phone numbers cannot be dialled and were left out.")
    if told.left_out:
        counts = ", ".join(f"{count} {why}" for why, count in told.left_out.items())
        lines.append(f"Left out as no data: {counts}.")
    return lines


def _show_preview(seen: Preview) -> None:
    guessed = " (found from the headings)" if seen.kind_guessed else ""
    console.print(
        f"{seen.file}: {seen.form}, {seen.encoding}, kind {seen.kind}{guessed}, source {seen.source}"
    )
    columns = Table("Column", "Read as", title=f"Headings in line {seen.heading_line}", title_justify="left")
    for column in seen.columns:
        columns.add_row(column.heading, column.field or "[dim]not used: name it in --map to keep it[/dim]")
    console.print(columns)
    first = Table("Line", *(column.heading for column in seen.columns), "Problem", title="First rows")
    for row in seen.first:
        cells = [*row.cells, *[""] * len(seen.columns)][: len(seen.columns)]
        first.add_row(str(row.line), *cells, row.problem)
    console.print(first)
    console.print(
        f"{seen.rows} rows: {seen.good} good, {seen.rejected} would be rejected, {seen.doubles} twice."
    )
    for why, count in seen.reasons.items():
        console.print(f"  {count} × {why}", highlight=False)
    for line in _remarks(seen):
        console.print(line, highlight=False)
    console.print("Nothing was changed.")


@export_app.command("results")
def export_command(
    day: Annotated[str, typer.Option(help="The day of the results, as 2026-11-21; default: today.")] = "",
    layout: Annotated[
        Path | None, typer.Option(help="A YAML file with `column: field`; default: every field.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="A .csv or .xlsx file; default: results-DAY.csv.")] = None,
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Write the day's results in the layout of another system, and note them as written back (C6)."""
    settings = settings_of(data)
    zone = ZoneInfo(settings.calling.time_zone)
    try:
        wanted = date.fromisoformat(day) if day else system_clock().astimezone(zone).date()
        columns = read_layout(layout)
    except (ValueError, BadLayout) as error:
        fail(error)
    target = to or Path(f"results-{wanted}.csv")
    name = layout.stem if layout else "export"

    async def work(database: Database) -> int:
        return await export_results(
            database, shipped_library(), wanted, columns, target, name=name, zone=zone, clock=system_clock
        )

    try:
        written = with_database(settings, work)
    except (OSError, BadLayout) as error:
        fail(f"{target} cannot be written: {error}")
    show({"file": str(target), "results": written}, as_json, f"{written} results written to {target}.")
