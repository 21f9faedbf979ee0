"""A real call, a real engine in worker processes: from the archive to the findings by itself (Q1, Q4, Q5)."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import soundfile as sf

from bench.speech import CALLS, load_calls
from dialer.clock import system_clock
from dialer.telephony.outcomes import Leg
from qa.checks.library import shipped_rules
from qa.checks.queries import check_of, findings_of
from qa.checks.states import CheckState
from qa.checks.worker import CheckWorker
from qa.rules.findings import Verdict
from qa.speech.models import fetch, shared_folder
from qa.speech.settings import SpeechSettings
from qa.speech.text import character_errors
from qa.speech.workers import Deadline, SpeechPool
from qa.transcripts.queries import spoken
from qa.transcripts.settings import TranscriptionSettings
from qa.transcripts.states import TranscriptState
from qa.transcripts.worker import TranscriptionWorker
from tests.unit.qa_store.world import PLATE, SHOP, World

CALL = next(call for call in load_calls() if call.id == "dealer-05")


@pytest.fixture(scope="session")
def whisper_base() -> Path:
    """The folder of the models, fetched by the product's own command where it is not there yet."""
    return fetch("whisper-base", shared_folder()).folder.parent


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await World(tmp_path, now=system_clock()).open()
    yield world
    await world.close()


def put_into_archive(world: World, attempt: str) -> None:
    """The labelled call as the archive keeps recordings: agent left, customer right."""
    samples, rate = sf.read(CALLS / CALL.audio, dtype="int16", always_2d=True)
    target = world.root / SHOP / f"{attempt}.wav"
    target.parent.mkdir(parents=True)
    sf.write(target, samples, rate, subtype="PCM_16")


@contextlib.asynccontextmanager
async def service(world: World, models: Path) -> AsyncIterator[None]:
    """The workers as the service runs them, with one process for the engine."""
    pool = SpeechPool(workers=1)
    speech = SpeechSettings(model="whisper-base", workers=1)
    settings = TranscriptionSettings(archive=world.root, model_folders=(models,), speech=speech)
    works = [
        asyncio.create_task(TranscriptionWorker(world.db, pool, settings, system_clock).run()),
        asyncio.create_task(CheckWorker(world.db, world.library, shipped_rules(), system_clock).run()),
    ]
    try:
        yield
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        pool.stop()


async def test_from_the_archive_to_the_findings(world: World, whisper_base: Path) -> None:
    """The agent's words come from the left channel, and the shipped rules judge as people did."""
    assert (CALL.facts["shop"], CALL.facts["plate"]) == (SHOP, PLATE)
    attempt = await world.archived()
    put_into_archive(world, attempt)
    async with service(world, whisper_base):
        await world.until(lambda conn: (row := check_of(conn, attempt)) and row.state is CheckState.DONE)
    transcript = await world.db.read(lambda conn: spoken(conn, attempt))
    assert transcript is not None
    assert transcript.model == "whisper-base"
    for leg in (Leg.AGENT, Leg.CUSTOMER):
        wrong, right = character_errors(CALL.said(leg), transcript.legs[leg].text)
        assert wrong / right < 0.3, f"{leg}: {transcript.legs[leg].text}"
    found = await world.db.read(lambda conn: findings_of(conn, attempt))
    verdicts = {row.rule_id: row.verdict.value for row in found}
    # Of conduct people labelled less than the shipped rules look at; signals are no rules.
    judged = {rule: right for rule, right in CALL.labels.items() if rule in verdicts}
    assert len(judged) >= 8
    assert sum(verdicts[rule] == right for rule, right in judged.items()) >= len(judged) - 1, verdicts
    forbidden = next(row for row in found if row.rule_id == "no_forbidden")
    assert forbidden.verdict is Verdict.FAIL
    # The words that prove it are where the agent said them: 这个我们也没办法，不行就是不行。
    said_at = next(start for who, start, _, text in CALL.turns if "没办法" in text)
    assert forbidden.start == pytest.approx(said_at, abs=2.5)
    assert await world.alarms() == {}


async def test_a_recording_that_hangs_is_tried_again_later_and_then_set_aside(
    world: World, whisper_base: Path
) -> None:
    """Q1: its file is a pipe that nobody writes to. Ended in time, tried again after a while, and set aside
    with the reason, of which a person is told."""
    attempt = await world.archived()
    (world.root / SHOP).mkdir(parents=True)
    os.mkfifo(world.root / SHOP / f"{attempt}.wav")
    before = children()
    settings = TranscriptionSettings(
        archive=world.root,
        model_folders=(whisper_base,),
        speech=SpeechSettings(model="whisper-base", workers=1),
        tries=2,
    )
    # The archive says that it is a minute long.
    pool = SpeechPool(workers=1, deadline=Deadline(factor=0.05, seconds=5.0))
    worker = TranscriptionWorker(world.db, pool, settings, world.clock)
    await worker.step()
    row = await world.row(attempt)
    assert (row.state, row.tries, row.failure) == (TranscriptState.WAITING, 1, "hung")
    assert "was not done after 8 s" in (row.error or "")
    assert (row.due_at - world.now).total_seconds() == settings.retry_seconds
    assert await worker.step() == 0, "not before its time"
    world.later(settings.retry_seconds + 1)
    await worker.step()
    row = await world.row(attempt)
    assert (row.state, row.tries, row.failure) == (TranscriptState.FAILED, 2, "hung")
    assert "its worker was ended" in (await world.alarms())["transcription_failed"].data["error"]
    # Ended, it is gone as soon as the system has seen to it.
    async with asyncio.timeout(10):
        while [pid for pid in children() - before if is_worker(pid)]:
            await world.db.feed.wait(0.05)
    pool.stop()


async def test_a_killed_worker_process_loses_no_recording(world: World, whisper_base: Path) -> None:
    """A crash in a model costs a worker, never a transcript, and burns no try."""
    attempt = await world.archived()
    put_into_archive(world, attempt)
    before = children()
    async with service(world, whisper_base):
        while not (workers := [pid for pid in children() - before if is_worker(pid)]):
            await world.db.feed.wait(0.05)
        os.kill(workers[0], signal.SIGKILL)
        await world.until(lambda conn: spoken(conn, attempt))
    row = await world.row(attempt)
    assert (row.state, row.tries) == ("done", 0)


def children() -> set[int]:
    """The process ids of this process's children."""
    lists = (task.joinpath("children").read_text() for task in Path("/proc/self/task").iterdir())
    return {int(pid) for pids in lists for pid in pids.split()}


def is_worker(pid: int) -> bool:
    """Whether it is a process of a pool, and not one of the pool's helpers."""
    with contextlib.suppress(OSError):
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
