"""A private Asterisk from Debian's packages: no root, and nothing touched outside one folder.

The package and its whole library closure are fetched with an apt state of their own and unpacked; a
launcher starts Asterisk with its own dynamic loader, so that the machine's libc does not matter.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from asterisk.install.apt import Apt, AptError, Archive, machine_archive
from asterisk.install.binary import AsteriskBinary, NotUsable, ask_version
from asterisk.install.unpack import prune, relink, unpack

Progress = Callable[[str, float], None]
"""Told what is being done, as a sentence, and how much of the whole is done (0 to 1)."""

PACKAGES = ("asterisk", "asterisk-core-sounds-en", "asterisk-core-sounds-en-wav", "asterisk-moh-opsound-wav")

# sid cannot be pinned to a version and may be broken on a bad day; bullseye stays as it is.
SUITES = ("sid", "bullseye")

_NOTE = "install.json"
_LAUNCHER = """#!/bin/sh
# Starts the private Asterisk with its own loader and libraries. Written by the installer.
here=$(dirname "$(readlink -f "$0")")
exec "$here/root/{loader}" --inhibit-cache --library-path "{libraries}" "$here/root/usr/sbin/asterisk" "$@"
"""


class InstallError(Exception):
    """No Asterisk could be installed. The message says why and what to do."""


def silent(_text: str, _done: float) -> None:
    """The progress callback of those who do not look."""


def default_prefix() -> Path:
    """The folder shared by all checkouts of one user."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "huifang" / "asterisk"


def installed(prefix: Path) -> AsteriskBinary | None:
    """The private Asterisk under `prefix`, when there is a whole one."""
    try:
        note = json.loads((prefix / _NOTE).read_text(encoding="utf-8"))
        program = prefix / "asterisk"
        return AsteriskBinary(program, ask_version(program), prefix / note["modules"], prefix / note["data"])
    except (OSError, ValueError, KeyError, NotUsable):
        return None


def install_private(
    prefix: Path, *, progress: Progress = silent, mirror: str | None = None, suites: tuple[str, ...] = SUITES
) -> AsteriskBinary:
    """Install into `prefix` unless a whole Asterisk is already there.

    Built beside `prefix` and renamed into place: an interrupted installation leaves nothing that looks
    finished. Two at the same time are safe; the second waits and uses what the first made.

    Raises:
        InstallError: a tool or the network is missing, or no suite gave an Asterisk that runs.
    """
    prefix = prefix.absolute()
    prefix.parent.mkdir(parents=True, exist_ok=True)
    with _lock(prefix.with_name(prefix.name + ".lock")):
        ready = installed(prefix)
        if ready is not None:
            progress(f"Asterisk {ready.version} is already installed in {prefix}.", 1.0)
            return ready
        failures: list[str] = []
        for suite in suites:
            with tempfile.TemporaryDirectory(prefix=f".{prefix.name}-", dir=prefix.parent) as work:
                try:
                    archive = machine_archive(suite, mirror)
                    folder = _build(Path(work), archive, progress)
                except (AptError, NotUsable) as error:
                    failures.append(f"{suite}: {error}")
                    continue
                if prefix.exists():
                    shutil.rmtree(prefix)
                folder.rename(prefix)
            ready = installed(prefix)
            if ready is not None:
                progress(f"Asterisk {ready.version} installed in {prefix}.", 1.0)
                return ready
            failures.append(f"{suite}: unpacked, and does not run from {prefix}")
    raise InstallError(
        "No private Asterisk could be installed. " + " | ".join(failures) + " — mend what is named here and "
        "run this again, or install Asterisk 18 or later yourself and put it on PATH."
    )


def _build(work: Path, archive: Archive, progress: Progress) -> Path:
    """A whole installation in a folder below `work`, tried with `-V`.

    Raises:
        AptError: packages could not be fetched or unpacked.
        NotUsable: they were, and the program does not start.
    """
    apt = Apt(work / "apt", archive)
    progress(f"Reading the package lists of {archive.suite}.", 0.05)
    apt.update()
    progress("Fetching Asterisk and its libraries, about 70 MB.", 0.15)
    packages = apt.fetch(PACKAGES)
    folder = work / "new"
    root = folder / "root"
    for number, package in enumerate(packages):
        progress(f"Unpacking {package.name.split('_')[0]}.", 0.5 + 0.45 * number / len(packages))
        unpack(package, root)
    relink(root)
    prune(root)
    _finish(folder, root, archive.suite)
    progress("Trying the new Asterisk.", 0.97)
    ask_version(folder / "asterisk")
    return folder


def _finish(folder: Path, root: Path, suite: str) -> None:
    modules = _only(root, "usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules")
    triplet = _only(root, "usr/lib/*/libc.so.6", "lib/*/libc.so.6").parent.name
    places = ("lib64", "usr/lib64", f"lib/{triplet}", f"usr/lib/{triplet}", "lib", "usr/lib")
    loader = _only(root, *(f"{place}/ld-*.so*" for place in places))
    data = root / "usr/share/asterisk"
    # The package's own installation script would make this link.
    english = data / "sounds" / "en"
    if not english.exists():
        english.symlink_to("en_US_f_Allison")
    search = (f"usr/lib/{triplet}", f"lib/{triplet}", "usr/lib", "lib")
    launcher = folder / "asterisk"
    launcher.write_text(
        _LAUNCHER.format(
            loader=loader.relative_to(root), libraries=":".join(f"$here/root/{part}" for part in search)
        ),
        encoding="utf-8",
    )
    launcher.chmod(0o755)
    note = {
        "suite": suite,
        "modules": str(modules.relative_to(folder)),
        "data": str(data.relative_to(folder)),
    }
    (folder / _NOTE).write_text(json.dumps(note, indent=1), encoding="utf-8")


def _only(root: Path, *patterns: str) -> Path:
    for pattern in patterns:
        found = sorted(path for path in root.glob(pattern) if path.exists())
        if found:
            return found[0]
    raise NotUsable(f"the packages hold no {patterns[0]}")


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
