"""`dialer asterisk`: the private Asterisk of a data folder."""

import typer

from asterisk.install import InstallError, find_or_install
from asterisk.ports import PortBusy
from asterisk.server import AsteriskServer, ServerError
from dialer.app.cli.common import DEFAULT_DATA, DataDir, console, fail, run, settings_of
from dialer.app.private_asterisk import running_asterisk

app = typer.Typer(help="The private Asterisk of a data folder.", no_args_is_help=True)


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
    """Stop it; calls in progress end."""
    server = _attached(data)
    run(server.stop())
    console.print("Asterisk is stopped.")


@app.command()
def status(data: DataDir = DEFAULT_DATA) -> None:
    """Say whether it is ready to place calls."""
    health = run(_attached(data).health())
    if not health.ok:
        fail(health.sentence)
    console.print(health.sentence, soft_wrap=True)


def _attached(data: DataDir) -> AsteriskServer:
    server = AsteriskServer.attach(settings_of(data).asterisk_dir)
    if server is None:
        fail(f"no private Asterisk runs in {data}: start it with `dialer asterisk start --data {data}`")
    return server
