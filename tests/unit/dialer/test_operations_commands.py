"""`dialer doctor` and `dialer asterisk config` as an administrator types them (O1, O5)."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dialer.app.cli.main import app
from dialer.app.settings import FILE_NAME

NOWHERE = '[asterisk]\nport = 1\nsecret = "a-secret"\n[web]\nport = 0\n'


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A site whose Asterisk does not run."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / FILE_NAME).write_text(f"transcribe = false\n{NOWHERE}", encoding="utf-8")
    return folder


def test_o5_with_a_dead_asterisk_the_doctor_goes_on_and_ends_with_2(data: Path) -> None:
    """O5: it says so in words, in the language asked for, and looks at the rest."""
    told = CliRunner().invoke(app, ["doctor", "--data", str(data), "--language", "en"])
    assert told.exit_code == 2
    flat = " ".join(told.output.split())
    assert "Asterisk cannot be reached at 127.0.0.1:1" in flat
    assert "there is no database" in flat
    assert "All times are in Asia/Shanghai." in flat
    chinese = CliRunner().invoke(app, ["doctor", "--data", str(data)])
    assert "与 Asterisk 的连接" in chinese.output
    assert not list(data.glob("dialer.db*"))


def test_o5_findings_for_machines(data: Path) -> None:
    """O5: every finding has a name, a level, and words in both languages."""
    told = CliRunner().invoke(app, ["doctor", "--data", str(data), "--json"])
    found = json.loads(told.stdout)
    assert {one["check"] for one in found} >= {"database", "ami-link", "disk", "size", "panel", "secrets"}
    for one in found:
        assert one["level"] in ("ok", "warn", "fail", "unknown")
        assert all(one["seen"][language] and one["title"][language] for language in ("en", "zh"))


def test_o1_files_for_an_existing_asterisk(data: Path, tmp_path: Path) -> None:
    """O1: the include, the user with the least rights, and the event log, in that version's own writing."""
    runner = CliRunner()
    told = runner.invoke(app, ["asterisk", "config", "--data", str(data), "--version", "20.9"])
    assert told.exit_code == 0
    assert "write = call,originate,reporting" in told.stdout
    assert "eventfilter = Event: Hangup" in told.stdout
    assert "[huifang-doctor]" in told.stdout
    to = tmp_path / "files"
    newer = ["--version", "22.10.1", "--to", str(to), "--service-host", "10.0.0.9"]
    assert runner.invoke(app, ["asterisk", "config", "--data", str(data), *newer]).exit_code == 0
    user = (to / "manager_huifang.conf").read_text(encoding="utf-8")
    assert "eventfilter(name(Hangup)) =" in user
    assert "permit = 10.0.0.9" in user
    assert (to / "manager_huifang.conf").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [(["--version", "newest"], "--version"), (["--service-host", "a b"], "host")],
)
def test_o1_what_cannot_be_rendered_says_why(data: Path, words: list[str], says: str) -> None:
    """O1: what is wrong, and what to give instead."""
    told = CliRunner().invoke(app, ["asterisk", "config", "--data", str(data), *words])
    assert told.exit_code == 1
    assert says in told.output
