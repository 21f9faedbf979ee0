"""The examiner's package on both databases (Q7)."""

import errno
import hashlib
import json
import re
import zipfile
from datetime import timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, update

from dialer.calling.queries import attempt
from dialer.cases.tables import question_items
from dialer.customers.service import Occasion, take_in
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.storage.feed import after, emit
from qa.checks.library import RuleLibrary
from qa.examiner.packing import PackageError, Stopped, pack
from qa.examiner.queries import Wanted, verdicts_of
from qa.examiner.service import Contents, NothingToPack, gather, note_made
from qa.reviews import appeals
from qa.reviews import service as reviews
from qa.rules.findings import Verdict
from qa.sampling.rules import Pool
from recordings.tables import recordings
from tests.panel.recorded import make_audio
from tests.support.corrected import MISHEARD, put_right
from tests.support.reviewed import DEADLINES, FULL, drawn, reviewed
from tests.unit.qa_store.test_checks import own_rules
from tests.unit.qa_store.world import GOOD_CALL, SHOP, START, Says, World, heard
from web.search.sayings import say_in_chinese

ZONE = ZoneInfo("Asia/Shanghai")


async def recorded(world: World) -> str:
    """A checked call whose recording lies in the archive with its hash."""
    attempt_id = await world.archived()
    made = make_audio(world.root, attempt_id)
    digest = hashlib.sha256((world.root / made.path).read_bytes()).hexdigest()
    (world.root / made.path).with_suffix(".json").write_text('{"sha256": "…"}')
    change = update(recordings).where(recordings.c.attempt_id == attempt_id)
    await world.db.write(lambda conn: conn.execute(change.values(path=made.path, sha256=digest)))
    worker, checks = world.transcription(Says(heard(GOOD_CALL[:2], seconds=8.0))), world.checks()
    while await worker.step() or await checks.step():
        pass
    return attempt_id


async def contents(world: World, **wanted: object) -> Contents:
    ask = partial(gather, library=world.library, wanted=Wanted(**wanted), by="zhou", now=world.now)  # type: ignore[arg-type]
    return await world.db.read(ask)


async def follow_up_of(world: World, attempt_id: str) -> str:
    found = await world.db.read(partial(attempt, attempt_id=attempt_id))
    assert found is not None
    return found.follow_up_id


async def test_a_package_proves_itself(world: World, tmp_path: Path) -> None:
    """Q7: attempts, original with hash and chain, rules with clip, question item, second call, access."""
    attempt_id = await recorded(world)
    owed = await follow_up_of(world, attempt_id)
    looked = {"login": "li"}
    await world.db.write(lambda conn: emit(conn, "call.viewed", attempt_id, world.now, looked))
    customer = select(follow_ups.c.customer_id).where(follow_ups.c.id == owed).scalar_subquery()
    item = {
        "id": new_id(),
        "follow_up_id": owed,
        "question_id": "q1",
        "title": "保障范围",
        "answer": "不清楚",
    }
    row = insert(question_items).values(**item, customer_id=customer, state="open", opened_at=world.now)
    await world.db.write(lambda conn: conn.execute(row))

    told = await contents(world, follow_up_id=owed)
    steps: list[tuple[int, int]] = []
    file = tmp_path / "out" / "package.zip"
    digest = pack(told, world.root, file, say_in_chinese(), ZONE, progress=lambda *at: steps.append(at))
    assert digest == hashlib.sha256(file.read_bytes()).hexdigest()
    assert steps == [(1, 1)]
    with zipfile.ZipFile(file) as archive:
        for line in archive.read("manifest.sha256").decode().splitlines():
            wanted, name = line.split("  ")
            assert hashlib.sha256(archive.read(name)).hexdigest() == wanted
        names, page = archive.namelist(), archive.read("index.html").decode()
        data = json.loads(archive.read("data.json"))
    assert f"audio/{attempt_id}/original.json" in names
    assert any(name.startswith(f"audio/{attempt_id}/greet-") for name in names)
    for text in ("与归档时的校验值一致", "保障范围", "尚未安排", "打开通话", "已接通", "li"):
        assert text in page, text
    assert data["issued"][0]["follow_ups"][0]["attempts"][0]["files"]["intact"] is True
    assert [one.name for one in file.parent.iterdir()] == ["package.zip"]

    await world.db.write(partial(note_made, contents=told, sha256=digest, now=world.now))
    made = await world.db.read(lambda conn: after(conn, 0, kinds=("package.made",)))
    assert {row.subject for row in made} == {owed, attempt_id}


async def test_what_is_missing_is_said(world: World) -> None:
    """Q7: issued = done + pending + failed with evidence; what nobody planned is missing."""
    await recorded(world)
    stray = Occasion(
        kind="settlement-order",
        source="test",
        external_id="P-1",
        happened_at=START,
        branch=SHOP,
        name="周",
        salutation="先生",
        numbers=("13900001234",),
        plate=None,
    )
    await world.db.write(lambda conn: take_in(conn, stray, world.now))
    spell = {"since": START - timedelta(days=1), "until": START + timedelta(days=1)}
    told = await contents(world, playbook="after-sales-satisfaction", **spell)
    assert (told.sums.issued, told.sums.pending, told.sums.missing, told.sums.adds_up) == (2, 1, 1, False)
    alone = await contents(world, policy="P-1")
    assert [one["fate"] for one in alone.issued] == ["missing"]
    with pytest.raises(NothingToPack):
        await contents(world, policy="P-2")


async def test_nothing_half_written_is_left(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped, or on a full disk: a sentence, and no file; a file that changed is told."""
    attempt_id = await recorded(world)
    told = await contents(world, follow_up_id=await follow_up_of(world, attempt_id))
    file = tmp_path / "out" / "package.zip"
    with pytest.raises(Stopped):
        pack(told, world.root, file, say_in_chinese(), ZONE, stopped=lambda: True)
    assert list(file.parent.iterdir()) == []

    def full(*_args: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "writestr", full)
        with pytest.raises(PackageError, match="the disk is full"):
            pack(told, world.root, file, say_in_chinese(), ZONE)
    assert list(file.parent.iterdir()) == []
    wav = world.root / told.issued[0]["follow_ups"][0]["attempts"][0]["recording"]["path"]
    wav.write_bytes(wav.read_bytes()[:-2] + b"\x01\x02")
    pack(told, world.root, file, say_in_chinese(), ZONE)
    with zipfile.ZipFile(file) as archive:
        assert "与归档时的校验值不一致" in archive.read("index.html").decode()


async def test_a_second_thought_stands_beside_the_first_verdict(world: World, tmp_path: Path) -> None:
    """Q7, S4: what was said blind comes first and counts; then what was thought later, then the appeal."""
    attempt_id = await recorded(world)
    told = await contents(world, follow_up_id=await follow_up_of(world, attempt_id))
    said = {"rule_id": "greet", "reviewer": "li", "submitted_at": START, "decided_by": "zhao"}
    call = told.issued[0]["follow_ups"][0]["attempts"][0]
    call["human"] = [
        {**said, "verdict": "fail", "reconsidered": "unclear", "decided": "pass", "granted": True},
        {**said, "verdict": "pass", "reconsidered": None, "decided": None, "granted": None},
    ]
    file = tmp_path / "package.zip"
    pack(told, world.root, file, say_in_chinese(), ZONE)
    with zipfile.ZipFile(file) as archive:
        page = archive.read("index.html").decode()
    words = " ".join(re.sub("<[^>]+>", " ", page).split())
    when = r"\S+ \S+"
    later = "复议判定：待定 看到机器判定之后；以首次判定为准 申诉成立：合格 zhao"
    assert re.search(f"不合格 li {when} {later} 合格 li {when} 询问是否方便", words)


async def packed(world: World, attempt_id: str, file: Path) -> tuple[str, dict[str, str]]:
    """The package of the call's follow-up: its page as one reads it, and its other files of text."""
    told = await contents(world, follow_up_id=await follow_up_of(world, attempt_id))
    pack(told, world.root, file, say_in_chinese(), ZONE)
    with zipfile.ZipFile(file) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist() if "wav" not in name}
    page = " ".join(re.sub("<[^>]+>", " ", texts["index.html"]).split())
    return page, texts


async def misheard(world: World) -> str:
    """A transcribed call whose plate was misheard."""
    attempt_id = await world.archived()
    await world.transcription(Says(heard(MISHEARD))).step()
    return attempt_id


async def test_corrected_words_are_those_that_were_judged_and_who_put_them_right_is_said(
    world: World, tmp_path: Path
) -> None:
    """Q7: evidence and text agree; what the machine heard, and each person's word, stay to be read."""
    attempt_id = await misheard(world)
    await put_right(world, attempt_id, said="十")
    world.later(60)
    await put_right(world, attempt_id, shown="十", said="四", by="li")
    await world.checks().step()
    page, texts = await packed(world, attempt_id, tmp_path / "package.zip")
    assert "您的车牌号是京A一二三四五，对吗？" in page
    when = r"\S+ \S+"
    assert re.search(f"— 九 十 chen {when} {when} 起无效", page)
    assert re.search(rf"\d+\.\d 秒 九 四 li {when} 有效", page)
    (call,) = json.loads(texts["data.json"])["issued"][0]["follow_ups"][0]["attempts"]
    assert "您的车牌号是京A一二三九五，对吗？" in [part["text"] for part in call["heard_by_machine"]]


async def test_scripts_and_rules_are_in_it_as_they_were(world: World, tmp_path: Path) -> None:
    """Q7, T7: not by their numbers alone, which tell nobody anything in five years."""
    attempt_id = await misheard(world)
    await world.checks().step()
    _, texts = await packed(world, attempt_id, tmp_path / "package.zip")
    (script,) = (text for name, text in texts.items() if name.startswith("scripts/"))
    (rules,) = (text for name, text in texts.items() if name.startswith("rules/"))
    assert "questionnaire:" in script
    assert "祝您一路平安" in rules or "谢谢" in rules
    for name in texts:
        if name.startswith(("scripts/", "rules/")):
            assert f'href="{name}"' in texts["index.html"]
            assert name in texts["manifest.sha256"]


async def test_what_people_said_is_listed_whatever_the_machine_says_now(world: World, tmp_path: Path) -> None:
    """Q7: of a call that was never checked, and of rules that a newer version has no more."""
    attempt_id = await misheard(world)
    world.later(24 * 3600)
    (row,) = (await drawn(world))[Pool.RANDOM]
    by = row.reviewer or ""
    await world.db.write(partial(reviews.claim, review_id=row.id, by=by, now=world.now))
    draft = {"verdicts": {"greet": {"verdict": "fail"}}, "scores": FULL}
    save = partial(reviews.save_draft, review_id=row.id, by=by, draft=draft, revision=0)
    await world.db.write(partial(save, now=world.now))
    submit = partial(reviews.submit, review_id=row.id, by=by, asked=("greet",))
    await world.db.write(partial(submit, now=world.now))
    page, _ = await packed(world, attempt_id, tmp_path / "unchecked.zip")
    assert re.search(rf"机器未检查.*没有机器自行作出的判定 — 不合格 {by}", page)

    own_rules(tmp_path)
    worker = world.checks(RuleLibrary(tmp_path))
    while await worker.step():
        pass
    page, _ = await packed(world, attempt_id, tmp_path / "gone.zip")
    assert re.search(rf"没有机器自行作出的判定 — 不合格 {by}", page), "thanks alone was judged"


async def test_an_appeal_is_told_of_what_it_is_about_and_of_nothing_else(
    world: World, a_day_of_calls: None, tmp_path: Path
) -> None:
    """Q7, S4: one granted against a rule says nothing of the others in the same review."""
    row = (await drawn(world))[Pool.RANDOM][0]
    await reviewed(world, row)
    when = partial(appeals.file, review_id=row.id, agent_id=row.agent_id, about=["greet"], reason="听得到")
    await world.db.write(partial(when, now=world.now, deadlines=DEADLINES))
    decide = partial(appeals.decide, review_id=row.id, by="zhao", granted=True, note="是")
    await world.db.write(partial(decide, now=world.now, verdicts={"greet": Verdict.PASS}))
    told = await world.db.read(partial(verdicts_of, attempt_id=row.attempt_id))
    assert len(told) > 1
    assert {one["rule_id"] for one in told if one["granted"] or one["decided_by"]} == {"greet"}
