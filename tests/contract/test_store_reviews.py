"""S2-S4, Q5: reviews, an appeal, the month and its trainings, on both databases."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import delete

from dialer.alarms.service import open_alarms
from qa.checks.tables import findings
from qa.corrections.service import CannotCorrect, correct
from qa.reviews import appeals, counting, figures, queries, service
from qa.reviews.month import month_sheet
from qa.reviews.rules import Unfit
from qa.reviews.service import NotFinished, ReviewRefused, StaleDraft
from qa.reviews.states import ReviewState
from qa.rules.findings import Verdict
from qa.sampling.rules import Pool
from qa.training import queries as trainings
from qa.training import service as training
from qa.training.service import CannotNote, Held
from qa.transcripts.queries import segments_of
from tests.support.reviewed import (
    CARD,
    DAY_BEGINS,
    DEADLINES,
    FULL,
    ZONE,
    drawn,
    reviewed,
)
from tests.unit.qa_store.world import World

pytestmark = pytest.mark.usefixtures("a_day_of_calls")


async def test_a_verdict_given_blind_stands(world: World) -> None:
    """S4: the machine's is shown after it, so what one says then is another thing; both are kept."""
    row = (await drawn(world))[Pool.RANDOM][0]
    by = row.reviewer or ""
    await world.db.write(partial(service.claim, review_id=row.id, by=by, now=world.now))
    save = partial(service.save_draft, review_id=row.id, by=by, now=world.now)
    first = {"greet": {"verdict": "fail"}}
    await world.db.write(partial(save, draft={"verdicts": first}, revision=0))
    for later in ({"greet": {"verdict": "pass"}}, {}):
        with pytest.raises(ReviewRefused, match="stands"):
            await world.db.write(partial(save, draft={"verdicts": later}, revision=1))
    machine = await world.db.read(partial(queries.machine_verdicts, attempt_id=row.attempt_id))
    assert machine["greet"] is Verdict.PASS
    own: dict[str, dict[str, str]] = {rule: {"verdict": str(found)} for rule, found in machine.items()}
    own["greet"] = {"verdict": "fail", "reconsidered": "pass"}
    await world.db.write(partial(save, draft={"verdicts": own, "scores": FULL}, revision=1))
    await world.db.write(partial(service.submit, review_id=row.id, by=by, now=world.now))
    kept = (await world.db.read(partial(queries.verdicts, review_id=row.id)))["greet"]
    assert (kept.verdict, kept.reconsidered, kept.in_force) == ("fail", "pass", Verdict.PASS)
    told = await world.db.read(
        partial(figures.summary, since=DAY_BEGINS, until=DAY_BEGINS + timedelta(days=9))
    )
    assert (told.estimates["greet"].broken.part, told.estimates["greet"].broken.whole) == (1, 1)
    # What counts for the agent is the second thought.
    assert [one.rule_id for one in told.lessons if one.rule_id == "greet"] == []
    faults = await world.db.read(
        partial(counting.faults, since=DAY_BEGINS, until=DAY_BEGINS + timedelta(days=9))
    )
    assert "greet" not in {one.rule_id for one in faults}


async def test_who_reviews_asks_for_a_call_to_be_set_aside(world: World) -> None:
    """S1: it waits for a lead, last in the reviewer's sample; judging on takes the question back."""
    mine = [row for rows in (await drawn(world)).values() for row in rows if row.reviewer == "chen"]
    asks = partial(
        service.ask_aside, review_id=mine[0].id, reason=Unfit.BAD_SOUND, note="杂音", now=world.now
    )
    with pytest.raises(ReviewRefused, match="open it first"):
        await world.db.write(partial(asks, by="chen"))
    await world.db.write(partial(service.claim, review_id=mine[0].id, by="chen", now=world.now))
    with pytest.raises(ReviewRefused, match="Say why"):
        await world.db.write(partial(asks, by="chen", reason=Unfit.OTHER, note=""))
    await world.db.write(partial(asks, by="chen"))
    (asked,) = await world.db.read(queries.to_set_aside)
    assert (asked.id, asked.unfit, asked.state) == (mine[0].id, ("bad_sound", "杂音"), ReviewState.WAITING)
    waiting = await world.db.read(partial(queries.open_for, user="chen", own_agent_id=None))
    assert waiting[-1].id == mine[0].id
    await world.db.write(partial(service.claim, review_id=mine[0].id, by="chen", now=world.now))
    save = partial(service.save_draft, review_id=mine[0].id, by="chen", draft={}, revision=asked.revision)
    await world.db.write(partial(save, now=world.now))
    assert await world.db.read(queries.to_set_aside) == []


async def test_a_call_that_was_not_checked_counts_in_the_estimates(world: World) -> None:
    """S1: of its rules a person judges every one; the machine's error rate says nothing of it."""
    await world.db.write(lambda conn: conn.execute(delete(findings)))
    row = (await drawn(world))[Pool.RANDOM][0]
    by = row.reviewer or ""
    await world.db.write(partial(service.claim, review_id=row.id, by=by, now=world.now))
    draft = {"verdicts": {"greet": {"verdict": "fail"}}, "scores": FULL}
    save = partial(service.save_draft, review_id=row.id, by=by, now=world.now)
    await world.db.write(partial(save, draft=draft, revision=0))
    submit = partial(service.submit, review_id=row.id, by=by, now=world.now, asked=("greet", "thanks"))
    with pytest.raises(NotFinished) as lacking:
        await world.db.write(submit)
    assert lacking.value.lacks == {"thanks": "verdict"}
    draft["verdicts"] = {"greet": {"verdict": "fail"}, "thanks": {"verdict": "na"}}
    await world.db.write(partial(save, draft=draft, revision=1))
    await world.db.write(submit)
    told = await world.db.read(
        partial(figures.summary, since=DAY_BEGINS, until=DAY_BEGINS + timedelta(days=9))
    )
    assert (told.estimates["greet"].broken.part, told.estimates["greet"].broken.whole) == (1, 1)
    assert (told.estimates["thanks"].broken.whole, told.estimates["thanks"].not_applicable) == (0, 1)
    assert told.agreement == []


async def test_only_the_word_that_stands_there_is_put_right(world: World) -> None:
    """S2: after another transcription a place may be another word's."""
    (row, *_) = (await drawn(world))[Pool.RANDOM]
    said = await world.db.read(partial(segments_of, attempt_id=row.attempt_id))
    put = partial(correct, attempt_id=row.attempt_id, segments=said, segment=0, by="chen", now=world.now)
    for word, shown in ((0, "别"), (9999, "您")):
        with pytest.raises(CannotCorrect, match="no such word any more"):
            await world.db.write(partial(put, word=word, heard=shown, said="你"))
    await world.db.write(partial(put, word=0, heard="您", said="你"))
    # Again, by what is shown now.
    with pytest.raises(CannotCorrect):
        await world.db.write(partial(put, word=0, heard="您", said="妳"))
    await world.db.write(partial(put, word=0, heard="你", said="妳"))


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
        await world.db.write(partial(service.submit, review_id=row.id, by=by, now=world.now))
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
        appeals.file,
        review_id=first.id,
        agent_id=first.agent_id,
        about=["greet"],
        reason="我问好了",
        deadlines=DEADLINES,
    )
    with pytest.raises(ReviewRefused, match="until"):
        await world.db.write(partial(file, now=world.now + timedelta(days=8)))
    with pytest.raises(ReviewRefused, match="Only the agent"):
        await world.db.write(partial(file, agent_id="somebody", now=world.now))
    await world.db.write(partial(file, now=world.now))
    with pytest.raises(ReviewRefused, match="already"):
        await world.db.write(partial(file, now=world.now))
    # It is Monday: Wednesday is all his who decides.
    (waits,) = await world.db.read(queries.open_appeals)
    assert f"{waits.due_at.astimezone(ZONE):%Y-%m-%d %H:%M}" == "2026-11-25 23:59"
    assert await world.db.write(partial(appeals.tell_overdue, now=world.now + timedelta(days=2))) == 0
    assert await world.db.write(partial(appeals.tell_overdue, now=world.now + timedelta(days=3))) == 1
    assert [one.kind for one in await world.db.read(open_alarms)] == [appeals.OVERDUE]

    decide = partial(appeals.decide, review_id=first.id, now=world.now, granted=True, note="确实问好")
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
    # What was said blind stands in the estimates: agents appeal against faults only.
    assert (greet.count, greet.same) == (3, 2)
    assert (told.estimates["greet"].broken.part, told.estimates["greet"].broken.whole) == (1, 3)
    assert "greet" not in {one.rule_id for one in told.lessons}
    words = {key: key for key in ("agent", "count", "score", "fatal", "rule", "faults", "agents", "training")}
    book = load_workbook(BytesIO(figures.workbook(told, CARD, {agent.agent_id: "=王"}, words)))
    assert [cell.value for cell in book.worksheets[0][2]][:2] == ["'=王", 3]


async def test_the_month_is_rolled_up_and_a_training_is_told_by_what_it_changed(world: World) -> None:
    """S3: the sheet of a month, who was trained on what by which calls, and whether the fault came back."""
    rows = (await drawn(world))[Pool.RANDOM]
    wrong = {"greet": {"verdict": "fail", "reason": "context"}}
    await reviewed(world, rows[0], verdicts=wrong, tone=60)
    await reviewed(world, rows[1], verdicts=wrong)
    today = world.now.astimezone(ZONE).date()
    agent_id = rows[0].agent_id
    held = Held(today, "", "greet", "周老师", 30, [agent_id], [rows[0].attempt_id], "角色扮演")
    note = partial(training.note_training, by="lead", today=today, now=world.now)
    for bad, told in (
        (replace(held, rule_id=None), "about"),
        (replace(held, agents=[]), "Choose the agents"),
        (replace(held, minutes=0), "1 to 600"),
        (replace(held, held_on=today + timedelta(days=1)), "lies ahead"),
        (replace(held, calls=["X"]), "no call X"),
        (replace(held, trainer=" "), "who held"),
    ):
        with pytest.raises(CannotNote, match=told):
            await world.db.write(partial(note, held=bad))
    training_id = await world.db.write(partial(note, held=held))
    confirm = partial(training.confirm, training_id=training_id, now=world.now)
    with pytest.raises(CannotNote, match="not on the list"):
        await world.db.write(partial(confirm, agent_id="somebody"))
    await world.db.write(partial(confirm, agent_id=agent_id))
    with pytest.raises(CannotNote, match="already"):
        await world.db.write(partial(confirm, agent_id=agent_id))

    world.later(2 * 24 * 3600)
    await reviewed(world, rows[2])
    (one,) = await world.db.read(partial(trainings.of_agent, agent_id=agent_id))
    assert (one.rule_id, one.trainer, one.note) == ("greet", "周老师", "角色扮演")
    assert (await world.db.read(partial(trainings.cases, training_ids=[one.id])))[one.id] == [
        rows[0].attempt_id
    ]
    effect = partial(trainings.before_and_after, one=one, agent_ids=[agent_id], span=timedelta(days=30))

    async def broken(midnight: datetime) -> list[tuple[int, int]]:
        found = await world.db.read(partial(effect, midnight=midnight))
        assert found is not None
        return [(each.part, each.whole) for each in found]

    # All calls were of the 22nd; the day of a training is neither before nor after it.
    assert await broken(DAY_BEGINS) == [(0, 0), (2, 3)]
    assert await broken(DAY_BEGINS + timedelta(days=1)) == [(0, 0), (0, 0)]
    assert await broken(DAY_BEGINS + timedelta(days=2)) == [(2, 3), (0, 0)]

    sheet = await world.db.read(partial(month_sheet, month=today, zone=ZONE))
    (line,) = sheet.lines
    assert (sheet.count, line.figures.count) == (3, 3)
    assert line.figures.items["tone"] == pytest.approx(86.67)
    assert sheet.score == line.figures.score == 98.0
    assert line.weeks == [None, None, None, None, 98.0, None]
    assert (line.before, line.change) == (None, None)
    assert dict(line.pools) == {Pool.RANDOM: 3}
    assert line.worst[0] == ("greet", 2)
    after = await world.db.read(partial(month_sheet, month=date(2026, 12, 1), zone=ZONE))
    assert after.lines == []
