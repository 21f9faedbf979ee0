"""What `dialer check AUDIO --json` tells, from the labelled call dealer-01 as it was written (Q4)."""

import json
from pathlib import Path

from typer.testing import CliRunner

from dialer.app.cli.check import report
from dialer.app.cli.main import app
from qa.checks.library import shipped_rules
from qa.rules.assess import assess
from qa.rules.findings import Reason
from qa.rules.readable import text_facts
from qa.scoring.labelled import heard, load_labelled
from web.quality.words import REASON

CALLS = Path(__file__).parents[3] / "bench" / "calls" / "calls.yaml"


def told() -> dict[str, object]:
    call = next(one for one in load_labelled(CALLS) if one.id == "dealer-01")
    rules = shipped_rules().get(call.playbook)
    transcript = heard(call)
    judged = assess(transcript, rules, text_facts(call.facts))
    return json.loads(json.dumps(report(judged, transcript, rules)))  # type: ignore[no-any-return]


def test_each_rule_has_verdict_confidence_evidence_and_a_sentence_in_both_languages() -> None:
    rules = {one["id"]: one for one in told()["rules"]}  # type: ignore[attr-defined]
    pressed = rules["no_pressure"]
    assert pressed["verdict"] == "fail"
    assert 0 < pressed["confidence"] <= 1
    assert pressed["sentence"] == {"zh": "说了禁用语。", "en": "A forbidden wording was said."}
    (proof, *_) = pressed["evidence"]
    assert set(proof) == {"channel", "start", "end", "text"}
    assert "十分" in proof["text"]
    assert 33 <= proof["start"] < proof["end"] <= 37
    assert rules["convenient"]["verdict"] == "fail"


def test_signals_alarms_question_item_and_turns_are_told() -> None:
    found = told()
    assert found["signals"] == {"dissatisfied": True, "complains": False, "stop_calling": False}
    assert {"id": "no_pressure", "reason": "forbidden_said"} in found["alarms"]  # type: ignore[operator]
    assert found["question_item"] == "not_needed"
    assert found["transcript"][0]["text"].startswith("您好，我是宏达")  # type: ignore[index]


def test_every_reason_has_a_sentence() -> None:
    assert set(REASON) == set(Reason)


def test_facts_that_are_no_json_are_told_with_what_to_write(tmp_path: Path) -> None:
    audio, facts = tmp_path / "call.wav", tmp_path / "facts.json"
    audio.write_bytes(b"RIFF")
    facts.write_text("plate: 京A12345", encoding="utf-8")
    words = ["check", str(audio), "--playbook", "after-sales-satisfaction", "--facts", str(facts)]
    run = CliRunner().invoke(app, words)
    assert run.exit_code == 1
    assert "facts.json" in run.output
    assert '{"plate"' in run.output


def test_an_unknown_playbook_is_named(tmp_path: Path) -> None:
    audio = tmp_path / "call.wav"
    audio.write_bytes(b"RIFF")
    run = CliRunner().invoke(app, ["check", str(audio), "--playbook", "no-such"])
    assert run.exit_code == 1
    assert "no-such" in run.output
