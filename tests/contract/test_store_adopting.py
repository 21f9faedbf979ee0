"""A call in doubt goes on while it is asked about: what its events tell then is not lost (D7)."""

import asyncio

from dialer.calling.engine import Engine
from dialer.calling.settings import CallingSettings, Mode
from dialer.calling.states import AttemptState
from dialer.storage.database import Database
from dialer.telephony.events import CallEvent, CustomerDialEnded
from dialer.telephony.fake import FakeTelephony
from dialer.telephony.fates import CustomerFate
from dialer.telephony.outcomes import DialOutcome
from dialer.telephony.port import CallTrail, LiveCall
from tests.support.core import LIBRARY, add_follow_up, add_ready_agent, at, reaches

NUMBER, EXTENSION = "13800000001", "8001"
SETTINGS = CallingSettings(mode=Mode.LIVE, keep_hours=False, page_lead_seconds=0)


class LateAnswers(FakeTelephony):
    """What it tells of calls that are alive is a moment old when it arrives."""

    def __init__(self) -> None:
        super().__init__(phones=[EXTENSION], clock=lambda: at(1))
        self.hurry = asyncio.Event()
        self.early: dict[str, CallTrail] = {}

    async def live_calls(self) -> tuple[LiveCall, ...]:
        seen = await super().live_calls()
        for call in seen:
            if not call.customer_answered:
                self.early[call.attempt_id] = await self.trail(call.attempt_id)
                self.customer_answers(call.attempt_id)
                await self.hurry.wait()
        return seen

    def _tell(self, event: CallEvent) -> None:
        # After a step in the call Asterisk has no end of the dialling to tell, either.
        if not isinstance(event, CustomerDialEnded):
            super()._tell(event)

    async def trail(self, attempt_id: str) -> CallTrail:
        return self.early.get(attempt_id) or await super().trail(attempt_id)


async def test_an_answer_while_it_is_asked_about_stays_one(database: Database) -> None:
    """The picture of the moment before says that he is being dialled."""
    telephony = LateAnswers()
    telephony.customers[NUMBER] = CustomerFate(after=None)
    engine = Engine(database, telephony, LIBRARY, SETTINGS, lambda: at(1))
    running = asyncio.create_task(engine.run())
    follow_up_id = await database.write(lambda c: add_follow_up(c, NUMBER))
    await database.write(lambda c: add_ready_agent(c, EXTENSION))
    ringing = await reaches(database, follow_up_id, AttemptState.CUSTOMER_GO)
    settling = asyncio.create_task(engine.settle([ringing.id]))
    await reaches(database, follow_up_id, AttemptState.TALKING)
    telephony.hurry.set()
    await settling
    telephony.customer_hangs_up(ringing.id)
    ended = await reaches(database, follow_up_id, AttemptState.ENDED)
    assert ended.outcome == DialOutcome.ANSWERED and ended.answered_at is not None
    running.cancel()
    await asyncio.wait([running])
