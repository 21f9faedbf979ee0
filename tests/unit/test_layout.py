"""The shape of the repository: whose code is imported, how long files are, what is nowhere to be found."""

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
PACKAGES: list[str] = _LINTER["root_packages"]
PURE: list[str] = next(one["source_modules"] for one in _LINTER["contracts"] if one["id"] == "pure")

LONGEST = 400
CODE = {".py", ".js", ".css", ".html", ".j2", ".sh", ""}
# A longer file says why, with these words.
REASON = "Longer than 400 lines because"

# The hosts that the product may name: a model's home, this machine, and the names of XML.
HOSTS = re.compile(r"alphacephei\.com|127\.0\.0\.1|localhost|www\.w3\.org|.*\.(invalid|example)")
ADDRESS = re.compile(r"(?:(?<=http://)|(?<=https://))[\w-][\w.-]*")
ELSEWHERE = re.compile(
    r"pypi[.]org|pythonhosted[.]|npmjs[.]|debian[.]org|docker[.]io|mirrors?[.][a-z]+[.]|pkg[.]dev"
)
# Folders of some machine or person, not those that a Debian system or a container has.
A_MACHINES_OWN = re.compile(r"(?<![\w.$}/])/(work|home/\w+|root|Users|tmp/\w+)/[\w.]")

_THIRD_PARTY = ROOT / "web" / "static" / "lib"
_HAND_WRITTEN = (".py", ".toml", ".lock", ".md", ".yml", ".yaml", ".html", ".css", ".js", ".j2", ".po", "")


def _files(folder: Path = ROOT) -> Iterator[Path]:
    """Every text file of the repository that people wrote."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path != _THIRD_PARTY and not _ignored(path.name):
                yield from _files(path)
        elif path.suffix in _HAND_WRITTEN and not _ignored(path.name):
            yield path


def _ignored(name: str) -> bool:
    patterns = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    return name == ".git" or any(fnmatch(name, pattern.rstrip("/")) for pattern in patterns)


def _found(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    """Where in the repository the pattern is, and what it found."""
    found = []
    for path in _files():
        text = path.read_text(encoding="utf-8")
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append((f"{path.relative_to(ROOT)}:{line}", match[0]))
    return found


@pytest.mark.parametrize("name", PACKAGES)
def test_each_package_is_ours(name: str) -> None:
    """Other distributions have packages of the same names (`asterisk`, `web`)."""
    file = importlib.import_module(name).__file__
    assert file is not None
    assert Path(file).parent == ROOT / name


def test_every_package_stands_under_the_import_contracts() -> None:
    assert sorted(PACKAGES) == sorted(
        path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests"
    )


def test_no_file_is_long_without_a_reason() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in _files() if path.suffix in CODE}
    lengths = {
        str(path.relative_to(ROOT)): text.count("\n") for path, text in texts.items() if REASON not in text
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_what_decides_reads_no_clock() -> None:
    """`now` is a parameter of every pure module (those of the import contract `pure`)."""
    found = [where for path in _pure_files() for where in _clock_reads(path)]
    assert not found


def test_the_clock_test_finds_a_clock(tmp_path: Path) -> None:
    path = tmp_path / "rules.py"
    path.write_text("import time\nfrom datetime import datetime as dt\nx = dt.now()\n", encoding="utf-8")
    assert [where.rsplit(":", 1)[1] for where in _clock_reads(path)] == ["1", "3"]


def _pure_files() -> list[Path]:
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if any(fnmatch(module, one) or fnmatch(module, f"{one}.*") for one in PURE):
                found.append(path)
    assert len(found) > len(PURE)
    return found


def _clock_reads(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Attribute(attr="now" | "utcnow" | "today"):
                pass
            case ast.Import(names=names) if any(name.name == "time" for name in names):
                pass
            case ast.ImportFrom(module="time" | "dialer.clock"):
                pass
            case _:
                continue
        yield f"{path}:{node.lineno}"


def test_no_path_of_a_machine() -> None:
    assert _found(A_MACHINES_OWN) == []


def test_no_host_of_a_registry_or_mirror() -> None:
    """pip, npm and apt are used by package name, as a machine has them set up."""
    assert _found(ELSEWHERE) == []
    assert [one for one in _found(ADDRESS) if not HOSTS.fullmatch(one[1])] == []
