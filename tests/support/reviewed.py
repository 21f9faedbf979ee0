"""A day of checked calls on either database, drawn and reviewed (S1-S4)."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from dialer.calling.tables import attempts
from dialer.followups.workdays import WorkCalendar
from qa.reviews import drawing, queries, service
from qa.reviews.drawing import Site
from qa.reviews.scorecards import shipped_scorecard
from qa.reviews.settings import ReviewSettings
from qa.sampling.proof import Proof, proofs
from qa.sampling.queries import samples_of
from qa.sampling.rules import Plan, Pool, Reviewer
from tests.unit.qa_store.world import GOOD_CALL, Says, World, heard

ZONE = ZoneInfo("Asia/Shanghai")
CARD = shipped_scorecard()
PLAN = Plan(random_share=Decimal("0.5"), share=Decimal(0), risk_most=2, quota=1)
WHO = (Reviewer("chen"), Reviewer("li"))
SITE = Site(PLAN, CARD, ZONE, WHO, (*WHO, Reviewer("zhao")))
FULL: dict[str, int | None] = {item.id: 100 for item in CARD.items}
CALLS = 6
DAY_BEGINS = datetime(2026, 11, 22, tzinfo=ZONE)
DAY = date(2026, 11, 22)
DEADLINES = ReviewSettings().deadlines(WorkCalendar(), ZONE)


@pytest.fixture
async def a_day_of_calls(world: World) -> None:
    """Six checked calls of the day before in the world, the last of which lacks its farewell."""
    for number in range(CALLS):
        attempt = await world.archived()
        good = GOOD_CALL if number < CALLS - 1 else GOOD_CALL[:-1]
        await world.transcription(Says(heard(good))).step()
        ended = world.now + timedelta(seconds=60)
        of = update(attempts).where(attempts.c.id == attempt)
        await world.db.write(lambda c, of=of, ended=ended: c.execute(of.values(ended_at=ended)))  # type: ignore[misc]
    await world.checks().step()
    # A day is drawn from once it is over.
    world.later(24 * 3600)


async def drawn(world: World, seed: str = "seed") -> dict[Pool, list[queries.ReviewRow]]:
    await world.db.write(partial(drawing.draw_day, site=SITE, day=DAY, seed=seed, by="lead", now=world.now))
    return {
        one.pool: await world.db.read(partial(queries.of_sample, sample_id=one.id))
        for one in await world.db.read(partial(samples_of, day=DAY))
    }


async def proven(world: World) -> set[Proof]:
    """What drawing the day again says of it."""
    return set(proofs(await world.db.read(partial(samples_of, day=DAY))).values())


async def reviewed(
    world: World,
    row: queries.ReviewRow,
    *,
    verdicts: dict[str, dict[str, str]] | None = None,
    tone: int = 100,
) -> None:
    """A reviewer gives every verdict himself, and submits."""
    by = row.reviewer or "chen"
    machine = await world.db.read(partial(queries.machine_verdicts, attempt_id=row.attempt_id))
    own = {rule: {"verdict": str(found)} for rule, found in machine.items()} | (verdicts or {})
    draft = {"verdicts": own, "scores": {**FULL, "tone": tone}, "note": "说得清楚"}
    await world.db.write(partial(service.claim, review_id=row.id, by=by, now=world.now))
    save = partial(service.save_draft, review_id=row.id, by=by, draft=draft, now=world.now)
    await world.db.write(partial(save, revision=row.revision))
    await world.db.write(partial(service.submit, review_id=row.id, by=by, now=world.now))
