"""`dialer transcribe` as an administrator types it (Q1)."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from typer.testing import CliRunner, Result

from dialer.app.cli.main import app
from dialer.app.settings import FILE_NAME
from dialer.storage.dialects import sqlite_url
from dialer.storage.migrating import migrate
from qa.speech.port import AudioUnreadable, Mark, Transcript
from qa.speech.workers import SpeechJob, SpeechPool
from tests.unit.qa_store.world import GOOD_CALL, MODEL, World, heard

T = TypeVar("T")
CALLS = 3


def on(folder: Path, work: Callable[[World], Awaitable[T]]) -> T:
    async def go() -> T:
        world = await World(folder).open()
        try:
            return await work(world)
        finally:
            await world.close()

    return asyncio.run(go())


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with three archived calls, whose backlog is for the night."""

    async def archived(world: World) -> None:
        world.install_model()
        for _ in range(CALLS):
            await world.archived()

    asyncio.run(migrate(sqlite_url(tmp_path / "dialer.db")))
    on(tmp_path, archived)
    (tmp_path / FILE_NAME).write_text(
        f'[speech]\nmodel = "{MODEL}"\nworkers = 1\nbacklog_hours = "02:00-02:01"\n', encoding="utf-8"
    )
    return tmp_path


class Engine:
    """What the pool's workers say; a recording named in `bad` cannot be read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.jobs: list[str] = []
        self.bad: set[str] = set()
        self.stop_after: int | None = None

        async def run(_: SpeechPool, job: SpeechJob) -> Transcript:
            if len(self.jobs) == self.stop_after:
                signal.raise_signal(signal.SIGINT)
                await asyncio.sleep(60)
            self.jobs.append(job.path.stem)
            if job.path.stem in self.bad:
                raise AudioUnreadable("no audio")
            return heard(GOOD_CALL)

        monkeypatch.setattr(SpeechPool, "run", run)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine(monkeypatch)


def run(*args: str) -> Result:
    return CliRunner().invoke(app, ["transcribe", *args])


def states(folder: Path) -> list[str]:
    async def read(world: World) -> list[str]:
        events = await world.events("transcript.waiting")
        return [(await world.row(row.subject)).state.value for row in events]

    return on(folder, read)


def test_q1_what_waits_is_worked_off_at_any_hour(site: Path, engine: Engine) -> None:
    told = run("--data", str(site), "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout) == {"done": CALLS, "set_aside": 0, "waiting": 0}
    assert states(site) == ["done"] * CALLS
    assert json.loads(run("--data", str(site), "--json").stdout)["done"] == 0, "nothing is done twice"


def test_q1_one_is_transcribed_again_when_asked(site: Path, engine: Engine) -> None:
    run("--data", str(site))
    again = engine.jobs[1]
    told = run("--data", str(site), "--again", again, "--json")
    assert json.loads(told.stdout)["waiting"] == 0
    assert engine.jobs[CALLS:] == [again]
    unknown = run("--data", str(site), "--again", "nobody")
    assert unknown.exit_code == 1
    assert "has no archived recording" in unknown.stderr


def test_q1_a_model_that_is_not_there_ends_it_with_what_is_left(site: Path, engine: Engine) -> None:
    (site / FILE_NAME).write_text('[speech]\nmodel = "vosk-small-cn-of-ours"\n', encoding="utf-8")
    told = run("--data", str(site), "--json")
    assert told.exit_code == 1
    assert json.loads(told.stdout) == {"done": 0, "set_aside": 0, "waiting": CALLS}


def test_q1_a_stop_leaves_nothing_half_done_and_the_next_run_goes_on(
    site: Path, engine: Engine, request: pytest.FixtureRequest
) -> None:
    """Ctrl-C in the middle: what was done is kept, what was begun is given back."""
    # What a shell starts in the background ignores it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    engine.stop_after = 1
    assert run("--data", str(site)).exit_code == 130
    assert sorted(states(site)) == ["done", "waiting", "waiting"]
    engine.stop_after = None
    assert json.loads(run("--data", str(site), "--json").stdout)["done"] == 2
    assert len(set(engine.jobs)) == len(engine.jobs) == CALLS


def test_q1_one_file_needs_no_database(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a person as a conversation, for a machine with all words."""
    (tmp_path / "models" / MODEL / "conf").mkdir(parents=True)
    (tmp_path / FILE_NAME).write_text(f'[speech]\nmodel = "{MODEL}"\n', encoding="utf-8")
    audio = tmp_path / "call.wav"
    audio.touch()
    told = run("--data", str(tmp_path), "--file", str(audio))
    assert told.exit_code == 0, told.output
    assert "agent     您好，我是宏达汽车服务站的回访员" in told.stdout
    found = json.loads(run("--data", str(tmp_path), "--file", str(audio), "--json").stdout)
    assert (found["engine"], found["seconds"], found["marks"]) == ("vosk", 60.0, [])
    assert found["segments"][0]["words"][0] == ["您", 0.5, 0.75, 0.9]
    assert not (tmp_path / "dialer.db").exists()
    engine.bad = {"call"}
    assert "no audio" in run("--data", str(tmp_path), "--file", str(audio)).stderr


def test_q1_what_is_odd_about_a_file_is_said(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def mono(_: SpeechPool, job: SpeechJob) -> Transcript:
        whole = heard(GOOD_CALL)
        return Transcript("vosk", MODEL, "zh", 60.0, 1.0, whole.legs, frozenset({Mark.MONO}))

    monkeypatch.setattr(SpeechPool, "run", mono)
    (tmp_path / "models" / MODEL / "conf").mkdir(parents=True)
    (tmp_path / FILE_NAME).write_text(f'[speech]\nmodel = "{MODEL}"\n', encoding="utf-8")
    audio = tmp_path / "call.wav"
    audio.touch()
    told = run("--data", str(tmp_path), "--file", str(audio))
    assert "who spoke is not known" in told.stdout
    assert "agent" not in told.stdout
