"""`dialer serve`: the service, until it is told to stop."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from asterisk.install import InstallError
from asterisk.ports import PortBusy
from asterisk.server import ServerError
from dialer.app.cli.common import DEFAULT_DATA, DataDir, console, fail, run, settings_of
from dialer.app.database import DatabaseRefuses
from dialer.app.drill.stepped import SteppedClock
from dialer.app.lock import AlreadyServed
from dialer.app.logs import set_up_logs
from dialer.app.private_asterisk import running_asterisk
from dialer.app.service import Service
from dialer.app.settings import Settings
from dialer.calling.engine import Step
from dialer.clock import system_clock
from dialer.storage.migrating import migrate


def serve(
    data: DataDir = DEFAULT_DATA,
    port: Annotated[int | None, typer.Option(help="Port of the panel, instead of web.port.")] = None,
    crash_at: Annotated[
        str, typer.Option(hidden=True, help="Drills only: die at the n-th passing of a step, as step:n.")
    ] = "",
    clock_from: Annotated[
        Path | None,
        typer.Option(hidden=True, help="Drills only: a file with the seconds by which the clock is off."),
    ] = None,
) -> None:
    """Run the dialer, the archive, transcription and the panel."""
    set_up_logs()
    settings = settings_of(data)
    logs = settings.logs
    try:
        set_up_logs(file=logs.file, verbose=logs.verbose, format=logs.format)
    except OSError as error:
        fail(f"logs.file: {logs.file} cannot be written: {error.strerror}")
    if port is not None:
        settings = settings.model_copy(update={"web": settings.web.model_copy(update={"port": port})})
    try:
        run(serve_until_told(settings, asyncio.Event(), crash_at, clock_from))
    except (AlreadyServed, DatabaseRefuses, ServerError, InstallError, PortBusy) as error:
        fail(error)


async def serve_until_told(
    settings: Settings, stop: asyncio.Event, crash_at: str = "", clock_from: Path | None = None
) -> None:
    """Run the service until `stop` is set or a signal comes."""
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    server = None
    if settings.private_asterisk is not None:
        server = await running_asterisk(settings, lambda text, _done: console.print(text))
    clock = SteppedClock(clock_from) if clock_from is not None else system_clock
    await Service(settings, server=server, clock=clock, passed=_crasher(crash_at)).run(stop)


def migrate_command(data: DataDir = DEFAULT_DATA) -> None:
    """Bring the database to the newest schema."""
    settings = settings_of(data)
    run(migrate(settings.url))
    console.print("The database has the newest schema.")


class _Crash:
    """Ends the process, as kill -9 does, at the n-th passing of one step."""

    def __init__(self, step: Step, left: int) -> None:
        self._step = step
        self._left = left

    def __call__(self, step: Step) -> None:
        if step is self._step:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def _crasher(crash_at: str) -> "_Crash":
    step, _, times = crash_at.partition(":")
    return _Crash(Step(step), int(times or 1)) if step else _Crash(Step.GO_SENT, 1 << 62)
