"""What the link brings about is done in the end, and one call holds up no other (D7), on both databases."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection

from dialer.agents.states import AgentState
from dialer.alarms.service import Alarm, open_alarms
from dialer.calling import service
from dialer.calling.engine import Engine
from dialer.calling.incall import queries as in_call
from dialer.calling.incall import service as in_calls
from dialer.calling.incall.rules import Actor
from dialer.calling.incall.states import PartyState, Step
from dialer.calling.queries import Attempt, attempt, of_follow_up
from dialer.calling.settings import CallingSettings, Mode
from dialer.calling.states import AttemptState
from dialer.followups.states import FollowUpState
from dialer.machine import IllegalMove
from dialer.storage.database import Database
from dialer.telephony.fake import FakeTelephony
from dialer.telephony.fates import CustomerFate
from dialer.telephony.outcomes import DialOutcome
from dialer.telephony.port import CallTrail
from tests.contract.test_store_incall import HELPER_PHONE, running
from tests.support import site as whole_site
from tests.support.core import LIBRARY, add_follow_up, add_ready_agent, at, follow_up_of, placed, talking
from tests.support.trouble import Trouble

SETTINGS = CallingSettings(mode=Mode.LIVE, keep_hours=False, settle_margin_seconds=1, page_lead_seconds=0)
PHONES = ("8001", "8002", "8003", "8004")
NEXT, LAST = "13800000009", "13800000010"
until = partial(whole_site.until, seconds=20)


class HoleyTelephony(FakeTelephony):
    """Its log holds nothing of any call, and can be read."""

    async def trail(self, attempt_id: str) -> CallTrail:
        return CallTrail(attempt_id=attempt_id)


@asynccontextmanager
async def serving(database: Database, telephony: FakeTelephony) -> AsyncIterator[Engine]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    engine = Engine(database, telephony, LIBRARY, SETTINGS, lambda: at(30 + loop.time() - began))
    run = asyncio.create_task(engine.run())
    try:
        yield engine
    finally:
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run


async def state_of(database: Database, attempt_id: str) -> Attempt:
    found = await database.read(lambda c: attempt(c, attempt_id))
    assert found is not None
    return found


async def alarms(database: Database, kind: str) -> list[Alarm]:
    return [one for one in await database.read(open_alarms) if one.kind == kind]


def given_away(conn: Connection) -> Attempt:
    """A talk that its agent has transferred and left: what it owes is a form, and the link was lost."""
    current = talking(conn)
    add_ready_agent(conn, "8002")
    in_calls.invite(
        conn, current.id, Step.TRANSFER, Actor(current.agent_id, current.agent_id), "8002", at(25)
    )
    in_calls.agent_left(conn, current.id, 60, at(28))
    return current


async def test_d7_a_talk_that_the_log_does_not_show_was_a_talk(database: Database) -> None:
    """Our own row of the answer is proof; nobody is called again in five minutes for a hole in a log."""
    current = await database.write(given_away)
    async with serving(database, HoleyTelephony(phones=PHONES, clock=lambda: at(1))) as engine:

        async def over() -> bool:
            return (await state_of(database, current.id)).state is AttemptState.ENDED

        await until(over, "it is settled")
        assert engine.status.settled
        ended = await state_of(database, current.id)
        assert (ended.outcome, ended.answered_at) == (DialOutcome.ANSWERED, at(20))
        owed = await database.read(lambda c: follow_up_of(c, current.follow_up_id))
        assert owed.state is FollowUpState.WRAP_UP, "the form is owed"


async def test_d7_a_call_that_cannot_be_settled_stops_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one in doubt is settled, the next customer is called, and a person is told."""

    def begin(conn: Connection) -> tuple[Attempt, Attempt]:
        return talking(conn), placed(conn, "13800000002", "8002")

    bad, other = await database.write(begin)
    honest = service.settle_end

    def settle_end(conn: Connection, doubted: Attempt, *args: Any, **more: Any) -> None:
        if doubted.id == bad.id:
            raise IllegalMove("not_reached is not legal in state wrap_up")
        honest(conn, doubted, *args, **more)

    monkeypatch.setattr(service, "settle_end", settle_end)
    telephony = HoleyTelephony(phones=PHONES, clock=lambda: at(1))
    async with serving(database, telephony) as engine:
        for cut in (False, True):
            if cut:
                telephony.cut_link()
                telephony.restore_link()

            async def told() -> bool:
                return engine.status.settled and bool(await alarms(database, "attempt_unknown"))

            await until(told, "it is told, and counts as settled")
        (alarm,) = await alarms(database, "attempt_unknown")
        assert alarm.subject == bad.id
        assert "log to the administrator" in alarm.data["why"]

        async def settled() -> bool:
            return (await state_of(database, other.id)).state is AttemptState.ENDED

        await until(settled, "the other one is settled")

        def more(conn: Connection) -> None:
            add_follow_up(conn, NEXT)
            add_ready_agent(conn, "8004")

        await database.write(more)

        async def called() -> bool:
            return NEXT in telephony.rung()

        await until(called, "the next customer is called")
        # Once it can be settled it is, and the alarm ends.
        monkeypatch.setattr(service, "settle_end", honest)

        async def clear() -> bool:
            return not await alarms(database, "attempt_unknown")

        await until(clear, "the alarm ends")
        assert (await state_of(database, bad.id)).outcome == DialOutcome.ANSWERED


async def test_d7_what_the_lost_and_found_link_brings_about_is_done_when_rows_can_be_written(
    database: Database, trouble: Trouble
) -> None:
    """A switch takes the link and the database: the alarm comes and goes, and who helped is free."""
    async with running(database) as site:
        await site.act(Step.THIRD, site.own, extension=HELPER_PHONE)
        helper = await site.party(state=PartyState.UP)
        trouble.on = True
        site.fake.cut_link()
        await trouble.failed.wait()
        trouble.on = False

        async def down() -> bool:
            return bool(await alarms(database, "link_down"))

        await until(down, "the loss is told although it could not be written down at first")
        site.fake.party_hangs_up(helper.id)
        trouble.failed.clear()
        trouble.on = True
        site.fake.restore_link()
        await trouble.failed.wait()
        trouble.on = False

        async def up() -> bool:
            return not await alarms(database, "link_down") and site.engine.status.settled

        await until(up, "the alarm ends")
        await site.until(lambda conn: in_call.open_parties(conn) == [])
        await site.state(site.helper, AgentState.PAUSED)


async def test_d6_d7_a_partys_end_that_could_not_be_written_is_found(
    database: Database, trouble: Trouble
) -> None:
    """The link was never lost, and nobody tells of it again."""
    async with running(database) as site:
        await site.act(Step.THIRD, site.own, extension=HELPER_PHONE)
        helper = await site.party(state=PartyState.UP)
        trouble.on = True
        site.fake.party_hangs_up(helper.id)
        await trouble.failed.wait()
        await asyncio.sleep(0.3)  # so that nothing of it is written, and not only its first event
        trouble.on = False
        await site.until(lambda conn: in_call.open_parties(conn) == [])
        await site.state(site.helper, AgentState.PAUSED)
        current = await state_of(database, site.attempt)
        assert current.state is AttemptState.TALKING, "the talk of the two goes on"


async def test_d6_d7_a_new_service_that_could_not_write_at_first_ends_the_call_of_three(
    database: Database, trouble: Trouble
) -> None:
    async with running(database) as site:
        await site.act(Step.THIRD, site.own, extension=HELPER_PHONE)
        await site.party(state=PartyState.UP)
        await site.stop()
        trouble.on = True
        site.engine = site.new_engine()
        site.run = asyncio.create_task(site.engine.run())
        await trouble.failed.wait()
        trouble.on = False

        async def settled() -> bool:
            return site.engine.status.settled

        await until(settled, "the call goes on")
        await site.until(lambda conn: (a := attempt(conn, site.attempt)) is not None and a.state == "talking")
        site.fake.customer_hangs_up(site.attempt)
        await site.ended()
        await site.until(lambda conn: in_call.open_parties(conn) == [])
        assert await site.fake.live_calls() == () and await site.fake.live_parties() == ()


@pytest.mark.parametrize("told", ["live_calls", "live_parties"])
async def test_d6_d7_who_hangs_up_while_his_call_is_put_right_ends_it(
    database: Database, trouble: Trouble, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    """What is alive is asked about late, and the answer holds a customer who is gone when it comes."""
    async with running(database) as site:
        await site.act(Step.THIRD, site.own, extension=HELPER_PHONE)
        await site.party(state=PartyState.UP)
        await site.stop()
        honest = getattr(site.fake, told)

        async def asked() -> Any:
            answer = await honest()
            if site.engine.status.settled:
                site.fake.customer_hangs_up(site.attempt)
                await asyncio.sleep(0.3)  # so that his event is dealt with before the answer is
            return answer

        monkeypatch.setattr(site.fake, told, asked)
        trouble.on = True
        site.engine = site.new_engine()
        site.run = asyncio.create_task(site.engine.run())
        await trouble.failed.wait()
        trouble.on = False
        await site.ended()
        await site.until(lambda conn: in_call.open_parties(conn) == [])


async def test_d7_one_call_that_cannot_be_put_right_holds_up_no_other(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A customer whom all of ours left while the link was down is let go, and the next one is called."""
    async with running(database) as site:
        for number in (NEXT, LAST):
            site.fake.customers[number] = CustomerFate(after=0.0)

        def more(number: str, extension: str, conn: Connection) -> str:
            add_ready_agent(conn, extension)
            return add_follow_up(conn, number)

        owed = await database.write(partial(more, NEXT, "8003"))
        await site.until(lambda conn: [one.state for one in of_follow_up(conn, owed)] == ["talking"])
        (second,) = await database.read(lambda conn: of_follow_up(conn, owed))
        own = Actor(second.agent_id, second.agent_id)
        await site.engine.in_call.act(second.id, Step.THIRD, own, extension=HELPER_PHONE)
        await site.until(lambda c: [one.state for one in in_call.parties(c, second.id)] == [PartyState.UP])
        (helper,) = await database.read(lambda c: in_call.parties(c, second.id))
        honest = in_calls.standing

        def standing(conn: Connection, attempt_id: str) -> Any:
            if attempt_id == site.attempt:
                raise IllegalMove("this row is spoilt")
            return honest(conn, attempt_id)

        monkeypatch.setattr(in_calls, "standing", standing)
        site.fake.cut_link()
        site.fake.party_hangs_up(helper.id)
        site.fake.agent_hangs_up(second.id)
        await asyncio.sleep(0.1)  # so that both are gone, and nobody tells of it
        site.fake.restore_link()
        await site.until(lambda conn: of_follow_up(conn, owed)[-1].state is AttemptState.ENDED)
        site.fake.phones.add("8004")
        await database.write(partial(more, LAST, "8004"))

        async def called() -> bool:
            return LAST in site.fake.rung()

        await until(called, "dialling does not wait for it")
        monkeypatch.setattr(in_calls, "standing", honest)
