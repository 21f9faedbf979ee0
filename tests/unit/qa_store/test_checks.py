"""Transcribed calls are checked against the rules of their playbook (Q2-Q5)."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from dialer.playbooks.library import Library
from dialer.telephony.outcomes import Leg
from qa.checks import service
from qa.checks.library import RuleLibrary
from qa.checks.queries import FindingRow, check_of, findings_of
from qa.checks.states import CheckState
from qa.conduct.rules import Measure, Place
from qa.corrections.queries import corrections_of
from qa.corrections.service import correct
from qa.rules.findings import Verdict
from qa.rules.schema import RuleSet
from qa.transcripts.queries import segments_of
from qa.transcripts.service import settle_swap
from recordings.rules import Problem
from recordings.service import redo
from tests.unit.qa_store.world import GOOD_CALL, PLATE, Says, Turn, World, heard

RULES = """
id: after-sales-satisfaction
version: {version}
rules:
  - id: thanks
    title: {{zh: 致谢}}
    kind: must_say
    alarm: true
    say: [{phrase}]
"""


def own_rules(folder: Path, *, version: int = 1, phrase: str = "谢谢您的支持") -> RuleLibrary:
    """A rule set of one rule, as a company writes it."""
    text = RULES.format(version=version, phrase=phrase)
    (folder / "after-sales-satisfaction.yaml").write_text(text, encoding="utf-8")
    return RuleLibrary(folder)


async def transcribed(world: World, turns: tuple[Turn, ...] = GOOD_CALL, *problems: Problem) -> str:
    """A call whose transcript is there."""
    attempt = await world.archived(*problems, gap_seconds=20.0 if problems else 0.0)
    await world.transcription(Says(heard(turns))).step()
    return attempt


async def findings(world: World, attempt: str) -> dict[str, FindingRow]:
    """The stored findings by rule."""
    rows = await world.db.read(lambda conn: findings_of(conn, attempt))
    return {row.rule_id: row for row in rows}


async def test_a_good_call_passes_the_shipped_rules(world: World) -> None:
    """Q5, Q4: a verdict for each rule, in the rule set's order, with its proof; told by one event."""
    attempt = await transcribed(world)
    assert await world.checks().step() == 2
    assert await world.checks().step() == 0
    found = await findings(world, attempt)
    # What needs sound is not judged of made-up words.
    judged = [row for row in found.values() if row.reason != "not_measured"]
    assert {row.rule_id: row.verdict for row in judged if row.verdict is not Verdict.PASS} == {}
    assert [row.position for row in found.values()] == list(range(len(found)))
    thanks = found["thanks"]
    assert (thanks.channel, thanks.words) == ("agent", "谢谢")
    assert thanks.start == pytest.approx(52.0)
    assert thanks.evidence[0]["confidence"] == pytest.approx(0.9)
    (told,) = await world.events("call.checked")
    assert (told.subject, told.data["fail"], told.data["unclear"]) == (attempt, 0, 0)
    assert told.data["pass"] == len(judged)
    assert told.data["signals"]["dissatisfied"] is False


async def test_q6_manners_are_blamed_on_nobody_until_it_is_known_who_spoke(world: World) -> None:
    """Q6: break-ins of exchanged legs are the customer's; while that is suspected, nobody's."""
    other = {Leg.AGENT: Leg.CUSTOMER, Leg.CUSTOMER: Leg.AGENT}
    turns = tuple((other[leg], at, text) for leg, at, text in GOOD_CALL)
    measured = {
        "agent_break_ins": Measure(6.0, (Place(Leg.AGENT, 1.0, 2.0),)),
        "customer_break_ins": Measure(0.0),
        "agent_loudness": Measure(-50.0),
        "customer_loudness": Measure(-20.0),
        "silence_longest": Measure(40.0),
    }
    attempt = await world.archived()
    await world.transcription(Says(replace(heard(turns), conduct=measured))).step()
    await world.checks().step()
    rules = ("no_breaking_in", "loud_enough", "no_long_silence")
    found = await findings(world, attempt)
    assert [(found[rule].verdict, found[rule].reason) for rule in rules] == [
        (Verdict.UNCLEAR, "legs_swapped"),
        (Verdict.UNCLEAR, "legs_swapped"),
        (Verdict.FAIL, "out_of_bounds"),
    ]
    await world.db.write(lambda conn: settle_swap(conn, attempt, True, world.now, "wang"))
    await world.checks().step()
    found = await findings(world, attempt)
    assert [found[rule].verdict for rule in rules] == [Verdict.PASS, Verdict.PASS, Verdict.FAIL]


async def test_facts_of_the_call_decide(world: World) -> None:
    """The plate of the follow-up is what must be said, and another one is an alarm (Q3)."""
    other = tuple((leg, at, text.replace("京A一二三四五", "京A九八七六零")) for leg, at, text in GOOD_CALL)
    attempt = await transcribed(world, other)
    await world.checks().step()
    assert (await findings(world, attempt))["right_plate"].verdict is Verdict.FAIL
    alarm = (await world.alarms())["rule_broken"]
    assert (alarm.data["plate"], alarm.data["rules"]) == (PLATE, ["right_plate"])
    (told,) = await world.events("call.checked")
    assert told.data["alarms"] == ["right_plate"]

    await world.db.write(lambda conn: service.seen(conn, attempt, world.now))
    assert await world.alarms() == {}


async def test_absence_is_proven_only_on_clean_audio(world: World) -> None:
    """Q4: the same silence is a failure in a whole recording and a question in one with a gap."""
    whole = await transcribed(world, GOOD_CALL[:-1])
    gappy = await transcribed(world, GOOD_CALL[:-1], Problem.SHORT)
    await world.checks().step()
    absent = (await findings(world, whole))["thanks"]
    assert (absent.verdict, absent.reason, absent.words) == (Verdict.FAIL, "not_said", None)
    unsure = (await findings(world, gappy))["thanks"]
    assert (unsure.verdict, unsure.reason) == (Verdict.UNCLEAR, "audio_incomplete")


async def test_a_call_transcribed_anew_is_checked_anew(world: World) -> None:
    attempt = await transcribed(world, GOOD_CALL[:-1])
    worker = world.checks()
    await worker.step()
    await world.db.write(lambda conn: redo(conn, attempt, world.now))
    await world.archive_again(attempt)
    await world.transcription(Says(heard(GOOD_CALL))).step()
    await worker.step()
    assert (await findings(world, attempt))["thanks"].verdict is Verdict.PASS
    # Without a farewell the three greetings are not whole either.
    assert [row.data["fail"] for row in await world.events("call.checked")] == [2, 0]


async def test_a_corrected_word_is_judged_at_once(world: World) -> None:
    """S2: what a person heard counts; what the machine heard is kept beside it."""
    misheard = tuple((leg, at, text.replace("一二三四五", "一二三九五")) for leg, at, text in GOOD_CALL)
    attempt = await transcribed(world, misheard)
    worker = world.checks()
    await worker.step()
    assert (await findings(world, attempt))["right_plate"].verdict is not Verdict.PASS
    said = await world.db.read(lambda conn: segments_of(conn, attempt))
    segment, word, was = next(
        (number, index, word.text)
        for number, segment in enumerate(said)
        for index, word in enumerate(segment.words)
        if word.text == "九"
    )
    put_right = partial(
        correct, attempt_id=attempt, segments=said, segment=segment, word=word, heard=was, said="四"
    )
    await world.db.write(partial(put_right, by="chen", now=world.now))
    await worker.step()
    assert (await findings(world, attempt))["right_plate"].verdict is Verdict.PASS
    (kept,) = await world.db.read(lambda conn: corrections_of(conn, attempt))
    assert (kept.heard, kept.corrected_by) == (was, "chen")
    assert await world.db.read(lambda conn: segments_of(conn, attempt)) == said


async def test_new_rules_are_used_without_a_restart(world: World, tmp_path: Path) -> None:
    """Q2: rules are data; a check asked for again goes by the file as it is now."""
    attempt = await transcribed(world)
    worker = world.checks(own_rules(tmp_path))
    await worker.step()
    assert (await findings(world, attempt))["thanks"].verdict is Verdict.FAIL
    own_rules(tmp_path, version=2, phrase="祝您一路平安")
    await world.db.write(lambda conn: service.again(conn, attempt, world.now))
    await worker.step()
    thanks = (await findings(world, attempt))["thanks"]
    assert (thanks.verdict, thanks.rule_set_version) == (Verdict.PASS, 2)
    assert await world.alarms() == {}


async def test_a_bad_rule_file_is_told_and_mended_without_a_restart(world: World, tmp_path: Path) -> None:
    """The alarm names file, rule and field; the call waits and goes on once the file is mended."""
    attempt, other = await transcribed(world), await transcribed(world)
    file = tmp_path / "after-sales-satisfaction.yaml"
    file.write_text(RULES.format(version=1, phrase="谢谢").replace("must_say", "should_say"), "utf-8")
    worker = world.checks(RuleLibrary(tmp_path))
    assert await worker.step() == 3, "two calls are queued, and one is enough to know"
    alarm = (await world.alarms())["rules_unusable"]
    assert alarm.subject == "after-sales-satisfaction"
    for part in (file.name, "rule thanks", "kind"):
        assert part in alarm.data["error"]
    check = await world.db.read(lambda conn: check_of(conn, attempt))
    assert check is not None
    assert (check.state, check.error) == (CheckState.WAITING, alarm.data["error"])
    assert await worker.step() == 0, "not again at once"

    own_rules(tmp_path, phrase="祝您一路平安")
    world.later(15)
    await worker.step()
    for call in (attempt, other):
        assert (await findings(world, call))["thanks"].verdict is Verdict.PASS
    assert await world.alarms() == {}


async def test_a_playbook_nobody_knows_is_told(world: World) -> None:
    attempt = await transcribed(world)
    world.library = Library(())
    await world.checks().step()
    assert (await world.alarms())["rules_unusable"].subject == "after-sales-satisfaction"
    assert await findings(world, attempt) == {}


class Trouble(RuleLibrary):
    """A library that breaks once in a way nobody foresaw."""

    broken = True

    def get(self, rule_set_id: str) -> RuleSet:
        if self.broken:
            self.broken = False
            raise ZeroDivisionError("unforeseen")
        return super().get(rule_set_id)


async def test_a_call_that_cannot_be_checked_does_not_stop_the_next(world: World, tmp_path: Path) -> None:
    own_rules(tmp_path, phrase="谢谢您")
    first, second = await transcribed(world), await transcribed(world)
    worker = world.checks(Trouble(tmp_path))
    await worker.step()
    alarm = (await world.alarms())["check_failed"]
    unlucky = alarm.subject
    assert alarm.data["error"] == "unforeseen"
    assert {first, second} - {unlucky} == {row.subject for row in await world.events("call.checked")}
    world.later(15)
    await worker.step()
    assert await world.alarms() == {}
    assert len(await world.events("call.checked")) == 2


async def test_a_customer_s_silence_is_no_clean_leg(world: World) -> None:
    """A leg the engine found nearly no sound on proves nothing, whatever the archive says."""
    attempt = await world.archived()
    silent = heard([turn for turn in GOOD_CALL if turn[0] is Leg.CUSTOMER], levels=(-70.0, -20.0))
    await world.transcription(Says(silent)).step()
    await world.checks().step()
    assert (await findings(world, attempt))["thanks"].verdict is Verdict.UNCLEAR
