"""sipp, the load generator: the one on PATH, else a private one from Debian's packages."""

import re
import shutil
import subprocess
from pathlib import Path

from asterisk.install.apt import Archive
from asterisk.install.binary import NotUsable
from asterisk.install.private import Progress, Recipe, cache_folder, install, silent

# Since 3.6 it streams a raw A-law file to each call by itself.
OLDEST = (3, 6)
# Stable suites: every one has a 3.6 or later.
_SUITES = ("bookworm", "bullseye")


def find_or_install_sipp(
    prefix: Path | None = None, *, progress: Progress = silent, mirror: str | None = None
) -> Path:
    """The program sipp, 3.6 or later. Blocks: seconds when it must be installed, else milliseconds.

    Raises:
        InstallError: none is here and none could be installed.
    """
    found = shutil.which("sipp")
    if found is not None and (usable := _usable(Path(found))) is not None:
        return usable
    return install(_RECIPE, prefix or cache_folder() / "sipp", progress=progress, mirror=mirror)


def sipp_version(program: Path) -> tuple[int, int]:
    """Major and minor version that `program` tells.

    Raises:
        NotUsable: it cannot be started, or answers something else than a version.
    """
    try:
        # It leaves with 99 after telling its version.
        done = subprocess.run(
            [program, "-v"], capture_output=True, text=True, errors="replace", timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotUsable(f"{program} cannot be started: {error}") from error
    told = re.search(r"SIPp v(\d+)\.(\d+)", done.stdout)
    if told is None:
        answer = (done.stderr or done.stdout).strip()[:500]
        raise NotUsable(f"{program} -v did not tell a version, but: {answer}")
    return int(told[1]), int(told[2])


def _usable(program: Path) -> Path | None:
    try:
        return program if sipp_version(program) >= OLDEST else None
    except NotUsable:
        return None


def _nothing_more(_folder: Path, _archive: Archive) -> None:
    """Unpacked, it is whole."""


_RECIPE = Recipe(
    name="sipp",
    packages=("sip-tester",),
    suites=_SUITES,
    megabytes=10,
    program="usr/bin/sipp",
    finish=_nothing_more,
    try_out=sipp_version,
    installed=lambda prefix: _usable(prefix / "sipp"),
    instead="install the package sip-tester (sipp 3.6 or later).",
)
