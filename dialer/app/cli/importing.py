"""`dialer import`: a file of orders becomes follow-ups."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.progress import Progress

from dialer.app.cli.common import DEFAULT_DATA, AsJson, DataDir, fail, settings_of, show, with_database
from dialer.clock import system_clock
from dialer.importing.reading import UnreadableFile
from dialer.importing.service import ImportReport, import_orders
from dialer.playbooks.library import shipped_library
from dialer.storage.database import Database


def import_command(
    file: Annotated[Path, typer.Argument(help="A CSV of settlement orders, GBK or UTF-8.")],
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Import orders and make the follow-ups they owe. Again is harmless."""
    settings = settings_of(data)

    async def work(database: Database) -> ImportReport:
        with Progress(transient=True, disable=as_json) as bar:
            task = bar.add_task(f"Importing {file.name}", total=None)
            return await import_orders(
                database,
                shipped_library(),
                file,
                zone=ZoneInfo(settings.calling.time_zone),
                default_branch=settings.site.branch,
                clock=system_clock,
                progress=lambda done, of: bar.update(task, completed=done, total=of),
            )

    try:
        report = with_database(settings, work)
    except UnreadableFile as error:
        fail(error)
    show(
        report,
        as_json,
        f"{report.rows} rows ({report.encoding}): {report.created} new, {report.updated} changed, "
        f"{report.unchanged} unchanged, {report.rejected} rejected"
        + (f" (see {report.error_file})" if report.error_file else "")
        + f"; {report.follow_ups} follow-ups made.",
    )
