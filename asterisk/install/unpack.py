"""Packages unpacked into a folder that will never be anybody's root directory."""

import os
import shutil
import subprocess
from pathlib import Path

from asterisk.install.apt import AptError

# Nothing a running Asterisk reads: a third of the size.
_NEEDLESS = (
    "usr/share/man",
    "usr/share/locale",
    "usr/share/perl*",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/zoneinfo",
    "usr/share/doc/[!a]*",
    "usr/lib/*/perl*",
    "usr/lib/*/libperl*",
)


def unpack(package: Path, root: Path) -> None:
    """Put the files of one .deb below `root`.

    Raises:
        AptError: the package is damaged or the disk is full.
    """
    root.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as deb:
        tar = subprocess.run(
            ["tar", "-x", "-C", root, "--keep-directory-symlink", "--no-same-owner"],
            stdin=deb.stdout,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    if tar.returncode != 0 or deb.returncode != 0:
        raise AptError(f"{package.name} cannot be unpacked (is the disk full?): {tar.stderr.strip()[-300:]}")


def relink(root: Path) -> None:
    """Make absolute links relative: they mean files below `root`, not the machine's own."""
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink() and (target := path.readlink()).is_absolute():
                inside = root / target.relative_to("/")
                path.unlink()
                path.symlink_to(os.path.relpath(inside, path.parent))


def prune(root: Path) -> None:
    """Delete what a running Asterisk never reads."""
    for pattern in _NEEDLESS:
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
