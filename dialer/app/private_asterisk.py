"""The Asterisk that belongs to a data folder."""

import asyncio
from collections.abc import Callable

from asterisk.install import find_or_install
from asterisk.server import AsteriskServer
from asterisk.settings import AsteriskSettings
from dialer.app.settings import Settings


async def running_asterisk(settings: Settings, progress: Callable[[str, float], None]) -> AsteriskServer:
    """The private Asterisk of this installation, started where it does not run.

    Raises:
        InstallError, ServerError: it cannot be had; the message says what to do.
    """
    assert settings.private_asterisk is not None
    server = AsteriskServer.attach(settings.asterisk_dir)
    if server is None:
        binary = await asyncio.to_thread(find_or_install, progress=progress)
        server = AsteriskServer(binary, settings.asterisk_dir, settings.private_asterisk)
        await server.start()
    return server


def reach(settings: Settings, server: AsteriskServer | None) -> AsteriskSettings:
    """How to reach the Asterisk of this installation."""
    return settings.asterisk if server is None else server.connection()
