"""Two telephone systems and two services on one PostgreSQL, with everybody's phones (D8)."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select, update

from asterisk.phones import Answer, Behaviour, CustomerTrunk, PhoneCall, Softphone
from asterisk.server import AsteriskServer
from dialer.agents.service import add_agent
from dialer.app.demo.cast import Fate, Role, orders_csv
from dialer.app.demo.summary import unlinked_files
from dialer.app.drill.clerk import Clerk
from dialer.app.drill.verdict import Ring, Verdict, judge
from dialer.app.settings import FILE_NAME
from dialer.calling.queries import Attempt
from dialer.calling.tables import attempts, repairs
from dialer.clock import system_clock
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.importing.service import import_orders
from dialer.nodes.queries import Told, told
from dialer.playbooks.library import shipped_library
from dialer.storage.database import Database
from dialer.storage.migrating import migrate
from dialer.storage.rows import fetch
from recordings.queries import waiting
from recordings.service import has_news
from recordings.several import SeveralSources
from recordings.source import LocalSource
from recordings.tables import recordings
from tests.fixtures_asterisk import PHONE_PASSWORD
from tests.support.site import talk, tone

LEASE_SECONDS = 10.0
PHONES: Mapping[str, tuple[str, ...]] = {"east": ("8001", "8002"), "west": ("8003", "8004")}
_QUICK = {
    "mode": "live",
    "keep_hours": False,
    "agent_ring_seconds": 4,
    "customer_ring_seconds": 5,
    "gate_seconds": 6,
    "settle_margin_seconds": 2,
    "page_lead_seconds": 0.1,
}


class TwoNodes:
    """Nodes east and west; services `one`, at home in the east, and `two`, in the west."""

    def __init__(self, folder: Path, url: str, servers: Mapping[str, AsteriskServer]) -> None:
        self.folder = folder
        self.servers = servers
        self.url = url
        self.db = Database(url)
        self.trunks: dict[str, CustomerTrunk] = {}
        self.processes: dict[str, asyncio.subprocess.Process] = {}
        self.clerk = Clerk(self.db, shipped_library())
        self._stack = AsyncExitStack()
        self._recordings = folder / "recordings"

    async def open(self) -> None:
        """Make the database, the people and their phones."""
        await migrate(self.url)
        await self.db.start()
        self._stack.push_async_callback(self.db.stop)
        await self.db.write(self._add_people)
        for node, server in self.servers.items():
            trunk = CustomerTrunk(lambda _: talk(1.5), port=server.settings.trunk_port, keep_heard=False)
            self.trunks[node] = await self._stack.enter_async_context(trunk)
            registrar = (server.settings.bind_address, server.ports.sip)
            for extension in PHONES[node]:
                phone = Softphone(extension, PHONE_PASSWORD, registrar, _agent_answers, keep_heard=False)
                await phone.register()
                self._stack.push_async_callback(phone.close)
        clerking = asyncio.create_task(self.clerk.work(), name="clerk")
        self._stack.callback(clerking.cancel)

    async def close(self) -> None:
        """End every process and hang up."""
        for process in self.processes.values():
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
                await process.wait()
        await self._stack.aclose()
        for name in self.processes:
            # Shown where the test failed.
            print(name, (self.folder / name / "service.log").read_text(encoding="utf-8")[-6000:])

    async def serve(self, name: str, home: str) -> None:
        """Start a service in a data folder of its own."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE_NAME).write_text(self._settings(home), encoding="utf-8")
        with (folder / "service.log").open("ab") as log:
            self.processes[name] = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "dialer.app.cli", "serve", "--data", str(folder)),
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )

    async def owe(self, count: int) -> list[str]:
        """Import so many due orders; the customers' numbers."""
        numbers = [f"139{index:08d}" for index in range(1, count + 1)]
        cast = tuple(
            Role(f"JS{number[-4:]}", number, f"豫A{number[-5:]}", "李女士", Fate.ANSWERS)
            for number in numbers
        )
        file = self.folder / "orders.csv"
        zone = ZoneInfo("Asia/Shanghai")
        file.write_bytes(orders_csv(cast, datetime.now(zone).date()))
        await import_orders(
            self.db, shipped_library(), file, zone=zone, default_branch="一店", clock=system_clock
        )
        return numbers

    async def holders(self) -> dict[str, Told]:
        """Who has which node."""
        return await self.db.read(told)

    async def attempts(self) -> list[Attempt]:
        """Every attempt, oldest first."""
        query = select(attempts).order_by(attempts.c.placed_at)
        return await self.db.read(lambda conn: fetch(conn, query, Attempt))

    def rings(self) -> list[str]:
        """The numbers that were rung, each time it was."""
        return [call.number for trunk in self.trunks.values() for call in trunk.calls]

    async def over(self, calls: int) -> bool:
        """Whether so many attempts were made, all have ended, and each recording was taken over."""
        await self.db.write(_due_now)
        rows = await self.attempts()
        talked = [row for row in rows if row.outcome == "answered"]
        if len(talked) < calls or any(row.ended_at is None for row in rows):
            return False
        return not await self.db.read(has_news) and not await self.db.read(waiting)

    async def verdict(self) -> Verdict:
        """What the phones saw, held against the database."""
        rings = [
            Ring(call.attempt, call.number, call.answered_at is not None)
            for trunk in self.trunks.values()
            for call in trunk.calls
        ]
        source = SeveralSources(
            tuple(LocalSource(server.layout.recordings) for server in self.servers.values())
        )
        return judge(
            rings,
            await self.attempts(),
            repairs=await self.db.read(_repairs),
            recorded=await self.db.read(_recorded),
            unlinked=await unlinked_files(self.db, source, self._recordings),
        )

    def _add_people(self, conn: Connection) -> None:
        for node, extensions in PHONES.items():
            for extension in extensions:
                add_agent(conn, code=f"A{extension}", name=node, extension=extension, branch="一店")

    def _settings(self, home: str) -> str:
        top = {"database_url": self.url, "transcribe": False, "drain_seconds": 3}
        tables: Mapping[str, Mapping[str, object]] = {
            "calling": _QUICK,
            "leases": {"seconds": LEASE_SECONDS, "home": [home], "hand_over_seconds": 5},
            "recordings": {
                "root": str(self._recordings),
                "settle_seconds": 0.5,
                "missing_after_seconds": 10.0,
                "retry_seconds": 1.0,
                "scan_seconds": 2.0,
            },
            "web": {"port": 0},
        }
        lines = [f"{key} = {json.dumps(value)}" for key, value in top.items()]
        for name, table in tables.items():
            lines += [f"[{name}]", *_pairs(table)]
        for node, server in self.servers.items():
            lines += ["[[nodes]]", *_pairs({"name": node, "phones": list(PHONES[node])})]
            connection = server.connection().model_dump(mode="json", exclude_defaults=True)
            lines += ["[nodes.asterisk]", *_pairs(connection)]
        return "\n".join(lines) + "\n"


def _agent_answers(_: PhoneCall) -> Behaviour:
    return Answer(ring_seconds=0.2, speech=tone(30))


def _pairs(table: Mapping[str, object]) -> Sequence[str]:
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]


def _due_now(conn: Connection) -> None:
    # Whom a call that came to nothing has put off for minutes is called at once.
    now = system_clock()
    late = (follow_ups.c.state == FollowUpState.WAITING) & (follow_ups.c.due_at > now)
    conn.execute(update(follow_ups).where(late).values(due_at=now))


def _repairs(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(repairs)).scalar_one()


def _recorded(conn: Connection) -> frozenset[str]:
    query = select(recordings.c.attempt_id).where(recordings.c.state == "archived")
    return frozenset(conn.execute(query).scalars())
