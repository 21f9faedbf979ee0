"""`dialer drill chaos`: faults of every kind under calls that go on, and the books held together."""

import asyncio
import json
import random
import signal
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from asterisk.install import InstallError
from asterisk.ports import PortBusy
from asterisk.server import ServerError
from dialer.app.chaos.run import Chaos, ChaosReport
from dialer.app.chaos.stage import NotEmpty
from dialer.app.cli.common import AsJson, console, fail, run, show
from dialer.app.demo.site import NotADemoFolder
from dialer.app.lock import AlreadyServed


def chaos(
    data: Annotated[
        Path, typer.Option("--data", help="A folder for the run; one of an earlier run is emptied.")
    ] = Path("chaos-data"),
    faults: Annotated[int, typer.Option("--faults", min=0, help="How many faults are dealt.")] = 40,
    calls: Annotated[int, typer.Option("--calls", min=1, help="How many calls there are at least.")] = 80,
    seed: Annotated[int | None, typer.Option(help="The seed of an earlier run, to do it again.")] = None,
    skip: Annotated[
        int, typer.Option(min=0, help="Leave out so many of the seed's faults: an earlier run had them.")
    ] = 0,
    database: Annotated[
        str,
        typer.Option(
            "--database", help="A PostgreSQL without tables, postgresql+asyncpg://…; left out: SQLite."
        ),
    ] = "",
    report_to: Annotated[
        Path | None, typer.Option("--report", help="Also write the result to this file, as JSON.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Cut, stall, flood, kill and lock at the worst moments under calls; count at the customers' phones.

    Ctrl-C ends it early: what was done by then is checked and printed.
    """
    chosen = seed if seed is not None else random.randrange(1 << 32)

    def say(line: str) -> None:
        if not as_json:
            console.print(line, highlight=False)

    say(f"seed {chosen}: give it with --seed to have the same faults again")
    try:
        report = run(_run(Chaos(data, say, chosen, database), faults, calls, skip))
    except (NotADemoFolder, NotEmpty, AlreadyServed, InstallError, ServerError, PortBusy) as error:
        fail(error)
    if report_to is not None:
        report_to.write_text(json.dumps(asdict(report), indent=2), "utf-8")
    if as_json:
        show(report, as_json, "")
    else:
        _print(report)
    if not report.sound:
        fail(f"seed {chosen}: " + "; ".join(report.found.details))


async def _run(drill: Chaos, faults: int, calls: int, skip: int) -> ChaosReport:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, drill.stop.set)
    return await drill.run(faults, calls, skip=skip)


def _print(report: ChaosReport) -> None:
    found = asdict(report.found)
    table = Table(show_header=False)
    table.add_row("seed", str(report.seed))
    table.add_row("faults", f"{report.faults} of {report.wanted_faults} (other moment: {report.missed})")
    for name, times in report.by_kind.items():
        table.add_row(f"  {name}", str(times))
    for name in ("calls", "service_starts", "seconds"):
        table.add_row(name.replace("_", " "), str(getattr(report, name)))
    table.add_row("steps in calls", f"{_counts(report.steps)}; refused {report.refused}")
    table.add_row("longest, in seconds", _counts(report.longest))
    for name in ("modes", "outcomes"):
        table.add_row(name, _counts(found.pop(name)))
    faults = found.pop("faults")
    found.pop("details")
    for name, value in found.items():
        table.add_row(name.replace("_", " "), str(value))
    table.add_section()
    for name, value in faults.items():
        table.add_row(name.replace("_", " "), str(value) if not value else f"[red]{value}[/red]")
    console.print(table)
    if report.stopped:
        console.print("Stopped early: the numbers are of what was done by then.")


def _counts(of: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {number}" for name, number in of.items())
