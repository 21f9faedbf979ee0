"""Everything looked at, in the order in which a person would mend it. Read-only, beside a running service."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import structlog

import dialer.tables  # noqa: F401  a database has every table
from asterisk.server import AsteriskServer
from dialer.agents.queries import all_agents
from dialer.app.doctor import machine, sizing
from dialer.app.doctor.copies import look_at_copies
from dialer.app.doctor.naming import look_at_name
from dialer.app.doctor.speech import look_at_speech
from dialer.app.doctor.store import look_at_database
from dialer.app.doctor.telephone import AwayFiles, TelephoneSystem
from dialer.app.lock import serving_pid
from dialer.app.logs import set_up_logs
from dialer.app.nodes import Nodes, shares_of
from dialer.app.settings import Settings
from dialer.clock import Clock, system_clock
from dialer.nodes.rules import Share
from dialer.storage.database import Database
from dialer.storage.looking import is_there
from qa.speech.workers import default_workers
from web.finding import Finding, Level, said
from web.i18n import N_

log = structlog.get_logger(__name__)


async def examine_apart(settings: Settings) -> list[Finding]:
    """`examine` in a process of its own, for the panel: what a look costs is not the service's."""
    loop = asyncio.get_running_loop()
    child = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_give_way)
    try:
        return await loop.run_in_executor(child, _examine_here, settings)
    finally:
        child.shutdown(wait=False)


async def examine(settings: Settings, *, clock: Clock = system_clock) -> list[Finding]:
    """Every check of the site in `settings`. What cannot be looked at is said, and the rest goes on."""
    found: list[Finding] = []

    async def part(name: str, look: Callable[[], Awaitable[Iterable[Finding]]]) -> None:
        try:
            found.extend(await look())
        except Exception as error:
            log.exception("A check could not be made.", action="doctor", check=name)
            seen = said(N_("This could not be looked at: {error}"), error=f"{type(error).__name__}: {error}")
            do = said(N_("Tell whoever looks after this software; the log has the details."))
            found.append(Finding(name, name, Level.UNKNOWN, seen, do))

    site = _Site(settings, clock)
    await part("database", lambda: look_at_database(settings.url))
    await part("copies", lambda: look_at_copies(settings))
    await site.read()
    for system in site.telephone_systems():
        await part("asterisk", partial(system.look, settings.calling.gate_seconds))
        site.note(system)
    await part("machine", site.machine)
    await part("speech", site.speech)
    found.append(look_at_name(settings.site))
    return found


class _Site:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._extensions: tuple[str, ...] = ()
        self._measured = sizing.Measured(agents=0)
        self._asterisk_files = 0
        self._pid = serving_pid(settings.data_dir)

    async def read(self) -> None:
        """What the database knows of the site; nothing where it does not answer, which is said elsewhere."""
        if not is_there(self._settings.url):
            return
        database = Database(self._settings.url)
        try:
            agents = await database.read(all_agents)
            self._extensions = tuple(one.extension for one in agents if one.extension)
            self._measured = await database.read(lambda conn: sizing.measure(conn, self._clock()))
        except Exception as error:
            log.info("The site's own figures cannot be read.", action="doctor", error=str(error))
        finally:
            await database.stop()

    def telephone_systems(self) -> list[TelephoneSystem]:
        """Each node of the site."""
        settings = self._settings
        if settings.private_asterisk is not None:
            server = AsteriskServer.attach(settings.asterisk_dir)
            where = None if server is None else server.connection()
            return [TelephoneSystem("", where, self._extensions)]
        nodes = Nodes(settings, None)
        return [
            TelephoneSystem(
                share.name if settings.nodes else "",
                nodes.reach(share),
                [one for one in self._extensions if share.has_phone(one)],
                _away(nodes, share),
            )
            for share in shares_of(settings)
        ]

    def note(self, system: TelephoneSystem) -> None:
        """Keep what other checks need of it."""
        limit = system.answers.core.get("CoreMaxFilehandles", "") if system.answers is not None else ""
        if limit.isdecimal() and int(limit):
            self._asterisk_files = min(self._asterisk_files or int(limit), int(limit))

    async def machine(self) -> list[Finding]:
        """Disk, size, port, files, secrets, time zones."""
        settings, needed = self._settings, sizing.need(self._measured)
        root = settings.recordings.root
        free = await asyncio.to_thread(lambda: shutil.disk_usage(_nearest(root)).free)
        return [
            sizing.check_disk(needed, free, settings.recordings.keep_free_bytes, str(root)),
            sizing.check_size(needed),
            await machine.check_port(settings, self._pid),
            machine.check_open_files(
                needed.agents, self._pid, self._asterisk_files, settings.calling.max_calls
            ),
            machine.check_secrets(settings),
            machine.check_zones(settings),
        ]

    async def speech(self) -> list[Finding]:
        """The model, and whether the cores keep up."""
        found = [await look_at_speech(self._settings)]
        if self._settings.transcribe:
            workers = self._settings.speech.workers or default_workers()
            found.append(sizing.check_transcription(sizing.need(self._measured), workers))
        return found


def _away(nodes: Nodes, share: Share) -> AwayFiles | None:
    files = nodes.files(share)
    return AwayFiles(files.url, nodes.recordings_of(share), nodes.cel(share)) if files is not None else None


def _give_way() -> None:
    os.nice(10)
    set_up_logs(quiet=True)


def _examine_here(settings: Settings) -> list[Finding]:
    return asyncio.run(examine(settings))


def _nearest(path: Path) -> Path:
    """The folder itself, or the one above that is there already."""
    return next(one for one in (path, *path.parents) if one.exists())
