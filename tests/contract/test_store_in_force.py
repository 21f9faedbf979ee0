"""S4, T7, Q5: a person's word counts over the machine's wherever a call is shown; on both databases."""

from functools import partial

import pytest

from qa.checks import service as checking
from qa.checks.queries import findings_at, findings_of
from qa.reviews import appeals, queries
from qa.reviews.queries import ReviewRow
from qa.reviews.settings import ReviewSettings
from qa.reviews.worker import ReviewWorker
from qa.rules.findings import Verdict
from qa.sampling.rules import Pool
from qa.search import queries as search
from qa.search.rules import phrases
from qa.search.worker import SearchWorker
from tests.support.reviewed import DAY_BEGINS, DEADLINES, SITE, ZONE, drawn, reviewed
from tests.unit.qa_store.world import GOOD_CALL, Says, World, heard
from web.quality.queries import Filter, calls

OTHER_PLATE = tuple((leg, at, text.replace("京A一二三四五", "京A九八七六零")) for leg, at, text in GOOD_CALL)


@pytest.fixture
async def world(world: World) -> World:
    """One call, in which another plate was said: an alarm."""
    attempt_id = await world.archived()
    await world.transcription(Says(heard(OTHER_PLATE))).step()
    await world.checks().step()
    assert await world.alarms() != {}
    assert attempt_id
    world.later(24 * 3600)
    return world


async def the_review(world: World) -> ReviewRow:
    (row,) = (await drawn(world))[Pool.RANDOM]
    return row


async def listed(world: World, verdict: str) -> list[tuple[int | None, int | None, bool]]:
    """What the list says of the call under this filter."""
    found = await world.db.read(partial(calls, wanted=Filter(verdict=verdict), limit=9, offset=0))
    return [(one.fails, one.unclears, one.reviewed) for one in found]


async def searched(world: World, verdict: str) -> int:
    """How many calls are found by their words and the verdict on the plate."""
    await world.db.write(partial(search.queue_all, anew=False))
    await SearchWorker(world.db).index_waiting()
    wanted = search.Filter(rule="right_plate", verdict=verdict)
    _, found = await world.db.read(partial(search.count, sought=phrases("您好"), wanted=wanted))
    return found


async def again(world: World) -> None:
    """The call is checked once more, a minute later."""
    world.later(60)
    (attempt_id,) = {
        row.attempt_id for row in await world.db.read(partial(calls, wanted=Filter(), limit=9, offset=0))
    }
    await world.db.write(lambda conn: checking.again(conn, attempt_id, world.now))
    await world.checks().step()


async def test_an_overturned_verdict_clears_its_alarm_and_leaves_the_filter(world: World) -> None:
    assert [fails for fails, *_ in await listed(world, "fail")] == [1]
    assert (await searched(world, "fail"), await searched(world, "pass")) == (1, 0)
    assert await listed(world, "pass") == []
    kept = {"verdict": "pass", "reason": "misheard"}
    await reviewed(world, await the_review(world), verdicts={"right_plate": kept})
    assert await world.alarms() == {}
    assert await listed(world, "fail") == []
    assert await listed(world, "pass") == [(0, 0, True)]
    assert (await searched(world, "fail"), await searched(world, "pass")) == (0, 1)
    # Another check finds the same again: what the person has said still counts.
    await again(world)
    assert await world.alarms() != {}
    assert await listed(world, "fail") == []
    off = ReviewSettings(draw_daily=False)
    worker = ReviewWorker(world.db, world.clock, off, ZONE, lambda _conn: SITE)
    assert await worker.step() == 1
    assert await world.alarms() == {}
    assert await worker.step() == 0


@pytest.mark.parametrize("said", ["fail", "unclear"])
async def test_what_a_person_does_not_overturn_stays_told(world: World, said: str) -> None:
    row = await the_review(world)
    own = {
        "right_plate": {"verdict": said, "reason": "context"},
        "greet": {"verdict": "fail", "reason": "context"},
    }
    await reviewed(world, row, verdicts=own)
    assert await world.alarms() != {}
    # The machine had passed the greeting.
    assert await listed(world, "fail") == [(1 + (said == "fail"), said == "unclear", True)]
    assert await listed(world, "unclear") == [(1, 1, True)] * (said == "unclear")

    file = partial(appeals.file, review_id=row.id, agent_id=row.agent_id, reason="都对", deadlines=DEADLINES)
    await world.db.write(partial(file, about=["right_plate", "greet"], now=world.now))
    decide = partial(appeals.decide, review_id=row.id, by="zhao", granted=True, note="听过", now=world.now)
    right = dict.fromkeys(("right_plate", "greet"), Verdict.PASS)
    await world.db.write(partial(decide, verdicts=right))
    assert await world.alarms() == {}
    assert await listed(world, "pass") == [(0, 0, True)]


async def test_a_verdict_is_shown_with_the_evidence_it_is_about(world: World) -> None:
    """T7: after another check the agent and the judge see what the reviewer saw."""
    row = await the_review(world)
    await reviewed(world, row)
    done = await world.db.read(partial(queries.review, review_id=row.id))
    assert done is not None
    assert done.submitted_at is not None
    at, id_ = done.submitted_at, row.attempt_id
    before = await world.db.read(lambda conn: findings_of(conn, id_))
    await again(world)
    assert await world.db.read(lambda conn: findings_at(conn, id_, at)) == before
    assert await world.db.read(lambda conn: findings_at(conn, id_, DAY_BEGINS)) == []
    now = await world.db.read(lambda conn: findings_at(conn, id_, world.now))
    assert {one.checked_at for one in now} == {world.now}
