"""The steps of a call in progress from the button to the phones, on a real Asterisk (A1, D6, D7, D10).

Each phone says a tone of its own; who hears whom is told by what the phones heard.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from asterisk.phones import Answer, Behaviour, CustomerTrunk, PhoneCall
from asterisk.phones.audio import from_alaw
from asterisk.server import AsteriskServer
from asterisk.telephony import AsteriskTelephony
from dialer.agents.queries import session
from dialer.agents.states import AgentState
from dialer.calling import queries
from dialer.calling.engine import Engine
from dialer.calling.incall import queries as in_call
from dialer.calling.incall.rules import Actor
from dialer.calling.incall.states import PartyState, Step
from dialer.calling.settings import CallingSettings, Mode
from dialer.calling.states import AttemptState
from dialer.storage.database import Database
from dialer.trunks.settings import TrunkSettings
from tests.contract.telephony_rigs import ANSWERING, COLLEAGUE, AsteriskRig
from tests.live_asterisk.conftest import appears
from tests.live_asterisk.test_incall_audio import (
    AGENT_HZ,
    CHIEF_HZ,
    COLLEAGUE_HZ,
    CUSTOMER_HZ,
    heard_in,
)
from tests.live_asterisk.test_recording import read, tone
from tests.support.core import LIBRARY, NOW, add_follow_up, add_ready_agent
from tests.support.stores import new_file

CUSTOMER, WORKSHOP = "13800000001", "037166668888"
SETTINGS = CallingSettings(
    mode=Mode.TRIAL,
    trial_numbers=frozenset({CUSTOMER, WORKSHOP}),
    keep_hours=False,
    page_lead_seconds=0,
    trunks=(TrunkSettings(name="city", channels=2, dial="PJSIP/{number}@trunk"),),
)


class Stage(AsteriskRig):
    """Phones, a trunk where everybody answers, and a service."""

    def __init__(self, server: AsteriskServer, database: Database) -> None:
        super().__init__(server)
        self.trunk = CustomerTrunk(self._answers, port=server.settings.trunk_port)
        self.database = database
        self.attempt = self.agent = ""

    @staticmethod
    def _answers(_call: PhoneCall) -> Behaviour:
        return Answer(ring_seconds=0.1)

    def clock(self) -> datetime:
        return NOW + (datetime.now(UTC) - self._began)

    async def serve(self) -> None:
        """A service begins at this Asterisk."""
        self._began = getattr(self, "_began", datetime.now(UTC))
        connection = self.server.connection()
        dials = {one.name: one.dial for one in SETTINGS.trunks}
        settings = connection.model_copy(update={"trunk_dials": dials})
        telephony = AsteriskTelephony(settings, clock=self.clock)
        self.engine = Engine(self.database, telephony, LIBRARY, SETTINGS, self.clock)
        self.run = asyncio.create_task(self.engine.run())
        await self.until(lambda _conn: self.engine.status.settled)

    async def stop(self) -> None:
        """It ends; calls go on."""
        self.run.cancel()
        with suppress(asyncio.CancelledError):
            await self.run

    async def until(self, true: Callable[[Connection], bool]) -> None:
        async with asyncio.timeout(20):
            while not await self.database.read(true):  # noqa: ASYNC110 - rows tell nobody
                await asyncio.sleep(0.02)

    async def agent_is(self, state: AgentState) -> None:
        def there(conn: Connection) -> bool:
            now = session(conn, self.agent)
            return now is not None and now.state is state

        await self.until(there)

    async def act(self, step: Step, *, extension: str = "", number: str = "") -> None:
        by = Actor(self.agent, self.agent)
        await self.engine.in_call.act(self.attempt, step, by, extension=extension, number=number)

    async def came(self, which: Callable[[], PhoneCall], hertz: int) -> PhoneCall:
        """Who was asked in is up, and says a tone."""
        await self.until(
            lambda conn: any(one.state is PartyState.UP for one in in_call.parties(conn, self.attempt))
        )
        phone = which()
        phone.start_speech(tone(hertz, 90))
        return phone

    async def with_customer(self, *who: str | None) -> None:
        """Wait until exactly these are with the customer, and he is not on hold."""

        def there(conn: Connection) -> bool:
            now = [one for one in in_call.turns(conn, self.attempt) if one.ended_at is None]
            row = in_call.in_call(conn, self.attempt)
            apart = any(one.private for one in now)
            return row is not None and not row.held and not apart and len(now) == len(who)

        await self.until(there)

    def on_trunk(self, number: str) -> PhoneCall:
        return next(one for one in reversed(self.trunk.calls) if one.number == number)


async def hears(*phones: PhoneCall, seconds: float = 1.3) -> list[set[int]]:
    """What each of these phones hears from now on; no packets are silence."""
    before = [len(phone.heard) for phone in phones]
    await asyncio.sleep(seconds)
    found = []
    for phone, start in zip(phones, before, strict=True):
        samples = from_alaw(phone.heard[start:])
        length = len(samples) / 8000
        found.append(heard_in(samples, 0, length) if length > 0.8 else set())
    return found


@pytest.fixture
async def stage(
    asterisk_server: AsteriskServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    """A talk: its agent, the customer, and phones that nobody uses yet."""
    monkeypatch.setattr("asterisk.phones.rtp.secrets.randbelow", lambda limit: limit * 5 // 8)
    database = Database(new_file(tmp_path / "dialer.db"))
    await database.start()
    stage = Stage(asterisk_server, database)
    await stage.trunk.open()
    await asyncio.gather(*(phone.register() for phone in stage.phones.values()))

    def begin(conn: Connection) -> str:
        add_follow_up(conn, CUSTOMER)
        return add_ready_agent(conn, ANSWERING)

    stage.agent = await database.write(begin)
    await stage.serve()
    try:
        await stage.agent_is(AgentState.TALKING)
        now = await database.read(lambda conn: session(conn, stage.agent))
        assert now is not None and now.attempt_id is not None
        stage.attempt = now.attempt_id
        stage.on_trunk(CUSTOMER).start_speech(tone(CUSTOMER_HZ, 90))
        stage.phones[ANSWERING].calls[-1].start_speech(tone(AGENT_HZ, 90))
        yield stage
    finally:
        await stage.stop()
        await asyncio.gather(stage.trunk.close(), *(phone.close() for phone in stage.phones.values()))
        await database.stop()


async def test_from_a_private_talk_to_three_with_the_workshop(stage: Stage) -> None:
    """A1, D6, D7: consult, back, ask the workshop in, a restart meanwhile, and the customer's end."""
    agent, customer = stage.phones[ANSWERING].calls[-1], stage.on_trunk(CUSTOMER)
    assert await hears(agent, customer) == [{CUSTOMER_HZ}, {AGENT_HZ}]

    await stage.act(Step.CONSULT, extension=COLLEAGUE)
    other = await stage.came(lambda: stage.phones[COLLEAGUE].calls[-1], COLLEAGUE_HZ)
    await asyncio.sleep(0.3)
    assert await hears(agent, other, customer) == [{COLLEAGUE_HZ}, {AGENT_HZ}, set()]
    await stage.act(Step.BACK)
    await stage.with_customer(None)
    assert await hears(agent, customer) == [{CUSTOMER_HZ}, {AGENT_HZ}]

    # The same, and the other one hangs up while there is no service: the next one takes the customer back.
    await stage.act(Step.CONSULT, extension=COLLEAGUE)
    other = await stage.came(lambda: stage.phones[COLLEAGUE].calls[-1], COLLEAGUE_HZ)
    await asyncio.sleep(0.3)
    await stage.stop()
    assert await hears(agent, other, customer) == [{COLLEAGUE_HZ}, {AGENT_HZ}, set()]
    await other.hang_up()
    assert await hears(agent, customer) == [set(), set()]
    await stage.serve()
    await stage.with_customer(None)
    assert await hears(agent, customer) == [{CUSTOMER_HZ}, {AGENT_HZ}]

    await stage.act(Step.THIRD, number="0371 6666 8888")
    workshop = await stage.came(lambda: stage.on_trunk(WORKSHOP), CHIEF_HZ)
    await stage.with_customer(None, "workshop")
    assert await hears(agent, workshop, customer) == [
        {CHIEF_HZ, CUSTOMER_HZ},
        {AGENT_HZ, CUSTOMER_HZ},
        {AGENT_HZ, CHIEF_HZ},
    ]
    await stage.stop()
    await stage.serve()
    assert await hears(customer) == [{AGENT_HZ, CHIEF_HZ}]
    await stage.act(Step.CANCEL)
    await stage.with_customer(None)
    assert await hears(agent, customer) == [{CUSTOMER_HZ}, {AGENT_HZ}]

    await stage.act(Step.CONSULT, number=WORKSHOP)
    again = await stage.came(lambda: stage.on_trunk(WORKSHOP), CHIEF_HZ)
    await asyncio.sleep(0.3)
    assert await hears(agent, again, customer) == [{CHIEF_HZ}, {AGENT_HZ}, set()]
    await stage.act(Step.TRANSFER)
    await stage.agent_is(AgentState.WRAP_UP)
    await stage.with_customer("workshop")
    assert await hears(again, customer) == [{CUSTOMER_HZ}, {CHIEF_HZ}]
    await customer.hang_up()
    await stage.until(
        lambda conn: (
            (now := queries.attempt(conn, stage.attempt)) is not None and now.state is AttemptState.ENDED
        )
    )
    async with asyncio.timeout(10):
        await again.ended.wait()

    # The recording is whole: as long as the call was, the private talks being music in it.
    folder = stage.server.layout.recordings
    await appears(folder / f"{stage.attempt}.done")
    ours, theirs = read(folder / f"{stage.attempt}.agent.wav"), read(folder / f"{stage.attempt}.customer.wav")
    assert customer.answered_at is not None and customer.ended_at is not None
    seconds = (customer.ended_at - customer.answered_at).total_seconds()
    assert abs(len(ours) / 8000 - seconds) < 0.5 and abs(len(theirs) / 8000 - seconds) < 0.5
    turns = await stage.database.read(lambda conn: in_call.turns(conn, stage.attempt))
    assert sum(turn.private for turn in turns) == 3 and all(turn.ended_at for turn in turns)
