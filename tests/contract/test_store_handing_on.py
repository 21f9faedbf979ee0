"""S1, S4, T7: reviews outlive who has them, and the scorecard they began with; on both databases."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import null, update

from dialer.storage.database import Database
from dialer.storage.dialects import sqlite_url
from dialer.storage.feed import after
from dialer.storage.migrating import migrate
from qa.reviews import appeals, drawing, queries, service
from qa.reviews.handing_on import give
from qa.reviews.queries import ReviewRow
from qa.reviews.scorecards import BadScore, Grade, scorecard_of
from qa.reviews.service import ReviewRefused
from qa.reviews.settings import ReviewSettings
from qa.reviews.states import ReviewState
from qa.reviews.tables import reviews
from qa.reviews.worker import ReviewWorker
from qa.sampling.rules import Pool, Reviewer
from tests.support.migrated import back_to
from tests.support.reviewed import CARD, DAY, DEADLINES, SITE, ZONE, drawn, reviewed
from tests.unit.qa_store.world import World

pytestmark = pytest.mark.usefixtures("a_day_of_calls")


async def review(world: World, review_id: str) -> ReviewRow:
    row = await world.db.read(partial(queries.review, review_id=review_id))
    assert row is not None
    return row


async def begun(world: World, row: ReviewRow) -> ReviewRow:
    """Somebody has said something of it."""
    by, draft = row.reviewer or "", {"verdicts": {"greet": {"verdict": "fail"}}}
    await world.db.write(partial(service.claim, review_id=row.id, by=by, now=world.now))
    save = partial(service.save_draft, review_id=row.id, by=by, draft=draft, revision=row.revision)
    await world.db.write(partial(save, now=world.now))
    return await review(world, row.id)


async def test_a_lead_gives_a_review_to_another_who_begins_anew(world: World) -> None:
    """S1, S4: nobody gets a call of his own or one he had, nor another's blind verdicts."""
    row = await begun(world, (await drawn(world))[Pool.RANDOM][0])
    first = row.reviewer or ""
    other = "li" if first == "chen" else "chen"
    to = partial(give, site=SITE, review_id=row.id, by="lead", now=world.now)
    own = replace(SITE, staff=(Reviewer(first), Reviewer(other, row.agent_id)))
    for site, who in ((SITE, "nobody"), (own, other)):
        with pytest.raises(ReviewRefused, match="choose another person"):
            await world.db.write(partial(to, site=site, to=who))
    await world.db.write(partial(to, to=first))
    assert (await review(world, row.id)).draft  # it is his already

    await world.db.write(partial(to, to=other))
    given = await review(world, row.id)
    assert (given.reviewer, given.state, given.draft) == (other, ReviewState.WAITING, {})
    (*_, told) = await world.db.read(lambda conn: after(conn, 0, kinds=("review.waiting",)))
    assert (told.data["by"], told.data["from"], told.data["reviewer"]) == ("lead", first, other)
    # A tab that is still open saves nothing into it.
    save = partial(service.save_draft, review_id=row.id, draft=row.draft, now=world.now)
    with pytest.raises(ReviewRefused):
        await world.db.write(partial(save, by=first, revision=row.revision))
    await reviewed(world, given)
    with pytest.raises(ReviewRefused, match="done already"):
        await world.db.write(partial(to, to="zhao"))


async def test_who_leaves_leaves_no_review_behind(world: World) -> None:
    """S1: they go to whoever has least to do, begun or not; to anybody where nobody is left."""
    rows = [row for of_pool in (await drawn(world)).values() for row in of_pool]
    mine = [row for row in rows if row.reviewer == "chen"]
    await begun(world, mine[0])
    site = SITE

    def worker() -> ReviewWorker:
        off = ReviewSettings(draw_daily=False)
        return ReviewWorker(world.db, world.clock, off, ZONE, lambda _conn: site)

    assert await worker().step() == 0
    site = replace(SITE, reviewers=(Reviewer("li"),), staff=(Reviewer("li"), Reviewer("zhao")))
    assert await worker().step() == len(mine)
    assert await worker().step() == 0
    after_it = [await review(world, row.id) for row in rows]
    assert {one.reviewer for one in after_it} == {"li"}
    waiting = await world.db.read(partial(queries.open_for, user="li", own_agent_id=None))
    assert {one.id for one in waiting} == {row.id for row in rows}
    await reviewed(world, await review(world, mine[0].id))

    site = replace(SITE, reviewers=(), staff=(Reviewer("zhao"),))
    assert await worker().step() == len(rows) - 1
    assert await worker().step() == 0
    assert (await review(world, mine[0].id)).reviewer == "li"  # what is done stays his
    site = replace(SITE, reviewers=(), staff=())
    assert await worker().step() == 0
    anybody = await world.db.read(partial(queries.open_for, user="zhao", own_agent_id=None))
    assert {one.reviewer for one in anybody} == {None}


async def test_a_changed_scorecard_is_for_new_reviews(world: World) -> None:
    """T7: a grade that the shipped card does not have counts in a review and an appeal begun with it."""
    tone = next(item for item in CARD.items if item.id == "tone")
    finer = tone.model_copy(update={"grades": (*tone.grades[:-1], Grade(points=7, title={"zh": "很差"}))})
    card = CARD.model_copy(update={"items": tuple(finer if one is tone else one for one in CARD.items)})
    draw = partial(drawing.draw_day, site=replace(SITE, card=card), day=DAY, seed="s", by="lead")
    sample_id, *_ = await world.db.write(partial(draw, now=world.now))
    first, second, *_ = await world.db.read(partial(queries.of_sample, sample_id=sample_id))
    await reviewed(world, first, tone=7)
    assert (await review(world, first.id)).score == 8605
    file = partial(appeals.file, review_id=first.id, agent_id=first.agent_id, about=["tone"], reason="不差")
    await world.db.write(partial(file, now=world.now, deadlines=DEADLINES))
    decide = partial(appeals.decide, review_id=first.id, by="zhao", granted=False, note="听过", now=world.now)
    await world.db.write(decide)
    assert (await review(world, first.id)).score == 8605

    # One of before cards were kept goes by the shipped one.
    of_before = update(reviews).where(reviews.c.id == second.id).values(card=null())
    await world.db.write(lambda conn: conn.execute(of_before))
    with pytest.raises(BadScore, match="no grade of 7"):
        await reviewed(world, second, tone=7)


async def test_reviews_of_the_release_before_get_their_card(
    world: World, tmp_path: Path, store_url: str
) -> None:
    """T7: the card of then is kept with them (0016), before another release can change it."""
    row = (await drawn(world))[Pool.RANDOM][0]
    await world.db.stop()
    url = store_url or sqlite_url(tmp_path / "dialer.db")
    await back_to(url, "0015")
    await migrate(url)
    world.db = Database(url)
    await world.db.start()
    kept = await review(world, row.id)
    assert kept.card is not None
    assert scorecard_of(kept.card, "another") == CARD
