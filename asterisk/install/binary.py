"""An Asterisk program on this machine, and where its modules and sounds are."""

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from asterisk.version import Version, parse_version

OLDEST_ON_PATH = (18,)

_CONF = Path("/etc/asterisk/asterisk.conf")
_MODULE_FOLDERS = ("/usr/lib/*/asterisk/modules", "/usr/lib/asterisk/modules", "/usr/lib64/asterisk/modules")
_DATA_FOLDERS = ("/usr/share/asterisk", "/var/lib/asterisk")


class NotUsable(Exception):
    """The program is there and does not run as an Asterisk. The message says what it answered."""


@dataclass(frozen=True, slots=True)
class AsteriskBinary:
    """A program that runs, its version, and the folders its configuration must name."""

    program: Path
    version: Version
    modules: Path
    data: Path


def ask_version(program: Path) -> Version:
    """The version the program tells.

    Raises:
        NotUsable: it cannot be started, or answers something else than a version.
    """
    try:
        done = subprocess.run(
            [program, "-V"], capture_output=True, text=True, errors="replace", timeout=30, check=False
        )
        return parse_version(done.stdout)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotUsable(f"{program} cannot be started: {error}") from error
    except ValueError as error:
        answer = (done.stderr or done.stdout).strip()[:500]
        raise NotUsable(f"{program} -V did not tell a version, but: {answer}") from error


def find_on_path(path: str | None = None, conf: Path = _CONF) -> AsteriskBinary | None:
    """The Asterisk that this machine's PATH leads to, when it is 18 or later and complete.

    `path` replaces the environment's PATH; `conf` is where its packager wrote its folders.
    """
    found = shutil.which("asterisk", path=path)
    if found is None:
        return None
    program = Path(found)
    try:
        version = ask_version(program)
    except NotUsable:
        return None
    folders = _folders_in(conf)
    modules = _first_folder(folders.get("astmoddir"), _MODULE_FOLDERS)
    data = _first_folder(folders.get("astdatadir"), _DATA_FOLDERS)
    if version < OLDEST_ON_PATH or modules is None or data is None:
        return None
    return AsteriskBinary(program, version, modules, data)


def _folders_in(conf: Path) -> dict[str, str]:
    try:
        text = conf.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return dict(re.findall(r"^\s*(ast\w+)\s*=>?\s*(\S+)", text, re.MULTILINE))


def _first_folder(named: str | None, patterns: Iterable[str]) -> Path | None:
    candidates = [Path(named)] if named else []
    for pattern in patterns:
        candidates.extend(sorted(Path("/").glob(pattern.lstrip("/"))))
    return next((folder for folder in candidates if folder.is_dir()), None)
