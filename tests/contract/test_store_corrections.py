"""Corrected words and what becomes of them when the call is transcribed anew, on both databases (S2, Q7)."""

from datetime import timedelta
from functools import partial
from pathlib import Path

from dialer.storage.dialects import sqlite_url
from dialer.storage.migrating import migrate
from dialer.telephony.outcomes import Leg
from qa.checks.queries import findings_of
from qa.corrections.queries import corrections_of, history_of
from qa.reviews import figures
from qa.reviews import service as reviews
from qa.reviews.queries import machine_verdicts, verdicts
from qa.rules.findings import Verdict
from qa.sampling.rules import Pool
from qa.transcripts import service as transcripts
from qa.transcripts.queries import spoken
from tests.support.corrected import MISHEARD, put_right
from tests.support.migrated import back_to
from tests.support.reviewed import DAY_BEGINS, drawn, reviewed
from tests.unit.qa_store.world import GOOD_CALL, Says, Turn, World, heard


async def transcribed(world: World, turns: tuple[Turn, ...], attempt_id: str = "") -> str:
    """The call and its check, as they come out of the machine; anew where there is one already."""
    if attempt_id:
        await world.db.write(partial(transcripts.again, attempt_id=attempt_id, now=world.now, by="wang"))
    else:
        attempt_id = await world.archived()
    await world.transcription(Says(heard(turns))).step()
    await world.checks().step()
    return attempt_id


async def words(world: World, attempt_id: str) -> list[str]:
    """What counts as said, segment by segment."""
    said = await world.db.read(partial(spoken, attempt_id=attempt_id))
    assert said is not None
    return [part.text for part in said.segments()]


async def plate(world: World, attempt_id: str) -> Verdict:
    found = await world.db.read(partial(findings_of, attempt_id=attempt_id))
    return next(one.verdict for one in found if one.rule_id == "right_plate")


async def test_a_corrected_word_is_not_written_over_another_one(world: World) -> None:
    """S2: a better engine hears the plate right, and one character more before it; nothing is made of it."""
    attempt_id = await transcribed(world, MISHEARD)
    await put_right(world, attempt_id)
    world.later(60)
    better = tuple((leg, at, text.replace("您的车牌号是", "您的车牌号码是")) for leg, at, text in GOOD_CALL)
    await transcribed(world, better, attempt_id)
    assert await words(world, attempt_id) == [part.text for part in heard(better).segments()]
    assert await plate(world, attempt_id) is Verdict.PASS
    assert await world.db.read(partial(corrections_of, attempt_id=attempt_id)) == []
    # Who had put what right stays to be read (Q7).
    (past,) = await world.db.read(partial(history_of, attempt_id=attempt_id))
    assert (past.heard, past.said, past.corrected_by, past.replaced_at) == ("九", "四", "chen", world.now)


async def test_a_correction_goes_with_its_word(world: World) -> None:
    """S2: the newer engine mishears the same word, in another segment: nobody listens twice."""
    attempt_id = await transcribed(world, MISHEARD)
    await put_right(world, attempt_id)
    more = ((Leg.AGENT, 0.1, "喂"), *MISHEARD)
    await transcribed(world, more, attempt_id)
    assert "您的车牌号是京A一二三四五，对吗？" in await words(world, attempt_id)
    assert await plate(world, attempt_id) is Verdict.PASS
    (kept,) = await world.db.read(partial(corrections_of, attempt_id=attempt_id))
    assert (kept.segment, kept.heard, kept.said, kept.corrected_by) == (3, "九", "四", "chen")


async def test_where_two_words_could_be_meant_none_is_put_right(world: World) -> None:
    """S2: 九九 where 九 was, half a word later: which of them was listened to is anybody's guess."""
    attempt_id = await transcribed(world, MISHEARD)
    await put_right(world, attempt_id)
    twice = tuple(
        (leg, at - 0.1, text.replace("京A一二三九五", "京A一二三九九五")) for leg, at, text in MISHEARD
    )
    await transcribed(world, twice, attempt_id)
    assert "您的车牌号是京A一二三九九五，对吗？" in await words(world, attempt_id)


async def test_a_word_put_right_twice_has_both_on_record(world: World) -> None:
    """Q7: the second person's word counts; the first one's, and what the machine heard, stay."""
    attempt_id = await transcribed(world, MISHEARD)
    await put_right(world, attempt_id, said="十")
    world.later(60)
    await put_right(world, attempt_id, shown="十", said="四", by="li")
    (counts,) = await world.db.read(partial(corrections_of, attempt_id=attempt_id))
    assert (counts.heard, counts.said, counts.corrected_by) == ("九", "四", "li")
    past, _ = await world.db.read(partial(history_of, attempt_id=attempt_id))
    assert (past.heard, past.said, past.corrected_by, past.replaced_at) == ("九", "十", "chen", world.now)


async def test_the_machine_s_error_rate_is_that_of_what_it_heard_itself(world: World) -> None:
    """Q5: it was not sure of a misheard plate; that a person put the digit right does not make it so."""
    attempt_id = await transcribed(world, MISHEARD)
    world.later(24 * 3600)
    (row,) = (await drawn(world))[Pool.RANDOM]
    await world.db.write(partial(reviews.claim, review_id=row.id, by=row.reviewer or "", now=world.now))
    await put_right(world, attempt_id)
    await world.checks().step()
    await world.checks().step()
    shown = await world.db.read(partial(machine_verdicts, attempt_id=attempt_id))
    assert shown["right_plate"] is Verdict.PASS
    await reviewed(world, row)
    said = await world.db.read(partial(verdicts, review_id=row.id))
    plate, thanks = said["right_plate"], said["thanks"]
    assert (plate.machine, plate.verdict, plate.reason) == ("unclear", "pass", "misheard")
    assert (thanks.machine, thanks.verdict, thanks.reason) == ("pass", "pass", "")
    told = await world.db.read(
        partial(figures.summary, since=DAY_BEGINS, until=DAY_BEGINS + timedelta(days=9))
    )
    same = {one.rule_id: (one.same, one.count) for one in told.agreement}
    assert (same["right_plate"], same["thanks"]) == ((0, 1), (1, 1))


async def test_corrections_of_the_release_before_are_kept(
    world: World, tmp_path: Path, store_url: str
) -> None:
    """The table got a history (0013): what was put right before is in force as it was."""
    attempt_id = await transcribed(world, MISHEARD)
    await put_right(world, attempt_id, said="十")
    await put_right(world, attempt_id, shown="十", said="四", by="li")
    (before,) = await world.db.read(partial(corrections_of, attempt_id=attempt_id))
    await world.db.stop()
    url = store_url or sqlite_url(tmp_path / "dialer.db")
    await back_to(url, "0012")
    await migrate(url)
    world.db = type(world.db)(url)
    await world.db.start()
    (after,) = await world.db.read(partial(history_of, attempt_id=attempt_id))
    same = ("segment", "word", "heard", "said", "corrected_by", "corrected_at", "replaced_at")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]
