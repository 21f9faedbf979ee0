"""One contract for every speech engine, on real decoding with real models, and the worker processes (Q1).

The models come once, from the package index, into the user's cache.
"""

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import numpy as np
import pytest
import soundfile as sf

from bench.speech import CALLS, judge, load_calls
from dialer.telephony.outcomes import Leg
from qa.rules.schema import load_rule_set
from qa.speech.models import InstalledModel
from qa.speech.port import AudioUnreadable, SpeechEngine, Transcript
from qa.speech.workers import (
    Deadline,
    SpeechJob,
    SpeechPool,
    SpeechStopped,
    WorkerCrashed,
    WorkerHung,
    load_engine,
    transcribe_recording,
)

RULES = Path(__file__).parents[2] / "playbooks" / "rules"
SHORT_CALL = "dealer-04"
SHORT_SECONDS = 7
LONG_CALL = CALLS / "insurance-03.flac"
_WAIT_SECONDS = 30.0
_P = ParamSpec("_P")
_T = TypeVar("_T")


@pytest.fixture
def engine(model: InstalledModel) -> SpeechEngine:
    return load_engine(model.engine, model.folder)


@pytest.fixture(scope="session")
def short_call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first seconds of a call, in which both have spoken: what engines can decode quickly."""
    path = tmp_path_factory.mktemp("audio") / "short.wav"
    samples, rate = sf.read(CALLS / f"{SHORT_CALL}.flac", frames=8000 * SHORT_SECONDS, dtype="int16")
    sf.write(path, samples, rate, subtype="ULAW")
    return path


def language(engine: SpeechEngine) -> str:
    return "zh" if engine.capabilities.name == "whisper" else "ko"


def test_words_have_times_within_the_audio_and_confidences(engine: SpeechEngine, short_call: Path) -> None:
    leg = engine.transcribe(short_call, Leg.AGENT, 0, language(engine))
    assert leg.seconds == pytest.approx(SHORT_SECONDS, abs=0.1)
    assert leg.speech_level > -40
    assert len(leg.words) >= 5
    assert all(0 <= word.start <= word.end <= leg.seconds + 0.5 for word in leg.words)
    assert all(0 <= word.confidence <= 1 for word in leg.words)
    assert [word.start for word in leg.words] == sorted(word.start for word in leg.words)
    assert all(type(word.start) is float and type(word.confidence) is float for word in leg.words)
    assert {segment.channel for segment in leg.segments} == {Leg.AGENT}


def test_the_same_audio_gives_the_same_words(engine: SpeechEngine, short_call: Path) -> None:
    assert engine.capabilities.repeatable
    one, two = (engine.transcribe(short_call, Leg.CUSTOMER, 1, language(engine)) for _ in range(2))
    assert one == two


def test_silence_has_no_words_and_a_low_level(engine: SpeechEngine, tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    noise = np.random.default_rng(1).normal(0, 1, (8000 * 8, 2))
    sf.write(path, noise.astype(np.int16), 8000)
    leg = engine.transcribe(path, Leg.AGENT, 0, language(engine))
    assert leg.speech_level < -50
    assert leg.text.strip() == ""


def test_a_missing_leg_is_told(engine: SpeechEngine, tmp_path: Path) -> None:
    path = tmp_path / "mono.wav"
    sf.write(path, np.zeros(8000, dtype=np.int16), 8000)
    with pytest.raises(AudioUnreadable, match="right channel"):
        engine.transcribe(path, Leg.CUSTOMER, 1, language(engine))


def test_a_call_is_heard_and_judged_as_labelled(whisper_base: InstalledModel) -> None:
    """Plain figures of the whole set: CER 0.10 (limit 0.15), 60 of 60 labels; here one call of it."""
    call = next(call for call in load_calls() if call.id == SHORT_CALL)
    transcript = transcribe_recording(SpeechJob(CALLS / call.audio, whisper_base))
    result = judge(call, transcript, {call.playbook: load_rule_set(RULES / f"{call.playbook}.yaml")})
    assert result.cer < 0.25
    assert result.disagreements() == []
    assert result.labelled() == 10
    failed = {finding.rule_id for finding in result.findings if finding.verdict == "fail"}
    assert failed == {"recording_notice", "ask_fixed"}
    times = [segment.start for segment in transcript.segments()]
    assert times == sorted(times)


def test_every_labelled_call_is_there_and_small() -> None:
    calls = load_calls()
    assert len(calls) == 12
    for call in calls:
        assert (CALLS / call.audio).stat().st_size < 2_000_000
        assert sf.info(CALLS / call.audio).channels == 2


@pytest.fixture
def pool() -> Iterator[SpeechPool]:
    made = SpeechPool(workers=1)
    yield made
    made.stop()
    _until(lambda: not multiprocessing.active_children())


def _until(true: Callable[[], bool]) -> None:
    async def wait() -> None:
        async with asyncio.timeout(_WAIT_SECONDS):
            while not true():  # noqa: ASYNC110  nothing tells of a process of another process
                await asyncio.sleep(0.05)

    asyncio.run(wait())


async def _worker_pid() -> int:
    async with asyncio.timeout(_WAIT_SECONDS):
        while not (children := multiprocessing.active_children()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    pid = children[0].pid
    assert pid is not None
    return pid


async def test_a_killed_worker_costs_nothing(
    pool: SpeechPool, whisper_base: InstalledModel, short_call: Path
) -> None:
    job = SpeechJob(short_call, whisper_base)
    running = asyncio.create_task(pool.run(job))
    os.kill(await _worker_pid(), signal.SIGKILL)
    assert (await running).legs[Leg.AGENT].words
    assert (await pool.run(job)).legs[Leg.AGENT].words, "the pool works on"


async def test_an_error_in_a_worker_arrives_as_it_is(
    pool: SpeechPool, whisper_base: InstalledModel, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no audio")
    with pytest.raises(AudioUnreadable, match=r"broken\.wav"):
        await pool.run(SpeechJob(broken, whisper_base))


async def test_stop_ends_a_recording_in_the_middle(pool: SpeechPool, whisper_base: InstalledModel) -> None:
    running = [asyncio.create_task(pool.run(SpeechJob(LONG_CALL, whisper_base))) for _ in range(3)]
    pid = await _worker_pid()
    pool.stop()
    for task in running:
        with pytest.raises(SpeechStopped, match=r"insurance-03"):
            await task
    with pytest.raises(SpeechStopped):
        await pool.run(SpeechJob(LONG_CALL, whisper_base))
    await asyncio.to_thread(_until, lambda: not _alive(pid))


class _Killer(Executor):
    """An executor whose worker dies of every recording named so."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        future: Future[_T] = Future()
        if "deadly" in str(args):
            future.set_exception(BrokenProcessPool("died"))
        else:
            future.set_result(cast(_T, Transcript("", "", "zh", 0.0, 0.0, {})))
        return future


class _KillerPlace:
    """Where such executors are made."""

    at_once = 2

    def executor(self, workers: int) -> Executor:
        return _Killer()

    def kill(self, executor: Executor) -> None:
        pass

    def release(self, executor: Executor) -> None:
        pass

    def close(self) -> None:
        pass


async def test_a_deadly_recording_is_named_and_the_others_go_on(whisper_base: InstalledModel) -> None:
    pool = SpeechPool(where=_KillerPlace())
    deadly, good = (SpeechJob(Path(name), whisper_base) for name in ("deadly.wav", "good.wav"))
    results = await asyncio.gather(pool.run(deadly), pool.run(good), return_exceptions=True)
    assert isinstance(results[0], WorkerCrashed)
    assert "deadly.wav" in str(results[0])
    assert isinstance(results[1], Transcript)
    pool.stop()


async def test_a_worker_that_hangs_is_ended(
    whisper_base: InstalledModel, short_call: Path, tmp_path: Path
) -> None:
    """Q1: a pipe that nobody writes to is read for ever, as a file on a dead disk is. Its worker is ended in
    time, the other recordings are done, and nothing is left running."""
    stuck = tmp_path / "stuck.wav"
    os.mkfifo(stuck)
    pool = SpeechPool(workers=1, deadline=Deadline(factor=1.0, seconds=6.0))
    hangs = asyncio.create_task(pool.run(SpeechJob(stuck, whisper_base, seconds=2.0)))
    pid = await _worker_pid()
    behind = asyncio.create_task(pool.run(SpeechJob(short_call, whisper_base, seconds=300.0)))
    with pytest.raises(WorkerHung, match=r"stuck\.wav was not done after 8 s"):
        await hangs
    assert (await behind).legs[Leg.AGENT].words
    assert not _alive(pid)
    pool.stop()
    await asyncio.to_thread(_until, lambda: not multiprocessing.active_children())


def test_a_deadline_goes_by_the_length_of_the_sound(whisper_base: InstalledModel, short_call: Path) -> None:
    deadline = Deadline(factor=10.0, seconds=60.0)
    assert deadline.of(SpeechJob(short_call, whisper_base, seconds=90.0)) == 960.0
    # Two channels, a byte a sample: taken for more, never for less.
    longer = 2 * SHORT_SECONDS
    assert deadline.of(SpeechJob(short_call, whisper_base)) == pytest.approx(60 + 10 * longer, rel=0.01)
    assert deadline.of(SpeechJob(Path("/nowhere.wav"), whisper_base)) == 60.0


_SERVICE = """
import asyncio, multiprocessing, sys
from pathlib import Path
from qa.speech.models import InstalledModel
from qa.speech.workers import SpeechJob, SpeechPool

async def main():
    pool = SpeechPool(workers=1)
    job = SpeechJob(Path(sys.argv[1]), InstalledModel("whisper-base", "whisper", Path(sys.argv[2])))
    task = asyncio.create_task(pool.run(job))
    while not multiprocessing.active_children():
        await asyncio.sleep(0.05)
    print(multiprocessing.active_children()[0].pid, flush=True)
    await task

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_a_killed_service_leaves_no_worker(whisper_base: InstalledModel, tmp_path: Path) -> None:
    script = tmp_path / "service.py"
    script.write_text(_SERVICE)
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, str(script), str(LONG_CALL), str(whisper_base.folder)],
        env=os.environ | {"PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    ) as service:
        assert service.stdout is not None
        worker = int(service.stdout.readline())
        assert _alive(worker)
        service.kill()
    _until(lambda: not _alive(worker))


def _alive(pid: int) -> bool:
    """A zombie nobody reaps is as good as gone."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
