"""O1: whatever is said while a call is followed carries its attempt, whoever says it."""

import asyncio

import structlog
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from dialer.calling.following import Follower, Step
from dialer.calling.incall.steps import InCall
from dialer.calling.service import EndRules
from dialer.storage.database import Database
from dialer.telephony.events import AgentUp
from dialer.telephony.fake import FakeTelephony
from tests.support.core import LIBRARY, NOW, RUN, pairing, placed

log = structlog.get_logger("below")


async def test_o1_lines_of_a_call_carry_its_attempt(database: Database) -> None:
    attempt_id = await database.write(lambda conn: placed(conn).id)
    passed = asyncio.Event()

    def note(step: Step) -> None:
        log.info("Something far below.", step=step.value)
        if step is Step.GO_SENT:
            passed.set()

    async def settle(_ids: object) -> None:
        """The fake telephone system has no such call: the gate cannot be opened."""

    telephony = FakeTelephony()
    follower = Follower(
        database,
        telephony,
        LIBRARY,
        lambda: NOW,
        RUN,
        site=EndRules(),
        settle=settle,
        passed=note,
        in_call=InCall(database, telephony, LIBRARY, lambda: NOW, pairing=pairing),
    )
    with capture_logs(processors=[merge_contextvars]) as lines:
        follower.begin(attempt_id)
        follower.take(AgentUp(attempt_id=attempt_id, at=NOW))
        async with asyncio.timeout(10):
            await passed.wait()
        await follower.stop()
        log.info("Something else.")
    told = [line for line in lines if line["event"] == "Something far below."]
    assert [line["attempt"] for line in told] == [attempt_id] * 3
    assert "attempt" not in lines[-1]
