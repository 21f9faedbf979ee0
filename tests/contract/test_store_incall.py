"""Calls in progress from the step to the rows, with the engine on the shipped fake (D6, V2, D7)."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from dialer.agents import service as agents
from dialer.agents.queries import session
from dialer.agents.states import AgentState, PauseReason
from dialer.calling import queries
from dialer.calling.engine import Engine
from dialer.calling.incall import queries as in_call
from dialer.calling.incall.rules import Actor, Refusal
from dialer.calling.incall.states import Party, PartyState, Step
from dialer.calling.incall.steps import StepRefused
from dialer.calling.settings import CallingSettings, Mode
from dialer.calling.states import AttemptState
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.forms.rules import Disposition
from dialer.forms.service import finish_wrap_up, save_form
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from dialer.telephony.fake import FakeTelephony
from dialer.telephony.fates import AgentFate, CustomerFate
from dialer.telephony.incall import PartyMode
from tests.support.core import LIBRARY, NOW, add_follow_up, add_ready_agent

NUMBER = "13800000001"
HELPER_PHONE, CHIEF_PHONE = "8002", "8009"
CHIEF = Actor("chief", supervises=True)
SETTINGS = CallingSettings(mode=Mode.LIVE, keep_hours=False, page_lead_seconds=0, settle_margin_seconds=1)


class Site:
    """An engine in a talk: its agent, a colleague who is ready, a supervisor with a phone."""

    def __init__(self, database: Database, settings: CallingSettings = SETTINGS) -> None:
        self.database = database
        self.settings = settings
        self._began = time.monotonic()
        self.fake = FakeTelephony(phones=["8001", HELPER_PHONE, CHIEF_PHONE, "8003"], clock=self.clock)
        self.fake.customers[NUMBER] = CustomerFate(after=0.0)
        self.engine = self.new_engine()
        self.attempt = self.agent = self.helper = ""
        self.run: asyncio.Task[None]

    def new_engine(self) -> Engine:
        """A service that begins anew at the same telephone system."""
        return Engine(self.database, self.fake, LIBRARY, self.settings, self.clock)

    def clock(self) -> datetime:
        return NOW + timedelta(seconds=time.monotonic() - self._began)

    @property
    def own(self) -> Actor:
        """The agent whose call it is."""
        return Actor(self.agent, self.agent)

    @property
    def colleague(self) -> Actor:
        return Actor(self.helper, self.helper)

    async def act(
        self, step: Step, by: Actor, *, extension: str = "", digits: str = "", number: str = ""
    ) -> None:
        await self.engine.in_call.act(
            self.attempt, step, by, extension=extension, digits=digits, number=number
        )

    async def refused(
        self, step: Step, by: Actor, why: Refusal, *, extension: str = "", number: str = ""
    ) -> None:
        """The step is not taken, and the last event row says why and who."""
        with pytest.raises(StepRefused) as caught:
            await self.act(step, by, extension=extension, number=number)
        assert caught.value.why is why
        last = (await self.events())[-1]
        assert last[0] == "call.refused"
        assert (last[1]["by"], last[1]["step"], last[1]["why"]) == (by.name, step, why)

    async def events(self) -> list[tuple[str, dict[str, object]]]:
        rows = await self.database.read(lambda conn: of_subject(conn, self.attempt))
        return [(row.kind, dict(row.data)) for row in rows]

    async def until(self, true: Callable[[Connection], bool]) -> None:
        async with asyncio.timeout(20):
            while not await self.database.read(true):  # noqa: ASYNC110 - rows tell nobody
                await asyncio.sleep(0.02)

    async def state(self, agent_id: str, state: AgentState) -> None:
        def there(conn: Connection) -> bool:
            current = session(conn, agent_id)
            return current is not None and current.state is state

        await self.until(there)

    async def party(self, **wanted: object) -> Party:
        """The latest party of the call, as soon as it is as wanted."""
        found: list[Party] = []

        def there(conn: Connection) -> bool:
            now = in_call.parties(conn, self.attempt)
            found[:] = [one for one in now if all(getattr(one, k) == v for k, v in wanted.items())]
            return bool(found)

        await self.until(there)
        return found[-1]

    async def stop(self) -> None:
        """The service ends; calls go on."""
        self.run.cancel()
        with suppress(asyncio.CancelledError):
            await self.run
        # What was told to the service that is gone.
        self.fake._events = asyncio.Queue()

    async def restart(self) -> None:
        """The service ends and begins anew."""
        await self.stop()
        self.engine = self.new_engine()
        self.run = asyncio.create_task(self.engine.run())
        async with asyncio.timeout(20):
            while not self.engine.status.settled:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def ended(self) -> None:
        await self.until(lambda conn: _attempt(conn, self.attempt).state is AttemptState.ENDED)


def _attempt(conn: Connection, attempt_id: str) -> queries.Attempt:
    current = queries.attempt(conn, attempt_id)
    assert current is not None
    return current


@asynccontextmanager
async def running(database: Database, settings: CallingSettings = SETTINGS) -> AsyncIterator[Site]:
    site = Site(database, settings)

    def begin(conn: Connection) -> tuple[str, str]:
        add_follow_up(conn, NUMBER)
        first = add_ready_agent(conn, "8001")
        second = add_ready_agent(conn, HELPER_PHONE)
        agents.pause(conn, second, PauseReason.MEETING, NOW)
        return first, second

    site.agent, site.helper = await database.write(begin)
    site.run = asyncio.create_task(site.engine.run())
    try:
        await site.state(site.agent, AgentState.TALKING)
        current = await database.read(lambda conn: session(conn, site.agent))
        assert current is not None and current.attempt_id is not None
        site.attempt = current.attempt_id
        yield site
    finally:
        await site.stop()
        await site.fake.crash()


async def test_hold_mute_and_tones_are_rows_with_who_did_them(database: Database) -> None:
    """D6."""
    async with running(database) as site:
        for step in (Step.HOLD, Step.RESUME, Step.MUTE, Step.UNMUTE, Step.HOLD):
            await site.act(step, site.own)
        await site.act(Step.DIGITS, site.own, digits="12#")
        told = [(kind, data.get("by")) for kind, data in await site.events() if kind.startswith("call.")]
        steps = ["hold", "resume", "mute", "unmute", "hold", "digits"]
        assert [kind for kind, _ in told if kind != "call.entered"] == [f"call.{step}" for step in steps]
        assert {by for kind, by in told if kind != "call.entered"} == {site.agent}
        row = await database.read(lambda conn: in_call.in_call(conn, site.attempt))
        assert row is not None and (row.held, row.muted) == (True, False)
        assert site.fake.tones == [(site.attempt, "12#")]
        assert not any("12#" in str(data) for _, data in await site.events())
        site.fake.agent_holds(site.attempt, False)
        await site.until(lambda c: (r := in_call.in_call(c, site.attempt)) is not None and not r.held)


async def test_a_transfer_leaves_the_agent_in_wrap_up_and_the_colleague_talking(database: Database) -> None:
    """D6: the one who took the call goes back to the pause, the one who gave it can save the form at once."""
    async with running(database) as site:
        await site.act(Step.HOLD, site.own)
        await site.act(Step.TRANSFER, site.own, extension=HELPER_PHONE)
        await site.state(site.helper, AgentState.TALKING)
        await site.state(site.agent, AgentState.WRAP_UP)
        await site.refused(Step.HOLD, site.own, Refusal.NOT_YOURS)
        row = await database.read(lambda conn: in_call.in_call(conn, site.attempt))
        assert row is not None and not row.held and row.left_at is not None
        current = await database.read(lambda conn: _attempt(conn, site.attempt))
        assert current.state is AttemptState.TALKING

        def save(conn: Connection) -> None:
            save_form(
                conn,
                LIBRARY,
                agent_id=site.agent,
                attempt_id=site.attempt,
                disposition=Disposition.REFUSED,
                now=site.clock(),
            )
            finish_wrap_up(conn, site.agent, site.clock())

        await database.write(save)
        await site.state(site.agent, AgentState.READY)
        await site.act(Step.MUTE, site.colleague)
        site.fake.customer_hangs_up(site.attempt)
        await site.ended()
        await site.state(site.helper, AgentState.PAUSED)
        on_it = await database.read(lambda conn: session(conn, site.helper))
        assert on_it is not None and (on_it.reason, on_it.attempt_id) == (PauseReason.MEETING, None)
        turns = await database.read(lambda conn: in_call.turns(conn, site.attempt))
        assert [turn.agent_id for turn in turns] == [site.agent, site.helper]
        assert all(turn.ended_at is not None for turn in turns)
        assert turns[0].began_at == current.answered_at
        states = await database.read(lambda conn: conn.execute(select(follow_ups.c.state)).scalars().all())
        assert FollowUpState.CALLING not in states and FollowUpState.WRAP_UP not in states
        await site.until(lambda conn: in_call.open_parties(conn) == [])
        assert await site.fake.live_parties() == ()


async def test_a_third_party_and_who_is_hung_up_when_the_customer_leaves(database: Database) -> None:
    """D6: all of ours."""
    async with running(database) as site:
        await site.act(Step.THIRD, site.own, extension=HELPER_PHONE)
        await site.party(state=PartyState.UP)
        await site.refused(Step.LEAVE, CHIEF, Refusal.NOT_YOURS)
        site.fake.customer_hangs_up(site.attempt)
        await site.ended()
        await site.state(site.agent, AgentState.WRAP_UP)
        await site.state(site.helper, AgentState.PAUSED)
        await site.until(lambda conn: in_call.open_parties(conn) == [])
        assert await site.fake.live_calls() == () and await site.fake.live_parties() == ()


async def test_the_agent_hangs_up_and_a_colleague_goes_on(database: Database) -> None:
    """D6: with a colleague in it the call goes on; without anybody of ours it ends."""
    async with running(database) as site:
        await site.act(Step.THIRD, site.own, extension=HELPER_PHONE)
        third = await site.party(state=PartyState.UP)
        await site.until(lambda conn: len(in_call.turns(conn, site.attempt)) == 2)
        site.fake.agent_hangs_up(site.attempt)
        await site.state(site.agent, AgentState.WRAP_UP)
        (live,) = await site.fake.live_calls()
        assert live.agent_gone
        await site.refused(Step.LEAVE, site.colleague, Refusal.ALONE)
        site.fake.party_hangs_up(third.id)
        await site.ended()
        assert await site.fake.live_calls() == ()


async def test_a_phone_that_does_not_answer_changes_nothing(database: Database) -> None:
    """D6: the call goes on, the colleague is free again, and no second phone is rung meanwhile."""
    async with running(database) as site:
        site.fake.agents[HELPER_PHONE] = AgentFate(after=None)
        await site.act(Step.TRANSFER, site.own, extension=HELPER_PHONE)
        await site.state(site.helper, AgentState.RINGING)
        await site.refused(Step.THIRD, site.own, Refusal.ALREADY, extension=CHIEF_PHONE)
        await site.act(Step.CANCEL, site.own)
        await site.state(site.helper, AgentState.PAUSED)
        await site.state(site.agent, AgentState.TALKING)
        await site.refused(Step.CANCEL, site.own, Refusal.NOT_IN)
        await site.refused(Step.TRANSFER, site.own, Refusal.UNREACHABLE, extension="8888")
        await site.refused(Step.TRANSFER, site.own, Refusal.OWN_PHONE, extension="8001")


async def test_a_supervisor_listens_whispers_joins_and_takes_over(database: Database) -> None:
    """V2: each is a row; the agent has his form, and the supervisor is the one who talks."""
    async with running(database) as site:
        for by in (site.own, Actor("qa")):
            await site.refused(Step.LISTEN, by, Refusal.NO_RIGHT, extension=CHIEF_PHONE)
        await site.act(Step.LISTEN, CHIEF, extension=CHIEF_PHONE)
        mine = await site.party(state=PartyState.UP, mode=PartyMode.LISTEN)
        await site.refused(Step.LISTEN, CHIEF, Refusal.ALREADY)
        await site.act(Step.WHISPER, CHIEF)
        await site.party(id=mine.id, mode=PartyMode.WHISPER)
        assert await database.read(lambda c: len(in_call.turns(c, site.attempt))) == 1
        await site.act(Step.JOIN, CHIEF)
        await site.party(id=mine.id, mode=PartyMode.JOIN)
        await site.until(lambda conn: len(in_call.turns(conn, site.attempt)) == 2)
        await site.act(Step.TAKE_OVER, CHIEF)
        await site.state(site.agent, AgentState.WRAP_UP)
        await site.refused(Step.LISTEN, CHIEF, Refusal.ALONE)
        await site.act(Step.HANG_UP, CHIEF)
        await site.ended()
        steps = [kind for kind, data in await site.events() if data.get("by") == "chief"]
        wanted = ["listen", "refused", "whisper", "join", "take_over", "refused", "hang_up"]
        assert steps == [f"call.{one}" for one in wanted]


async def test_an_agent_hangs_up_and_others_cannot(database: Database) -> None:
    """D6, V2."""
    async with running(database) as site:
        await site.refused(Step.HANG_UP, site.colleague, Refusal.NOT_YOURS)
        await site.act(Step.HANG_UP, site.own)
        await site.ended()
        await site.state(site.agent, AgentState.WRAP_UP)


async def test_parties_are_put_right_after_a_lost_link(database: Database) -> None:
    """D7: who came or went unseen is known from what is alive; a phone that serves no call is hung up."""
    async with running(database) as site:
        await site.act(Step.THIRD, site.own, extension=HELPER_PHONE)
        await site.party(state=PartyState.UP)
        await site.act(Step.LISTEN, CHIEF, extension=CHIEF_PHONE)
        chief = await site.party(state=PartyState.UP, mode=PartyMode.LISTEN)
        site.fake.cut_link()
        site.fake.party_hangs_up(chief.id)
        site.fake.agent_hangs_up(site.attempt)
        await asyncio.sleep(0)
        site.fake.restore_link()
        await site.state(site.agent, AgentState.WRAP_UP)
        await site.until(lambda c: [one.mode for one in in_call.open_parties(c)] == [PartyMode.JOIN])
        current = await database.read(lambda conn: _attempt(conn, site.attempt))
        assert current.state is AttemptState.TALKING
        site.fake.cut_link()
        site.fake.customer_hangs_up(site.attempt)
        await asyncio.sleep(0)
        site.fake.restore_link()
        await site.ended()
        await site.state(site.helper, AgentState.PAUSED)
        async with asyncio.timeout(10):
            while await site.fake.live_parties():  # noqa: ASYNC110 - hung up by the engine in its own time
                await asyncio.sleep(0.02)


async def test_without_a_link_a_step_is_refused_and_written_down(database: Database) -> None:
    """D6, D7."""
    async with running(database) as site:
        site.fake.cut_link()
        await site.until(lambda c: _attempt(c, site.attempt).state is AttemptState.UNKNOWN)
        await site.refused(Step.HOLD, site.own, Refusal.NO_TALK)
        await site.refused(Step.HANG_UP, site.own, Refusal.NO_LINK)
