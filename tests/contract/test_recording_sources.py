"""One suite for the sources of recordings: a folder here, and a node agent's on another machine (A6, D8)."""

import asyncio
import hashlib
import pickle
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dialer.ids import new_id
from recordings.remote import RemoteSource
from recordings.several import SeveralSources
from recordings.source import Left, LocalSource, Part, RecordingSource, SourceUnreachable
from tests.support.node_agent import TOKEN, agent

SOUND = bytes(range(256)) * 700


@dataclass
class Rig:
    """The telephone system's folder, and the source that reads it."""

    folder: Path
    source: RecordingSource

    def leave(self, attempt_id: str, *parts: Part, closed: bool = True) -> None:
        for part in parts:
            (self.folder / f"{attempt_id}.{part}.wav").write_bytes(SOUND)
            if closed:
                mark = "early.done" if part is Part.EARLY else "done"
                (self.folder / f"{attempt_id}.{mark}").write_text("1")

    def names(self) -> set[str]:
        return {file.name for file in self.folder.iterdir()}


@pytest.fixture(params=["local", "remote", "several"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    folder = tmp_path / "monitor"
    folder.mkdir()
    if request.param == "local":
        yield Rig(folder, LocalSource(folder))
        return
    async with agent(folder, tmp_path / "cel.csv") as running:
        remote = RemoteSource(f"http://127.0.0.1:{running.port}", TOKEN)
        other = tmp_path / "other"
        other.mkdir()
        several = SeveralSources((LocalSource(other), remote))
        yield Rig(folder, remote if request.param == "remote" else several)


async def test_what_there_is_of_a_call_is_told(rig: Rig) -> None:
    attempt_id = new_id()
    assert (await asyncio.to_thread(rig.source.look, attempt_id)).sizes == {}
    rig.leave(attempt_id, Part.AGENT, Part.CUSTOMER, closed=False)
    size = len(SOUND)
    half = Left({Part.AGENT: size, Part.CUSTOMER: size}, closed=False)
    assert await asyncio.to_thread(rig.source.look, attempt_id) == half
    rig.leave(attempt_id, Part.AGENT, Part.CUSTOMER)
    assert await asyncio.to_thread(rig.source.look, attempt_id) == Left(half.sizes, closed=True)
    rig.leave(attempt_id, Part.EARLY, closed=False)
    assert not (await asyncio.to_thread(rig.source.look, attempt_id)).closed


async def test_a_part_is_fetched_with_its_checksum(rig: Rig, tmp_path: Path) -> None:
    attempt_id, to = new_id(), tmp_path / "copy"
    rig.leave(attempt_id, Part.CUSTOMER)
    digest = await asyncio.to_thread(rig.source.fetch, attempt_id, Part.CUSTOMER, to)
    assert to.read_bytes() == SOUND
    assert digest == hashlib.sha256(SOUND).hexdigest()
    assert await asyncio.to_thread(rig.source.fetch, attempt_id, Part.CUSTOMER, to) == digest


async def test_what_lies_half_fetched_is_gone_on_with_or_begun_anew(rig: Rig, tmp_path: Path) -> None:
    attempt_id, to = new_id(), tmp_path / "copy"
    rig.leave(attempt_id, Part.AGENT)
    for lying in (SOUND[:1000], b"another file" * 100, SOUND + b"more", b""):
        to.write_bytes(lying)
        await asyncio.to_thread(rig.source.fetch, attempt_id, Part.AGENT, to)
        assert to.read_bytes() == SOUND


async def test_a_part_that_is_not_there_is_no_recording(rig: Rig, tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable):
        await asyncio.to_thread(rig.source.fetch, new_id(), Part.AGENT, tmp_path / "copy")


async def test_parts_are_taken_away_with_their_marks_and_again_without_an_error(rig: Rig) -> None:
    attempt_id, other = new_id(), new_id()
    rig.leave(attempt_id, *Part)
    rig.leave(other, Part.AGENT)
    await asyncio.to_thread(rig.source.remove, attempt_id, (Part.AGENT, Part.CUSTOMER))
    assert {name for name in rig.names() if name.startswith(attempt_id)} == {
        f"{attempt_id}.early.wav",
        f"{attempt_id}.early.done",
    }
    await asyncio.to_thread(rig.source.remove, attempt_id, (Part.AGENT, Part.CUSTOMER))
    await asyncio.to_thread(rig.source.remove, attempt_id, (Part.EARLY,))
    assert {name for name in rig.names() if name.startswith(attempt_id)} == set()
    assert f"{other}.agent.wav" in rig.names()


async def test_the_attempts_are_listed_and_strange_files_passed_over(rig: Rig) -> None:
    one, two = sorted((new_id(), new_id()))
    rig.leave(two, Part.AGENT, Part.CUSTOMER)
    rig.leave(one, Part.EARLY)
    (rig.folder / "voicemail.wav").write_bytes(SOUND)
    assert await asyncio.to_thread(rig.source.attempts) == [one, two]


async def test_a_folder_that_is_gone_is_trouble_and_not_an_empty_one(rig: Rig) -> None:
    rig.folder.rmdir()
    with pytest.raises(SourceUnreachable, match="not there"):
        await asyncio.to_thread(rig.source.attempts)
    with pytest.raises(SourceUnreachable, match="not there"):
        await asyncio.to_thread(rig.source.look, new_id())


async def test_a_copy_that_cannot_be_written_is_an_error_of_this_machine(rig: Rig, tmp_path: Path) -> None:
    attempt_id = new_id()
    rig.leave(attempt_id, Part.AGENT)
    with pytest.raises(OSError, match="No such file or directory"):
        await asyncio.to_thread(rig.source.fetch, attempt_id, Part.AGENT, tmp_path / "gone" / "copy")


async def test_a_source_goes_to_other_processes(rig: Rig) -> None:
    assert pickle.loads(pickle.dumps(rig.source)) == rig.source
