"""A recordings disk without room: a sentence that says what to do, and it heals by itself (A1, A2).

The limit on the size of a file (RLIMIT_FSIZE) is a real refusal of the kernel to write on, which
needs no mount: the worker process that writes the archive gets it, nobody else.
"""

import resource
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dialer.alarms.service import Alarm, open_alarms
from recordings.states import RecordingState
from tests.unit.recordings.world import World


def limit_files(to_bytes: int) -> None:
    """Let this process write no file larger than that; the hard limit stays, so that it can be lifted."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (to_bytes if to_bytes >= 0 else hard, hard))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        world = await World(tmp_path, executor).open()
        yield world
        await world.close()


async def alarm(world: World) -> Alarm:
    (only,) = await world.db.read(open_alarms)
    return only


def unfinished(world: World) -> list[Path]:
    return [path for path in world.root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("room", [0, 20_000, 100_000])
async def test_a_full_disk_is_told_and_healed_by_itself(world: World, room: int) -> None:
    """Without any room, full while fetching (80 kB a side), full while joining (160 kB)."""
    attempts = [await world.call(), await world.call()]
    for attempt in attempts:
        world.leave(attempt)
    worker = world.worker()
    world.executor.submit(limit_files, room).result()
    with capture_logs() as logs:
        await worker.step()
    told = await alarm(world)
    assert (told.kind, told.subject, told.data["waiting"]) == ("recordings_disk_full", "recordings", 2)
    assert told.data["path"] == str(world.root)
    for sentence in (told.data["advice"], *(line["event"] for line in logs if line["log_level"] == "error")):
        assert f"no room for recordings in {world.root}" in sentence
        assert "Delete or move files on that disk, or give it more room." in sentence
    assert len(world.left()) == 6, "nothing leaves the source"
    assert unfinished(world) == [], "the little room there is, is given back"
    for attempt in attempts:
        assert (await world.recording(attempt)).state == RecordingState.EXPECTED

    world.executor.submit(limit_files, -1).result()
    assert await worker.step() == 0, "it waits before it tries again"
    world.later(world.settings.retry_seconds)
    await worker.step()
    for attempt in attempts:
        row = await world.recording(attempt)
        assert (row.state, row.problems) == (RecordingState.ARCHIVED, [])
    assert await world.db.read(open_alarms) == []
    assert world.left() == []


async def test_room_for_the_database_is_kept(world: World) -> None:
    attempt = await world.call()
    world.leave(attempt)
    greedy = world.settings.model_copy(update={"keep_free_bytes": 1 << 60})
    await world.worker(greedy).step()
    assert (await alarm(world)).kind == "recordings_disk_full"
    world.later(world.settings.retry_seconds)
    await world.worker().step()
    assert (await world.recording(attempt)).state == RecordingState.ARCHIVED


async def test_the_first_success_calls_all_that_waited(world: World) -> None:
    """A long wait after many tries is cut short when there is room again."""
    attempts = [await world.call() for _ in range(3)]
    for attempt in attempts:
        world.leave(attempt, 1.0)
    one_by_one = world.settings.model_copy(update={"parallel": 1})
    worker = world.worker(one_by_one)
    world.executor.submit(limit_files, 0).result()
    for _try in range(3):
        while await worker.step():
            pass
        world.later(35.0)
    world.executor.submit(limit_files, -1).result()
    fresh = await world.call()
    world.leave(fresh, 1.0)
    while await worker.step():
        pass
    states = [(await world.recording(attempt)).state for attempt in (*attempts, fresh)]
    assert states == [RecordingState.ARCHIVED] * 4


async def test_a_folder_that_cannot_be_written_is_told_and_healed(world: World) -> None:
    attempt = await world.call()
    world.leave(attempt)
    world.root.write_text("a file where the folder should be")
    worker = world.worker()
    await worker.step()
    told = await alarm(world)
    assert told.kind == "recordings_store_failing"
    assert f"Recordings cannot be written to {world.root}" in told.data["advice"]
    world.root.unlink()
    world.later(world.settings.retry_seconds)
    await worker.step()
    assert (await world.recording(attempt)).state == RecordingState.ARCHIVED
    assert await world.db.read(open_alarms) == []
