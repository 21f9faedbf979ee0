"""A data folder knows whether it is a copy, and a copy is not the installation it was copied from (D8)."""

import json
import shutil
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dialer.app import installation
from dialer.app.doctor.copies import judge, look_at_copies
from dialer.app.installation import copied_from, copy_note, installation_of, is_copy, note_copy
from dialer.app.settings import load_settings
from tests.support.core import NOW
from web.finding import Level


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder that was served here."""
    folder = tmp_path / "one"
    folder.mkdir()
    note_copy(folder, lambda: NOW)
    return folder


def copy_of(folder: Path) -> Path:
    return Path(shutil.copytree(folder, folder.with_name("two")))


def test_the_same_folder_is_the_same_installation_after_a_restart(folder: Path) -> None:
    assert installation_of(folder) == installation_of(folder)
    note_copy(folder, lambda: NOW)
    assert copied_from(folder) is None
    assert judge(folder, []).level is Level.OK


def test_a_folder_that_was_moved_is_no_copy(folder: Path) -> None:
    moved = folder.rename(folder.with_name("elsewhere"))
    note_copy(moved, lambda: NOW)
    assert copied_from(moved) is None
    assert installation_of(moved).id == installation_of(moved).id


def test_a_copy_on_this_machine_is_another_owner_and_says_so(folder: Path) -> None:
    original = installation_of(folder)
    copy = copy_of(folder)
    copied = installation_of(copy)
    assert copied.id == original.id
    assert copied.place != original.place
    assert is_copy(copied.owner, original) and not is_copy(original.owner, original)
    assert not is_copy("another:/srv/huifang 01ABC/0123", original)
    with capture_logs() as logs:
        note_copy(copy, lambda: NOW)
        note_copy(copy, lambda: NOW)
    assert [line["action"] for line in logs] == ["note_copy"], "once is enough for the log"
    finding = judge(copy, [])
    assert finding.level is Level.WARN
    assert finding.advice is not None
    copy_note(copy).unlink()
    assert judge(copy, []).level is Level.OK


def test_a_copy_on_another_machine_is_noticed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though a copy of the whole disk has the same files."""
    note = json.loads((folder / "installation").read_text())
    other = folder.parent / "machine-id"
    other.write_text("another")
    monkeypatch.setattr(installation, "_MACHINE", other)
    note_copy(folder, lambda: NOW)
    assert copied_from(folder) == (note["host"], NOW.isoformat())
    assert installation_of(folder).id == note["id"]


def test_a_clone_of_the_machine_is_another_owner(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its disk and its names are the same in every bit; it was booted for itself."""
    original = installation_of(folder)
    boot = folder.parent / "boot-id"
    boot.write_text("another")
    monkeypatch.setattr(installation, "_BOOT", boot)
    assert is_copy(installation_of(folder).owner, original)


def test_a_copy_that_has_a_node_is_a_fault(folder: Path) -> None:
    finding = judge(folder, ["twin:/srv/huifang 01ABC/0123"])
    assert finding.level is Level.FAIL
    assert finding.seen.values == {"names": "twin:/srv/huifang"}


async def test_a_copy_says_so_though_its_database_is_away(folder: Path) -> None:
    copy = copy_of(folder)
    note_copy(copy, lambda: NOW)
    settings = load_settings(copy, database_url="postgresql+asyncpg://nobody@127.0.0.1:1/none")
    (finding,) = await look_at_copies(settings)
    assert finding.level is Level.WARN


@pytest.mark.parametrize("spoilt", ["", "[]", '{"id": "x"}'])
def test_a_spoilt_note_is_made_anew(folder: Path, spoilt: str) -> None:
    """A full disk leaves an empty file: the service starts all the same."""
    before = installation_of(folder).id
    (folder / "installation").write_text(spoilt)
    assert installation_of(folder).id not in ("x", before)
    note_copy(folder, lambda: NOW)
    assert copied_from(folder) is None


def test_the_name_of_an_owner_fits_its_column(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*(f"folder-{n:02}-of-a-long-path" for n in range(9)))
    deep.mkdir(parents=True)
    assert len(installation_of(deep).owner) <= 200
