"""S1-S5, Q5: a day's draws, reviews, an appeal, and what is learned from them, on both databases."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from sqlalchemy import update

from dialer.alarms.service import open_alarms
from dialer.calling.tables import attempts
from qa.reviews import appeals, counting, drawing, figures, queries, service
from qa.reviews.drawing import CannotDraw, Site
from qa.reviews.scorecards import shipped_scorecard
from qa.reviews.service import NotFinished, ReviewRefused, StaleDraft
from qa.reviews.states import ReviewState
from qa.rules.findings import Verdict
from qa.sampling.queries import sample, samples_of
from qa.sampling.rules import Plan, Pool, Reviewer
from tests.unit.qa_store.world import GOOD_CALL, Says, World, heard

ZONE = ZoneInfo("Asia/Shanghai")
CARD = shipped_scorecard()
PLAN = Plan(random_share=Decimal("0.5"), share=Decimal(0), risk_most=2, quota=1)
SITE = Site(PLAN, CARD, ZONE, (Reviewer("chen"), Reviewer("li")))
FULL: dict[str, int | None] = {item.id: 100 for item in CARD.items}
CALLS = 6


@pytest.fixture
async def world(tmp_path: Path, store_url: str) -> AsyncIterator[World]:
    """Six checked calls, the last of which lacks its farewell."""
    world = await World(tmp_path, store_url).open()
    world.install_model()
    for number in range(CALLS):
        attempt = await world.archived()
        good = GOOD_CALL if number < CALLS - 1 else GOOD_CALL[:-1]
        await world.transcription(Says(heard(good))).step()
        ended = world.now + timedelta(seconds=60)
        of = update(attempts).where(attempts.c.id == attempt)
        await world.db.write(lambda c, of=of, ended=ended: c.execute(of.values(ended_at=ended)))  # type: ignore[misc]
    await world.checks().step()
    yield world
    await world.close()


def today(world: World) -> date:
    return world.now.astimezone(ZONE).date()


async def drawn(world: World, seed: str = "seed") -> dict[Pool, list[queries.ReviewRow]]:
    day = today(world)
    ids = await world.db.write(
        partial(drawing.draw_day, site=SITE, day=day, seed=seed, by="lead", now=world.now)
    )
    found = {}
    for one in ids:
        rows = await world.db.read(partial(queries.of_sample, sample_id=one))
        found[rows[0].pool] = rows
    return found


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
    await world.db.write(partial(service.submit, review_id=row.id, by=by, card=CARD, now=world.now))


async def test_pools_are_drawn_once_and_can_be_drawn_again(world: World) -> None:
    found = await drawn(world)
    assert len(found[Pool.RANDOM]) == 3
    taken = [row.attempt_id for rows in found.values() for row in rows]
    assert len(taken) == len(set(taken))
    assert {row.reviewer for rows in found.values() for row in rows} == {"chen", "li"}
    with pytest.raises(CannotDraw, match="drawn already"):
        await drawn(world)
    rows = await world.db.read(partial(samples_of, day=today(world)))
    assert all(drawing.is_reproducible(row) for row in rows)
    random = next(row for row in rows if row.pool is Pool.RANDOM)
    assert not drawing.is_reproducible(replace(random, members=random.members[::-1]))
    assert not drawing.is_reproducible(replace(random, members=random.members[1:]))
    assert not drawing.is_reproducible(replace(random, taken=random.taken[::-1]))
    assert not drawing.is_reproducible(replace(random, seed="another"))
    assert not drawing.is_reproducible(replace(random, taken=[], size=0))
    forged = random.members[::-1]
    assert not drawing.is_reproducible(replace(random, members=forged, taken=forged[: random.size]))
    assert all(not drawing.is_reproducible(replace(row, taken=["X"])) for row in rows)


async def test_a_day_without_calls_says_so(world: World) -> None:
    other = partial(drawing.draw_day, site=SITE, day=date(2020, 1, 1), seed="s", by="lead", now=world.now)
    with pytest.raises(CannotDraw, match="No answered"):
        await world.db.write(other)


async def test_a_call_that_cannot_be_reviewed_has_a_stand_in(world: World) -> None:
    found = await drawn(world)
    row = found[Pool.RANDOM][0]
    taken = {one.attempt_id for rows in found.values() for one in rows}
    with pytest.raises(ReviewRefused, match="Say why"):
        await world.db.write(
            partial(service.set_aside, review_id=row.id, reason=" ", by="chen", now=world.now)
        )
    await world.db.write(
        partial(service.set_aside, review_id=row.id, reason="听不清", by="chen", now=world.now)
    )
    of = await world.db.read(partial(sample, sample_id=row.sample_id))
    assert of is not None
    again = partial(
        drawing.replace_call, site=SITE, sample=of, gone=row.attempt_id, reason="听不清", now=world.now
    )
    instead = await world.db.write(again)
    changed = await world.db.read(partial(sample, sample_id=row.sample_id))
    assert changed is not None
    assert changed.replaced == [[row.attempt_id, instead, "听不清"]]
    assert drawing.is_reproducible(changed)
    assert instead not in taken
    assert (instead is None) == (len(taken) == CALLS)


async def test_a_review_is_held_by_one_and_saved_by_one_tab(world: World) -> None:
    row = (await drawn(world))[Pool.RANDOM][0]
    by = row.reviewer or ""
    other = "li" if by == "chen" else "chen"
    claim = partial(service.claim, review_id=row.id, now=world.now)
    with pytest.raises(ReviewRefused, match="take the next"):
        await world.db.write(partial(claim, by=other))
    with pytest.raises(ReviewRefused, match="own calls"):
        await world.db.write(partial(claim, by=by, own_agent_id=row.agent_id))
    held = await world.db.write(partial(claim, by=by))
    assert held.state is ReviewState.CLAIMED
    assert held.is_blind
    save = partial(service.save_draft, review_id=row.id, by=by, now=world.now)
    assert await world.db.write(partial(save, draft={"note": "一"}, revision=0)) == 1
    with pytest.raises(StaleDraft):
        await world.db.write(partial(save, draft={"note": "二"}, revision=0))
    with pytest.raises(ReviewRefused, match="cannot be read"):
        await world.db.write(partial(save, draft={"verdicts": {"greet": {"verdict": "maybe"}}}, revision=1))
    with pytest.raises(NotFinished) as lacking:
        await world.db.write(partial(service.submit, review_id=row.id, by=by, card=CARD, now=world.now))
    assert lacking.value.lacks["tone"] == "points"
    assert lacking.value.lacks["greet"] == "verdict"
    world.later(3600)
    assert await world.db.write(partial(service.let_go, now=world.now)) == 1
    back = await world.db.read(partial(queries.review, review_id=row.id))
    assert back is not None
    assert (back.state, back.draft) == (ReviewState.WAITING, {"note": "一"})


async def test_from_the_draw_to_the_appeal_and_the_summary(world: World) -> None:
    found = await drawn(world)
    rows = found[Pool.RANDOM]
    wrong = {"greet": {"verdict": "fail", "reason": "context", "note": "没有问好"}}
    await reviewed(world, rows[0], verdicts=wrong, tone=60)
    await reviewed(world, rows[1])
    await reviewed(world, rows[2])
    first = await world.db.read(partial(queries.review, review_id=rows[0].id))
    assert first is not None
    assert first.score == 9400

    file = partial(
        appeals.file, review_id=first.id, agent_id=first.agent_id, about=["greet"], reason="我问好了"
    )
    with pytest.raises(ReviewRefused, match="until"):
        await world.db.write(partial(file, now=world.now + timedelta(days=8)))
    with pytest.raises(ReviewRefused, match="Only the agent"):
        await world.db.write(partial(file, agent_id="somebody", now=world.now))
    await world.db.write(partial(file, now=world.now))
    with pytest.raises(ReviewRefused, match="already"):
        await world.db.write(partial(file, now=world.now))
    assert await world.db.write(partial(appeals.tell_overdue, now=world.now + timedelta(days=4))) == 1
    assert [one.kind for one in await world.db.read(open_alarms)] == [appeals.OVERDUE]

    decide = partial(
        appeals.decide, review_id=first.id, card=CARD, now=world.now, granted=True, note="确实问好"
    )
    right = {"greet": Verdict.PASS}
    with pytest.raises(ReviewRefused, match="does not decide"):
        await world.db.write(partial(decide, by=first.reviewer or "", verdicts=right))
    with pytest.raises(ReviewRefused, match="changes a verdict"):
        await world.db.write(partial(decide, by="zhao"))
    await world.db.write(partial(decide, by="zhao", verdicts=right, points={"tone": 100}))
    after = await world.db.read(partial(queries.review, review_id=first.id))
    assert after is not None
    assert (after.state, after.score) == (ReviewState.DECIDED, 10000)
    assert (await world.db.read(partial(queries.verdicts, review_id=first.id)))[
        "greet"
    ].in_force is Verdict.PASS
    assert await world.db.read(open_alarms) == []

    told = await world.db.read(
        partial(figures.summary, since=world.now - timedelta(days=1), until=world.now + timedelta(days=1))
    )
    (agent,) = told.agents
    assert (agent.count, agent.score, agent.items["tone"]) == (3, 100.0, 100.0)
    greet = next(one for one in told.agreement if one.rule_id == "greet")
    assert (greet.count, greet.same) == (3, 3)
    assert told.estimates["greet"].part == 0
    words = {key: key for key in ("agent", "count", "score", "fatal", "rule", "faults", "agents", "training")}
    book = load_workbook(BytesIO(figures.workbook(told, CARD, {agent.agent_id: "=王"}, words)))
    assert [cell.value for cell in book.worksheets[0][2]][:2] == ["'=王", 3]


async def test_the_head_office_looks_again_with_other_eyes(world: World) -> None:
    """S5: who reviewed a call first does not get it again, and both verdicts are held against each other."""
    for row in (await drawn(world))[Pool.RANDOM]:
        await reviewed(world, row)
    whole = replace(PLAN, head_office_share=Decimal(1))
    second = partial(drawing.draw_second, site=replace(SITE, plan=whole), day=today(world), seed="s", by="hq")
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
    since, until = world.now - timedelta(days=1), world.now + timedelta(days=1)
    pairs = await world.db.read(partial(counting.double_judged, since=since, until=until))
    assert pairs["greet"] == [(Verdict.PASS, Verdict.FAIL)]
    # The second look changes neither the agent's figures nor the estimates.
    told = await world.db.read(partial(figures.summary, since=since, until=until))
    assert [one.count for one in told.agents] == [3]
    assert told.estimates["greet"].whole == 3


async def test_a_manager_picks_a_call_and_keeps_a_clip(world: World) -> None:
    (attempt, *_) = [row.attempt_id for rows in (await drawn(world)).values() for row in rows]
    pick = partial(drawing.pick, site=SITE, attempt_id=attempt, reviewer="zhao", by="zhao", now=world.now)
    with pytest.raises(CannotDraw, match="waits"):
        await world.db.write(pick)
    every = await world.db.read(partial(samples_of, day=today(world)))
    free = next(one for one in every[0].members if one not in {a for row in every for a in row.taken})
    review_id = await world.db.write(partial(pick, attempt_id=free))
    row = await world.db.read(partial(queries.review, review_id=review_id))
    assert row is not None
    assert (row.pool, row.reviewer) == (Pool.SPOT, "zhao")
    clip = partial(service.send_clip, attempt_id=free, rule_id="greet", note="范例", by="zhao", now=world.now)
    with pytest.raises(ReviewRefused):
        await world.db.write(partial(clip, start=3.0, end=2.0, purpose="training"))
    await world.db.write(partial(clip, start=1.0, end=4.0, purpose="training"))
    await world.db.write(partial(clip, start=1.0, end=4.0, purpose="agent"))
    (kept,) = await world.db.read(partial(queries.clips_of, purpose="training"))
    assert (kept.start, kept.end, kept.note) == (1.0, 4.0, "范例")
    mine = await world.db.read(partial(queries.clips_of, purpose="agent", agent_id=row.agent_id))
    assert len(mine) == 1
