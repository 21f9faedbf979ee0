"""An agent's own test of phone and headset, from the press to what is kept (V3)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, update

from dialer.agents import service as agents
from dialer.agents.states import PauseReason
from dialer.agents.tables import agent_sessions
from dialer.clock import system_clock
from dialer.nodes.rules import ALONE, Share
from dialer.phonetests.queries import latest_test, latest_tests, open_tests
from dialer.phonetests.rules import Outcome, PhoneTest, Refusal, outcome
from dialer.phonetests.service import TestRefused, ask, end, say, take
from dialer.phonetests.worker import PhoneTester
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from dialer.telephony.events import LinkUp
from dialer.telephony.fake import FakeTelephony
from dialer.telephony.fates import AgentDoes, AgentFate
from dialer.telephony.phonetest import PhoneHeard, Reached
from tests.support.core import add_ready_agent

HEARD = PhoneHeard(reached=Reached.ANSWERED, seconds=6.0, from_phone=300, to_phone=298)
DAY = timedelta(days=1)


def linked(_phone: str) -> bool:
    return True


async def paused_agent(database: Database, extension: str = "8001") -> str:
    def work(conn: Connection) -> str:
        now = system_clock()
        agent_id = add_ready_agent(conn, extension, since=now)
        agents.pause(conn, agent_id, PauseReason.BREAK, now)
        return agent_id

    return await database.write(work)


async def begin(database: Database, agent_id: str) -> str:
    return await database.write(lambda c: ask(c, agent_id, system_clock(), linked=linked))


async def of(database: Database, agent_id: str) -> PhoneTest:
    found = await database.read(lambda c: latest_test(c, agent_id, system_clock() - DAY))
    assert found is not None
    return found


async def until(database: Database, agent_id: str, met: Callable[[PhoneTest], bool]) -> PhoneTest:
    async with asyncio.timeout(10):
        while True:
            if met(test := await of(database, agent_id)):
                return test
            await asyncio.sleep(0.02)


@pytest.fixture
async def telephony() -> AsyncIterator[FakeTelephony]:
    """A telephone system whose half minute lasts three seconds."""
    fake = FakeTelephony(phones=["8001", "8002", "8003"], pace=0.1)
    await fake.start()
    assert isinstance(await anext(fake.events()), LinkUp)
    yield fake
    await fake.stop()


@pytest.fixture
async def tester(database: Database, telephony: FakeTelephony) -> AsyncIterator[PhoneTester]:
    tester = PhoneTester(database, telephony, system_clock, ALONE)
    running = asyncio.create_task(tester.run())
    yield tester
    running.cancel()
    await asyncio.wait([running])


async def test_v3_from_the_press_to_what_he_says(database: Database, tester: PhoneTester) -> None:
    """His word ends the test at once; the row tells when, where, how far, and each step is an event row."""
    agent_id = await paused_agent(database)
    test_id = await begin(database, agent_id)
    await until(database, agent_id, lambda test: test.taken_at is not None)
    with pytest.raises(TestRefused) as refused:
        await begin(database, agent_id)
    assert refused.value.why is Refusal.RUNNING
    await asyncio.sleep(0.2)
    await database.write(lambda c: say(c, agent_id, True, system_clock()))
    test = await until(database, agent_id, lambda test: test.ended_at is not None)
    assert (test.id, test.extension, test.reached, test.said) == (test_id, "8001", Reached.ANSWERED, True)
    assert test.seconds is not None and test.seconds < 2, "it was ended by his word"
    assert outcome(test, system_clock()) is Outcome.CONFIRMED
    rows = await database.read(lambda c: of_subject(c, agent_id))
    kinds = [row.kind for row in rows if row.kind.startswith("phone_test.")]
    assert kinds == ["phone_test.asked", "phone_test.taken", "phone_test.said", "phone_test.ended"]
    assert (await database.read(lambda c: latest_tests(c, system_clock() - DAY)))[agent_id] == test


async def test_v3_without_a_word_it_ends_by_itself_and_he_can_say_it_later(
    database: Database, tester: PhoneTester
) -> None:
    agent_id = await paused_agent(database)
    await begin(database, agent_id)
    test = await until(database, agent_id, lambda test: test.ended_at is not None)
    assert outcome(test, system_clock()) is Outcome.ANSWERED
    await database.write(lambda c: say(c, agent_id, False, system_clock()))
    assert outcome(await of(database, agent_id), system_clock()) is Outcome.NOT_HEARD


@pytest.mark.parametrize(
    ("phone", "proves"),
    [("8003", Outcome.NO_ANSWER), ("8004", Outcome.NOT_REGISTERED), ("8002", Outcome.NO_AUDIO)],
)
async def test_v3_what_went_wrong_is_kept(
    database: Database, telephony: FakeTelephony, tester: PhoneTester, phone: str, proves: Outcome
) -> None:
    telephony.agents["8003"] = AgentFate(does=AgentDoes.IGNORE)
    telephony.phone_tests.silent.add("8002")
    agent_id = await paused_agent(database, phone)
    await begin(database, agent_id)
    test = await until(database, agent_id, lambda test: test.ended_at is not None)
    assert outcome(test, system_clock()) is proves


async def test_v3_no_link_is_an_interrupted_test(
    database: Database, telephony: FakeTelephony, tester: PhoneTester
) -> None:
    """Lost between the press and the ringing; where it is known to be away he is told so at once."""
    agent_id = await paused_agent(database)
    with pytest.raises(TestRefused) as refused:
        await database.write(lambda c: ask(c, agent_id, system_clock(), linked=lambda _phone: False))
    assert refused.value.why is Refusal.NO_LINK
    telephony.cut_link()
    await begin(database, agent_id)
    test = await until(database, agent_id, lambda test: test.ended_at is not None)
    assert outcome(test, system_clock()) is Outcome.INTERRUPTED


async def test_v3_what_an_earlier_service_began_is_over(database: Database, telephony: FakeTelephony) -> None:
    """A restarted service rings nobody again; one that has not the phone leaves the test alone."""
    agent_id = await paused_agent(database)
    test_id = await begin(database, agent_id)
    assert await database.write(lambda c: take(c, test_id, system_clock()))
    assert not await database.write(lambda c: take(c, test_id, system_clock()))
    await PhoneTester(database, telephony, system_clock, Share("east", first=False, phones=("9*",))).look()
    assert [one.id for one in await database.read(open_tests)] == [test_id]
    await PhoneTester(database, telephony, system_clock, ALONE).look()
    assert await database.read(open_tests) == []
    assert telephony.phone_tests.alive == {}
    assert outcome(await of(database, agent_id), system_clock()) is Outcome.INTERRUPTED
    await database.write(lambda c: end(c, test_id, HEARD, system_clock()))
    assert (await of(database, agent_id)).reached is None, "one that is over stays as it is"


async def test_v3_a_test_that_nobody_took_up_is_in_nobodys_way(database: Database) -> None:
    agent_id = await paused_agent(database)
    now = system_clock()
    await database.write(lambda c: ask(c, agent_id, now - timedelta(seconds=30), linked=linked))
    again = await begin(database, agent_id)
    assert [one.id for one in await database.read(open_tests)] == [again]


@pytest.mark.parametrize("what", ["late", "ready", "moved"])
async def test_v3_what_does_not_hold_any_more_rings_nobody(
    database: Database, telephony: FakeTelephony, what: str
) -> None:
    """The service was away and nobody waits; he wants calls now; he sits elsewhere."""
    agent_id = await paused_agent(database)
    now = system_clock()
    asked = now - timedelta(seconds=30 if what == "late" else 0)
    await database.write(lambda c: ask(c, agent_id, asked, linked=linked))
    if what == "ready":
        await database.write(lambda c: agents.ready(c, agent_id, now))
    elif what == "moved":
        values = update(agent_sessions).where(agent_sessions.c.agent_id == agent_id).values(extension="8002")
        await database.write(lambda c: c.execute(values))
    tester = PhoneTester(database, telephony, system_clock, ALONE)
    await tester.look()
    test = await until(database, agent_id, lambda test: test.ended_at is not None)
    assert (test.taken_at, outcome(test, now)) == (None, Outcome.INTERRUPTED)
    assert telephony.phone_tests.alive == {}


async def test_v3_only_who_is_paused_tests_and_only_he_speaks_of_it(database: Database) -> None:
    """Who is ready may be called any moment."""
    agent_id = await database.write(lambda c: add_ready_agent(c, "8001", since=system_clock()))
    with pytest.raises(TestRefused) as refused:
        await begin(database, agent_id)
    assert refused.value.why is Refusal.NOT_PAUSED
    with pytest.raises(TestRefused) as refused:
        await database.write(lambda c: say(c, agent_id, True, system_clock()))
    assert refused.value.why is Refusal.NO_TEST


async def test_v3_the_service_that_stops_hangs_up(
    database: Database, telephony: FakeTelephony, tester: PhoneTester
) -> None:
    agent_id = await paused_agent(database)
    await begin(database, agent_id)
    await until(database, agent_id, lambda _test: bool(telephony.phone_tests.alive))
    await tester.stop()
    test = await until(database, agent_id, lambda test: test.ended_at is not None)
    assert test.seconds is not None and test.seconds < 2
