"""Two processes on one PostgreSQL: each call is transcribed once and checked once (D8, Q5)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from qa.speech.port import AudioUnreadable
from qa.transcripts.states import TranscriptState
from tests.support.stores import MakeUrl, make_url
from tests.unit.qa_store.world import GOOD_CALL, Says, World, heard

__all__ = ["make_url"]

CALLS = 6


@pytest.fixture
def url(make_url: MakeUrl) -> str:
    return make_url("postgresql", True)


@pytest.fixture
async def world(tmp_path: Path, url: str) -> AsyncIterator[World]:
    world = await World(tmp_path, url).open()
    world.install_model()
    yield world
    await world.close()


async def test_two_processes_share_the_calls(world: World) -> None:
    for _ in range(CALLS):
        await world.archived()
    one, other = Says(heard(GOOD_CALL)), Says(heard(GOOD_CALL))
    workers = [world.transcription(one, workers=2), world.transcription(other, workers=2)]
    while any(await asyncio.gather(*(worker.step() for worker in workers))):
        pass
    assert len(one.jobs) + len(other.jobs) == CALLS, "none was decoded by both"
    checks = [world.checks(), world.checks()]
    while any(await asyncio.gather(*(worker.step() for worker in checks))):
        pass
    for kind in ("transcript.waiting", "transcript.done", "check.waiting", "call.checked"):
        assert len({row.subject for row in await world.events(kind)}) == CALLS
        assert len(await world.events(kind)) == CALLS, kind


async def test_a_recording_that_fails_waits_for_a_person(world: World) -> None:
    attempt = await world.archived()
    worker = world.transcription(Says(AudioUnreadable("cut off")))
    while await worker.step():
        world.later(1000)
    row = await world.row(attempt)
    assert (row.state, row.tries) == (TranscriptState.FAILED, 3)
    assert list(await world.alarms()) == ["transcription_failed"]
