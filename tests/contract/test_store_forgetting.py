"""What was said in the calls of who asks to be forgotten, on both databases (X3)."""

from functools import partial

import pytest
from sqlalchemy import JSON, Connection, String, insert, select

from dialer.calling.queries import attempt
from dialer.customers.tables import customers
from dialer.forms.tables import answers, result_forms
from dialer.machine import IllegalMove
from dialer.privacy.service import _GONE, _LESS, forget
from dialer.storage.base import metadata
from dialer.storage.feed import emit, flush
from qa.changing import replaying
from qa.changing.library import VersionedRules
from qa.changing.replaying import Replayer
from qa.changing.service import keep_shipped, save_draft
from qa.changing.settings import ChangingSettings
from qa.checks import service as checks
from qa.falsity.worker import DoubtWorker
from qa.reviews import service as reviews
from qa.search import queries as index
from qa.search.queries import Filter
from qa.search.service import search
from qa.search.worker import SearchWorker
from qa.transcripts import service as transcripts
from qa.transcripts.queries import claim, segments_of
from qa.transcripts.service import NoTranscript
from recordings.service import redo
from tests.contract.test_store_rules import Threads
from tests.support.corrected import put_right
from tests.unit.qa_store.test_checks import RULES, own_rules
from tests.unit.qa_store.world import GOOD_CALL, PLATE, Says, World, heard

SET = "after-sales-satisfaction"
TURNS = tuple(
    (leg, at, text.replace("一二三四五", "一二三九五").replace("满意，挺好的", "不满意，很差"))
    for leg, at, text in GOOD_CALL
)
# What could be told of the person: words of either party, name, number, plate, as said or as written.
TOLD = ("陈先生", "陈建国", "13800001234", PLATE, "车牌号", "很差", "已经好了", "一路平安")
# Text columns by call that tell nothing of the customer.
ABOUT_US = {
    "agent_history": {"why"},
    "agent_sessions": {"login"},
    "call_commands": {"detail", "wanted"},
    "call_parties": {"asked_by"},
    "early_clips": {"path", "sha256"},
    "announcements": {"error", "phrase", "clip_path", "clip_sha256", "model"},
    "recordings": {"branch", "path", "listen_path", "peaks_path", "sha256", "problems", "error"},
    "repairs": {"evidence"},
    "takeovers": {"error", "seen"},
    "doubts": {"decided_by"},
    "findings": {"rule_set", "slot"},
    "past_checks": {"rule_set", "signals"},
    "rule_flips": {"rule_id"},
    "clips": {"made_by"},
    # What people wrote of the agent's work, and the agent's own words about it.
    "reviews": {"why", "reviewer", "draft", "scorecard", "card", "rule_set", "note"},
}
# Erased by follow-up or customer: a call of a contract that the law wants kept keeps some of them.
BY_PERSON = {
    *("answers", "cases", "contacts", "decisions", "question_items", "result_forms", "tasks", "tickets")
}


def everything(conn: Connection) -> str:
    """Every row of every table but what judges and who asks, as text."""
    flush(conn)
    ours = {"rule_replays", "rule_drafts", "rule_set_versions", "playbook_versions"}
    return "\n".join(
        f"{table.name}: {tuple(row)}"
        for table in metadata.sorted_tables
        if table.name not in ours
        for row in conn.execute(select(table))
    )


async def worked(world: World, *workers: SearchWorker | DoubtWorker) -> None:
    for worker in workers:
        while await worker.step():
            pass


async def called(world: World) -> str:
    """A call that everything was made of that can be: its id."""
    attempt_id = await world.archived()
    await world.transcription(Says(heard(TURNS))).step()
    await world.checks().step()
    await put_right(world, attempt_id)
    await world.checks().step()

    def fill(conn: Connection) -> None:
        call = attempt(conn, attempt_id)
        assert call is not None
        of = {"follow_up_id": call.follow_up_id, "attempt_id": attempt_id}
        said = {"question_id": "q1", "value": "very_satisfied", "playbook_version": 1, "second": 25.0}
        conn.execute(insert(answers).values(**of, **said, at=world.now))
        conn.execute(insert(result_forms).values(**of, disposition="completed", saved_at=world.now))
        emit(conn, "form.saved", attempt_id, world.now, {})
        clip = {"purpose": reviews.TRAINING, "note": "陈先生很生气", "by": "chen"}
        reviews.send_clip(conn, attempt_id, "greet", 1.0, 2.0, **clip, now=world.now)

    await world.db.write(fill)
    await worked(world, SearchWorker(world.db), DoubtWorker(world.db, world.library, world.clock))
    await replayed(world)
    return attempt_id


async def replayed(world: World) -> None:
    """A draft tried on the call, by which a verdict would be another one."""
    (world.folder / "rules").mkdir()
    own_rules(world.folder / "rules")
    library = VersionedRules(world.folder / "rules")
    later = RULES.format(version=1, phrase="祝您一路平安")

    def begin(conn: Connection) -> None:
        keep_shipped(conn, library, world.now)
        draft = save_draft(conn, library, SET, later, by="li", now=world.now)
        of = partial(replaying.begin, conn, library, world.library, SET, later)
        of(draft=draft, by="li", now=world.now)

    await world.db.write(begin)
    assert await Replayer(world.db, ChangingSettings(), world.clock, Threads).step() == 1


def forgotten(conn: Connection, world: World) -> None:
    customer_id = conn.execute(select(customers.c.id)).scalar_one()
    forget(conn, world.library, customer_id, "主管", world.now)


async def found(world: World, typed: str) -> int:
    results = await world.db.read(lambda conn: search(conn, typed, Filter(), limit=5))
    return len(results.hits)


async def test_nothing_said_is_left_or_found_again(world: World) -> None:
    """X3: words, corrections, evidence, doubts, a replay's examples: in no table, found by no search."""
    attempt_id = await called(world)
    before = await world.db.read(everything)
    assert [word for word in TOLD if word not in before] == []
    assert await found(world, "不满意") == 1
    await world.db.write(partial(forgotten, world=world))
    left = await world.db.read(everything)
    assert [line for line in left.splitlines() if any(word in line for word in TOLD)] == []
    # Nor does it come back: by an index made anew, a check, a transcription, a recording archived once more.
    await world.db.write(partial(index.queue_all, anew=True))
    await worked(world, SearchWorker(world.db))
    with pytest.raises(checks.NoCheck):
        await world.db.write(partial(checks.again, attempt_id=attempt_id, now=world.now))
    with pytest.raises(NoTranscript):
        await world.db.write(partial(transcripts.again, attempt_id=attempt_id, now=world.now))
    await world.db.write(lambda conn: redo(conn, attempt_id, world.now))
    await world.archive_again(attempt_id)
    await world.transcription(Says(heard(TURNS))).step()
    await world.checks().step()
    assert await found(world, "不满意") == 0
    assert await world.db.read(partial(segments_of, attempt_id=attempt_id)) == []


async def test_what_an_engine_still_works_on_is_not_kept(world: World) -> None:
    """X3: asked to be forgotten while the call is being transcribed."""
    attempt_id = await world.archived()
    settings = world.settings()
    await world.db.write(partial(transcripts.take_in_news, settings=settings, now=world.now))
    (job,) = await world.db.write(partial(claim, now=world.now, until=world.now, limit=1))
    assert job.attempt_id == attempt_id
    await world.db.write(partial(forgotten, world=world))
    keep = partial(transcripts.keep, attempt_id=attempt_id, transcript=heard(TURNS), now=world.now)
    with pytest.raises(IllegalMove):
        await world.db.write(keep)
    assert await world.db.read(partial(segments_of, attempt_id=attempt_id)) == []


def test_every_text_of_a_call_is_erased_or_known_to_tell_nothing() -> None:
    """X3: whoever adds a table or column by call decides what forgetting does to it."""
    undecided = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        if "attempt_id" in table.c and table.name not in {*_GONE, *BY_PERSON}
        for column in table.c
        if isinstance(column.type, JSON) or (isinstance(column.type, String) and _is_long(column.type))
        if column.name not in {*_LESS.get(table.name, ()), *ABOUT_US.get(table.name, ())}
    }
    assert undecided == set()


def _is_long(kind: String) -> bool:
    """Longer than an id, a state or a reason."""
    return kind.length is None or kind.length >= 60
