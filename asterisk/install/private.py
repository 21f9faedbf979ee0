"""A program from Debian's packages in a folder of its own: no root, and nothing touched outside.

The packages and their whole library closure are fetched with an apt state of their own and unpacked; a
launcher starts the program with its own dynamic loader, so that the machine's libc does not matter.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from asterisk.install.apt import Apt, AptError, Archive, machine_archive
from asterisk.install.binary import NotUsable
from asterisk.install.unpack import prune, relink, unpack

Progress = Callable[[str, float], None]
"""Told what is being done, as a sentence, and how much of the whole is done (0 to 1)."""

Found = TypeVar("Found")

_LAUNCHER = """#!/bin/sh
# Starts the private program with its own loader and libraries. Written by the installer.
here=$(dirname "$(readlink -f "$0")")
exec "$here/root/{loader}" --inhibit-cache --library-path "{libraries}" "$here/root/{program}" "$@"
"""


class InstallError(Exception):
    """A program could not be installed. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Recipe(Generic[Found]):
    """What to install, and how to tell that it is there.

    `suites` are tried in turn. `program` is its path in the packages, `finish` completes the folder of an
    unpacked installation, `installed` is the whole installation under a prefix, or None.
    """

    name: str
    packages: tuple[str, ...]
    suites: tuple[str, ...]
    megabytes: int
    program: str
    finish: Callable[[Path, Archive], None]
    try_out: Callable[[Path], object]
    installed: Callable[[Path], Found | None]
    instead: str

    @property
    def launcher(self) -> str:
        """The name of the file that starts it."""
        return self.program.rpartition("/")[2]


def silent(_text: str, _done: float) -> None:
    """The progress callback of those who do not look."""


def cache_folder() -> Path:
    """The folder shared by all checkouts of one user."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "huifang"


def install(
    recipe: Recipe[Found], prefix: Path, *, progress: Progress = silent, mirror: str | None = None
) -> Found:
    """Install into `prefix` unless a whole installation is already there.

    Built beside `prefix` and renamed into place: an interrupted installation leaves nothing that looks
    finished. Two at the same time are safe; the second waits and uses what the first made.

    Raises:
        InstallError: a tool or the network is missing, or no suite gave a program that runs.
    """
    prefix = prefix.absolute()
    prefix.parent.mkdir(parents=True, exist_ok=True)
    with _lock(prefix.with_name(prefix.name + ".lock")):
        ready = recipe.installed(prefix)
        if ready is not None:
            progress(f"{recipe.name} is already installed in {prefix}.", 1.0)
            return ready
        failures: list[str] = []
        for suite in recipe.suites:
            with tempfile.TemporaryDirectory(prefix=f".{prefix.name}-", dir=prefix.parent) as work:
                try:
                    folder = _build(recipe, Path(work), machine_archive(suite, mirror), progress)
                except (AptError, NotUsable) as error:
                    failures.append(f"{suite}: {error}")
                    continue
                if prefix.exists():
                    shutil.rmtree(prefix)
                folder.rename(prefix)
            ready = recipe.installed(prefix)
            if ready is not None:
                progress(f"{recipe.name} installed in {prefix}.", 1.0)
                return ready
            failures.append(f"{suite}: unpacked, and does not run from {prefix}")
    raise InstallError(
        f"No private {recipe.name} could be installed. " + " | ".join(failures) + " — mend what is named "
        f"here and run this again, or {recipe.instead}"
    )


def first_there(root: Path, *patterns: str) -> Path:
    """The first file or folder below `root` that fits a pattern.

    Raises:
        NotUsable: there is none.
    """
    for pattern in patterns:
        found = sorted(path for path in root.glob(pattern) if path.exists())
        if found:
            return found[0]
    raise NotUsable(f"the packages hold no {patterns[0]}")


def _build(recipe: Recipe[Found], work: Path, archive: Archive, progress: Progress) -> Path:
    """A whole installation in a folder below `work`, tried out.

    Raises:
        AptError: packages could not be fetched or unpacked.
        NotUsable: they were, and the program does not start.
    """
    apt = Apt(work / "apt", archive)
    progress(f"Reading the package lists of {archive.suite}.", 0.05)
    apt.update()
    progress(f"Fetching {recipe.name} and its libraries, about {recipe.megabytes} MB.", 0.15)
    packages = apt.fetch(recipe.packages)
    folder = work / "new"
    root = folder / "root"
    for number, package in enumerate(packages):
        progress(f"Unpacking {package.name.split('_')[0]}.", 0.5 + 0.45 * number / len(packages))
        unpack(package, root)
    relink(root)
    prune(root)
    _write_launcher(folder / recipe.launcher, root, recipe.program)
    recipe.finish(folder, archive)
    progress(f"Trying the new {recipe.name}.", 0.97)
    recipe.try_out(folder / recipe.launcher)
    return folder


def _write_launcher(launcher: Path, root: Path, program: str) -> None:
    triplet = first_there(root, "usr/lib/*/libc.so.6", "lib/*/libc.so.6").parent.name
    places = ("lib64", "usr/lib64", f"lib/{triplet}", f"usr/lib/{triplet}", "lib", "usr/lib")
    loader = first_there(root, *(f"{place}/ld-*.so*" for place in places)).relative_to(root)
    search = (f"usr/lib/{triplet}", f"lib/{triplet}", "usr/lib", "lib")
    libraries = ":".join(f"$here/root/{part}" for part in search)
    text = _LAUNCHER.format(loader=loader, libraries=libraries, program=program)
    launcher.write_text(text, encoding="utf-8")
    launcher.chmod(0o755)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
