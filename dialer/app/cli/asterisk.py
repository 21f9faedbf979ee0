"""`dialer asterisk`: the private Asterisk of a data folder, and what an existing one needs."""

from pathlib import Path
from typing import Annotated

import typer

from asterisk.conf import ConfError, render_addition, write_files
from asterisk.install import InstallError, find_or_install
from asterisk.ports import PortBusy
from asterisk.server import AsteriskServer, ServerError
from asterisk.version import parse_version
from dialer.app.cli.common import DEFAULT_DATA, DataDir, console, fail, run, settings_of
from dialer.app.private_asterisk import running_asterisk, stop_by_hand

app = typer.Typer(
    help="The private Asterisk of a data folder; files for an existing one.", no_args_is_help=True
)


def _say(text: str, _done: float | None) -> None:
    console.print(text, soft_wrap=True)


@app.command()
def install() -> None:
    """Find an Asterisk of version 18 or later, or install a private one without root."""
    try:
        binary = find_or_install(progress=_say)
    except InstallError as error:
        fail(error)
    console.print(f"Asterisk {binary.version}: {binary.program}", soft_wrap=True)


@app.command()
def start(data: DataDir = DEFAULT_DATA) -> None:
    """Start it, unless it runs."""
    settings = settings_of(data)
    if settings.private_asterisk is None:
        fail(f"{data} uses an Asterisk of its own host: start that one, or set private_asterisk")
    try:
        server = run(running_asterisk(settings, _say))
    except (ServerError, InstallError, PortBusy) as error:
        fail(error)
    console.print(f"Asterisk runs (process {server.pid}).")


@app.command()
def stop(data: DataDir = DEFAULT_DATA) -> None:
    """Stop it; calls in progress end. A service that runs leaves it so."""
    run(stop_by_hand(settings_of(data), _attached(data)))
    console.print("Asterisk is stopped.")


@app.command()
def status(data: DataDir = DEFAULT_DATA) -> None:
    """Say whether it is ready to place calls."""
    health = run(_attached(data).health())
    if not health.ok:
        fail(health.sentence)
    console.print(health.sentence, soft_wrap=True)


@app.command()
def config(
    data: DataDir = DEFAULT_DATA,
    version: Annotated[
        str, typer.Option(help="The Asterisk they are for, as `asterisk -V` tells it.")
    ] = "18.0",
    service_host: Annotated[
        str, typer.Option(help="The address from which this service reaches it.")
    ] = "127.0.0.1",
    to: Annotated[Path | None, typer.Option(help="Write them into this folder instead.")] = None,
) -> None:
    """Print what an existing Asterisk needs: the include of the dialplan, the AMI user, the event log.

    Rendered from the settings [asterisk]; docs/operations/existing-asterisk.md says where each belongs.
    """
    try:
        files = render_addition(settings_of(data).asterisk, parse_version(version), service_host)
    except ConfError as error:
        fail(error)
    except ValueError:
        fail(f"--version is {version!r}: give a version such as 22.10.1")
    if to is not None:
        write_files(to, files)
        console.print(f"Written to {to}: {', '.join(sorted(files))}.", soft_wrap=True)
        return
    for name, text in files.items():
        print(f"; ===== {name} =====\n{text}")


def _attached(data: DataDir) -> AsteriskServer:
    server = AsteriskServer.attach(settings_of(data).asterisk_dir)
    if server is None:
        fail(f"no private Asterisk runs in {data}: start it with `dialer asterisk start --data {data}`")
    return server
