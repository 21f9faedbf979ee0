"""S1, S5: draws, by hand and by itself, stand-ins, second looks and picks, on both databases."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import update

from dialer.storage.database import Database
from qa.checks.states import CheckState
from qa.checks.tables import checks
from qa.reviews import counting, drawing, figures, queries, service
from qa.reviews.drawing import CannotDraw, Site
from qa.reviews.rules import Unfit
from qa.reviews.service import ReviewRefused
from qa.reviews.setting_aside import set_aside
from qa.reviews.settings import ReviewSettings
from qa.reviews.states import ReviewState
from qa.reviews.tables import reviews as reviews_table
from qa.reviews.worker import BY_ITSELF, ReviewWorker
from qa.rules.findings import Verdict
from qa.sampling.proof import Proof, proofs
from qa.sampling.queries import sample, samples_of
from qa.sampling.rules import Pool
from tests.support.reviewed import (
    CALLS,
    DAY,
    PLAN,
    SITE,
    ZONE,
    drawn,
    proven,
    reviewed,
)
from tests.unit.qa_store.world import World

pytestmark = pytest.mark.usefixtures("a_day_of_calls")


async def test_pools_are_drawn_once_and_can_be_drawn_again(world: World) -> None:
    found = await drawn(world)
    assert len(found[Pool.RANDOM]) == 3
    taken = [row.attempt_id for rows in found.values() for row in rows]
    assert len(taken) == len(set(taken))
    assert {row.reviewer for rows in found.values() for row in rows} == {"chen", "li"}
    with pytest.raises(CannotDraw, match="drawn already"):
        await drawn(world)
    assert await proven(world) == {Proof.SAME}
    rows = await world.db.read(partial(samples_of, day=DAY))
    assert [row.pool for row in rows] == [Pool.RANDOM, Pool.SHARE, Pool.RISK, Pool.QUOTA]
    reversed_rows = [replace(row, members=row.members[::-1]) for row in rows]
    assert Proof.CHANGED in proofs(reversed_rows).values()


async def test_a_day_is_drawn_once_it_is_over(world: World) -> None:
    """S1: calls that end after the draw would have had no chance in it."""
    early = partial(drawing.draw_day, site=SITE, day=DAY, seed="s", by="lead")
    with pytest.raises(CannotDraw, match="2026-11-22 is not over"):
        await world.db.write(partial(early, now=world.now - timedelta(days=1)))
    # 23:59 in Shanghai is another day in London.
    with pytest.raises(CannotDraw, match="not over"):
        await world.db.write(partial(early, now=datetime(2026, 11, 22, 15, 59, tzinfo=UTC)))
    assert await world.db.write(partial(early, now=datetime(2026, 11, 22, 16, 0, tzinfo=UTC)))


async def test_a_day_without_calls_says_so(world: World) -> None:
    other = partial(drawing.draw_day, site=SITE, day=date(2020, 1, 1), seed="s", by="lead", now=world.now)
    with pytest.raises(CannotDraw, match="was answered"):
        await world.db.write(other)


async def test_a_call_that_cannot_be_reviewed_has_a_stand_in(world: World) -> None:
    """S1: the next of the seed's order, told in the draw, and drawing again finds the same."""
    found = await drawn(world)
    row = found[Pool.RANDOM][0]
    aside = partial(set_aside, site=SITE, review_id=row.id, by="lead", now=world.now)
    with pytest.raises(ReviewRefused, match="Say why"):
        await world.db.write(partial(aside, reason=Unfit.OTHER, note=" "))
    with pytest.raises(ReviewRefused, match="your own"):
        await world.db.write(partial(aside, reason=Unfit.BAD_SOUND, note="", own_agent_id=row.agent_id))
    instead = await world.db.write(partial(aside, reason=Unfit.BAD_SOUND, note="全是杂音"))
    changed = await world.db.read(partial(sample, sample_id=row.sample_id))
    assert changed is not None
    assert instead == changed.members[changed.size]
    at = world.now.isoformat()
    assert changed.replaced == [[row.attempt_id, instead, "bad_sound", "lead", at, "全是杂音"]]
    new = (await world.db.read(partial(queries.of_sample, sample_id=row.sample_id)))[-1]
    assert (new.attempt_id, new.state, new.is_blind) == (instead, ReviewState.WAITING, True)
    with pytest.raises(ReviewRefused, match="done already"):
        await world.db.write(partial(aside, reason=Unfit.BAD_SOUND, note=""))
    # In the other pools it is a call that nobody has: here every call was drawn.
    other = next(rows[0] for pool, rows in found.items() if pool is not Pool.RANDOM and rows)
    world.later(1)
    last = partial(set_aside, site=SITE, review_id=other.id, reason=Unfit.NO_SOUND, note="", by="lead")
    free = await world.db.write(partial(last, now=world.now))
    assert free is None or free not in {one.attempt_id for rows in found.values() for one in rows}
    assert await proven(world) == {Proof.SAME}
    # Who has the first look does not get the stand-in of a call he had before.
    assert all(one.reviewer in {"chen", "li"} for one in found[Pool.RANDOM])


async def test_the_day_is_drawn_by_itself_once_whoever_is_quicker(world: World, store_url: str) -> None:
    """S1: two services on one database, one of them started anew, draw yesterday once, when it is time."""
    settings = ReviewSettings(random_share=Decimal("0.5"), share=Decimal(0))
    another = Database(store_url)
    await another.start()

    def site_of(_conn: object) -> Site:
        return replace(SITE, plan=settings.plan())

    def worker(db: Database) -> ReviewWorker:
        return ReviewWorker(db, world.clock, settings, ZONE, site_of)

    world.now = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)  # 07:59 in Shanghai, the day after
    assert await worker(world.db).step() == 0
    world.later(60)
    assert sorted(await asyncio.gather(worker(world.db).step(), worker(another).step())) == [0, 4]
    assert await worker(world.db).step() == 0
    rows = await world.db.read(partial(samples_of, day=DAY))
    assert [row.drawn_by for row in rows] == [BY_ITSELF] * 4
    assert await proven(world) == {Proof.SAME}
    await another.stop()


async def test_calls_that_are_still_checked_are_waited_for(world: World) -> None:
    """S1: the risk pool goes by what is found in them; later than `draw_latest` nothing holds the draw up."""
    waits = update(checks).values(state=CheckState.WAITING)
    await world.db.write(lambda conn: conn.execute(waits))
    worker = ReviewWorker(world.db, world.clock, ReviewSettings(), ZONE, lambda _conn: SITE)
    assert await worker.step() == 0
    world.now = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert await worker.step() == 4
    rows = await world.db.read(partial(samples_of, day=DAY))
    assert [len(row.members) for row in rows] == [CALLS, 0, 0, 0]
    off = ReviewSettings(draw_daily=False)
    assert await ReviewWorker(world.db, world.clock, off, ZONE, lambda _conn: SITE).step() == 0


async def test_a_manager_picks_a_call_and_keeps_a_clip(world: World) -> None:
    found = await drawn(world)
    (attempt, *_) = [row.attempt_id for rows in found.values() for row in rows]
    pick = partial(drawing.pick, site=SITE, by="zhao", now=world.now)
    with pytest.raises(CannotDraw, match="waits"):
        await world.db.write(partial(pick, attempt_id=attempt))
    every = await world.db.read(partial(samples_of, day=DAY))
    taken = {one for row in every for one in row.taken}
    free, *_ = [one for one in every[0].members if one not in taken]
    (agent_id,) = {row.agent_id for rows in found.values() for row in rows}
    with pytest.raises(CannotDraw, match="your own"):
        await world.db.write(partial(pick, attempt_id=free, own_agent_id=agent_id))
    review_id = await world.db.write(partial(pick, attempt_id=free))
    row = await world.db.read(partial(queries.review, review_id=review_id))
    assert row is not None
    assert (row.pool, row.reviewer) == (Pool.SPOT, "zhao")
    await reviewed(world, row)
    with pytest.raises(CannotDraw, match="reviewed already by zhao"):
        await world.db.write(partial(pick, attempt_id=free))
    clip = partial(service.send_clip, attempt_id=free, rule_id="greet", note="范例", by="zhao", now=world.now)
    with pytest.raises(ReviewRefused):
        await world.db.write(partial(clip, start=3.0, end=2.0, purpose="training"))
    await world.db.write(partial(clip, start=1.0, end=4.0, purpose="training"))
    await world.db.write(partial(clip, start=1.0, end=4.0, purpose="agent"))
    (kept,) = await world.db.read(partial(queries.clips_of, purpose="training"))
    assert (kept.start, kept.end, kept.note) == (1.0, 4.0, "范例")
    mine = await world.db.read(partial(queries.clips_of, purpose="agent", agent_id=row.agent_id))
    assert len(mine) == 1


async def test_the_head_office_looks_again_with_other_eyes(world: World) -> None:
    """S5: who reviewed a call first does not get it again, and both verdicts are held against each other."""
    for row in (await drawn(world))[Pool.RANDOM]:
        await reviewed(world, row)
    whole = replace(PLAN, head_office_share=Decimal(1))
    reviewed_on = world.now.astimezone(ZONE).date()
    second = partial(drawing.draw_second, site=replace(SITE, plan=whole), day=reviewed_on, seed="s", by="hq")
    with pytest.raises(CannotDraw, match="not over"):
        await world.db.write(partial(second, now=world.now))
    world.later(24 * 3600)
    (sample_id,) = await world.db.write(partial(second, now=world.now))
    again = await world.db.read(partial(queries.of_sample, sample_id=sample_id))
    firsts = {
        row.attempt_id: row.reviewer
        for row in await world.db.read(
            partial(queries.of_calls, attempt_ids=[one.attempt_id for one in again])
        )
        if row.sample_id != sample_id
    }
    assert len(again) == 3
    assert all(row.reviewer != firsts[row.attempt_id] for row in again)
    await reviewed(world, again[0], verdicts={"greet": {"verdict": "fail", "reason": "context"}})
    since, until = world.now - timedelta(days=2), world.now + timedelta(days=1)
    pairs = await world.db.read(partial(counting.double_judged, since=since, until=until))
    assert pairs["greet"] == [(Verdict.PASS, Verdict.FAIL)]
    # Where the first review began with the machine's verdicts, two people do not judge alike.
    of_risk = update(reviews_table).where(
        reviews_table.c.attempt_id == again[0].attempt_id, reviews_table.c.sample_id != sample_id
    )
    await world.db.write(lambda conn: conn.execute(of_risk.values(pool=Pool.RISK)))
    assert await world.db.read(partial(counting.double_judged, since=since, until=until)) == {}
    await world.db.write(lambda conn: conn.execute(of_risk.values(pool=Pool.RANDOM)))
    # The second look changes neither the agent's figures nor the estimates.
    told = await world.db.read(partial(figures.summary, since=since, until=until))
    assert [one.count for one in told.agents] == [3]
    assert told.estimates["greet"].broken.whole == 3
