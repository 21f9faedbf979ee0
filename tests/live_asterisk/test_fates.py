"""Each way in which a leg can end, on a real Asterisk, for both legs: from the SIP answer to what is owed.

The dialplan's side is in test_dialplan.py, the port's in tests/contract/test_telephony.py; here the engine
places the call, and what it makes of it is read from the database (D3, L7).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from asterisk.phones import (
    Answer,
    Behaviour,
    CustomerTrunk,
    Ignore,
    PhoneCall,
    Refuse,
    RingForever,
    Softphone,
)
from asterisk.server import AsteriskServer
from asterisk.telephony import AsteriskTelephony
from dialer.agents.states import AgentState, PauseReason
from dialer.calling.engine import Engine
from dialer.calling.queries import Attempt, of_follow_up
from dialer.calling.settings import CallingSettings, Mode
from dialer.followups.states import FollowUpState
from dialer.storage.database import Database
from dialer.telephony.events import (
    AgentLegFailed,
    AgentRinging,
    AgentUp,
    CallEvent,
    CustomerAnswered,
    CustomerDialEnded,
    CustomerDialing,
    CustomerRinging,
    LegEnded,
    TelephonyEvent,
)
from dialer.telephony.outcomes import DialOutcome, Leg
from tests.fixtures_asterisk import EXTENSIONS, PHONE_PASSWORD
from tests.support.core import LIBRARY, NOW, add_follow_up, add_ready_agent, follow_up_of, session_of
from tests.support.stores import MakeUrl, make_url

__all__ = ["make_url"]

NUMBER = "13800000001"
NOT_REGISTERED, UNKNOWN = EXTENSIONS[-2], "8999"
_PATIENCE = 30.0


class Overheard(AsteriskTelephony):
    """Remembers what it told the engine."""

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self.told: list[TelephonyEvent] = []
        self._changed = asyncio.Event()

    async def events(self) -> AsyncIterator[TelephonyEvent]:
        async for event in super().events():
            self.told.append(event)
            self._changed.set()
            yield event

    async def has_told(self, kinds: Iterable[type[CallEvent]]) -> None:
        """Wait until an event of each of these kinds was told."""
        while not {type(event) for event in self.told} >= set(kinds):
            self._changed.clear()
            await self._changed.wait()


@dataclass
class Stage:
    """A site with one agent and one customer; a test says what their phones do."""

    database: Database
    server: AsteriskServer
    agent: Behaviour = field(default_factory=lambda: Answer(ring_seconds=0.1))
    customer: Behaviour = field(default_factory=lambda: Answer(ring_seconds=0.1, hang_up_after=0.2))
    extension: str = EXTENSIONS[0]
    dial: str = "PJSIP/{number}@trunk"
    rung_for: list[str] = field(default_factory=list)

    async def call(self, *awaited: type[CallEvent]) -> "Told":
        """One call from its pairing to its end, and these of its events: no order is promised of them."""
        began = time.monotonic()

        def clock() -> datetime:
            return NOW + timedelta(seconds=time.monotonic() - began)

        settings = CallingSettings(
            mode=Mode.LIVE,
            keep_hours=False,
            agent_ring_seconds=3,
            customer_ring_seconds=5,
            gate_seconds=2,
            settle_margin_seconds=1,
            page_lead_seconds=0,
        )
        reach = self.server.connection().model_copy(update={"customer_dial": self.dial})
        telephony = Overheard(reach, clock=clock)
        # Who can be rung is what is tried here, so the pairing does not ask.
        telephony.reachable_phones = lambda: None  # type: ignore[method-assign]
        follow_up_id = await self.database.write(lambda c: add_follow_up(c, NUMBER))
        agent_id = await self.database.write(lambda c: add_ready_agent(c, self.extension))
        engine = Engine(self.database, telephony, LIBRARY, settings, clock)
        running = asyncio.create_task(engine.run())
        try:
            attempt = await self._ended(follow_up_id)
            async with asyncio.timeout(_PATIENCE):
                await telephony.has_told(awaited)
        finally:
            running.cancel()
            await asyncio.wait([running])
        return Told(self.database, telephony.told, attempt, agent_id)

    async def _ended(self, follow_up_id: str) -> Attempt:
        async with asyncio.timeout(_PATIENCE):
            while True:
                tried = await self.database.read(lambda c: of_follow_up(c, follow_up_id))
                if tried and tried[0].ended_at is not None:
                    return tried[0]
                await asyncio.sleep(0.02)


@dataclass
class Told:
    """What came of the call."""

    database: Database
    events: list[TelephonyEvent]
    attempt: Attempt
    agent_id: str

    def kinds(self) -> set[type[TelephonyEvent]]:
        """The kinds of events of the call."""
        return {type(e) for e in self.events if isinstance(e, CallEvent) and e.attempt_id == self.attempt.id}

    def leg(self, leg: Leg) -> tuple[int | None, str | None] | None:
        """Cause and SIP code with which a leg ended; None where it had no end."""
        ends = [e for e in self.events if isinstance(e, LegEnded) and e.leg is leg]
        assert len(ends) <= 1
        return (ends[0].cause, ends[0].tech_cause) if ends else None

    async def left(self) -> "Left":
        """What is owed and what the agent does."""
        owed = await self.database.read(lambda c: follow_up_of(c, self.attempt.follow_up_id))
        agent = await self.database.read(lambda c: session_of(c, self.agent_id))

        return Left(owed.state, dict(owed.tries), owed.due_at, agent.state, agent.reason)


@dataclass(frozen=True)
class Left:
    follow_up: FollowUpState
    tries: dict[str, int]
    due_at: datetime
    agent: AgentState
    reason: str | None


@asynccontextmanager
async def _phone(stage: Stage) -> AsyncIterator[None]:
    registrar = ("127.0.0.1", stage.server.ports.sip)
    async with Softphone(EXTENSIONS[0], PHONE_PASSWORD, registrar, lambda _: stage.agent):
        yield


@pytest.fixture
def store_url(make_url: MakeUrl) -> str:
    """One kind of database will do: what becomes of rows is tried on both elsewhere."""
    return make_url("sqlite", True)


@pytest.fixture
async def stage(asterisk_server: AsteriskServer, store_url: str) -> AsyncIterator[Stage]:
    database = Database(store_url)
    await database.start()
    stage = Stage(database, asterisk_server)

    def customer(call: PhoneCall) -> Behaviour:
        # Asterisk may still ask on behalf of a test before: its attempt is another.
        stage.rung_for.append(call.attempt)
        return stage.customer

    async with CustomerTrunk(customer, port=asterisk_server.settings.trunk_port), _phone(stage):
        yield stage
    await database.stop()


@dataclass(frozen=True)
class AgentRow:
    """What the agent's phone does, and what is told of it."""

    does: Behaviour
    reason: int
    end: tuple[int, str | None] | None
    rings: bool = False
    extension: str = EXTENSIONS[0]


AGENTS = {
    "486-busy": AgentRow(Refuse(code=486), 0, (17, "486")),
    "486-after-ringing": AgentRow(Refuse(code=486, ring_seconds=0.3), 0, (17, "486"), rings=True),
    "503": AgentRow(Refuse(code=503), 0, (34, "503")),
    "404": AgentRow(Refuse(code=404), 0, (1, "404")),
    "603-rejected": AgentRow(Refuse(code=603, ring_seconds=0.3), 0, (21, "603"), rings=True),
    "480": AgentRow(Refuse(code=480), 0, (19, "480")),
    "ring-timeout": AgentRow(RingForever(), 3, (19, None), rings=True),
    "dead-peer": AgentRow(Ignore(), 3, (19, None)),
    # Nothing but the failed Originate tells of these.
    "not-registered": AgentRow(Ignore(), 0, None, extension=NOT_REGISTERED),
    "unknown": AgentRow(Ignore(), 0, None, extension=UNKNOWN),
}


@pytest.mark.parametrize("row", AGENTS.values(), ids=list(AGENTS))
async def test_a_failed_agents_leg_burns_no_try_and_pauses_the_agent(stage: Stage, row: AgentRow) -> None:
    """D3, D5, L7."""
    stage.agent, stage.extension = row.does, row.extension
    told = await stage.call(AgentLegFailed, *([LegEnded] if row.end else []))
    assert AgentUp not in told.kinds()
    assert (AgentRinging in told.kinds()) is row.rings
    failed = [e for e in told.events if isinstance(e, AgentLegFailed)]
    assert [e.reason for e in failed] == [row.reason]
    end = told.leg(Leg.AGENT)
    assert (end[0] if end else None) == (row.end[0] if row.end else None)
    if row.end is not None and row.end[1] is not None:
        assert end == row.end
    assert told.attempt.id not in stage.rung_for
    assert (told.attempt.outcome, told.attempt.counted) == (DialOutcome.AGENT_UNAVAILABLE, False)
    left = await told.left()
    assert (left.follow_up, left.tries) == (FollowUpState.WAITING, {})
    assert left.agent is AgentState.PAUSED
    assert left.reason == (PauseReason.DID_NOT_ANSWER if row.rings else PauseReason.PHONE_UNREACHABLE)


async def test_an_answer_on_both_legs(stage: Stage) -> None:
    """D1, D3."""
    told = await stage.call(CustomerDialEnded)
    assert {AgentUp, CustomerDialing, CustomerAnswered, CustomerDialEnded} <= told.kinds()
    assert AgentLegFailed not in told.kinds()
    assert [leg and leg[0] for leg in (told.leg(Leg.AGENT), told.leg(Leg.CUSTOMER))] == [16, 16]
    assert stage.rung_for.count(told.attempt.id) == 1
    assert (told.attempt.outcome, told.attempt.counted) == (DialOutcome.ANSWERED, True)
    left = await told.left()
    assert (left.follow_up, left.agent) == (FollowUpState.WRAP_UP, AgentState.WRAP_UP)


@dataclass(frozen=True)
class CustomerRow:
    """What the customer's phone or the network does, and what is made of it."""

    does: Behaviour
    status: str
    end: tuple[int, str | None] | None
    outcome: DialOutcome
    tries: dict[str, int]
    follow_up: FollowUpState = FollowUpState.WAITING
    rings: bool = False
    dial: str = "PJSIP/{number}@trunk"


CUSTOMERS = {
    "486-busy": CustomerRow(Refuse(code=486), "BUSY", (17, "486"), DialOutcome.BUSY, {"busy": 1}),
    "503": CustomerRow(Refuse(code=503), "CONGESTION", (34, "503"), DialOutcome.CONGESTION, {}),
    "404": CustomerRow(
        Refuse(code=404),
        "CHANUNAVAIL",
        (1, "404"),
        DialOutcome.INVALID_NUMBER,
        {"invalid_number": 1},
        FollowUpState.EXHAUSTED,
    ),
    "603-rejected": CustomerRow(
        Refuse(code=603, ring_seconds=0.3),
        "CHANUNAVAIL",
        (21, "603"),
        DialOutcome.REJECTED,
        {"rejected": 1},
        rings=True,
    ),
    "480": CustomerRow(Refuse(code=480), "NOANSWER", (19, "480"), DialOutcome.NO_ANSWER, {"no_answer": 1}),
    "ring-timeout": CustomerRow(
        RingForever(), "NOANSWER", (0, None), DialOutcome.NO_ANSWER, {"no_answer": 1}, rings=True
    ),
    "dead-peer": CustomerRow(Ignore(), "NOANSWER", (0, None), DialOutcome.NO_ANSWER, {"no_answer": 1}),
    # Dial had no channel to dial on: our own side failed, and nobody was rung.
    "not-registered": CustomerRow(
        Ignore(), "CHANUNAVAIL", None, DialOutcome.FAILED, {}, dial=f"PJSIP/{{number}}@{NOT_REGISTERED}"
    ),
    "unknown": CustomerRow(
        Ignore(), "CHANUNAVAIL", None, DialOutcome.FAILED, {}, dial="PJSIP/{number}@nowhere"
    ),
}


@pytest.mark.parametrize("row", CUSTOMERS.values(), ids=list(CUSTOMERS))
async def test_how_a_customers_leg_ends_decides_what_is_owed_next(stage: Stage, row: CustomerRow) -> None:
    """D3, L7: failures of our own side burn no try, and the agent is free for the next call."""
    stage.customer, stage.dial = row.does, row.dial
    told = await stage.call(CustomerDialEnded, LegEnded)
    assert AgentUp in told.kinds()
    assert CustomerAnswered not in told.kinds()
    assert (CustomerRinging in told.kinds()) is row.rings
    assert (CustomerDialing in told.kinds()) is (row.end is not None)
    assert [e.dial_status for e in told.events if isinstance(e, CustomerDialEnded)] == [row.status]
    end = told.leg(Leg.CUSTOMER)
    assert (end[0] if end else None) == (row.end[0] if row.end else None)
    if row.end is not None and row.end[1] is not None:
        assert end == row.end
    assert stage.rung_for.count(told.attempt.id) == (0 if row.end is None else 1)
    assert (told.attempt.outcome, told.attempt.counted) == (row.outcome, bool(row.tries))
    left = await told.left()
    assert (left.follow_up, left.tries) == (row.follow_up, row.tries)
    assert left.due_at > NOW or row.follow_up is FollowUpState.EXHAUSTED
    assert left.agent is AgentState.READY
