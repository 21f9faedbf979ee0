"""A private Asterisk from Debian's packages."""

import dataclasses
import json
from pathlib import Path

from asterisk.install.apt import Archive
from asterisk.install.binary import AsteriskBinary, NotUsable, ask_version
from asterisk.install.private import Progress, Recipe, cache_folder, first_there, install, silent

# sid cannot be pinned to a version and may be broken on a bad day; bullseye stays as it is.
SUITES = ("sid", "bullseye")

_NOTE = "install.json"


def default_prefix() -> Path:
    """The folder shared by all checkouts of one user."""
    return cache_folder() / "asterisk"


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
    """Install Asterisk into `prefix` unless a whole one is already there (see `private.install`).

    Raises:
        InstallError: a tool or the network is missing, or no suite gave an Asterisk that runs.
    """
    return install(dataclasses.replace(_RECIPE, suites=suites), prefix, progress=progress, mirror=mirror)


def _finish(folder: Path, archive: Archive) -> None:
    root = folder / "root"
    modules = first_there(root, "usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules")
    data = root / "usr/share/asterisk"
    # The package's own installation script would make this link.
    english = data / "sounds" / "en"
    if not english.exists():
        english.symlink_to("en_US_f_Allison")
    note = {
        "suite": archive.suite,
        "modules": str(modules.relative_to(folder)),
        "data": str(data.relative_to(folder)),
    }
    (folder / _NOTE).write_text(json.dumps(note, indent=1), encoding="utf-8")


_RECIPE = Recipe(
    name="Asterisk",
    packages=(
        "asterisk",
        "asterisk-core-sounds-en",
        "asterisk-core-sounds-en-wav",
        "asterisk-moh-opsound-wav",
    ),
    suites=SUITES,
    megabytes=70,
    program="usr/sbin/asterisk",
    finish=_finish,
    try_out=ask_version,
    installed=installed,
    instead="install Asterisk 18 or later yourself and put it on PATH.",
)
