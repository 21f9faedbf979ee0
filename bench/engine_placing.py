"""The product's engine as a placer of calls: real Asterisk link, real database, durable commits."""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Self
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from asterisk.ami.devices import Devices
from asterisk.settings import AsteriskSettings
from asterisk.telephony import AsteriskTelephony
from bench.placing import AGENT_CHANNEL, CUSTOMER_DIAL, RING_SECONDS, Offer, customer, extension, ticks, until
from dialer.agents.queries import session, sessions
from dialer.agents.service import add_agent, move_from, pause, sign_in
from dialer.agents.states import AgentEvent, AgentState, PauseReason
from dialer.calling.engine import Engine
from dialer.calling.queries import count_in_flight
from dialer.calling.settings import CallingSettings, Mode
from dialer.calling.tables import attempts
from dialer.customers.service import Occasion, take_in
from dialer.followups.service import plan
from dialer.playbooks.library import shipped_library
from dialer.storage.database import Database
from dialer.storage.migrating import migrate

_SECONDS_A_CALL = 5
_POLLS, _POLL_SECONDS = 100, 0.1
_BATCH = 250
BRANCH = "bench"
_ZONE = ZoneInfo("Asia/Shanghai")


class EnginePlacer:
    """The engine with its durable commits on a database of its own. At each tick one agent becomes ready;
    customers are always due. Enter to make the database, whose plan holds `calls` customers."""

    def __init__(self, settings: AsteriskSettings, url: str, *, rate: float, calls: int) -> None:
        self._settings = settings.model_copy(
            update={"agent_channel": AGENT_CHANNEL, "customer_dial": CUSTOMER_DIAL}
        )
        self._url = url
        self._calls = calls
        self._clock = _SteadyClock()
        self._database = Database(url)
        self._agents: deque[str] = deque()
        # An agent is back long before the turn comes round.
        self._agent_count = max(20, round(rate * _SECONDS_A_CALL))
        self._calling = CallingSettings(
            mode=Mode.LIVE,
            keep_hours=False,
            page_lead_seconds=0,
            agent_ring_seconds=RING_SECONDS,
            customer_ring_seconds=RING_SECONDS,
            max_calls=self._agent_count,
        )

    async def __aenter__(self) -> Self:
        await migrate(self._url)
        await self._database.start()
        now = self._clock()
        self._agents.extend(await self._database.write(lambda c: _add_agents(c, self._agent_count, now)))
        for first in range(0, self._calls, _BATCH):
            numbers = range(first, min(first + _BATCH, self._calls))
            await self._database.write(partial(add_customers, numbers=numbers, now=now))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._database.stop()

    async def place(self, rate: float, seconds: float) -> list[Offer]:
        """See Placer."""
        await self._database.write(lambda c: _pause_all(c, self._clock()))
        telephony = _AnyExtension(self._settings, clock=self._clock)
        engine = Engine(self._database, telephony, shipped_library(), self._calling, self._clock)
        running = asyncio.create_task(engine.run())
        try:
            await until(lambda: engine.status.settled)
            offered = await self._make_ready(rate, seconds)
            await self._over()
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        placed = await self._database.read(lambda c: _placed(c, engine.run_id))
        return [self._offer(tick, placed[agent]) for tick, agent in offered]

    def _offer(self, tick: float, placed: deque[tuple[str, datetime]]) -> Offer:
        if not placed:
            return Offer(tick)
        call, decided = placed.popleft()
        return Offer(tick, call, self._clock.monotonic(decided))

    async def _make_ready(self, rate: float, seconds: float) -> list[tuple[float, str]]:
        offered: list[tuple[float, str]] = []
        writes: set[asyncio.Task[None]] = set()

        async for tick in ticks(rate, seconds):
            agent = self._agents[0]
            self._agents.rotate(-1)
            offered.append((tick, agent))
            write = asyncio.create_task(
                self._database.write(partial(_get_ready, agent=agent, now=self._clock()), urgent=True)
            )
            writes.add(write)
            write.add_done_callback(writes.discard)
        await asyncio.gather(*writes)
        return offered

    async def _over(self) -> None:
        """Wait until no call is under way or to come."""
        for _ in range(_POLLS):
            if not await self._database.read(_busy):
                return
            await asyncio.sleep(_POLL_SECONDS)


class _SteadyClock:
    """Our clock for the engine, from the one that the watcher's process shares with us."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(time.monotonic() + self._offset, UTC)

    def monotonic(self, moment: datetime) -> float:
        return moment.timestamp() - self._offset


class _AnyExtension(AsteriskTelephony):
    """Takes every extension for reachable, as those behind Local channels.

    Asterisk makes up a device for each of these channels and calls it unavailable after the call: that
    would be told as a phone lost and found again, twice a call, which no real phone does.
    """

    def __init__(self, settings: AsteriskSettings, *, clock: Callable[[], datetime]) -> None:
        super().__init__(settings, clock=clock)
        self._devices = Devices("Local/{extension}")


def _add_agents(conn: Connection, count: int, now: datetime) -> list[str]:
    made = []
    for number in range(count):
        code = extension(number)
        agent = add_agent(conn, code=code, name=code, extension=code, branch=BRANCH)
        sign_in(conn, agent, now)
        made.append(agent)
    return made


def add_customers(conn: Connection, numbers: range, now: datetime) -> None:
    """Customers by number, each with a follow-up that is due."""
    playbook = next(iter(shipped_library()))
    happened = now - timedelta(days=2)
    for number in numbers:
        occasion = Occasion(
            kind=playbook.occasions.kinds[0],
            source=BRANCH,
            external_id=str(number),
            happened_at=happened,
            branch=BRANCH,
            name=f"customer {number}",
            salutation="",
            numbers=(customer(number),),
        )
        taken = take_in(conn, occasion, now)
        plan(
            conn,
            playbook,
            occasion_id=taken.occasion_id,
            customer_id=taken.customer_id,
            branch=BRANCH,
            plate=None,
            number=customer(number),
            happened_at=happened,
            zone=_ZONE,
            now=now,
        )


def _get_ready(conn: Connection, agent: str, now: datetime) -> None:
    """The agent wants one call. One whose last call still goes on misses the tick."""
    current = session(conn, agent)
    if current is not None and current.state is AgentState.PAUSED:
        # The pause is asked for beforehand: a busy customer must not bring the agent a second call at once.
        move_from(conn, current, AgentEvent.READY, now, next_pause=PauseReason.OTHER)


def _pause_all(conn: Connection, now: datetime) -> None:
    """Whoever found no customer in the turn before."""
    for current in sessions(conn):
        if current.state is AgentState.READY:
            pause(conn, current.agent_id, PauseReason.OTHER, now)


def _busy(conn: Connection) -> bool:
    return count_in_flight(conn) > 0 or any(one.state is AgentState.READY for one in sessions(conn))


def _placed(conn: Connection, run_id: str) -> defaultdict[str, deque[tuple[str, datetime]]]:
    """What a run of the engine placed: for each agent its calls, oldest first."""
    query = select(attempts.c.agent_id, attempts.c.id, attempts.c.placed_at).where(
        attempts.c.run_id == run_id
    )
    placed: defaultdict[str, deque[tuple[str, datetime]]] = defaultdict(deque)
    for agent, call, at in conn.execute(query.order_by(attempts.c.placed_at)):
        placed[agent].append((call, at))
    return placed
