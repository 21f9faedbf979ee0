"""The one question the rest of the product asks: which Asterisk do I run?"""

from pathlib import Path

from asterisk.install.binary import AsteriskBinary, find_on_path
from asterisk.install.debian import default_prefix, install_private
from asterisk.install.private import Progress, silent


def find_or_install(
    prefix: Path | None = None, *, progress: Progress = silent, mirror: str | None = None
) -> AsteriskBinary:
    """An Asterisk of version 18 or later on PATH, else a private one under `prefix`.

    Blocks: seconds when something must be installed, else milliseconds. `mirror` is the address of
    a Debian archive to use instead of the one in this machine's apt configuration.

    Raises:
        InstallError: nothing usable is here and nothing could be installed.
    """
    found = find_on_path()
    if found is not None:
        progress(f"Using Asterisk {found.version} at {found.program}.", 1.0)
        return found
    return install_private(prefix or default_prefix(), progress=progress, mirror=mirror)
