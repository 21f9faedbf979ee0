"""The commands `dialer bench …`: what they print for a machine, and when they fail (Q1, Q5)."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from bench.originate import Latency, OriginateBench, Phase
from bench.speech import SpeechBench, judge, load_calls
from bench.transcribing import Throughput
from dialer.app.cli.main import app
from qa.speech.models import InstalledModel
from qa.speech.port import LegTranscript, Segment, Transcript

RIGHT, WRONG = 1, 0


@pytest.fixture(autouse=True)
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As the command's own logs, which go to a file that is never read; undone afterwards."""
    silent = structlog.make_filtering_bound_logger(logging.CRITICAL)
    monkeypatch.setattr(
        "dialer.app.cli.bench.set_up_logs", lambda **_: structlog.configure(wrapper_class=silent)
    )
    yield
    structlog.reset_defaults()


def bench(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["bench", *arguments])


def test_the_reader_of_events_is_compared_with_panoramisk_on_recorded_calls() -> None:
    result = bench("ami", "--calls", "20", "--json")

    figures = json.loads(result.stdout)
    assert figures["calls"] == 20
    assert figures["events"] > 20 * 50
    assert figures["adapter_events_per_second"] > 0
    assert figures["panoramisk_events_per_second"] > 0


@pytest.mark.parametrize(("ratio", "code"), [(0.99, 0), (0.5, 1)])
def test_an_engine_that_falls_behind_the_raw_client_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, ratio: float, code: int
) -> None:
    async def measured(*_: object) -> OriginateBench:
        phase = Phase("raw", 1, 1, 100, Latency(1, 1, 1), None, 1, 1)
        return OriginateBench(100, 1, (phase,), phase, phase, ratio, 1, 2)

    monkeypatch.setattr("bench.originate.measure", measured)

    result = bench("originate", "--json")

    assert result.exit_code == code
    assert json.loads(result.stdout)["ratio"] == ratio
    assert ("wanted are at least 95%" in result.stderr) == (code == 1)


def test_a_machine_that_is_full_before_the_engine_comes_is_named_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def measured(*_: object) -> OriginateBench:
        full = Phase("raw", 1500, 1000, 67, Latency(1600, 4800, 5400), None, 7, 118)
        return OriginateBench(100, 15, (full,), full, full, 1.0, 0, 0)

    monkeypatch.setattr("bench.originate.measure", measured)

    result = bench("originate", "--json")

    assert result.exit_code == 1
    assert "the raw client alone placed 67 of 100 calls" in result.stderr.replace("\n", " ")


@pytest.mark.parametrize(("heard", "cer", "code"), [(RIGHT, 0, 0), (WRONG, 1, 1)])
def test_speech_that_is_heard_wrong_too_often_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, heard: int, cer: float, code: int
) -> None:
    model = tmp_path / "models" / "whisper-base"
    model.mkdir(parents=True)
    for name in ("model.bin", "config.json"):
        (model / name).touch()

    def measured(model: InstalledModel, rules: Path, **_: object) -> SpeechBench:
        assert any(rules.glob("*.yaml"))
        (call, *_rest) = load_calls()
        legs = {
            leg: LegTranscript(leg, 1.0, -20.0, (Segment(leg, 0, 1, call.said(leg) * heard, 1.0, ()),))
            for leg in {leg for leg, *_turn in call.turns}
        }
        return SpeechBench(model.name, (judge(call, Transcript("", "", "zh", 1.0, 0.5, legs), {}),))

    monkeypatch.setattr("bench.speech.run", measured)

    result = bench("speech", "--model", "whisper-base", "--data", str(tmp_path), "--json")

    assert result.exit_code == code
    figures = json.loads(result.stdout)
    assert figures["model"] == "whisper-base"
    assert figures["cer"] == cer


def test_a_model_that_is_not_there_is_named_with_the_command_that_helps(tmp_path: Path) -> None:
    result = bench("speech", "--model", "no-such-model", "--data", str(tmp_path))

    assert result.exit_code == 1
    assert "dialer models fetch no-such-model" in result.stderr.replace("\n", " ")


@pytest.mark.parametrize(("pipeline", "code"), [(9.6, 0), (9.4, 1)])
def test_q1_a_pipeline_far_behind_the_bare_engine_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pipeline: float, code: int
) -> None:
    """Q1: at least 0.95 of the bare engine's throughput."""
    model = tmp_path / "models" / "whisper-base"
    model.mkdir(parents=True)
    for name in ("model.bin", "config.json"):
        (model / name).touch()

    async def measured(*_: object) -> Throughput:
        return Throughput(2, 12, 900.0, 10.0, pipeline, pipeline / 10)

    monkeypatch.setattr("bench.transcribing.measure", measured)

    result = bench("transcribe", "--data", str(tmp_path), "--json")

    assert result.exit_code == code
    assert json.loads(result.stdout)["ratio"] == pytest.approx(pipeline / 10)
    assert ("wanted are at least 95%" in result.stderr) == (code == 1)
