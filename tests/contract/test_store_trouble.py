"""The database cannot be written for a while: every call comes to its end all the same (D7)."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from dialer.calling.engine import Engine
from dialer.calling.settings import CallingSettings, Mode
from dialer.calling.states import AttemptState
from dialer.storage.database import Database
from dialer.telephony.fake import FakeTelephony
from dialer.telephony.fates import CustomerFate
from dialer.telephony.outcomes import DialOutcome
from tests.support.core import LIBRARY, add_follow_up, add_ready_agent, at, reaches
from tests.support.trouble import Trouble

NUMBER, EXTENSION = "13800000001", "8001"
SETTINGS = CallingSettings(mode=Mode.LIVE, keep_hours=False, settle_margin_seconds=1, page_lead_seconds=0)


@pytest.fixture
async def telephony(database: Database, trouble: Trouble) -> AsyncIterator[FakeTelephony]:
    """A telephone system on which the engine has placed calls to a customer who talks until told."""
    telephony = FakeTelephony(phones=[EXTENSION], clock=lambda: at(1))
    telephony.customers[NUMBER] = CustomerFate()
    engine = Engine(database, telephony, LIBRARY, SETTINGS, lambda: at(1))
    running = asyncio.create_task(engine.run())
    yield telephony
    trouble.on = False
    running.cancel()
    await asyncio.wait([running])


async def called(database: Database) -> str:
    follow_up_id = await database.write(lambda c: add_follow_up(c, NUMBER))
    await database.write(lambda c: add_ready_agent(c, EXTENSION))
    return follow_up_id


async def test_a_talk_whose_end_could_not_be_written_is_settled(
    database: Database, trouble: Trouble, telephony: FakeTelephony
) -> None:
    """D7: nobody tells of that end again, and the link was never lost."""
    follow_up_id = await called(database)
    talking = await reaches(database, follow_up_id, AttemptState.TALKING)
    trouble.on = True
    telephony.customer_hangs_up(talking.id)
    await trouble.failed.wait()
    trouble.on = False
    ended = await reaches(database, follow_up_id, AttemptState.ENDED)
    assert ended.outcome == DialOutcome.ANSWERED
    assert telephony.rung() == [NUMBER]


async def test_a_talk_whose_answer_could_not_be_written_is_found(
    database: Database, trouble: Trouble, telephony: FakeTelephony
) -> None:
    telephony.customers[NUMBER] = CustomerFate(after=None)
    follow_up_id = await called(database)
    ringing = await reaches(database, follow_up_id, AttemptState.CUSTOMER_GO)
    trouble.on = True
    telephony.customer_answers(ringing.id)
    await trouble.failed.wait()
    trouble.on = False
    talking = await reaches(database, follow_up_id, AttemptState.TALKING)
    assert talking.answered_at is not None
    telephony.customer_hangs_up(talking.id)
    assert (await reaches(database, follow_up_id, AttemptState.ENDED)).outcome == DialOutcome.ANSWERED
