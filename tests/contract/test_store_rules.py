"""Rule sets as versions: drafts, replays on stored calls, publishing (Q2, T7), on both databases."""

from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from qa.changing import queries, replaying, rules, service
from qa.changing.library import VersionedRules, current
from qa.changing.queries import DraftRow, ReplayRow, VersionRow
from qa.changing.replaying import Replayer
from qa.changing.rules import Unproven, by_rule
from qa.changing.settings import ChangingSettings
from qa.changing.states import DraftState, ReplayState
from qa.checks.queries import past_checks_of
from qa.rules.assess import Assessment, assess
from qa.rules.findings import Verdict
from tests.unit.qa_store.test_checks import RULES, findings, own_rules, transcribed
from tests.unit.qa_store.world import World

SET = "after-sales-satisfaction"
LATER = RULES.format(version=1, phrase="祝您一路平安")


class Threads:
    """A place whose workers are threads of this process."""

    at_once = 2

    def executor(self, workers: int) -> Executor:
        self.pool = ThreadPoolExecutor(workers)
        return self.pool

    def kill(self, executor: Executor) -> None:
        pass

    def release(self, executor: Executor) -> None:
        executor.shutdown()

    def close(self) -> None:
        self.pool.shutdown()


@pytest.fixture
async def world(world: World, tmp_path: Path) -> World:
    """A site whose shipped rule set is one rule: thanks, in words that nobody says."""
    (tmp_path / "rules").mkdir()
    own_rules(tmp_path / "rules")
    await world.db.write(lambda conn: service.keep_shipped(conn, library(world), world.now))
    return world


def library(world: World) -> VersionedRules:
    return VersionedRules(world.folder / "rules")


async def draft(world: World, text: str = LATER, by: str = "li", revision: int | None = None) -> DraftRow:
    return await world.db.write(
        lambda conn: service.save_draft(
            conn, library(world), SET, text, by=by, now=world.now, revision=revision
        )
    )


async def begin(world: World, one: DraftRow, most: int | None = None) -> ReplayRow:
    return await world.db.write(
        lambda conn: replaying.begin(
            conn,
            library(world),
            world.library,
            SET,
            one.yaml,
            draft=one,
            most=most,
            by="li",
            now=world.now,
        )
    )


def replayer(world: World, batch: int = 2, stop_at: int = 0) -> Replayer:
    """One that is killed, as it were, after `stop_at` calls."""

    def told(row: ReplayRow) -> None:
        if stop_at and row.done >= stop_at:
            raise KeyboardInterrupt

    return Replayer(world.db, ChangingSettings(), world.clock, Threads, told, batch)


async def publish(
    world: World, one: DraftRow, *, by: str = "zhao", has_right: bool = True, leads: int = 1, reason: str = ""
) -> VersionRow:
    return await world.db.write(
        lambda conn: service.publish(
            conn,
            one.id,
            by=by,
            has_right=has_right,
            other_leads=leads,
            four_eyes=True,
            note="goodbye counts as thanks",
            reason=reason,
            now=world.now,
        )
    )


async def test_a_draft_is_replayed_published_and_judges_what_comes_then(world: World) -> None:
    """Q2, T7: what would flip is seen before; old verdicts keep their version until a person says so."""
    old = await transcribed(world)
    worker = world.checks(library(world))
    await worker.step()
    world.later(3600)
    one = await draft(world)
    row = await begin(world, one)
    assert (row.total, row.against, row.state) == (1, 1, ReplayState.RUNNING)
    assert await replayer(world).step() == 1
    done = await world.db.read(lambda conn: queries.replay(conn, row.id))
    assert done is not None
    assert (done.state, done.done, done.flipped, done.unjudged) == (ReplayState.DONE, 1, 1, 0)
    (change,) = by_rule(done.counts)
    assert (change.rule_id, change.flips) == ("thanks", (("fail", "pass", 1),))
    (flip,) = await world.db.read(lambda conn: queries.flips_of(conn, row.id, "thanks", ("fail", "pass")))
    assert (flip.attempt_id, flip.words, flip.channel) == (old, "祝您一路平安", "agent")
    assert flip.start == pytest.approx(52.0 + 4 * 0.25)

    version = await publish(world, one)
    assert (version.version, version.approved_by, version.authors) == (2, "zhao", ["li"])
    assert (version.replay_id, version.unreplayed) == (row.id, "")
    assert "version: 2" in version.yaml
    (told,) = await world.events(service.PUBLISHED)
    assert (told.subject, told.data["version"], told.data["by"]) == (SET, 2, "zhao")
    kept = (await findings(world, old))["thanks"]
    assert (kept.verdict, kept.rule_set_version) == (Verdict.FAIL, 1)

    world.later(60)
    new = await transcribed(world)
    assert await world.db.read(lambda conn: _version(conn, world, new)) == 2
    assert await world.db.read(lambda conn: _version(conn, world, old)) == 1


def _version(conn: object, world: World, attempt_id: str) -> int:
    from sqlalchemy import Connection, select

    from dialer.calling.tables import attempts

    assert isinstance(conn, Connection)
    at = conn.execute(select(attempts.c.placed_at).where(attempts.c.id == attempt_id)).scalar_one()
    return library(world).for_call(conn, SET, playbook_version=1, at=at).version


async def test_a_replay_goes_on_where_its_process_was_killed(world: World) -> None:
    """Each call counts once, whatever happens in between; a replay of the same text goes on."""
    for _ in range(7):
        await transcribed(world)
    one = await draft(world)
    row = await begin(world, one)
    with pytest.raises(KeyboardInterrupt):
        await replayer(world, stop_at=2).step()
    assert (await begin(world, one)).id == row.id
    assert await replayer(world).step() == 0, "whoever was killed may still be at work"
    world.later(61)
    seen: list[int] = []
    again = Replayer(world.db, ChangingSettings(), world.clock, Threads, lambda r: seen.append(r.done), 2)
    assert await again.step() == 1
    assert seen == [4, 6, 7]
    done = await world.db.read(lambda conn: queries.replay(conn, row.id))
    assert done is not None
    assert (done.done, done.total, done.flipped) == (7, 7, 7)
    assert done.counts == {"thanks": {"fail>pass": 7}}
    assert len({flip.attempt_id for flip in await world.db.read(lambda c: queries.flips_of(c, row.id))}) == 7


async def test_a_replay_is_stopped_and_goes_on(world: World) -> None:
    for _ in range(4):
        await transcribed(world)
    one = await draft(world)
    row = await begin(world, one, most=3)
    assert row.total == 3
    await world.db.write(lambda conn: replaying.stop(conn, row.id, world.now))
    assert await replayer(world).step() == 0
    assert (await begin(world, one, most=3)).state is ReplayState.RUNNING
    await replayer(world).step()
    done = await world.db.read(lambda conn: queries.replay(conn, row.id))
    assert done is not None
    assert (done.state, done.done) == (ReplayState.DONE, 3)


async def test_publishing_needs_a_replay_or_a_reason_and_four_eyes(world: World) -> None:
    one = await draft(world)
    for by, has_right, leads, why in (
        ("li", False, 1, "no_right"),
        ("li", True, 1, "own_draft"),
        ("zhao", True, 1, "not_replayed"),
        ("li", True, 0, "not_replayed"),
    ):
        with pytest.raises(service.CannotPublish) as refused:
            await publish(world, one, by=by, has_right=has_right, leads=leads)
        assert refused.value.refusal == why
    version = await publish(world, one, by="li", leads=0, reason="a word was misspelt")
    assert (version.unreplayed, version.replay_id) == ("a word was misspelt", None)
    with pytest.raises(service.DraftConflict):
        await publish(world, one, reason="once more")


async def test_a_text_changed_after_its_replay_is_not_replayed(world: World) -> None:
    await transcribed(world)
    one = await draft(world)
    await begin(world, one)
    await replayer(world).step()
    assert await world.db.read(lambda conn: service.replayed(conn, one, world.now)) is not None
    changed = await draft(world, RULES.format(version=1, phrase="再见"), revision=1)
    assert await world.db.read(lambda conn: service.replayed(conn, changed, world.now)) is None
    only_spaces = await draft(world, LATER + "\n# a remark\n", revision=2)
    assert await world.db.read(lambda conn: service.replayed(conn, only_spaces, world.now)) is not None


async def unproven(world: World, one: DraftRow, row: ReplayRow) -> Unproven | None:
    """What the replay lacks to publish this draft by it; publishing says the same."""
    done = await world.db.read(lambda conn: queries.replay(conn, row.id))
    assert done is not None
    assert done.state is ReplayState.DONE
    why = await world.db.read(lambda conn: service.unproven_of(conn, one, done, world.now))
    if why is not None:
        with pytest.raises(service.CannotPublish) as refused:
            await publish(world, one)
        assert refused.value.refusal == "not_replayed"
    return why


async def test_a_replay_that_could_not_judge_every_call_is_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Q2: a text by which calls fail to be judged would leave those calls unchecked once in force."""
    for _ in range(3):
        await transcribed(world)
    one = await draft(world)
    row = await begin(world, one)

    def fails(*call: Any, **more: Any) -> Assessment:
        if call[1].rules[0].say == ("祝您一路平安",):
            raise KeyError("plate")
        return assess(*call, **more)

    monkeypatch.setattr("qa.changing.judging.assess", fails)
    await replayer(world).step()
    done = await world.db.read(lambda conn: queries.replay(conn, row.id))
    assert done is not None
    assert (done.done, done.unjudged, done.error) == (3, 3, "KeyError: 'plate'")
    assert await unproven(world, one, row) is Unproven.UNJUDGED


async def test_a_replay_beside_an_older_version_is_none(world: World) -> None:
    """Q2: somebody published meanwhile; that the draft goes on from there does not make its replay newer."""
    await transcribed(world)
    one = await draft(world)
    row = await begin(world, one)
    await replayer(world).step()
    assert await unproven(world, one, row) is None
    own_rules(world.folder / "rules", version=2, phrase="感谢")
    world.later(60)
    await world.db.write(lambda conn: service.keep_shipped(conn, library(world), world.now))
    one = await world.db.write(lambda conn: service.rebase(conn, one.id, one.revision, world.now))
    assert await unproven(world, one, row) is Unproven.OTHER_VERSION
    again = await begin(world, one)
    await replayer(world).step()
    assert await unproven(world, one, again) is None


async def test_a_replay_of_a_few_calls_is_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Q2: one of two calls where two count as enough; a site that has no more tries all of them."""
    monkeypatch.setattr(rules, "LEAST_CALLS", 2)
    await transcribed(world)
    one = await draft(world)
    all_there_are = await begin(world, one)
    await replayer(world).step()
    assert await unproven(world, one, all_there_are) is None
    for _ in range(2):
        await transcribed(world)
    few = await begin(world, one, most=1)
    await replayer(world).step()
    assert await unproven(world, one, few) is Unproven.FEW_CALLS


async def test_two_who_write_or_publish_at_once_are_told(world: World) -> None:
    one = await draft(world, revision=0)
    await draft(world, by="wang", revision=1)
    with pytest.raises(service.DraftConflict, match="wang saved"):
        await draft(world, revision=1)
    await publish(world, one, reason="x")
    with pytest.raises(service.DraftConflict, match="published or discarded"):
        await draft(world, revision=2)
    # A file published by another way while a draft is open.
    late = await draft(world, RULES.format(version=1, phrase="再见"))
    assert late.based_on == 2


async def test_a_newer_shipped_file_never_overwrites_what_a_site_changed(world: World) -> None:
    """Where the site has nothing of its own it comes into force; else it is offered, once."""
    own_rules(world.folder / "rules", version=2, phrase="感谢")
    world.later(60)
    keep = lambda conn: service.keep_shipped(conn, library(world), world.now)  # noqa: E731
    assert await world.db.write(keep) == 1
    assert await world.db.write(keep) == 0
    await publish(world, await draft(world), reason="x")
    own_rules(world.folder / "rules", version=3, phrase="多谢")
    assert await world.db.write(keep) == 1
    assert await world.db.write(keep) == 0
    in_force = await world.db.read(lambda conn: current(conn, library(world), SET, world.now))
    assert in_force is not None
    assert (in_force.version, in_force.rules.rules[0].say) == (3, ("祝您一路平安",))
    (offer,) = [
        one
        for one in await world.db.read(lambda conn: queries.drafts_of(conn, SET))
        if one.state is DraftState.OFFERED
    ]
    taken = await world.db.write(lambda conn: service.take_offer(conn, offer.id, world.now))
    assert (taken.state, "多谢" in taken.yaml, taken.authors) == (DraftState.OPEN, True, [])
    assert (await publish(world, taken, reason="x")).version == 4
    assert await world.db.write(keep) == 0


async def test_chosen_calls_are_checked_again_on_a_person_s_word(world: World) -> None:
    old = await transcribed(world)
    worker = world.checks(library(world))
    await worker.step()
    world.later(60)
    await publish(world, await draft(world), reason="x")

    def again(conn: object) -> int:
        from sqlalchemy import Connection

        assert isinstance(conn, Connection)
        return service.recheck(
            conn, SET, since=world.now - timedelta(days=1), limit=100, by="zhao", now=world.now
        )

    assert await world.db.write(again) == 1
    await worker.step()
    now = (await findings(world, old))["thanks"]
    assert (now.verdict, now.rule_set_version) == (Verdict.PASS, 2)
    assert await world.db.write(again) == 0
    # What was said by the rules of then stays to be read, with its words.
    (past,) = await world.db.read(lambda conn: past_checks_of(conn, old))
    assert (past.rule_set_version, past.verdicts) == (1, {"thanks": "fail"})
    assert past.replaced_at == world.now
    assert past.findings[0]["reason"] == "not_said"


async def test_titles_are_those_of_the_version_and_a_site_s_own_rule_set_is_known(world: World) -> None:
    """T7: the page of an old call calls its rules as they were called then."""
    renamed = LATER.replace("title: {zh: 致谢}", "title: {zh: 感谢并祝福}")
    await publish(world, await draft(world, renamed), reason="x")
    titles = await world.db.read(
        lambda conn: [library(world).titles(conn, SET, version)["thanks"]["zh"] for version in (1, 2)]
    )
    assert titles == ["致谢", "感谢并祝福"]
    own = LATER.replace(f"id: {SET}", "id: our-own")
    await world.db.write(
        lambda conn: service.save_draft(conn, library(world), "our-own", own, by="li", now=world.now)
    )
    assert await world.db.read(library(world).known_ids) == {SET}
    (one,) = await world.db.read(lambda conn: queries.drafts_of(conn, "our-own"))
    await publish(world, one, reason="x")
    assert await world.db.read(library(world).known_ids) == {SET, "our-own"}
    assert await world.db.read(lambda conn: library(world).titles(conn, "nobody-s", 1)) == {}
