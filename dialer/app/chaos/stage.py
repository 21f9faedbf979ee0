"""Everything that chaos needs to stand: Asterisk, the line to it, phones, database, and the service."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from asterisk.install import find_or_install
from asterisk.server import AsteriskServer
from asterisk.settings import PhoneAccount, PrivateAsteriskSettings
from dialer.agents.service import add_agent
from dialer.app.chaos.people import People
from dialer.app.chaos.proxy import Proxy
from dialer.app.demo.site import prepare_folder, write_settings
from dialer.app.drill.books import customers, import_cast
from dialer.app.drill.clerk import Clerk
from dialer.app.drill.stepped import SteppedClock
from dialer.app.drill.subject import ServiceProcess
from dialer.app.logs import set_up_logs
from dialer.app.settings import Settings, load_settings
from dialer.playbooks.library import shipped_library
from dialer.storage.database import Database
from dialer.storage.migrating import migrate

Say = Callable[[str], None]

_EXTENSIONS = tuple(str(number) for number in range(1001, 1013))
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
}
_RECORDINGS: dict[str, object] = {
    "settle_seconds": 0.5,
    "missing_after_seconds": 8.0,
    "retry_seconds": 1.0,
    "retry_limit_seconds": 5.0,
    "lease_seconds": 10.0,
    "scan_seconds": 2.0,
}


class Stage:
    """One installation in `data_dir`, on an Asterisk of its own; the service reaches it through `proxy`."""

    server: AsteriskServer
    proxy: Proxy
    settings: Settings
    database: Database
    service: ServiceProcess

    def __init__(self, data_dir: Path, seed: int) -> None:
        self.data_dir = data_dir
        self.people = People(seed)
        self.clock = SteppedClock(data_dir / "clock")
        self._stack = AsyncExitStack()

    async def open(self, follow_ups: int, say: Say) -> None:
        """Make everything but the service's start.

        Raises:
            NotADemoFolder, InstallError, ServerError, PortBusy: see there.
        """
        prepare_folder(self.data_dir)
        set_up_logs(file=self.data_dir / "drill.log")
        put_away = self._stack.push_async_callback
        await self.people.trunk.open()
        put_away(self.people.close)
        passwords = {extension: secrets.token_hex(8) for extension in _EXTENSIONS}
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
        cast = customers(follow_ups)
        reach = self.server.connection().model_copy(update={"port": self.proxy.port})
        write_settings(
            self.data_dir,
            {"transcribe": False, "drain_seconds": 4.0},
            {
                "calling": {**_CALLING, "trial_numbers": [role.number for role in cast]},
                "recordings": _RECORDINGS,
                "web": {"port": 0},
                "asterisk": reach.model_dump(mode="json", exclude_none=True),
            },
        )
        self.settings = load_settings(self.data_dir)
        await migrate(self.settings.url)
        self.database = Database(self.settings.url)
        await self.database.start()
        put_away(self.database.stop)
        await self.database.write(_add_agents)
        await import_cast(self.database, cast, self.data_dir, ZoneInfo(self.settings.calling.time_zone))
        self.clerk = Clerk(self.database, shipped_library(), self.clock)
        clerking = asyncio.create_task(self.clerk.work(), name="clerk")
        self._stack.callback(clerking.cancel)
        self.service = ServiceProcess(self.data_dir, "--clock-from", str(self.data_dir / "clock"))
        put_away(self.service.kill)

    async def close(self) -> None:
        """Take everything down."""
        await self._stack.aclose()

    @property
    def calls(self) -> int:
        """How often a customer's phone was rung."""
        return len(self.people.trunk.calls)


def _add_agents(conn: Connection) -> None:
    for extension in _EXTENSIONS:
        add_agent(conn, code=extension, name=f"坐席{extension}", extension=extension, branch="drill")
