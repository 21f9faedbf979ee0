"""D6, S3: a fault is whose who spoke, also in a call that was handed on, on both databases."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, insert

from dialer.agents.service import add_agent
from dialer.calling.incall.tables import in_calls, speaker_turns
from dialer.calling.queries import attempt
from dialer.calling.tables import call_parties
from dialer.ids import new_id
from qa.reviews import counting
from qa.reviews.month import month_sheet
from qa.reviews.queries import ReviewRow, machine_verdicts
from qa.rules.findings import Verdict
from qa.sampling.rules import Pool
from qa.training import queries as trainings
from tests.support.reviewed import DAY_BEGINS, ZONE, drawn, reviewed
from tests.unit.qa_store.world import SHOP, World

pytestmark = pytest.mark.usefixtures("a_day_of_calls")

BROKEN = {rule: {"verdict": "fail", "reason": "context"} for rule in ("greet", "thanks")}
UNTIL = DAY_BEGINS + timedelta(days=9)
# The farewell of the call begins later, the greeting earlier.
HANDED_ON = 45.0


async def a_whole_call(world: World) -> ReviewRow:
    """A drawn call that has its farewell."""
    for row in (await drawn(world))[Pool.RANDOM]:
        machine = await world.db.read(partial(machine_verdicts, attempt_id=row.attempt_id))
        if machine["thanks"] is Verdict.PASS:
            return row
    raise AssertionError("three calls were drawn, and one lacks its farewell")


async def hand_on(world: World, row: ReviewRow, to: str | None) -> None:
    """From this second on another agent, or a phone outside, talks with the customer."""

    def work(conn: Connection) -> None:
        call, party = attempt(conn, row.attempt_id), new_id()
        assert call is not None
        assert call.answered_at is not None
        at = call.answered_at + timedelta(seconds=HANDED_ON)
        own = {"attempt_id": call.id, "agent_id": call.agent_id, "began_at": call.answered_at}
        conn.execute(insert(in_calls).values(attempt_id=call.id, held=False, muted=False, left_at=at))
        kept = {"id": party, "attempt_id": call.id, "asked_by": call.agent_id, "asked_at": at}
        asked = {"purpose": "transfer", "mode": "talk", "state": "ended", "muted": False}
        conn.execute(insert(call_parties).values(**kept, **asked, agent_id=to, extension="8200"))
        conn.execute(insert(speaker_turns).values(**own, ended_at=at))
        other = {"attempt_id": call.id, "party_id": party, "agent_id": to, "began_at": at}
        conn.execute(insert(speaker_turns).values(**other))

    await world.db.write(work)


async def faults(world: World) -> dict[str, str]:
    """Whose each broken rule is."""
    found = await world.db.read(partial(counting.faults, since=DAY_BEGINS, until=UNTIL))
    return {one.rule_id: one.agent_id for one in found if one.rule_id in BROKEN}


async def test_a_fault_is_whose_who_spoke(world: World) -> None:
    """In the training plan, on the month's sheet, and where a training is told by what it changed."""
    row = await a_whole_call(world)
    add = partial(add_agent, code="8200", name="李梅", extension="8200", branch=SHOP)
    other = await world.db.write(add)
    await reviewed(world, row, verdicts=BROKEN)
    own = row.agent_id
    assert await faults(world) == {"greet": own, "thanks": own}
    await hand_on(world, row, other)
    assert await faults(world) == {"greet": own, "thanks": other}
    day = world.now.astimezone(ZONE).date()
    sheet = await world.db.read(partial(month_sheet, month=day, zone=ZONE))
    lines = {line.figures.agent_id: line for line in sheet.lines}
    assert set(lines) == {own, other}
    assert (lines[other].figures.count, lines[other].figures.score) == (0, None)
    assert dict(lines[other].worst) == {"thanks": 1}
    assert "thanks" not in dict(lines[own].worst)
    assert sheet.count == 1
    broken = partial(trainings.broken, rule_id="thanks", since=DAY_BEGINS, until=UNTIL)
    assert (await world.db.read(partial(broken, agent_ids=[other]))).part == 1
    assert (await world.db.read(partial(broken, agent_ids=[own]))).whole == 0


async def test_what_a_phone_outside_said_is_no_agents_fault(world: World) -> None:
    row = await a_whole_call(world)
    await reviewed(world, row, verdicts=BROKEN)
    await hand_on(world, row, None)
    assert await faults(world) == {"greet": row.agent_id}
