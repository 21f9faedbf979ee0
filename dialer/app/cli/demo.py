"""`dialer demo`: everything on this machine, with phones that talk by themselves."""

import asyncio
import json
import signal
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from asterisk.install import InstallError
from asterisk.ports import PortBusy
from asterisk.server import ServerError
from dialer.app.cli.common import console, fail, run
from dialer.app.demo.run import Demo, DemoStalled
from dialer.app.demo.site import NotADemoFolder, Site
from dialer.app.demo.summary import Summary
from dialer.app.lock import AlreadyServed


def demo(
    data: Annotated[
        Path, typer.Option("--data", help="A folder for the demo; one of an earlier demo is emptied.")
    ] = Path("demo-data"),
    calls: Annotated[
        int, typer.Option(min=1, help="With --exit: how many answered calls to process fully.")
    ] = 6,
    exit_after: Annotated[bool, typer.Option("--exit", help="End after --calls, else stay up.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the summary to this file.")] = None,
) -> None:
    """Start Asterisk, the service and the panel, and place real calls to phones that talk."""
    play = Demo(data, lambda line: console.print(line, highlight=False, soft_wrap=True))
    try:
        summary = run(_until_told(play, data, calls if exit_after else None))
    except (NotADemoFolder, AlreadyServed, InstallError, ServerError, PortBusy, DemoStalled) as error:
        fail(error)
    if summary is None:
        return
    _print(summary)
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(summary), ensure_ascii=False, indent=2) + "\n", "utf-8")
    if not summary.answered == summary.archived == summary.transcribed == summary.checked:
        fail(
            f"of {summary.answered} answered calls {summary.archived} were archived, "
            f"{summary.transcribed} transcribed and {summary.checked} checked"
        )


async def _until_told(play: Demo, data: Path, calls: int | None) -> Summary | None:
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(play.run(calls, _look_around))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        console.print("The demo ends.")
        return None


_TO_SEE = {
    "agent": "an agent's calls",
    "supervisor": "the live page",
    "qa": "checked calls",
    "qa_lead": "rules to publish, appeals to decide",
}


def _look_around(site: Site, address: str) -> None:
    table = Table(title=f"The panel: {address}", title_justify="left")
    for heading in ("log in as", "password", "to see"):
        table.add_column(heading)
    for login in site.logins:
        what = _TO_SEE[login.beside or login.role]
        if login.login == "me":
            what = "your own calls: press ready, the phone answers by itself"
        table.add_row(login.login, login.password, what)
    console.print(table)
    console.print("Ctrl-C ends the demo.")


def _print(summary: Summary) -> None:
    table = Table(show_header=False)
    for name, value in asdict(summary).items():
        text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        table.add_row(name, text)
    console.print(table)
