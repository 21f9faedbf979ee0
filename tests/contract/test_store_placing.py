"""A call that is refused: nothing is drained, a person is told, and it goes on by itself (L9, D7)."""

import pytest

from dialer.alarms.service import open_alarms
from dialer.calling.placer import Placer
from dialer.calling.progress import Ending
from dialer.storage.database import Database
from dialer.telephony.fake import FakeTelephony
from dialer.telephony.outcomes import DialOutcome
from dialer.telephony.port import (
    CallOrder,
    LinkUnavailable,
    RequestRefused,
    RequestUncertain,
    TelephonyError,
)
from tests.support.core import NOW

ORDER = CallOrder(
    attempt_id="01M81C2YK0CCNH8AXVXWPE429F", agent_extension="8001", customer_number="13800000001"
)


class Unwilling(FakeTelephony):
    """Answers every request with `error`; takes it where there is none."""

    error: TelephonyError | None = None

    async def call_agent(self, order: CallOrder) -> None:
        if self.error is not None:
            raise self.error


class Story:
    """A placer, and what it brought about."""

    def __init__(self, database: Database) -> None:
        self.telephony = Unwilling()
        self.ended: list[DialOutcome] = []
        self.doubted: list[str] = []
        self.database = database
        self.placer = Placer(
            database, self.telephony, lambda: NOW, lead_seconds=0, end=self._end, settle=self._settle
        )

    async def place(self, error: TelephonyError | None) -> None:
        self.telephony.error = error
        await self.placer.place(ORDER)

    async def alarms(self) -> list[str]:
        return [alarm.kind for alarm in await self.database.read(open_alarms)]

    async def _end(self, _attempt_id: str, ending: Ending) -> None:
        self.ended.append(ending.outcome)

    async def _settle(self, attempt_id: str) -> None:
        self.doubted.append(attempt_id)


async def test_after_a_refusal_no_call_is_asked_for_and_the_supervisor_is_told(database: Database) -> None:
    story = Story(database)
    await story.place(RequestRefused("permission denied"))
    assert (story.ended, story.placer.held) == ([DialOutcome.FAILED], True)
    assert await story.alarms() == ["calls_refused"]


async def test_a_call_that_is_taken_again_clears_the_alarm(database: Database) -> None:
    story = Story(database)
    await story.place(RequestRefused("permission denied"))
    await story.place(None)
    assert await story.alarms() == []


@pytest.mark.parametrize("error", [LinkUnavailable("no link"), RequestUncertain("no answer")])
async def test_other_troubles_hold_nothing_back(database: Database, error: TelephonyError) -> None:
    story = Story(database)
    await story.place(error)
    uncertain = isinstance(error, RequestUncertain)
    assert story.ended == ([] if uncertain else [DialOutcome.FAILED])
    assert story.doubted == ([ORDER.attempt_id] if uncertain else [])
    assert not story.placer.held
    assert await story.alarms() == []
