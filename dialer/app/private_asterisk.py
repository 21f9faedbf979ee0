"""The Asterisk that belongs to a data folder, and its keeper: one that dies is started again (D7)."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from asterisk.conf import ConfError
from asterisk.install import InstallError, find_or_install
from asterisk.ports import PortBusy
from asterisk.server import AsteriskServer, ServerError
from asterisk.settings import AsteriskSettings
from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.app.settings import Settings
from dialer.clock import Clock
from dialer.storage.database import Database

log = structlog.get_logger(__name__)

DIED = "asterisk_died"
_RUNS_AGAIN = "It runs again."
_LOOK_SECONDS = 1.0
# One that dies again and again is started at longer and longer intervals.
_SHORTEST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
# After so long without another death the matter is over, and its alarm.
_SOUND_SECONDS = 600.0
_CANNOT_START = (ServerError, InstallError, PortBusy, ConfError, OSError)


async def running_asterisk(settings: Settings, progress: Callable[[str, float], None]) -> AsteriskServer:
    """The private Asterisk of this installation, started where it does not run.

    Raises:
        InstallError, ServerError: it cannot be had; the message says what to do.
    """
    assert settings.private_asterisk is not None
    async with _one_at_a_time(settings.asterisk_dir):
        server = AsteriskServer.attach(settings.asterisk_dir)
        if server is None:
            binary = await asyncio.to_thread(find_or_install, progress=progress)
            server = AsteriskServer(binary, settings.asterisk_dir, settings.private_asterisk)
            await server.start()
        _stopped_by_hand(settings).unlink(missing_ok=True)
        return server


async def stop_by_hand(settings: Settings, server: AsteriskServer) -> None:
    """Stop it because a person wants it: its keeper leaves it so until it is started by hand, too."""
    _stopped_by_hand(settings).touch()
    await server.stop()


def reach(settings: Settings, server: AsteriskServer | None) -> AsteriskSettings:
    """How to reach the Asterisk of this installation."""
    return settings.asterisk if server is None else server.connection()


class AsteriskKeeper:
    """Starts the private Asterisk of an installation again whenever it is found dead, and raises an alarm.

    It is for an Asterisk of our own only: one that the site runs itself is its own system's to start.
    """

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._db = database
        self._clock = clock
        self._deaths = 0
        self._pause = _SHORTEST_PAUSE

    async def run(self) -> None:
        """Look for ever."""
        time = asyncio.get_running_loop().time
        lives_since, sound = time(), False
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if AsteriskServer.attach(self._settings.asterisk_dir) is not None:
                if not sound and time() - lives_since > _SOUND_SECONDS:
                    self._deaths, self._pause = 0, _SHORTEST_PAUSE
                    sound = await self._note(lambda conn: clear_alarm(conn, DIED, "asterisk", self._clock()))
            elif not _stopped_by_hand(self._settings).exists():
                await self._start_again()
                lives_since, sound = time(), False

    async def _start_again(self) -> None:
        self._deaths += 1
        state = _RUNS_AGAIN
        try:
            server = await running_asterisk(self._settings, lambda _text, _done: None)
        except _CANNOT_START as trouble:
            state = str(trouble)
            log.error("Our Asterisk died and cannot be started.", action="keep_asterisk", error=state)
        else:
            log.error(
                "Our Asterisk died and was started again; the calls in progress ended with it.",
                action="keep_asterisk",
                times=self._deaths,
                pid=server.pid,
                see=str(server.layout.log),
            )
        data = {"times": self._deaths, "state": state}
        await self._note(lambda conn: raise_alarm(conn, DIED, "asterisk", self._clock(), data))
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    async def _note(self, work: Callable[[Connection], None]) -> bool:
        """False: it could not be written."""
        try:
            await self._db.write(work)
        except SQLAlchemyError as error:
            log.warning("An alarm could not be written.", action="keep_asterisk", error=str(error))
            return False
        return True


@asynccontextmanager
async def _one_at_a_time(folder: Path) -> AsyncIterator[None]:
    """A keeper and a person may want to start it at the same moment: two would share one folder."""
    with _lock_file(folder) as file:
        await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
        yield


def _lock_file(folder: Path) -> TextIO:
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / "start.lock").open("w", encoding="utf-8")


def _stopped_by_hand(settings: Settings) -> Path:
    return settings.asterisk_dir / "stopped-by-hand"
