"""`dialer plan`: makes the plan of the day, and says who will be called, who not, and why."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.progress import Progress, TaskID
from sqlalchemy import Connection

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
from dialer.planning.morning.run import Planned, plan_day, release_all, summary
from dialer.playbooks.library import Library, shipped_library
from dialer.playbooks.service import library_of
from dialer.storage.database import Database

_BY = "command line"

_BECAUSE: Mapping[str, str] = {
    "do_not_call": "asked not to be called",
    "no_number": "have no number that can be dialled",
    "no_consent": "never consented to promotion",
    "other_channel": "get a message instead",
    "too_late": "came in too late",
    "no_date": "name no due date",
    "to_draw": "wait for the draw",
    "not_drawn": "are not in the sample",
    "called_once": "are called as another unit reported them",
    "quarter_cap": "were contacted often enough this quarter",
    "min_gap": "were contacted too lately",
    "no_longer_due": "are not due any more",
    "visited": "came back",
}


def plan_command(
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Whose plan is shown; that of today is also made."),
    ] = None,
    release: Annotated[bool, typer.Option("--release", help="Let what is planned be called.")] = False,
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Make or update the plan of the day. Again is harmless; stopped, it goes on."""
    settings = settings_of(data)
    zone = ZoneInfo(settings.calling.time_zone)
    today = system_clock().astimezone(zone).date()
    wanted = day.date() if day else today
    if release and wanted > today:
        fail(f"the plan of {wanted} cannot be released yet: it is made on that day")

    async def work(database: Database) -> Planned:
        def read(conn: Connection) -> Library:
            return library_of(conn, shipped_library())

        if wanted != today:
            return await database.read(lambda conn: summary(conn, wanted))
        library = await database.read(read)
        with Progress(transient=True, disable=as_json) as bar:
            tasks: dict[str, TaskID] = {}

            def told(stage: str, done: int, of: int | None) -> None:
                task = tasks.get(stage)
                if task is None:
                    task = tasks[stage] = bar.add_task(stage, total=of)
                bar.update(task, completed=done, total=of)

            planned = await plan_day(
                database,
                library,
                settings.planning,
                zone,
                system_clock,
                progress=told,
                kind="again",
                by="command line",
            )
        if release:
            await release_all(database, wanted, "command line", system_clock)
        return planned

    planned = with_database(settings, work)
    show(planned, as_json, sentence(planned))
    if not as_json:
        for warning in planned.warnings:
            console.print(f"[yellow]{warning}[/yellow]", highlight=False)


def sentence(planned: Planned) -> str:
    """N will be called, M not, because..."""
    merged = f" ({planned.in_other_calls} more in the same calls)" if planned.in_other_calls else ""
    told = f"{planned.day}: {planned.to_call} will be called{merged}"
    missed = sum(planned.left_out.values())
    if not missed:
        return f"{told}, nobody is left out."
    why = "; ".join(f"{count} {_BECAUSE.get(reason, reason)}" for reason, count in planned.left_out.items())
    return f"{told}, {missed} not, because: {why}."
