"""What is installed: the wheel holds every file of the packages, the lock every library."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

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


def _needed(name: str, extras: Iterable[str]) -> Iterator[Requirement]:
    """What the installed distribution needs on this machine."""
    for line in importlib.metadata.requires(name) or ():
        wanted = Requirement(line)
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": one}) for one in ("", *extras)):
            yield wanted


def test_what_runs_here_is_what_the_lock_says() -> None:
    """The product with all its extras, and all that those need."""
    project = PROJECT["project"]
    locked = _locked()
    left = list(_needed(project["name"], project["optional-dependencies"]))
    seen: dict[str, str] = {}
    while left:
        one = left.pop()
        name = _plain(one.name)
        if name not in seen:
            seen[name] = importlib.metadata.version(name)
            left.extend(_needed(name, one.extras))
    assert len(seen) > len(project["dependencies"])
    assert {name: version for name, version in seen.items() if locked.get(name) != version} == {}


def test_the_lock_has_everything_that_pyproject_names() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    named = [*PROJECT["project"]["dependencies"], *(one for extra in extras for one in extra)]
    names = {_plain(re.split(r"[^\w.-]", one, maxsplit=1)[0]) for one in named}
    assert names - _locked().keys() == set()


def test_a_worker_process_reads_no_more_than_it_needs() -> None:
    """It begins with the script of its parent: the commands, the panel and the database are not its own."""
    code = (
        "import sys, dialer.app.cli; print(*{'sqlalchemy', 'aiohttp', 'typer', 'web'} & sys.modules.keys())"
    )
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert answer.stdout.split() == []
