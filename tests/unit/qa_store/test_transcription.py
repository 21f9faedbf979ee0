"""Archived recordings become transcripts: each one once, both legs, whatever goes wrong (Q1)."""

import asyncio
import contextlib
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, update

from dialer.machine import IllegalMove
from dialer.telephony.outcomes import Leg
from qa.speech.port import AudioUnreadable, EngineMissing, Transcript
from qa.speech.workers import SpeechJob, SpeechStopped
from qa.transcripts import queries, service
from qa.transcripts.queries import count_by_state, segments_of, spoken, transcript_of, waiting
from qa.transcripts.states import TranscriptState
from recordings.rules import Problem
from recordings.service import redo
from recordings.tables import recordings
from tests.unit.qa_store.world import GOOD_CALL, MODEL, PLATE, SHOP, Says, World, heard


async def test_an_archived_recording_is_transcribed_once(world: World) -> None:
    """Q1: the words of both channels, with what made them, told by one event."""
    attempt = await world.archived()
    engine = Says(heard(GOOD_CALL))
    assert await world.transcription(engine).step() == 2
    assert await world.transcription(engine).step() == 0
    assert [job.path for job in engine.jobs] == [world.root / SHOP / f"{attempt}.wav"]
    assert engine.jobs[0].legs == (Leg.AGENT, Leg.CUSTOMER)
    row = await world.row(attempt)
    assert (row.state, row.engine, row.model, row.work_seconds) == ("done", "vosk", MODEL, 1.5)
    (done,) = await world.events("transcript.done")
    assert done.subject == attempt
    assert done.data["seconds"] == 60.0


async def test_segments_come_back_as_they_were_heard(world: World) -> None:
    """Q1: channel, word times and confidence survive; both parties in the order they spoke."""
    attempt = await world.archived()
    transcript = heard(GOOD_CALL, levels=(-18.5, -31.0))
    await world.transcription(Says(transcript)).step()
    assert await world.db.read(lambda conn: segments_of(conn, attempt)) == list(transcript.segments())
    assert await world.db.read(lambda conn: spoken(conn, attempt)) == transcript


async def test_news_is_taken_in_once_by_two_processes(world: World) -> None:
    """A position in the event rows moves with the work it stands for."""
    for _ in range(3):
        await world.archived()
    first, second = world.transcription(Says(heard(GOOD_CALL))), world.transcription(Says(heard(GOOD_CALL)))
    await asyncio.gather(first.step(), second.step())
    while await first.step():
        pass
    assert len(await world.events("transcript.waiting")) == 3
    assert len(await world.events("transcript.done")) == 3


class Meeting:
    """A transcriber in which nobody leaves before `party` recordings are in."""

    def __init__(self, party: int) -> None:
        self._barrier = asyncio.Barrier(party)
        self.inside = self.most = 0

    async def run(self, job: SpeechJob) -> Transcript:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self._barrier.wait()
        self.inside -= 1
        return heard(GOOD_CALL)


async def test_as_many_at_once_as_the_pool_has_workers(world: World) -> None:
    for _ in range(4):
        await world.archived()
    meeting = Meeting(2)
    worker = world.transcription(meeting, workers=2)
    await worker.step()
    assert (await world.db.read(count_by_state))[TranscriptState.WAITING] == 2
    await worker.step()
    assert meeting.most == 2
    assert (await world.db.read(count_by_state))[TranscriptState.DONE] == 4


async def test_a_recording_that_fails_is_tried_three_times_and_then_told(world: World) -> None:
    attempt = await world.archived()
    broken = AudioUnreadable("cut off")
    worker = world.transcription(Says(broken, broken, RuntimeError("boom"), heard(GOOD_CALL)))
    await worker.step()
    row = await world.row(attempt)
    assert (row.state, row.tries, row.error) == ("waiting", 1, "cut off")
    assert await worker.step() == 0, "not before its time"
    world.later(30)
    await worker.step()
    world.later(119)
    assert await worker.step() == 0, "the wait grows"
    world.later(1)
    await worker.step()
    row = await world.row(attempt)
    assert (row.state, row.tries, row.error) == ("failed", 3, "boom")
    alarm = (await world.alarms())["transcription_failed"]
    assert (alarm.subject, alarm.data["plate"], alarm.data["error"]) == (attempt, PLATE, "boom")
    world.later(100_000)
    assert await worker.step() == 0, "it waits for a person"

    await world.db.write(lambda conn: service.again(conn, attempt, world.now))
    await worker.step()
    assert (await world.row(attempt)).state is TranscriptState.DONE
    assert await world.alarms() == {}


async def test_without_a_model_calls_wait_and_the_alarm_names_the_command(world: World) -> None:
    """Never a silent download (Q1): a person runs the command, then it goes on by itself."""
    shutil.rmtree(world.models)
    attempt = await world.archived()
    engine = Says(heard(GOOD_CALL))
    worker = world.transcription(engine)
    await worker.step()
    world.later(11)
    await worker.step()
    alarm = (await world.alarms())["model_missing"]
    assert alarm.data["model"] == "whisper-base"
    assert alarm.data["command"] == "dialer models fetch whisper-base"
    assert len(await world.events("alarm.raised")) == 1
    assert (await world.row(attempt)).tries == 0

    world.install_model()
    assert await worker.step() == 0, "looked for every ten seconds, not all the time"
    world.later(11)
    await worker.step()
    assert (await world.row(attempt)).state is TranscriptState.DONE
    assert await world.alarms() == {}
    assert engine.jobs[0].model.folder == world.models / MODEL


async def test_an_open_alarm_of_an_earlier_run_is_cleared(world: World) -> None:
    what = {"model": "whisper-base", "command": "", "message": ""}
    await world.db.write(lambda conn: service.speechless(conn, service.MODEL_MISSING, what, world.now))
    await world.archived()
    await world.transcription(Says(heard(GOOD_CALL))).step()
    assert await world.alarms() == {}


async def test_a_missing_engine_is_no_fault_of_the_recording(world: World) -> None:
    attempt = await world.archived()
    worker = world.transcription(Says(EngineMissing("vosk is not installed."), heard(GOOD_CALL)))
    await worker.step()
    alarm = (await world.alarms())["speech_engine_missing"]
    assert alarm.data["command"] == "pip install vosk"
    assert (await world.row(attempt)).tries == 0
    assert await worker.step() == 0
    world.later(11)
    await worker.step()
    assert (await world.row(attempt)).state is TranscriptState.DONE
    assert await world.alarms() == {}


class LosesModel:
    """A transcriber whose model folder goes away while it works."""

    def __init__(self, models: Path) -> None:
        self._models = models

    async def run(self, job: SpeechJob) -> Transcript:
        shutil.rmtree(self._models)
        raise FileNotFoundError(job.model.folder)


async def test_a_model_that_goes_away_burns_no_try(world: World) -> None:
    attempt = await world.archived()
    await world.transcription(LosesModel(world.models)).step()
    assert (await world.row(attempt)).tries == 0
    assert "model_missing" in await world.alarms()


async def test_a_recording_archived_anew_is_transcribed_anew(world: World) -> None:
    """The old words are replaced, never mixed with the new ones."""
    attempt = await world.archived(Problem.SHORT, gap_seconds=30.0)
    worker = world.transcription(Says(heard(GOOD_CALL), heard(GOOD_CALL[:2])))
    await worker.step()
    recording = await world.db.read(lambda conn: conn.execute(recordings.select()).one())
    await world.db.write(lambda conn: redo(conn, attempt, world.now))
    assert await worker.step() == 0
    await world.archive_again(attempt)
    await worker.step()
    assert recording.attempt_id == attempt
    assert len(await world.db.read(lambda conn: segments_of(conn, attempt))) == 2
    assert len(await world.events("transcript.done")) == 2


async def test_a_recording_out_of_the_archive_waits(world: World) -> None:
    attempt = await world.archived()
    await world.db.write(lambda conn: service.take_in_news(conn, world.settings(), world.now))
    await world.db.write(lambda conn: conn.execute(update(recordings).values(state="expected")) and None)
    assert await world.db.read(lambda conn: waiting(conn, world.now, 10)) == []
    assert await world.transcription(Says(heard(GOOD_CALL))).step() == 0
    assert (await world.row(attempt)).state is TranscriptState.WAITING


class Hangs:
    """A transcriber that never ends; `begun` says that it has the recording."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def run(self, job: SpeechJob) -> Transcript:
        self.begun.set()
        await asyncio.Event().wait()
        raise AssertionError


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_stopping_gives_unfinished_work_back(world: World) -> None:
    attempt = await world.archived()
    hangs = Hangs()
    running = asyncio.create_task(world.transcription(hangs).run())
    await hangs.begun.wait()
    assert (await world.row(attempt)).due_at > world.now
    await _cancel(running)
    await world.transcription(Says(heard(GOOD_CALL))).step()
    row = await world.row(attempt)
    assert (row.state, row.tries) == ("done", 0)


async def test_a_stopped_pool_burns_no_try(world: World) -> None:
    attempt = await world.archived()
    await world.transcription(Says(SpeechStopped("stopped"))).step()
    row = await world.row(attempt)
    assert (row.state, row.tries, row.due_at) == ("waiting", 0, world.now)


async def test_what_one_process_works_on_no_other_takes(world: World) -> None:
    """D8: the lease is kept up as long as the engine works, and only a dead process loses it."""
    attempt = await world.archived()
    hangs, other = Hangs(), world.transcription(Says(heard(GOOD_CALL)))
    running = asyncio.create_task(world.transcription(hangs).run())
    await hangs.begun.wait()
    first_lease = (await world.row(attempt)).due_at
    world.later(20)
    assert await other.step() == 0
    await world.until(lambda conn: _due_after(conn, attempt, first_lease))
    world.later(20)
    assert await other.step() == 0, "the first lease is over, but it was kept up"
    await _cancel(running)


def _due_after(conn: Connection, attempt: str, moment: datetime) -> bool:
    row = transcript_of(conn, attempt)
    return row is not None and row.due_at > moment


async def test_whoever_comes_second_leaves_the_first_one_s_words(world: World) -> None:
    attempt = await world.archived()
    await world.transcription(Says(heard(GOOD_CALL))).step()
    late = heard(GOOD_CALL[:1])
    with pytest.raises(IllegalMove):
        await world.db.write(lambda conn: service.keep(conn, attempt, late, world.now))
    assert len(await world.db.read(lambda conn: segments_of(conn, attempt))) == len(GOOD_CALL)


async def test_the_loop_is_woken_by_news(world: World) -> None:
    """From the archive to the words without anyone asking."""
    running = asyncio.create_task(world.transcription(Says(heard(GOOD_CALL)), workers=2).run())
    keys = [await world.archived() for _ in range(5)]
    await world.until(lambda conn: count_by_state(conn)[TranscriptState.DONE] == len(keys))
    await _cancel(running)


async def test_q1_a_stop_in_the_middle_of_a_claim_gives_it_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes next need not wait for the lease of what nobody has."""
    key = await world.archived()
    claim, loop = queries.claim, asyncio.get_running_loop()

    def claim_and_stop(*args: Any, **how: Any) -> list[queries.Job]:
        loop.call_soon_threadsafe(running.cancel)
        return claim(*args, **how)

    monkeypatch.setattr(queries, "claim", claim_and_stop)
    running = asyncio.create_task(world.transcription(Says(heard(GOOD_CALL))).run())
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await world.db.write(lambda conn: None)  # after whatever was being written
    row = await world.row(key)
    assert (row.state, row.started_at, row.due_at) == (TranscriptState.WAITING, None, world.now)
