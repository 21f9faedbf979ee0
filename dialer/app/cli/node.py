"""`dialer node`: what runs on the telephone system's machine when the service is on another (A6, D8)."""

import asyncio
import signal

import typer

from dialer.app.cli.common import DEFAULT_DATA, DataDir, console, fail, run, settings_of
from dialer.app.logs import set_up_logs
from recordings.node.server import NodeAgent

app = typer.Typer(help="The agent on the telephone system's machine.", no_args_is_help=True)


@app.callback()
def node() -> None:
    """The agent on the telephone system's machine."""


@app.command()
def serve(data: DataDir = DEFAULT_DATA) -> None:
    """Hand out this machine's recordings and channel event log to the service."""
    set_up_logs()
    settings = settings_of(data)
    try:
        agent = NodeAgent(
            settings.node_agent,
            recordings_dir=settings.asterisk.recordings_dir,
            cel_file=settings.asterisk.cel_file,
        )
        run(_serve_until_told(agent))
    except (ValueError, OSError) as error:
        fail(error)


async def _serve_until_told(agent: NodeAgent) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await agent.start()
    console.print(f"The node agent listens on port {agent.port}.", soft_wrap=True)
    try:
        await stop.wait()
    finally:
        await agent.stop()
