"""A step asked for at a service that does not have the call reaches the one that has it (D6, D8)."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from dialer.agents.states import AgentState
from dialer.calling.engine import Engine
from dialer.calling.fleet import Fleet
from dialer.calling.incall.courier import Courier
from dialer.calling.incall.rules import Actor, Refusal
from dialer.calling.incall.states import CommandState, Step
from dialer.calling.incall.steps import StepRefused
from dialer.calling.incall.tables import call_commands
from dialer.calling.settings import CallingSettings, Mode
from dialer.nodes.rules import Share
from dialer.nodes.settings import LeaseSettings
from dialer.storage.database import Database
from dialer.telephony.fake import FakeTelephony
from tests.support.core import LIBRARY, NOW, add_follow_up, add_ready_agent, placed, session_of

WANG = Actor("a1", "a1")
_LINKS = ("one-east", "one-west", "two-east", "two-west")
ASKED = ("8002", "12#", "037166668888")


@pytest.fixture
def kind() -> str:
    """On SQLite one process owns the database."""
    return "postgresql"


@pytest.fixture
async def other(database: Database) -> AsyncIterator[Database]:
    """The service that has the node."""
    other = Database(database.url)
    await other.start()
    yield other
    await other.stop()


class Holder:
    """What a service does with steps that come to it."""

    def __init__(self, refuses: StepRefused | None = None, seconds: float = 0.0) -> None:
        self.did: list[tuple[object, ...]] = []
        self._refuses, self._seconds = refuses, seconds

    async def act(self, *step: object) -> None:
        self.did.append(step)
        await asyncio.sleep(self._seconds)
        if self._refuses is not None:
            raise self._refuses

    async def serve(self, database: Database, *, patience: float = 6.0) -> "asyncio.Task[None]":
        courier = Courier(database, self.act, patience=patience)
        return asyncio.create_task(courier.serve(lambda: {"west"}))


async def states(database: Database) -> list[tuple[CommandState, object]]:
    query = select(call_commands.c.state, call_commands.c.wanted).order_by(call_commands.c.id)
    return await database.read(lambda c: [(CommandState(row[0]), row[1]) for row in c.execute(query)])


async def ask(database: Database, attempt_id: str, node: str = "west", patience: float = 6.0) -> None:
    courier = Courier(database, Holder().act, patience=patience)
    extension, digits, number = ASKED
    await courier.ask(node, attempt_id, Step.THIRD, WANG, extension, digits, number)


async def test_a_step_is_taken_by_the_service_that_has_the_call(database: Database, other: Database) -> None:
    """D8: once, with all it needs; what it needed is not kept."""
    attempt_id = (await database.write(placed)).id
    holder = Holder()
    serving = await holder.serve(other)
    await ask(database, attempt_id)
    assert holder.did == [(attempt_id, Step.THIRD, WANG, *ASKED)]
    assert await states(database) == [(CommandState.DONE, {})]
    serving.cancel()


async def test_why_it_was_refused_comes_back(database: Database, other: Database) -> None:
    """D6: the sentence is that of the service that has the call."""
    attempt_id = (await database.write(placed)).id
    serving = await Holder(StepRefused(Refusal.NO_LINE, "full")).serve(other)
    with pytest.raises(StepRefused) as caught:
        await ask(database, attempt_id)
    assert (caught.value.why, caught.value.detail) == (Refusal.NO_LINE, "full")
    serving.cancel()


async def test_where_nobody_answers_nothing_is_done_later(database: Database, other: Database) -> None:
    """D8: a step that its caller has given up is not taken when the other service comes back."""
    attempt_id = (await database.write(placed)).id
    with pytest.raises(StepRefused) as caught:
        await ask(database, attempt_id, patience=0.5)
    assert caught.value.why is Refusal.ELSEWHERE
    holder = Holder()
    serving = await holder.serve(other)
    await asyncio.sleep(0.6)
    assert holder.did == [] and await states(database) == [(CommandState.EXPIRED, {})]
    serving.cancel()


async def test_of_a_caller_who_died_nothing_is_done_late(database: Database, other: Database) -> None:
    """D8: by the clock of the database."""
    attempt_id = (await database.write(placed)).id
    asking = asyncio.create_task(ask(database, attempt_id))
    async with asyncio.timeout(5):
        while not await states(database):  # noqa: ASYNC110 - rows tell nobody
            await asyncio.sleep(0.02)
    asking.cancel()
    await asyncio.sleep(0.5)
    holder = Holder()
    serving = await holder.serve(other, patience=0.3)
    async with asyncio.timeout(5):
        while await states(database) != [(CommandState.EXPIRED, {})]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert holder.did == []
    serving.cancel()


async def test_an_answer_that_comes_too_late_is_not_known(database: Database, other: Database) -> None:
    """D6: neither done nor refused is claimed."""
    attempt_id = (await database.write(placed)).id
    serving = await Holder(seconds=2.0).serve(other)
    with pytest.raises(StepRefused) as caught:
        await ask(database, attempt_id, patience=0.8)
    assert caught.value.why is Refusal.UNSURE
    serving.cancel()


async def test_another_services_node_is_left_alone(database: Database, other: Database) -> None:
    """D8."""
    attempt_id = (await database.write(placed)).id
    holder = Holder()
    serving = await holder.serve(other)
    with pytest.raises(StepRefused):
        await ask(database, attempt_id, node="east", patience=0.5)
    assert holder.did == []
    serving.cancel()


async def test_a_page_at_one_service_holds_a_call_of_the_other(database: Database, other: Database) -> None:
    """D6, D8: the agent's page is open where the call is not."""
    began = time.monotonic()

    def clock() -> datetime:
        return NOW + timedelta(seconds=time.monotonic() - began)

    east, west = Share("east", True, ("80*",), ("west",), ("81*",)), Share("west", False, ("81*",), ("east",))
    fakes = {name: FakeTelephony(phones=["8101"] if name == "two-west" else []) for name in _LINKS}
    settings = CallingSettings(mode=Mode.LIVE, keep_hours=False, page_lead_seconds=0)

    def fleet(name: str, home: str, at: Database) -> Fleet:
        def make(share: Share) -> Engine:
            return Engine(at, fakes[f"{name}-{share.name}"], LIBRARY, settings, clock, share=share)

        leases = LeaseSettings(seconds=10, home=(home,))
        return Fleet(at, (east, west), make, leases=leases, owner=name)

    one, two = fleet("one", "east", database), fleet("two", "west", other)
    agent_id = await database.write(lambda conn: (add_follow_up(conn), add_ready_agent(conn, "8101"))[1])
    runs = [asyncio.create_task(each.run()) for each in (one, two)]
    try:
        async with asyncio.timeout(20):
            while await database.read(lambda c: session_of(c, agent_id).state) is not AgentState.TALKING:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        now = await database.read(lambda conn: session_of(conn, agent_id))
        assert now.attempt_id is not None and one.held == {"east"}
        asked = time.monotonic()
        await one.act(now.attempt_id, Step.HOLD, Actor(agent_id, agent_id))
        assert time.monotonic() - asked < 3
        (live,) = await fakes["two-west"].live_calls()
        assert live.held
        with pytest.raises(StepRefused) as caught:
            await one.act(now.attempt_id, Step.HOLD, WANG)
        assert caught.value.why is Refusal.NOT_YOURS
        await two.act(now.attempt_id, Step.RESUME, Actor(agent_id, agent_id))
        assert len(await states(database)) == 2  # who has the call asks nobody
    finally:
        for run in runs:
            run.cancel()
        await asyncio.wait(runs)
        await asyncio.gather(*(fake.crash() for fake in fakes.values()))
