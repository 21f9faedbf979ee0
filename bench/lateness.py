"""How late an appointment is called, and how long the next call is looked for, with much waiting (D2, L7).

The engine, its database and its commits are the product's; the telephones are the shipped fake's, so that no
other program is in the way. Agents are busy with calls that nobody answers, as on any day, and appointments
come due among them. The lateness is from the minute agreed to the moment at which the agent's phone is asked
to ring.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, select, text, update

import dialer.tables  # noqa: F401  a database has every table
from bench.waiting import OPEN, SHUT, fill
from dialer.agents.queries import ON_DUTY
from dialer.agents.service import add_agent, ready, sign_in
from dialer.calling.engine import Engine
from dialer.calling.modes.queries import appointments
from dialer.calling.settings import CallingSettings, Mode
from dialer.calling.tables import attempts
from dialer.followups.queries import Callers, due
from dialer.followups.tables import OWN_HOURS, follow_ups
from dialer.pace import keep_pace
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.dialects import is_sqlite, make_server_engine, make_sqlite_keeper, sqlite_url
from dialer.storage.migrating import migrate
from dialer.telephony.fake import FakeTelephony
from dialer.telephony.fates import CustomerDoes, CustomerFate
from dialer.telephony.port import CallOrder

MOST_LATE_P99_MS = 100.0
MOST_LOOKING_P99_MS = 5.0
WORST_GROWTH = 1.5
SIZES = (10_000, 100_000)
FULL = 1_000_000
APPOINTMENTS = 10_000

# A weekday morning on the engine's clock: one playbook is open, the other not yet.
_BEGIN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
_AGENTS = 40
_EVERY_SECONDS = 0.5
_LEAD_SECONDS = 3
_RINGS_SECONDS = (2.0, 8.0)
_LOOKS = 200
_FIRST_AFTER_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """One size on one database. Milliseconds."""

    database: str
    waiting: int
    late_p50: float
    late_p99: float
    late_most: float
    kept: int
    missed: int
    looking_p50: float
    looking_p99: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured. `growth`: of looking for the next call, from the smallest size to the largest."""

    sizes: tuple[Waiting, ...]
    growth: dict[str, float]

    @property
    def good(self) -> bool:
        """Whether appointments are kept to the moment and the next call is found, however much waits."""
        return all(
            one.late_p99 <= MOST_LATE_P99_MS and one.looking_p99 <= MOST_LOOKING_P99_MS and not one.missed
            for one in self.sizes
        )


async def measure(
    sizes: Sequence[int] = SIZES,
    seconds: float = 30,
    done: Callable[[Waiting], None] = lambda _: None,
    kinds: Sequence[str] = ("SQLite", "PostgreSQL"),
) -> Figures:
    """Measure these sizes on each kind of database; `done` is told of each.

    PostgreSQL is the package pgserver's, and is left out where that is not installed.
    """
    keep_pace()
    found: list[Waiting] = []
    growth: dict[str, float] = {}
    for kind in kinds:
        with _server(kind) as url:
            if url is None:
                continue
            own: list[Waiting] = []
            for size in sorted(sizes):
                own.append(await _measure(kind, url(size), size, seconds))
                done(own[-1])
            growth[kind] = own[-1].looking_p50 / own[0].looking_p50
            found += own
    return Figures(tuple(found), growth)


async def _measure(kind: str, url: str, size: int, seconds: float) -> Waiting:
    await migrate(url)
    clock = _Clock()
    async with _database(url) as database:
        if is_sqlite(url):
            agents = await database.write(lambda conn: _prepare(conn, size, clock()))
            # One transaction wrote it all: while that stands in the log, every read searches the log.
            await asyncio.to_thread(_bring_in, url)
        else:
            agents = await _prepare_server(url, size, clock())
        looks = sorted(
            [await database.read(lambda conn: _look(conn, agents, clock())) for _ in range(_LOOKS)]
        )
        late, missed = await _keep(database, clock, agents, seconds)
    looks.sort()
    return Waiting(
        kind,
        size,
        late_p50=round(_part(late, 0.5), 1),
        late_p99=round(_part(late, 0.99), 1),
        late_most=round(_part(late, 1), 1),
        kept=len(late),
        missed=missed,
        looking_p50=round(_part(looks, 0.5), 2),
        looking_p99=round(_part(looks, 0.99), 2),
    )


async def _prepare_server(url: str, size: int, now: datetime) -> list[str]:
    """A million rows take longer than the service would wait for an answer."""
    engine = make_server_engine(url, patient=True)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(lambda conn: _prepare(conn, size, now))
    finally:
        await engine.dispose()


def _bring_in(url: str) -> None:
    engine = make_sqlite_keeper(url)
    with engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


def _prepare(conn: Connection, size: int, now: datetime) -> list[str]:
    fill(conn, size, now)
    # Appointments of the days to come; those of the next minute are made when it begins.
    count = min(APPOINTMENTS, size // 2)
    later = [now + timedelta(hours=1, seconds=number) for number in range(count)]
    _appoint(conn, [f"F{2 * number + 1}" for number in range(count)], later)
    agents = []
    for number in range(_AGENTS):
        agent = add_agent(conn, code=f"{number}", name=f"{number}", extension=f"8{number:03}", branch="bench")
        sign_in(conn, agent, now)
        agents.append(agent)
    if conn.dialect.name == "postgresql":
        conn.execute(text("ANALYZE"))
    return agents


def _appoint(conn: Connection, followups: Sequence[str], times: Sequence[datetime]) -> None:
    change = update(follow_ups).where(follow_ups.c.id == bindparam("whose"))
    change = change.values(appointment_at=bindparam("at"), due_at=bindparam("at"), hours=OWN_HOURS)
    conn.execute(change, [{"whose": one, "at": at} for one, at in zip(followups, times, strict=True)])


def _look(conn: Connection, agents: Sequence[str], now: datetime) -> float:
    """Milliseconds to find the next call for one agent: an appointment near, else what is due."""
    began = time.perf_counter()
    near = appointments(conn, agents[:1], now, timedelta(seconds=_LEAD_SECONDS), 4)
    first = due(
        conn, now, playbooks=(OPEN,), numbers=None, limit=1, callers=Callers(list(agents[:1]), ON_DUTY)
    )
    taken = (time.perf_counter() - began) * 1000
    assert not near
    assert first
    return taken


async def _keep(
    database: Database, clock: "_Clock", agents: Sequence[str], seconds: float
) -> tuple[list[float], int]:
    """How late each appointment was called, in milliseconds, and how many were not called at all."""
    extensions = [f"8{number:03}" for number in range(len(agents))]
    telephony = _Noting(clock, extensions)
    settings = CallingSettings(
        mode=Mode.LIVE,
        page_lead_seconds=0,
        appointment_lead_seconds=_LEAD_SECONDS,
        max_calls=len(agents),
    )
    engine = Engine(database, telephony, _library(), settings, clock)
    first = clock() + timedelta(seconds=_FIRST_AFTER_SECONDS)
    times = [
        first + timedelta(seconds=_EVERY_SECONDS * place) for place in range(round(seconds / _EVERY_SECONDS))
    ]
    whose = [f"F{2 * place + 1}" for place in range(len(times))]
    await database.write(lambda conn: _appoint(conn, whose, times))
    running = asyncio.create_task(engine.run())
    try:
        for agent in agents:
            await database.write(partial(ready, agent_id=agent, now=clock()))
        await asyncio.sleep((times[-1] - clock()).total_seconds() + _LEAD_SECONDS)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    called = await database.read(lambda conn: _called(conn, whose))
    late = [
        (telephony.asked[called[one]] - at).total_seconds() * 1000
        for one, at in zip(whose, times, strict=True)
        if one in called
    ]
    return sorted(late), len(times) - len(late)


def _called(conn: Connection, whose: Sequence[str]) -> dict[str, str]:
    query = select(attempts.c.follow_up_id, attempts.c.id).where(attempts.c.follow_up_id.in_(whose))
    return {row.follow_up_id: row.id for row in conn.execute(query.order_by(attempts.c.placed_at.desc()))}


class _Clock:
    """Ten in the morning of a working day, whenever this runs."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self) -> datetime:
        return _BEGIN + timedelta(seconds=time.monotonic() - self._began)


class _Noting(FakeTelephony):
    """Notes when each call was asked for. No customer answers: every agent has the next call soon."""

    def __init__(self, clock: _Clock, phones: Sequence[str]) -> None:
        super().__init__(phones=phones, clock=clock)
        self.asked: dict[str, datetime] = {}
        self._now = clock

    async def call_agent(self, order: CallOrder) -> None:
        """See the port."""
        self.asked[order.attempt_id] = self._now()
        shortest, longest = _RINGS_SECONDS
        after = shortest + (longest - shortest) * (len(self.asked) * 7 % 37) / 37
        self.customers[order.customer_number] = CustomerFate(does=CustomerDoes.BUSY, after=after)
        await super().call_agent(order)


def _library() -> Library:
    words = {"zh": "文", "en": "text"}
    common: dict[str, Any] = {
        "version": 1,
        "name": words,
        "reason": words,
        "occasions": {"kinds": ["order"]},
        "questionnaire": [{"id": "q1", "type": "text", "ask": words}],
        "rules": "none",
        "steps": [{"earliest": "1d", "target": "1d", "limit": "3wd"}],
    }
    hours = {OPEN: ("09:00", "12:00"), SHUT: ("14:00", "20:00")}
    return Library(
        tuple(
            Playbook.model_validate({**common, "id": name, "windows": [{"start": start, "end": end}]})
            for name, (start, end) in hours.items()
        )
    )


@asynccontextmanager
async def _database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.start()
    try:
        yield database
    finally:
        await database.stop()


@contextmanager
def _server(kind: str) -> Iterator[Callable[[int], str] | None]:
    """The address of a new database for a size."""
    with tempfile.TemporaryDirectory(prefix="hf-") as folder:
        if kind == "SQLite":
            yield lambda size: sqlite_url(Path(folder) / f"{size}.db")
            return
        try:
            get_server = import_module("pgserver").get_server
        except ModuleNotFoundError:
            yield None
            return
        server = get_server(Path(folder) / "server")
        try:
            yield lambda size: _make(server, f"size{size}")
        finally:
            server.cleanup()


def _make(server: Any, name: str) -> str:
    server.psql(f"CREATE DATABASE {name};")
    return str(server.get_uri(database=name)).replace("postgresql://", "postgresql+asyncpg://")


def _part(sorted_values: Sequence[float], share: float) -> float:
    if not sorted_values:
        return float("nan")
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]
