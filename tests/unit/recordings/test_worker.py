"""From the end of a call to its recording under the plate (A1, A2, A6).

Longer than 400 lines because each way in which a recording can go wrong is one test on one world.
"""

import asyncio
import contextlib
import hashlib
import io
import json
import shutil
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import soundfile as sf
from sqlalchemy import Connection, func, select, update

from dialer.alarms.service import open_alarms
from dialer.calling.tables import attempts
from dialer.ids import new_id
from dialer.machine import IllegalMove
from dialer.storage.feed import consumers, emit, events
from recordings import queries, service
from recordings.archive import Archived, Order, archive, listen_copy
from recordings.service import Trouble
from recordings.states import RecordingState
from recordings.tables import early_clips, recordings, takeovers
from tests.unit.recordings.sounds import (
    AGENT_TONE,
    CUSTOMER_TONE,
    behead,
    loudest_tone,
    silence,
    speech,
    write,
)
from tests.unit.recordings.world import PLATE, World


async def count(world: World, table: str) -> int:
    tables = {"recordings": recordings, "takeovers": takeovers, "early_clips": early_clips}
    query = select(func.count()).select_from(tables[table])
    return await world.db.read(lambda conn: conn.execute(query).scalar() or 0)


def end(conn: Connection, attempt_id: str, now: datetime) -> None:
    conn.execute(update(attempts).where(attempts.c.id == attempt_id).values(state="ended", ended_at=now))
    emit(conn, "attempt.ended", attempt_id, now)


async def kinds(world: World) -> list[str]:
    query = select(events.c.kind).order_by(events.c.id)
    return await world.db.read(lambda conn: list(conn.execute(query).scalars()))


async def test_a1_a2_an_answered_call_is_archived_under_its_plate(world: World) -> None:
    attempt = await world.call(seconds=5.2)
    world.leave(attempt, 5.0)
    await world.worker().step()
    row = await world.recording(attempt)
    assert row.state == RecordingState.ARCHIVED
    assert (row.problems, row.gap_seconds, row.seconds, row.call_seconds) == ([], 0.2, 5.0, 5.2)
    assert row.path is not None
    assert Path(row.path).parent == Path("郑州东店", PLATE, "2026-11-22")
    assert Path(row.path).name.startswith("093009_")
    assert world.archived_wavs() == [Path(row.path)]
    wav = world.root / row.path
    assert hashlib.sha256(wav.read_bytes()).hexdigest() == row.sha256
    samples, _rate = sf.read(wav)
    assert loudest_tone(samples[:, 0]) == pytest.approx(AGENT_TONE, abs=5)
    assert loudest_tone(samples[:, 1]) == pytest.approx(CUSTOMER_TONE, abs=5)
    assert world.left() == []
    assert await count(world, "takeovers") == 0
    assert (await kinds(world))[-1] == "recording.archived"
    assert await world.alarms() == {}
    assert not list((world.root / ".work").iterdir())


async def test_a2_the_sidecar_tells_of_the_call_without_the_whole_number(world: World) -> None:
    attempt = await world.call()
    world.leave(attempt)
    await world.worker().step()
    row = await world.recording(attempt)
    text = (world.root / (row.path or "")).with_suffix(".json").read_text()
    facts = json.loads(text)
    assert (facts["attempt"], facts["plate"], facts["sha256"]) == (attempt, PLATE, row.sha256)
    assert facts["answered_at"] == "2026-11-22T01:30:09+00:00"
    assert [channel["party"] for channel in facts["channels"]] == ["agent", "customer"]
    assert facts["number"] == "138****1234"
    assert "13800001234" not in text


async def test_a2_archived_under_the_customer_where_there_is_no_plate(world: World) -> None:
    attempt = await world.call(plate=None)
    world.leave(attempt)
    await world.worker().step()
    row = await world.recording(attempt)
    assert Path(row.path or "").parts[1] == world.customer_id


async def test_hostile_names_stay_inside_the_archive(world: World) -> None:
    attempt = await world.call(branch="../../东\x00店/..", plate="../../../x")
    world.leave(attempt)
    await world.worker().step()
    row = await world.recording(attempt)
    assert (world.root / (row.path or "")).resolve().is_relative_to(world.root.resolve())
    assert len(Path(row.path or "").parts) == 4


async def test_the_copy_for_the_page_and_clips_come_from_the_archive(world: World) -> None:
    attempt = await world.call()
    world.leave(attempt)
    await world.worker().step()
    row = await world.recording(attempt)
    files = service.files_of(world.root, row)
    assert not files.listen.exists()  # who never listens pays for no copy
    copy, _rate = sf.read(listen_copy(files.wav, files.listen))
    assert copy.shape[1] == 2
    before = files.listen.stat().st_mtime_ns
    assert listen_copy(files.wav, files.listen).stat().st_mtime_ns == before
    assert [path.name for path in files.listen.parent.iterdir() if path.name.startswith(".")] == []
    assert json.loads(files.peaks.read_text())["seconds"] == 5.0
    clip, rate = sf.read(io.BytesIO(service.clip(world.root, row, 1.0, 2.5, service.CUSTOMER_CHANNEL)))
    assert len(clip) / rate == 1.5
    assert loudest_tone(clip) == pytest.approx(CUSTOMER_TONE, abs=5)
    files.wav.unlink()
    with pytest.raises(service.NoRecording, match="restore it from the backup"):
        service.files_of(world.root, row)


async def test_a_call_in_progress_is_left_alone(world: World) -> None:
    attempt = await world.call(ended=False)
    world.leave(attempt, done=False)
    assert await world.worker().step() == 0
    assert len(world.left()) == 2
    assert await world.alarms() == {}


async def test_files_without_the_mark_are_taken_when_they_stand_still(world: World) -> None:
    """After a kill -9 of Asterisk there is no mark, and the header says length 0."""
    attempt = await world.call()
    world.leave(attempt, 4.0, done=False)
    worker = world.worker()
    await worker.step()
    world.leave(attempt, 5.0, done=False)
    for part in ("agent", "customer"):
        behead(world.monitor / f"{attempt}.{part}.wav")
    world.later(world.settings.settle_seconds)
    await worker.step()
    assert (await world.recording(attempt)).state == RecordingState.EXPECTED
    world.later(world.settings.settle_seconds)
    await worker.step()
    row = await world.recording(attempt)
    assert (row.state, row.seconds, row.problems) == (RecordingState.ARCHIVED, 5.0, [])


async def test_a_clock_that_was_put_back_holds_no_recording_for_a_day(world: World) -> None:
    """D7: what was put off by the clock of tomorrow is due today, and the folder is searched as often."""
    world.later(86_400)
    attempt, worker = await world.call(), world.worker()
    await worker.step()
    world.later(-86_400)
    world.leave(attempt)
    await worker.step()
    assert (await world.recording(attempt)).state == RecordingState.ARCHIVED
    forgotten = await world.call()
    await world.db.write(lambda conn: service.expect_ended(conn, world.now))
    await world.db.write(lambda conn: queries.drop_takeover(conn, forgotten))
    world.leave(forgotten)
    world.later(world.settings.scan_seconds)
    await worker.step()
    assert (await world.recording(forgotten)).state == RecordingState.ARCHIVED


async def test_a_clock_that_was_put_back_does_not_put_off_the_alarm(world: World) -> None:
    """A1, D7: patience with a call without files counts anew, and is no longer than ever."""
    world.later(3_600)
    attempt, worker = await world.call(), world.worker()
    await worker.step()
    world.later(-3_600)
    await worker.step()
    assert (await world.recording(attempt)).state == RecordingState.EXPECTED
    world.later(world.settings.missing_after_seconds + 1)
    await worker.step()
    assert (await world.recording(attempt)).state == RecordingState.MISSING


async def test_a1_an_answered_call_without_a_recording_is_an_alarm_until_one_turns_up(world: World) -> None:
    attempt = await world.call()
    worker = world.worker()
    await worker.step()
    world.later(world.settings.missing_after_seconds - 1)
    await worker.step()
    assert (await world.recording(attempt)).state == RecordingState.EXPECTED
    world.later(world.settings.settle_seconds + 1)
    await worker.step()
    assert (await world.recording(attempt)).state == RecordingState.MISSING
    assert await world.alarms() == {"recording_missing": attempt}
    assert await count(world, "takeovers") == 0
    world.leave(attempt)
    world.later(world.settings.scan_seconds)
    await worker.step()
    assert (await world.recording(attempt)).state == RecordingState.ARCHIVED
    assert await world.alarms() == {}


async def test_a1_a_gap_is_named_and_is_an_alarm(world: World) -> None:
    attempt = await world.call(seconds=9.0)
    world.leave(attempt, 5.5)
    await world.worker().step()
    row = await world.recording(attempt)
    assert (row.state, row.problems, row.gap_seconds) == (RecordingState.ARCHIVED, ["short"], 3.5)
    assert await world.alarms() == {"recording_unsound": attempt}


async def test_a1_a_silent_or_missing_side_is_an_alarm(world: World) -> None:
    silent, missing = await world.call(), await world.call()
    world.leave(silent)
    write(world.monitor / f"{silent}.customer.wav", silence(5.0))
    world.leave(missing)
    (world.monitor / f"{missing}.agent.wav").unlink()
    await world.worker().step()
    assert (await world.recording(silent)).problems == ["silent_customer"]
    assert (await world.recording(missing)).problems == ["missing_agent"]


async def test_unreadable_files_stay_where_they_are_until_a_person_asks_again(world: World) -> None:
    attempt = await world.call()
    world.leave(attempt)
    (world.monitor / f"{attempt}.agent.wav").write_bytes(b"torn" * 100)
    worker = world.worker()
    await worker.step()
    row = await world.recording(attempt)
    assert (row.state, row.problems) == (RecordingState.FAILED, ["unreadable"])
    assert "agent.wav cannot be read as audio" in (row.error or "")
    assert await world.alarms() == {"recording_unsound": attempt}
    world.later(1000)
    assert await worker.step() == 0
    assert len(world.left()) == 3
    write(world.monitor / f"{attempt}.agent.wav", speech(5.0))
    await world.db.write(lambda conn: service.retry(conn, attempt, world.now))
    await worker.step()
    row = await world.recording(attempt)
    assert (row.state, row.problems, row.error) == (RecordingState.ARCHIVED, [], None)
    assert await world.alarms() == {}
    with pytest.raises(IllegalMove):
        await world.db.write(lambda conn: service.retry(conn, attempt, world.now))


async def test_d3_what_was_heard_before_the_answer_is_kept_for_answered_and_unanswered(world: World) -> None:
    answered, unanswered = await world.call(), await world.call(seconds=None)
    nothing = await world.call(seconds=None)
    world.leave(answered, early=2.0)
    world.leave_early(unanswered, 3.0)
    worker = world.worker()
    for _look in range(3):
        while await worker.step():
            pass
        world.later(world.settings.settle_seconds)
    for attempt, seconds in ((answered, 2.0), (unanswered, 3.0)):
        clip = await world.db.read(partial(queries.early_clip_of, attempt_id=attempt))
        assert clip is not None
        assert clip.seconds == seconds
        assert clip.path.endswith(f"_{attempt}_early.wav")
        assert sf.info(world.root / clip.path).channels == 1
    assert await world.db.read(partial(queries.early_clip_of, attempt_id=nothing)) is None
    assert await world.db.read(lambda conn: queries.recording_of(conn, unanswered)) is None
    assert await count(world, "takeovers") == 0
    assert (world.left(), await world.alarms()) == ([], {})


async def test_early_media_without_sound_is_not_kept(world: World) -> None:
    attempt = await world.call(seconds=None)
    world.leave_early(attempt, 0.0)
    worker = world.worker()
    await worker.step()
    world.later(world.settings.settle_seconds)
    await worker.step()
    assert (world.left(), world.archived_wavs(), await count(world, "takeovers")) == ([], [], 0)


async def test_early_media_that_is_only_the_filling_of_a_silent_line_is_not_kept(world: World) -> None:
    attempt = await world.call(seconds=None)
    write(world.monitor / f"{attempt}.early.wav", silence(1.5))
    (world.monitor / f"{attempt}.early.done").touch()
    await world.worker().step()
    assert (world.left(), world.archived_wavs(), await count(world, "early_clips")) == ([], [], 0)


async def test_a_recording_of_a_call_that_rows_call_unanswered_is_linked_all_the_same(world: World) -> None:
    """The answer may have been lost with the link; the sound is the proof."""
    attempt = await world.call(seconds=None)
    world.leave(attempt)
    await world.worker().step()
    row = await world.recording(attempt)
    assert (row.state, row.call_seconds, row.problems) == (RecordingState.ARCHIVED, None, [])


async def test_a_side_whose_writer_came_to_nothing_does_not_spoil_the_other(world: World) -> None:
    attempt = await world.call()
    world.leave(attempt)
    (world.monitor / f"{attempt}.agent.wav").write_bytes(b"")
    await world.worker().step()
    row = await world.recording(attempt)
    assert (row.state, row.problems, row.seconds) == (RecordingState.ARCHIVED, ["missing_agent"], 5.0)


async def test_early_media_that_cannot_be_read_is_an_alarm_until_a_person_took_it_away(world: World) -> None:
    attempt = await world.call(seconds=None)
    (world.monitor / f"{attempt}.early.wav").write_bytes(b"torn" * 100)
    worker = world.worker()
    await worker.step()
    world.later(world.settings.settle_seconds)
    await worker.step()
    assert await world.alarms() == {"recording_failing": attempt}
    (world.monitor / f"{attempt}.early.wav").unlink()
    world.later(world.settings.retry_seconds)
    await worker.step()
    assert (await world.alarms(), await count(world, "takeovers")) == ({}, 0)


async def test_files_of_attempts_nobody_made_are_an_alarm_and_stay(world: World) -> None:
    stranger = new_id()
    world.leave(stranger)
    worker = world.worker()
    await worker.step()
    assert await world.alarms() == {"recordings_unlinked": "recordings"}
    assert len(world.left()) == 3
    for path in world.monitor.iterdir():
        path.unlink()
    world.later(world.settings.scan_seconds)
    await worker.step()
    assert await world.alarms() == {}


async def test_each_ended_call_is_expected_exactly_once(world: World) -> None:
    await world.call()
    await world.call(seconds=None)

    def expect_and_fail(conn: Connection) -> None:
        assert service.expect_ended(conn, world.now) == 2
        raise RuntimeError("killed before the commit")

    with pytest.raises(RuntimeError):
        await world.db.write(expect_and_fail)
    assert (await count(world, "recordings"), await count(world, "takeovers")) == (0, 0)
    assert await world.db.write(lambda conn: service.expect_ended(conn, world.now)) == 2
    assert await world.db.write(lambda conn: service.expect_ended(conn, world.now)) == 0
    assert (await count(world, "recordings"), await count(world, "takeovers")) == (1, 2)
    assert await world.db.read(lambda conn: conn.execute(select(consumers.c.last_event)).scalar()) == 2


async def test_a6_nothing_is_removed_while_the_archived_file_is_damaged(world: World) -> None:
    attempt = await world.call()
    world.leave(attempt)
    kept = world.folder / "kept"
    shutil.copytree(world.monitor, kept)
    worker = world.worker()
    await worker.step()
    row = await world.recording(attempt)
    # A kill before the removal, and damage to the archived file meanwhile.
    shutil.copytree(kept, world.monitor, dirs_exist_ok=True)
    (world.root / (row.path or "")).write_bytes(b"damaged")
    world.later(world.settings.scan_seconds)
    await worker.step()
    again = await world.recording(attempt)
    assert (again.state, again.sha256, again.id) == (RecordingState.ARCHIVED, row.sha256, row.id)
    assert hashlib.sha256((world.root / (row.path or "")).read_bytes()).hexdigest() == row.sha256
    assert world.left() == []


async def test_a6_what_a_disk_does_not_keep_is_told_and_archived_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = await world.call()
    world.leave(attempt)

    def damaged(order: Order) -> Archived:
        archived = archive(order)
        (order.root / archived.path).write_bytes(b"damaged")
        return archived

    with monkeypatch.context() as patch:
        patch.setattr("recordings.takeover.archive", damaged)
        await world.worker().step()
    assert world.left() != [], "the source keeps its files"
    (alarm,) = await world.db.read(open_alarms)
    assert alarm.kind == Trouble.STORE and "read back is not what was written" in alarm.data["error"]
    world.later(world.settings.retry_after(1))
    await world.worker().step()
    row = await world.recording(attempt)
    assert hashlib.sha256((world.root / (row.path or "")).read_bytes()).hexdigest() == row.sha256
    assert world.left() == [] and await world.db.read(open_alarms) == []


async def test_two_workers_archive_each_call_once(world: World) -> None:
    attempts = [await world.call() for _ in range(4)]
    for attempt in attempts:
        world.leave(attempt, 2.0)
    one, other = world.worker(), world.worker()
    for _turn in range(4):
        await asyncio.gather(one.step(), other.step())
    assert (await kinds(world)).count("recording.archived") == 4
    assert len(world.archived_wavs()) == 4
    assert await count(world, "takeovers") == 0


async def test_a_source_out_of_reach_is_an_alarm_with_advice_and_heals(world: World) -> None:
    attempt = await world.call()
    world.leave(attempt)
    world.monitor.rename(world.folder / "unmounted")
    worker = world.worker()
    await worker.step()
    assert await world.alarms() == {"recordings_source_unreachable": "recordings"}
    assert (await world.recording(attempt)).state == RecordingState.EXPECTED
    (world.folder / "unmounted").rename(world.monitor)
    world.later(world.settings.scan_seconds)
    await worker.step()
    assert (await world.recording(attempt)).state == RecordingState.ARCHIVED
    assert await world.alarms() == {}


async def test_what_one_worker_has_claimed_no_other_gets_before_its_lease_is_over(world: World) -> None:
    attempt = await world.call()
    await world.db.write(partial(service.expect_ended, now=world.now))
    until = world.now + timedelta(seconds=60)
    claim = partial(queries.claim, now=world.now, until=until, limit=5)
    assert [job.attempt_id for job in await world.db.write(claim)] == [attempt]
    assert await world.db.write(claim) == []
    again = partial(queries.claim, now=until, until=until + timedelta(seconds=60), limit=5)
    assert [job.attempt_id for job in await world.db.write(again)] == [attempt]


async def test_early_media_damaged_before_its_source_was_removed_is_archived_again(world: World) -> None:
    attempt = await world.call()
    world.leave(attempt, early=1.0)
    kept = world.folder / "kept"
    shutil.copytree(world.monitor, kept)
    worker = world.worker()
    await worker.step()
    clip = await world.db.read(partial(queries.early_clip_of, attempt_id=attempt))
    assert clip is not None
    shutil.copytree(kept, world.monitor, dirs_exist_ok=True)
    (world.root / clip.path).unlink()
    world.later(world.settings.scan_seconds)
    await worker.step()
    assert hashlib.sha256((world.root / clip.path).read_bytes()).hexdigest() == clip.sha256
    assert (world.left(), await world.alarms()) == ([], {})


async def test_the_loop_wakes_when_a_call_ends_and_works_in_processes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recordings.worker._LONGEST_SLEEP", 3600.0)
    with ProcessPoolExecutor(1) as executor:
        world = await World(tmp_path, executor).open()
        worker, idle = world.worker(), asyncio.Event()
        step = worker.step

        async def watched() -> int:
            done = await step()
            if not done:
                idle.set()
            return done

        monkeypatch.setattr(worker, "step", watched)
        loop = asyncio.create_task(worker.run())
        await idle.wait()
        attempt = await world.call(ended=False)
        world.leave(attempt)
        await world.db.write(partial(end, attempt_id=attempt, now=world.now))
        async with asyncio.timeout(30):
            while "recording.archived" not in await kinds(world):
                await world.db.feed.wait(1)
        loop.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await loop
        await world.close()
