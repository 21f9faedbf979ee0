"""The unit shipped for systemd starts the service, and stops it as the service wants to be stopped."""

import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dialer.app.cli.main import app
from dialer.app.settings import Settings

FOLDER = Path(__file__).parents[2] / "docs" / "operations"
UNIT = FOLDER / "huifang.service"


def service() -> dict[str, str]:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read(UNIT, encoding="utf-8")
    return dict(parser["Service"])


def test_what_it_starts_is_a_command_of_ours(tmp_path: Path) -> None:
    program, command, *options = service()["ExecStart"].split()
    assert Path(program).name == "dialer"
    told = CliRunner().invoke(app, [command, "--help"], env={"TERM": "dumb", "COLUMNS": "200"}).output
    assert all(option in told for option in options if option.startswith("-"))


def test_a_stop_lets_calls_end_and_leaves_asterisk_alone(tmp_path: Path) -> None:
    """D7: killed too early, or with the whole group, the calls would end with it."""
    drain = Settings(data_dir=tmp_path, recordings={}).drain_seconds  # type: ignore[arg-type]
    assert int(service()["TimeoutStopSec"]) >= 2 * drain
    assert service()["KillMode"] == "process"
    assert service()["Restart"] == "always"


def test_where_it_is_put_is_where_the_page_says() -> None:
    page = (FOLDER / "systemd.md").read_text(encoding="utf-8")
    for path in re.findall(r"/\S+", service()["ExecStart"]):
        assert path in page


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_understands_it(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    program = service()["ExecStart"].split()[0]
    unit.write_text(UNIT.read_text(encoding="utf-8").replace(program, sys.executable), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
