"""Everything that chaos needs to stand: Asterisk, the line to it, phones, database, and the service."""

import asyncio
import random
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import Connection, inspect

from asterisk.install import find_or_install
from asterisk.ports import free_port
from asterisk.server import AsteriskServer
from asterisk.settings import PhoneAccount, PrivateAsteriskSettings
from dialer.agents.states import AgentState
from dialer.app.chaos.callers import Callers
from dialer.app.chaos.hands import LATEST_FORM, Hands
from dialer.app.chaos.owed import PREVIEW_SECONDS, owe, publish
from dialer.app.chaos.people import LONGEST_TALK, People
from dialer.app.chaos.proxy import Proxy
from dialer.app.chaos.staff import DESK, PHONES, add_people
from dialer.app.chaos.stays import longest
from dialer.app.chaos.steps import InCalls
from dialer.app.demo.site import prepare_folder, write_settings
from dialer.app.drill.stepped import SteppedClock
from dialer.app.drill.subject import ServiceProcess
from dialer.app.logs import set_up_logs
from dialer.app.settings import Settings, load_settings
from dialer.calling.committing import Pairing
from dialer.calling.watchdog import Times
from dialer.clock import system_clock
from dialer.playbooks.library import shipped_library
from dialer.playbooks.service import library_of
from dialer.storage.database import Database
from dialer.storage.migrating import migrate

Say = Callable[[str], None]

# Of the customers that are owed a call one in so many rings us; as many strangers do.
_RINGS_IN = 4
_GATE_SECONDS = 2
# Short waits everywhere, so that a fault takes seconds.
_CALLING: dict[str, object] = {
    "mode": "trial",
    "keep_hours": False,
    "agent_ring_seconds": 4,
    "customer_ring_seconds": 5,
    "gate_seconds": _GATE_SECONDS,
    "settle_margin_seconds": 3,
    "page_lead_seconds": 0.1,
    "connect_seconds": 3,
    "preview_seconds": PREVIEW_SECONDS,
    "caller_wait_seconds": 10,
}
_AGENTS: dict[str, object] = {"wrap_up_extension_seconds": 5, "wrap_up_limit_seconds": 10}
_RECORDINGS: dict[str, object] = {
    "settle_seconds": 0.5,
    "missing_after_seconds": 5.0,
    "retry_seconds": 1.0,
    "retry_limit_seconds": 5.0,
    "lease_seconds": 10.0,
    "scan_seconds": 2.0,
}


class NotEmpty(Exception):
    """The database that was named holds something already."""


class Stage:
    """One installation in `data_dir`, on an Asterisk of its own; the service reaches it through `proxy`.

    `database_url` is a PostgreSQL without tables; "": SQLite in the folder.
    """

    server: AsteriskServer
    proxy: Proxy
    settings: Settings
    database: Database
    service: ServiceProcess
    hands: Hands
    callers: Callers
    in_calls: InCalls

    def __init__(self, data_dir: Path, seed: int, database_url: str = "") -> None:
        self.data_dir = data_dir
        self.database_url = database_url
        self.people = People(seed)
        self.clock = SteppedClock(data_dir / "clock")
        # What power cuts took from the channel event log.
        self.lost = ""
        self._seed = seed
        self._stack = AsyncExitStack()
        self._at_work: list[asyncio.Task[None]] = []

    async def open(self, follow_ups: int, say: Say) -> None:
        """Make everything but the service's start.

        Raises:
            NotADemoFolder, NotEmpty, InstallError, ServerError, PortBusy: see there.
        """
        prepare_folder(self.data_dir)
        set_up_logs(file=self.data_dir / "drill.log")
        put_away = self._stack.push_async_callback
        self.service = ServiceProcess(self.data_dir, "--clock-from", str(self.data_dir / "clock"))
        await self.service.prepare()
        put_away(self.service.close)
        await self.people.trunk.open()
        put_away(self.people.close)
        passwords = {extension: secrets.token_hex(8) for extension in PHONES}
        private = PrivateAsteriskSettings(
            ami_secret=secrets.token_hex(16),
            phones=tuple(PhoneAccount(extension=one, password=word) for one, word in passwords.items()),
            trunk_port=self.people.trunk.address[1],
            gate_seconds=_GATE_SECONDS,
        )
        binary = await asyncio.to_thread(find_or_install, progress=lambda text, _done: say(text))
        self.server = AsteriskServer(binary, self.data_dir / "asterisk", private)
        await self.server.start()
        put_away(self.server.stop)
        self.proxy = Proxy(self.server.ports.ami)
        await self.proxy.open()
        put_away(self.proxy.close)
        await self.people.register((private.bind_address, self.server.ports.sip), passwords)
        owed = [f"139{index:08d}" for index in range(follow_ups)]
        strangers = [f"137{index:08d}" for index in range(follow_ups // _RINGS_IN)]
        self._write_settings([*owed, *strangers])
        await self._fill(owed)
        self.callers = Callers(self.server, [*owed[::_RINGS_IN], *strangers], self._seed)

    def _write_settings(self, numbers: Sequence[str]) -> None:
        reach = self.server.connection().model_copy(update={"port": self.proxy.port})
        database = {"database_url": self.database_url} if self.database_url else {}
        write_settings(
            self.data_dir,
            {"transcribe": False, "drain_seconds": 2.0, **database},
            {
                "calling": {**_CALLING, "trial_numbers": list(numbers)},
                "agents": _AGENTS,
                "recordings": _RECORDINGS,
                "web": {"port": free_port("127.0.0.1", udp=False)},
                "asterisk": reach.model_dump(mode="json", exclude_none=True),
            },
        )
        self.settings = load_settings(self.data_dir)

    async def _fill(self, owed: Sequence[str]) -> None:
        """The database with its people, their users, and what is owed."""
        self.database = Database(self.settings.url)
        await self.database.start()
        self._stack.push_async_callback(self.database.stop)
        if self.database_url:
            await self.database.read(_must_be_empty)
        await migrate(self.settings.url)
        zone, dice = self.settings.web.zone, random.Random(f"{self._seed}/owed")
        await self.database.write(lambda conn: publish(conn, system_clock()))
        await self.database.write(lambda conn: owe(conn, owed, zone, system_clock(), dice))
        keys = await self.database.write(add_people)
        library = await self.database.read(lambda conn: library_of(conn, shipped_library()))
        pairing = Pairing(self.settings.calling, library, run_id="", reachable=None)
        self.hands = Hands(self.database, library, self.clock, pairing, self._seed)
        address = f"http://{self.settings.web.host}:{self.settings.web.port}"
        self.in_calls = InCalls(self.database, address, keys, DESK, self._seed)

    def begin(self, watching: Coroutine[None, None, None]) -> None:
        """From now on people do what people do, `watching` looks on."""
        for work in (self.hands.work(), watching, self.callers.work(), self.in_calls.work()):
            self._at_work.append(asyncio.create_task(work))
        self._stack.push_async_callback(self._stop_people)

    def calm_down(self) -> None:
        """Nobody rings, and nothing is done in calls any more; agents finish what they have.

        Raises:
            Exception: what ended one of them: without it the drill would prove less than it says.
        """
        _hands, _watching, *others = self._at_work
        for task in self._at_work:
            if task.done():
                task.result()
        self.hands.open = False
        for task in others:
            task.cancel()

    async def _stop_people(self) -> None:
        for task in self._at_work:
            task.cancel()
        await asyncio.wait(self._at_work)

    async def close(self) -> None:
        """Take everything down."""
        await self._stack.aclose()

    @property
    def longest_stays(self) -> Mapping[AgentState, float]:
        """How many seconds each state of an agent can last."""
        settings = self.settings
        return longest(
            Times.of(settings.calling, settings.agents),
            talk=LONGEST_TALK,
            preview=PREVIEW_SECONDS,
            # Who has left his call to others may save its form only when it has ended.
            wrap_up=LATEST_FORM + LONGEST_TALK,
        )

    async def panel_answers(self) -> bool:
        """Whether the service has come so far that its panel takes connections."""
        web = self.settings.web
        try:
            _, writer = await asyncio.open_connection(web.host, web.port)
        except OSError:
            return False
        writer.close()
        return True

    @property
    def lines_up(self) -> list[str]:
        """The customers' phones that nobody has hung up."""
        return [
            f"{call.number} {call.attempt}" for call in self.people.trunk.calls if not call.ended.is_set()
        ]

    @property
    def calls(self) -> int:
        """How often a customer's phone was rung."""
        return sum(bool(call.attempt) for call in self.people.trunk.calls)


def _must_be_empty(conn: Connection) -> None:
    if inspect(conn).get_table_names():
        raise NotEmpty("the database holds something already: name a new one with --database")
