"""A whole running site: a real Asterisk, the service in this process, and phones that talk."""

import asyncio
import html
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import aiohttp
from sqlalchemy import Connection, func, select

from asterisk.phones import Answer, Behaviour, CustomerTrunk, PhoneCall, Softphone
from asterisk.server import AsteriskServer
from dialer.agents import service as agents
from dialer.agents.queries import AgentSession, session
from dialer.alarms.service import Alarm, open_alarms
from dialer.app.demo.cast import Fate, Role, orders_csv
from dialer.app.demo.summary import unlinked_files
from dialer.app.drill.clerk import Clerk
from dialer.app.drill.verdict import Ring, Verdict, judge
from dialer.app.service import Service
from dialer.app.settings import FILE_NAME, Settings, load_settings
from dialer.calling.queries import Attempt
from dialer.calling.states import AttemptState
from dialer.calling.tables import attempts, repairs
from dialer.clock import system_clock
from dialer.followups.queries import FollowUp
from dialer.followups.tables import follow_ups
from dialer.importing.service import import_orders
from dialer.playbooks.library import Library, shipped_library
from dialer.storage.database import Database
from dialer.storage.migrating import migrate
from dialer.storage.rows import fetch
from recordings.queries import Recording, recording_of, waiting
from recordings.service import has_news
from recordings.source import LocalSource
from recordings.states import RecordingState
from recordings.tables import recordings
from tests.fixtures_asterisk import EXTENSIONS, PHONE_PASSWORD
from web.auth.passwords import hash_password
from web.auth.service import add_user

T = TypeVar("T")
Tables = Mapping[str, Mapping[str, object]]

PASSWORD = "correct horse battery"
LANGUAGES = ("zh", "en")
_HASH = hash_password(PASSWORD)
_NUMBERS = tuple(f"139{index:08d}" for index in range(1, 21))
_RATE = 8000
_PATIENCE = 40.0
# Short waits everywhere, so that a scenario takes seconds.
_QUICK: Tables = {
    "calling": {
        "mode": "trial",
        "trial_numbers": list(_NUMBERS),
        "keep_hours": False,
        "agent_ring_seconds": 4,
        "customer_ring_seconds": 5,
        "gate_seconds": 2,
        "settle_margin_seconds": 2,
        "page_lead_seconds": 0.1,
    },
    "recordings": {
        "settle_seconds": 0.5,
        "missing_after_seconds": 8.0,
        "retry_seconds": 1.0,
        "scan_seconds": 2.0,
    },
    "web": {"port": 0},
}


def tone(seconds: float) -> bytes:
    """A-law of a tone: enough to be no silence."""
    return bytes(0x35 if (n // 10) % 2 else 0xB5 for n in range(int(seconds * _RATE)))


def talk(seconds: float, *, ring_seconds: float = 0.4) -> Answer:
    """A customer who answers, talks, and hangs up `seconds` after the answer."""
    return Answer(ring_seconds=ring_seconds, speech=tone(seconds), hang_up_after=seconds)


async def until(look: Callable[[], Awaitable[T | None]], what: str, seconds: float = _PATIENCE) -> T:
    """The first result of `look` that is not None or False.

    Raises:
        AssertionError: there was none within `seconds`; `what` says what was waited for.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < deadline:
        found = await look()
        if found is not None and found is not False:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s in vain: {what}")


class Site:
    """One installation in `folder` on `server`, with its agents' phones and its customers."""

    def __init__(
        self,
        folder: Path,
        server: AsteriskServer,
        *,
        agents: int = 1,
        tables: Tables | None = None,
        transcribe: bool = False,
        drain_seconds: float = 5.0,
        library: Library | None = None,
        database_url: str = "",
        reached_at: str = "",
    ) -> None:
        """On SQLite, or on the database at `database_url`, which the service reaches at `reached_at`."""
        # None: the shipped playbooks, and those that are published.
        self._library = library
        self.folder = folder
        self.server = server
        folder.mkdir(parents=True, exist_ok=True)
        connection = server.connection().model_dump(mode="json", exclude_none=True)
        every: dict[str, dict[str, object]] = {"asterisk": connection}
        for part in (_QUICK, tables or {}):
            for name, table in part.items():
                every[name] = {**every.get(name, {}), **table}
        reached = reached_at or database_url
        top = {"transcribe": transcribe, "drain_seconds": drain_seconds, "database_url": reached}
        (folder / FILE_NAME).write_text(_toml(top, every), encoding="utf-8")
        self.settings: Settings = load_settings(folder)
        self._url = database_url or self.settings.url
        self.db = Database(self._url)
        self.trunk = CustomerTrunk(self._customer, port=server.settings.trunk_port, keep_heard=False)
        self.extensions = EXTENSIONS[:agents]
        self.agent_does: Behaviour = Answer(ring_seconds=0.2, speech=tone(60))
        self.phones: dict[str, Softphone] = {}
        self.agents: dict[str, str] = {}
        self.service: Service | None = None
        self._customers: dict[str, Behaviour] = {}
        self._clerking: asyncio.Task[None] | None = None

    # --- setting up and down ----------------------------------------------------------------

    async def open(self) -> None:
        """Make the database, its people, and the phones."""
        await migrate(self._url)
        await self.db.start()
        await self.db.write(self._add_people)
        await self.trunk.open()
        registrar = (self.server.settings.bind_address, self.server.ports.sip)
        for extension in self.extensions:
            phone = Softphone(
                extension, PHONE_PASSWORD, registrar, lambda _: self.agent_does, keep_heard=False
            )
            await phone.register()
            self.phones[extension] = phone

    async def close(self) -> None:
        """Hang up, and leave nothing behind on the telephone system."""
        if self._clerking is not None:
            self._clerking.cancel()
            await asyncio.wait([self._clerking])
        await asyncio.gather(*(phone.close() for phone in self.phones.values()))
        await self.trunk.close()
        await self.db.stop()
        for left in self.server.layout.recordings.iterdir():
            left.unlink(missing_ok=True)

    @asynccontextmanager
    async def serving(
        self, *, panel: bool = True, asterisk: AsteriskServer | None = None
    ) -> AsyncIterator[Service]:
        """The service runs in this process, with its panel unless that is False; `asterisk` is its own."""
        stop = asyncio.Event()
        service = self.service = Service(self.settings, server=asterisk, library=self._library)
        running = asyncio.create_task(service.run(stop), name="service")
        try:
            if panel:
                await until(lambda: _either(service.panel_ready, running), "the panel comes up")
            yield service
        finally:
            stop.set()
            await running
            self.service = None

    def clerk(self) -> Clerk:
        """Agents who are ready again and again, and save their forms."""
        clerk = Clerk(self.db, shipped_library())
        self._clerking = asyncio.create_task(clerk.work(), name="clerk")
        return clerk

    async def ready(self, extension: str = EXTENSIONS[0]) -> None:
        """This agent signs in and wants calls."""

        def work(conn: Connection) -> None:
            agents.sign_in(conn, self.agents[extension], system_clock())
            agents.ready(conn, self.agents[extension], system_clock())

        await self.db.write(work)

    async def owe(self, *customers: Behaviour) -> tuple[str, ...]:
        """Import a due order for each customer who behaves like this; their numbers."""
        first = len(self._customers)
        numbers = _NUMBERS[first : first + len(customers)]
        self._customers.update(zip(numbers, customers, strict=True))
        cast = tuple(Role(f"JS{one[-4:]}", one, f"豫A{one[-5:]}", "李女士", Fate.ANSWERS) for one in numbers)
        zone = ZoneInfo(self.settings.calling.time_zone)
        file = self.folder / f"orders-{first}.csv"
        file.write_bytes(orders_csv(cast, datetime.now(zone).date()))
        report = await import_orders(
            self.db,
            self._library or shipped_library(),
            file,
            zone=zone,
            default_branch="一店",
            clock=system_clock,
        )
        assert report.follow_ups == len(customers), report
        return numbers

    # --- looking ----------------------------------------------------------------------------

    async def attempts(self, number: str | None = None) -> list[Attempt]:
        """Every attempt, or those at one number, oldest first."""
        query = select(attempts).order_by(attempts.c.placed_at)
        if number is not None:
            query = query.where(attempts.c.number == number)
        return await self.db.read(lambda conn: fetch(conn, query, Attempt))

    async def attempt_in(self, number: str, *states: AttemptState) -> Attempt:
        """The latest attempt at this number, as soon as it is in one of these states."""

        async def look() -> Attempt | None:
            found = await self.attempts(number)
            return found[-1] if found and found[-1].state in states else None

        try:
            return await until(look, f"an attempt at {number} is {' or '.join(states)}")
        except AssertionError as error:
            raise AssertionError(f"{error}; all there are: {await self.attempts()}") from None

    async def ended(self, number: str) -> Attempt:
        """The latest attempt at this number, as soon as it has ended."""
        return await self.attempt_in(number, AttemptState.ENDED)

    async def archived(self, attempt: Attempt) -> Recording:
        """The recording of this attempt, as soon as it is in the archive."""

        async def look() -> Recording | None:
            row = await self.db.read(lambda conn: recording_of(conn, attempt.id))
            return row if row is not None and row.state is RecordingState.ARCHIVED else None

        return await until(look, f"the recording of {attempt.id} is archived")

    async def follow_up(self, number: str) -> FollowUp:
        """The follow-up of this customer."""
        query = select(follow_ups).where(follow_ups.c.number == number)
        (row,) = await self.db.read(lambda conn: fetch(conn, query, FollowUp))
        return row

    async def session(self, extension: str = EXTENSIONS[0]) -> AgentSession:
        """The session of this agent."""
        found = await self.db.read(lambda conn: session(conn, self.agents[extension]))
        assert found is not None
        return found

    async def alarm(self, kind: str) -> Alarm:
        """The open alarm of this kind, as soon as there is one."""

        async def look() -> Alarm | None:
            found = [one for one in await self.db.read(open_alarms) if one.kind == kind]
            return found[0] if found else None

        return await until(look, f"the alarm {kind}")

    async def no_alarm(self) -> None:
        """Wait until no alarm is open."""

        async def look() -> bool:
            return not await self.db.read(open_alarms)

        try:
            await until(look, "every alarm is over", 20)
        except AssertionError:
            raise AssertionError(f"still open: {await self.db.read(open_alarms)}") from None

    @asynccontextmanager
    async def logged_in(self, language: str) -> AsyncIterator[aiohttp.ClientSession]:
        """The browser of a supervisor who reads this language."""
        assert self.service is not None
        jar, page = aiohttp.CookieJar(unsafe=True), {"Accept": "text/html"}
        async with aiohttp.ClientSession(self.service.panel_address, cookie_jar=jar, headers=page) as http:
            login = await (await http.get("/login")).text()
            token = re.search(r'<meta name="csrf" content="([^"]+)">', login)
            assert token is not None
            form = {"login": f"boss-{language}", "password": PASSWORD, "csrf_token": token[1]}
            async with http.post("/login", data=form) as answer:
                answer.raise_for_status()
            yield http

    async def page(self, language: str) -> str:
        """The supervisor's page as a logged-in supervisor gets it."""
        async with self.logged_in(language) as http, http.get("/supervisor") as answer:
            answer.raise_for_status()
            return await answer.text()

    async def alarm_text(self, kind: str, language: str) -> str:
        """What the supervisor's page says of this alarm, as soon as it is open."""
        await self.alarm(kind)
        page = await self.page(language)
        found = re.search(rf'<li [^>]*data-alarm="{kind}">(.*?)</li>', page, re.DOTALL)
        assert found is not None, f"the alarm {kind} is not on the page"
        return plain(found[1])

    async def sound(self) -> Verdict:
        """Everything comes to its end; what the phones saw is held against the database (D7, A1)."""

        async def look() -> bool:
            flying = await self.attempts()
            over = all(row.state is AttemptState.ENDED for row in flying)
            return over and not await self.db.read(has_news) and not await self.db.read(waiting)

        await until(look, "every call is settled and every recording taken over")
        rings = [Ring(call.attempt, call.number, call.answered_at is not None) for call in self.trunk.calls]
        source = LocalSource(self.server.layout.recordings)
        verdict = judge(
            rings,
            await self.attempts(),
            repairs=await self.db.read(_repairs),
            recorded=await self.db.read(_recorded),
            unlinked=await unlinked_files(self.db, source, self.settings.recordings.root),
        )
        assert verdict.sound, verdict.details
        return verdict

    def rings(self, number: str) -> int:
        """How often this customer's phone was rung."""
        return sum(call.number == number for call in self.trunk.calls)

    def _customer(self, call: PhoneCall) -> Behaviour:
        return self._customers[call.number]

    def _add_people(self, conn: Connection) -> None:
        now = system_clock()
        for extension in self.extensions:
            self.agents[extension] = agents.add_agent(
                conn, code=extension, name=f"坐席{extension}", extension=extension, branch="一店"
            )
        for language in LANGUAGES:
            add_user(
                conn,
                login=f"boss-{language}",
                name="班长",
                password_hash=_HASH,
                roles=["supervisor"],
                language=language,
                now=now,
            )


def plain(markup: str) -> str:
    """The text of a piece of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def said(logs: Collection[Mapping[str, object]], *fragments: str) -> Mapping[str, object] | None:
    """The first log line that has all of these, in its sentence or its values; None if none has."""
    for line in logs:
        text = " ".join(str(value) for value in line.values())
        if all(fragment in text for fragment in fragments):
            return line
    return None


async def _either(event: asyncio.Event, running: "asyncio.Task[None]") -> bool:
    if running.done():
        running.result()
    return event.is_set()


def _repairs(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(repairs)).scalar_one()


def _recorded(conn: Connection) -> frozenset[str]:
    query = select(recordings.c.attempt_id).where(recordings.c.state == RecordingState.ARCHIVED)
    return frozenset(conn.execute(query).scalars())


def _toml(top: Mapping[str, object], tables: Tables) -> str:
    # Strings, numbers, truth and lists are written alike in JSON and TOML.
    lines = [f"{key} = {json.dumps(value)}" for key, value in top.items()]
    for name, table in tables.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"
