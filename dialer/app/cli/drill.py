"""`dialer drill`: the product broken on purpose, and the rest counted."""

import random
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from asterisk.install import InstallError
from asterisk.ports import PortBusy
from asterisk.server import ServerError
from dialer.app.cli.chaos import chaos
from dialer.app.cli.common import AsJson, console, fail, run, show
from dialer.app.demo.site import NotADemoFolder
from dialer.app.drill.kills import KillDrill, KillReport
from dialer.app.drill.subject import ServiceDied
from dialer.app.lock import AlreadyServed
from dialer.app.logs import set_up_logs

app = typer.Typer(help="Break it on purpose, and count what is left.", no_args_is_help=True)


app.command()(chaos)


@app.callback()
def drills() -> None:
    """Break it on purpose, and count what is left."""


@app.command()
def kills(
    data: Annotated[
        Path, typer.Option("--data", help="A folder for the drill; one of an earlier drill is emptied.")
    ] = Path("drill-data"),
    times: Annotated[int, typer.Option("--kills", min=1, help="How often the service is killed.")] = 30,
    seed: Annotated[int | None, typer.Option(help="The seed of an earlier drill, to do it again.")] = None,
    customer_first: Annotated[
        bool, typer.Option("--customer-first", help="Ring customers before their agents.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Kill -9 the service at random and at its worst moments; count at the customers' phones."""
    set_up_logs()
    chosen = seed if seed is not None else random.randrange(1 << 32)

    def say(line: str) -> None:
        if not as_json:
            console.print(line, highlight=False)

    try:
        report = run(KillDrill(data, say, chosen, customer_first=customer_first).run(times))
    except (NotADemoFolder, AlreadyServed, InstallError, ServerError, PortBusy, ServiceDied) as error:
        fail(error)
    if as_json:
        show(report, as_json, "")
    else:
        _print(report)
    if not report.verdict.sound:
        fail("a call was lost, doubled or left standing: " + "; ".join(report.verdict.details))


def _print(report: KillReport) -> None:
    table = Table(show_header=False)
    table.add_row("kills", f"{report.kills} (seed {report.seed})")
    for moment, times in report.moments.items():
        table.add_row(f"  {moment}", str(times))
    for name, value in asdict(report.verdict).items():
        if name != "details":
            text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
            table.add_row(name, text)
    console.print(table)
