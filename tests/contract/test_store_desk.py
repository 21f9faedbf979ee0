"""Customers who ring, from the telephone to the rows: the engine on the shipped fake (D9, D7, D6, X3)."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from dialer.agents.queries import session
from dialer.agents.states import AgentState
from dialer.calling import queries
from dialer.calling.committing import Pairing
from dialer.calling.engine import Engine
from dialer.calling.inbound import service
from dialer.calling.inbound.queries import TicketRow, latest
from dialer.calling.incall.rules import Actor
from dialer.calling.incall.states import Step
from dialer.calling.queries import Attempt
from dialer.calling.settings import CallingSettings, Mode
from dialer.followups.tables import follow_ups
from dialer.privacy.service import forget
from dialer.storage.database import Database
from dialer.telephony.fake import FakeTelephony
from dialer.telephony.fates import AgentFate, CustomerFate
from dialer.telephony.port import CallerHears, CallOrder
from tests.support.core import LIBRARY, NOW, add_follow_up, add_ready_agent, follow_up_of
from tests.support.trouble import Trouble

NUMBER, OTHER = "13800000001", "13800000002"
CHIEF = Actor("chief", supervises=True)


class Slow(FakeTelephony):
    """Takes each request to ring an agent only after `wait` is set."""

    wait: asyncio.Event | None = None
    asked = 0

    async def call_agent(self, order: CallOrder) -> None:
        self.asked += 1
        if self.wait is not None:
            await self.wait.wait()
        await super().call_agent(order)


class Site:
    """An engine with two phones, and what is in its rows."""

    def __init__(self, database: Database, lead: float) -> None:
        self.database = database
        self._began = time.monotonic()
        self.fake = Slow(phones=["8001", "8002"], clock=self.clock)
        settings = CallingSettings(
            mode=Mode.LIVE, keep_hours=False, page_lead_seconds=lead, settle_margin_seconds=1
        )
        self.engine = Engine(database, self.fake, LIBRARY, settings, self.clock)

    def clock(self) -> datetime:
        return NOW + timedelta(seconds=time.monotonic() - self._began)

    async def until(self, true: Callable[[Connection], object], what: str) -> None:
        try:
            async with asyncio.timeout(15):
                while not await self.database.read(true):  # noqa: ASYNC110 - rows tell nobody
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"it did not come to this: {what}") from None

    async def state(self, agent_id: str, state: AgentState) -> None:
        def there(conn: Connection) -> bool:
            current = session(conn, agent_id)
            return current is not None and current.state is state

        await self.until(there, f"the agent is {state}")

    async def hears(self, call_id: str, hears: CallerHears) -> None:
        await self.until(lambda _: self.fake.callers.get(call_id) is hears, f"the caller hears {hears}")

    async def attempts(self, follow_up_id: str) -> list[Attempt]:
        return await self.database.read(lambda conn: queries.of_follow_up(conn, follow_up_id))

    async def first_attempt(self, follow_up_id: str) -> Attempt:
        await self.until(lambda conn: queries.of_follow_up(conn, follow_up_id), "he is about to be called")
        return (await self.attempts(follow_up_id))[0]

    async def tickets(self) -> list[TicketRow]:
        return await self.database.read(latest)


@asynccontextmanager
async def site(database: Database, *, lead: float = 0) -> AsyncIterator[Site]:
    here = Site(database, lead)
    run = asyncio.create_task(here.engine.run())
    try:
        await here.until(lambda _: here.engine.status.settled, "the engine is ready")
        yield here
    finally:
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run
        await here.fake.crash()


async def test_d9_who_rings_while_he_is_about_to_be_called_talks_to_that_agent(database: Database) -> None:
    """D7: the phone that rang for our call rings for his, and he is not dialled."""
    async with site(database, lead=0.1) as here:
        here.fake.agents["8001"] = AgentFate(after=0.6)
        owed = await database.write(add_follow_up)
        agent_id = await database.write(add_ready_agent)
        await here.state(agent_id, AgentState.RINGING)
        ours = await here.first_attempt(owed)
        await database.write(lambda conn: add_ready_agent(conn, "8002", since=NOW - timedelta(hours=1)))
        call_id = here.fake.customer_calls(NUMBER)
        await here.state(agent_id, AgentState.TALKING)
        old, new = await here.attempts(owed)
        assert (old.id, old.go_at, old.counted) == (ours.id, None, False)
        assert (new.mode, new.agent_id) == ("inbound", agent_id)
        assert here.fake.rung() == []
        assert not [live for live in await here.fake.live_calls() if live.attempt_id == ours.id]
        assert call_id not in here.fake.callers or here.fake.callers[call_id] is not CallerHears.MUSIC


async def test_d9_who_rings_while_his_phone_is_dialled_gets_the_agent_who_dials(database: Database) -> None:
    async with site(database) as here:
        here.fake.customers[NUMBER] = CustomerFate(after=30)
        owed, agent_id = await database.write(add_follow_up), await database.write(add_ready_agent)
        await here.until(lambda _: here.fake.rung(), "his phone rings")
        here.fake.customer_calls(NUMBER)
        await here.state(agent_id, AgentState.TALKING)
        old, new = await here.attempts(owed)
        assert old.ended_at is not None and (new.mode, new.agent_id) == ("inbound", agent_id)
        assert here.fake.rung() == [NUMBER], "once, before he rang"


async def test_d6_hung_up_before_any_phone_rang_nobody_is_rung(database: Database) -> None:
    """The page is open, and no channel is there yet."""
    async with site(database, lead=0.5) as here:
        owed, agent_id = await database.write(add_follow_up), await database.write(add_ready_agent)
        attempt = await here.first_attempt(owed)
        await here.engine.in_call.act(attempt.id, Step.HANG_UP, CHIEF)
        (ended,) = await here.attempts(owed)
        assert (ended.outcome, ended.counted) == ("failed", False)
        await here.state(agent_id, AgentState.READY)
        await asyncio.sleep(0.8)
        assert here.fake.asked == 0
        assert await database.read(lambda c: follow_up_of(c, owed).tries) == {}


async def test_d6_hung_up_while_the_request_is_under_way_the_phone_stops(database: Database) -> None:
    """Asterisk takes its time: by then the attempt is over, and its channel is hung up at once."""
    async with site(database) as here:
        here.fake.wait = asyncio.Event()
        here.fake.agents["8001"] = AgentFate(after=30)
        owed, agent_id = await database.write(add_follow_up), await database.write(add_ready_agent)
        attempt = await here.first_attempt(owed)
        await here.engine.in_call.act(attempt.id, Step.HANG_UP, CHIEF)
        here.fake.wait.set()
        await here.state(agent_id, AgentState.READY)
        async with asyncio.timeout(5):
            while await here.fake.live_calls():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert here.fake.rung() == []


async def test_d9_x3_who_asked_to_be_forgotten_is_put_through_and_nothing_of_him_is_kept(
    database: Database,
) -> None:
    def forgotten(conn: Connection) -> None:
        owed = follow_up_of(conn, add_follow_up(conn, NUMBER))
        forget(conn, LIBRARY, owed.customer_id, "chief", NOW)

    await database.write(forgotten)
    async with site(database) as here:
        agent_id = await database.write(add_ready_agent)
        here.fake.customer_calls(NUMBER)
        await here.state(agent_id, AgentState.TALKING)
        (ticket,) = await here.tickets()
        assert (ticket.number, ticket.state) == ("", "talking")
        ((current,),) = [await database.read(queries.in_flight)]
        assert current.number == ""


async def test_d9_one_caller_who_cannot_be_served_keeps_nobody_from_the_agents(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is about him: those behind him are put through, and no agent is spared in vain for them."""
    real = service.put_through

    def put_through(
        conn: Connection, pairing: Pairing, ticket_id: str, now: datetime, *, wanted: str | None = None
    ) -> CallOrder | None:
        if ticket_id == first.id:
            raise ValueError("no follow-up can be made for him")
        return real(conn, pairing, ticket_id, now, wanted=wanted)

    async with site(database) as here:
        call_id = here.fake.customer_calls(NUMBER)
        await here.hears(call_id, CallerHears.MUSIC)
        (first,) = await here.tickets()
        monkeypatch.setattr(service, "put_through", put_through)
        here.fake.customer_calls(OTHER)
        agent_id = await database.write(add_ready_agent)
        await here.state(agent_id, AgentState.TALKING)
        ((current,),) = [await database.read(queries.in_flight)]
        assert current.number == OTHER


async def test_d9_a_caller_waits_though_his_ticket_cannot_be_written(
    database: Database, trouble: Trouble
) -> None:
    """D7: he is kept on the line, and put through as soon as it can."""
    async with site(database) as here:
        agent_id = await database.write(add_ready_agent)
        trouble.on = True
        call_id = here.fake.customer_calls(NUMBER)
        await here.hears(call_id, CallerHears.MUSIC)
        assert await here.tickets() == []
        trouble.on = False
        await here.state(agent_id, AgentState.TALKING)
        (ticket,) = await here.tickets()
        assert (ticket.number, ticket.state) == (NUMBER, "talking")


async def test_d9_who_gave_up_while_nothing_could_be_written_is_called_back(
    database: Database, trouble: Trouble
) -> None:
    async with site(database) as here:
        trouble.on = True
        call_id = here.fake.customer_calls(NUMBER)
        await here.hears(call_id, CallerHears.MUSIC)
        here.fake.caller_hangs_up(call_id)
        await asyncio.sleep(0.2)
        assert await here.tickets() == []
        trouble.on = False
        await here.until(latest, "his ticket is written")
        await here.until(lambda c: latest(c)[0].state == "missed", "he was missed")
        (ticket,) = await here.tickets()
        assert (ticket.number, ticket.missed) == (NUMBER, "left")


async def test_d9_who_rang_and_gave_up_while_there_was_no_link_is_called_back_once(
    database: Database,
) -> None:
    """D7: the telephone system's log tells; however often the link comes back."""
    async with site(database) as here:
        here.fake.cut_link()
        await here.until(lambda _: not here.engine.status.link_up, "the link is lost")
        here.fake.caller_hangs_up(here.fake.customer_calls(NUMBER))
        for _ in range(2):
            here.fake.restore_link()
            await here.until(lambda _: here.engine.status.settled, "the link is back")
            await here.until(latest, "his ticket is made")
            (ticket,) = await here.tickets()
            assert (ticket.number, ticket.state, ticket.missed) == (NUMBER, "missed", "lost")
            here.fake.cut_link()
            await here.until(lambda _: not here.engine.status.link_up, "the link is lost again")
        owed = await database.read(lambda conn: conn.execute(select(follow_ups.c.reason)).scalars().all())
        assert owed == ["call_back"]


async def test_d9_who_rang_in_vain_and_was_put_through_later_is_not_called_back(database: Database) -> None:
    async with site(database) as here:
        here.fake.cut_link()
        await here.until(lambda _: not here.engine.status.link_up, "the link is lost")
        here.fake.caller_hangs_up(here.fake.customer_calls(NUMBER))
        here.fake.trail_readable = False
        here.fake.restore_link()
        await here.until(lambda _: here.engine.status.settled, "the link is back, its log is not")
        agent_id = await database.write(add_ready_agent)
        here.fake.customer_calls(NUMBER)
        await here.state(agent_id, AgentState.TALKING)
        here.fake.trail_readable = True
        await here.engine._desk.catch_up()
        (ticket,) = await here.tickets()
        assert ticket.state == "talking"
