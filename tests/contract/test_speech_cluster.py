"""The same work on a real Dask cluster of two workers, one killed in the middle (Q1, design 5)."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from importlib import import_module
from multiprocessing import parent_process
from pathlib import Path, PosixPath
from typing import Any

import pytest
import soundfile as sf

from bench.speech import CALLS
from dialer.telephony.outcomes import Leg
from qa.speech.executors import ClusterUnreachable, place
from qa.speech.models import InstalledModel
from qa.speech.port import AudioUnreadable
from qa.speech.workers import Deadline, SpeechJob, SpeechPool, WorkerCrashed, WorkerHung

JOBS = 4


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A scheduler and two worker processes; a task that killed one worker is not tried on another."""
    dask, distributed = import_module("dask"), import_module("distributed")
    with dask.config.set({"distributed.scheduler.allowed-failures": 1}):
        made = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
    yield made
    made.close()


@pytest.fixture
def pool(cluster: Any) -> Iterator[SpeechPool]:
    made = SpeechPool(where=place(cluster.scheduler_address, 0, 0))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cluster") / "call.wav"
    samples, rate = sf.read(CALLS / "dealer-04.flac", frames=8000 * 4, dtype="int16")
    sf.write(path, samples, rate)
    return path


def workers(cluster: Any) -> list[int]:
    return [worker.pid for worker in cluster.workers.values() if worker.pid]


async def test_q1_a_worker_killed_in_the_middle_loses_nothing(
    cluster: Any, pool: SpeechPool, vosk_ko: InstalledModel, recording: Path
) -> None:
    jobs = [SpeechJob(recording, vosk_ko, "ko") for _ in range(JOBS)]
    running = [asyncio.create_task(pool.run(job)) for job in jobs]
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    victim = workers(cluster)[0]
    os.kill(victim, signal.SIGKILL)
    assert sum(task.done() for task in running) < JOBS, "in the middle"
    results = await asyncio.gather(*running)
    assert all(result.legs[Leg.AGENT].words for result in results)
    assert pool.at_once == 2


async def test_q1_an_error_on_the_cluster_arrives_as_it_is(
    pool: SpeechPool, vosk_ko: InstalledModel, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no audio")
    with pytest.raises(AudioUnreadable, match=r"broken\.wav"):
        await pool.run(SpeechJob(broken, vosk_ko, "ko"))


class Deadly(PosixPath):
    """A path that ends whichever worker opens it."""

    def __fspath__(self) -> str:
        if parent_process() is not None:
            os._exit(9)
        return super().__fspath__()


async def test_q1_what_kills_one_worker_after_the_other_is_named(
    pool: SpeechPool, vosk_ko: InstalledModel, recording: Path
) -> None:
    with pytest.raises(WorkerCrashed, match=r"deadly\.wav"):
        await pool.run(SpeechJob(Deadly("/deadly.wav"), vosk_ko, "ko"))
    assert (await pool.run(SpeechJob(recording, vosk_ko, "ko"))).legs[Leg.AGENT].words


async def test_q1_a_worker_that_hangs_is_ended_and_the_next_one_is_not_given_its_work(
    cluster: Any, vosk_ko: InstalledModel, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads a pipe that nobody writes to: one worker is ended, and not one after the other."""
    monkeypatch.setattr("qa.speech.workers._GRACE_SECONDS", 1.0)
    stuck = tmp_path / "stuck.wav"
    os.mkfifo(stuck)
    pool = SpeechPool(
        where=place(cluster.scheduler_address, 0, 0), deadline=Deadline(factor=1.0, seconds=8.0)
    )
    before = set(workers(cluster))
    with pytest.raises(WorkerHung, match=r"stuck\.wav"):
        await pool.run(SpeechJob(stuck, vosk_ko, "ko", seconds=1.0))
    async with asyncio.timeout(60):
        while len(before & set(workers(cluster))) == len(before):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        while len(workers(cluster)) < len(before):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await asyncio.sleep(3.0)
    assert len(before & set(workers(cluster))) == len(before) - 1
    patient = SpeechPool(where=place(cluster.scheduler_address, 0, 0))
    assert (await patient.run(SpeechJob(recording, vosk_ko, "ko"))).legs[Leg.AGENT].words
    for made in (pool, patient):
        made.stop()


async def test_q1_no_scheduler_is_told_with_what_to_do(
    vosk_ko: InstalledModel, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.speech.executors._CONNECT_SECONDS", 1)
    pool = SpeechPool(where=place("tcp://127.0.0.1:1", 0, 0))
    began = time.monotonic()
    with pytest.raises(ClusterUnreachable, match="dask scheduler"):
        await pool.run(SpeechJob(recording, vosk_ko, "ko"))
    assert time.monotonic() - began < 20
    pool.stop()


async def test_q1_a_scheduler_that_goes_away_leaves_the_work_undone(
    vosk_ko: InstalledModel, recording: Path
) -> None:
    """No recording is at fault: the pool says that the cluster is gone, and the row waits."""
    distributed = import_module("distributed")
    made = distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0")
    pool = SpeechPool(where=place(made.scheduler_address, 0, 0))
    running = asyncio.create_task(pool.run(SpeechJob(recording, vosk_ko, "ko")))
    await asyncio.sleep(1.0)
    await asyncio.to_thread(made.close)
    with pytest.raises(ClusterUnreachable):
        await running
    pool.stop()
