"""What a loss of power must not take: a recording's new names are on the disk before its row says so (A2)."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from recordings.archive import WORK, Order, archive
from recordings.source import CALL_PARTS, LocalSource
from tests.unit.recordings.sounds import speech, write

Synced = Callable[[], set[str]]


@pytest.fixture
def synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Synced:
    """What was made durable since it was last asked for, below the archive; the archive itself is "."."""
    paths: set[str] = set()
    kept = os.fsync

    def fsync(handle: int) -> None:
        paths.add(os.path.relpath(Path(f"/proc/self/fd/{handle}").readlink(), tmp_path / "recordings"))
        kept(handle)

    def told() -> set[str]:
        found = {path for path in paths if not path.startswith(WORK)}
        paths.clear()
        return found

    monkeypatch.setattr(os, "fsync", fsync)
    return told


def order(folder: Path, attempt_id: str, name: str) -> Order:
    """A call of one second that Asterisk has left."""
    source = folder / "monitor"
    source.mkdir(exist_ok=True)
    for part in CALL_PARTS:
        write(source / f"{attempt_id}.{part}.wav", speech(1.0))
    return Order(
        attempt_id=attempt_id,
        source=LocalSource(source),
        channels=CALL_PARTS,
        present=CALL_PARTS,
        root=folder / "recordings",
        name=name,
        facts={},
        copies=True,
        silence_dbfs=-50.0,
        keep_free_bytes=0,
    )


def test_a2_the_names_of_new_folders_survive_and_old_ones_are_not_written_again(
    tmp_path: Path, synced: Synced
) -> None:
    archive(order(tmp_path, "A1", "east/A12345/2026-11-30/one"))
    days = {"east/A12345/2026-11-30", ".listen/east/A12345/2026-11-30"}
    above = {"east/A12345", "east", ".listen/east/A12345", ".listen/east", ".listen", "."}
    assert synced() == days | above
    archive(order(tmp_path, "A2", "east/A12345/2026-11-30/two"))
    assert synced() == days
    archive(order(tmp_path, "A3", "east/A12345/2026-12-01/three"))
    days = {"east/A12345/2026-12-01", ".listen/east/A12345/2026-12-01"}
    assert synced() == days | {"east/A12345", ".listen/east/A12345"}


def test_a2_after_a_run_that_was_stopped_every_name_is_made_to_survive(
    tmp_path: Path, synced: Synced
) -> None:
    """Its folders are there, and nobody knows whether the disk has them."""
    stopped = order(tmp_path, "A1", "east/A12345/2026-11-30/one")
    (stopped.root / WORK / "A1.agent").mkdir(parents=True)
    (stopped.root / "east/A12345/2026-11-30").mkdir(parents=True)
    archive(stopped)
    assert {"east/A12345/2026-11-30", "east/A12345", "east", "."} <= synced()
