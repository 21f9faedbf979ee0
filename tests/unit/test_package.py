"""What is installed: the wheel holds every file of the packages, the lock every library."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PROJECT["tool"]["importlinter"]["root_packages"]

# What an installed product does with its data files.
_USE_DATA = """
import sys
from pathlib import Path
from asterisk.conf import Layout, Ports, render_private
from asterisk.settings import PrivateAsteriskSettings
from asterisk.version import Version
from dialer.playbooks.library import shipped_library
from dialer.storage.migrating import migration_config
from alembic.script import ScriptDirectory
from qa.checks.library import shipped_rules
import dialer, web.render
assert Path(dialer.__file__).is_relative_to(sys.argv[1]), dialer.__file__
run = Path("/run")
render_private(PrivateAsteriskSettings(), Ports(1, 2, 3, 4), Layout(run, run, run), Version(22, 0, 0))
shipped_library()
shipped_rules()
assert ScriptDirectory.from_config(migration_config()).get_heads()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: a build leaves its traces beside the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    without = shutil.ignore_patterns("__pycache__")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=without)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source / name)
    build = "import setuptools.build_meta as b, sys; b.build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", build, str(folder)], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == wanted


def test_what_is_installed_finds_its_data(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        content.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", _USE_DATA, str(tmp_path)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _locked() -> dict[str, str]:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = [line.partition(";")[0].strip() for line in text.splitlines() if not line.startswith("#")]
    assert all("==" in pin for pin in pins)
    return {_plain(pin.partition("==")[0]): pin.partition("==")[2] for pin in pins}


def test_what_runs_here_is_what_the_lock_says() -> None:
    locked = _locked()
    ours = {PROJECT["project"]["name"], "pip", "setuptools", "wheel"}
    here = {_plain(one.name): one.version for one in importlib.metadata.distributions()}
    assert {
        name: version for name, version in here.items() if name not in ours and locked.get(name) != version
    } == {}


def test_the_lock_has_everything_that_pyproject_names() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    named = [*PROJECT["project"]["dependencies"], *(one for extra in extras for one in extra)]
    names = {_plain(re.split(r"[^\w.-]", one, maxsplit=1)[0]) for one in named}
    assert names - _locked().keys() == set()
