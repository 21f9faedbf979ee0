"""The port to what the telephone system left (A6)."""

import hashlib
import pickle
from pathlib import Path

import pytest

from dialer.ids import new_id
from recordings.source import CALL_PARTS, LocalSource, Part, SourceUnreachable


def leave(folder: Path, *suffixes: str) -> str:
    key = new_id()
    for suffix in suffixes:
        (folder / f"{key}.{suffix}").write_bytes(suffix.encode() * 1000)
    return key


def test_looks_at_one_attempt(tmp_path: Path) -> None:
    leave(tmp_path, "agent.wav")
    key = leave(tmp_path, "agent.wav", "customer.wav", "done")
    left = LocalSource(tmp_path).look(key)
    assert left.sizes == {Part.AGENT: 9000, Part.CUSTOMER: 12000}
    assert left.closed
    assert left.has_call


def test_early_media_alone_is_no_call(tmp_path: Path) -> None:
    left = LocalSource(tmp_path).look(leave(tmp_path, "early.wav"))
    assert (left.has_call, left.closed, list(left.sizes)) == (False, False, [Part.EARLY])


@pytest.mark.parametrize(
    ("suffixes", "closed"),
    [
        (["agent.wav", "done", "early.wav"], False),
        (["agent.wav", "early.wav", "early.done"], False),
        (["agent.wav", "done", "early.wav", "early.done"], True),
        (["early.wav", "early.done"], True),
    ],
)
def test_each_part_has_its_own_mark(tmp_path: Path, suffixes: list[str], closed: bool) -> None:
    assert LocalSource(tmp_path).look(leave(tmp_path, *suffixes)).closed is closed


def test_a6_fetched_with_its_checksum(tmp_path: Path) -> None:
    key = leave(tmp_path, "agent.wav")
    digest = LocalSource(tmp_path).fetch(key, Part.AGENT, tmp_path / "copy")
    assert digest == hashlib.sha256((tmp_path / "copy").read_bytes()).hexdigest()
    assert (tmp_path / "copy").read_bytes() == (tmp_path / f"{key}.agent.wav").read_bytes()


def test_removes_what_was_named_and_the_mark_with_the_call(tmp_path: Path) -> None:
    key = leave(tmp_path, "agent.wav", "customer.wav", "early.wav", "done", "early.done")
    source = LocalSource(tmp_path)
    source.remove(key, CALL_PARTS)
    source.remove(key, CALL_PARTS)
    assert sorted(tmp_path.iterdir()) == [tmp_path / f"{key}.early.done", tmp_path / f"{key}.early.wav"]


def test_other_files_of_a_shared_folder_are_passed_over(tmp_path: Path) -> None:
    keys = sorted([leave(tmp_path, "agent.wav", "done"), leave(tmp_path, "early.wav")])
    for name in ("queue-42.wav", f"{new_id()}.mp3", f"{new_id()}x.agent.wav", f"{new_id()}.done"):
        (tmp_path / name).touch()
    assert LocalSource(tmp_path).attempts() == keys


def test_a_folder_that_is_not_mounted_is_no_empty_folder(tmp_path: Path) -> None:
    source = LocalSource(tmp_path / "gone")
    with pytest.raises(SourceUnreachable, match="Mount or create it"):
        source.look(new_id())
    with pytest.raises(SourceUnreachable, match="Mount or create it"):
        source.attempts()
    with pytest.raises(SourceUnreachable, match="read and delete there"):
        source.fetch(new_id(), Part.AGENT, tmp_path / "copy")


def test_a_source_can_be_sent_to_a_worker_process(tmp_path: Path) -> None:
    source = LocalSource(tmp_path)
    assert pickle.loads(pickle.dumps(source)) == source
