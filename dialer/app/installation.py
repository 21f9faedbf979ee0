"""Which installation this is: what tells its data folder from every copy of it (D8).

The same installation has its nodes back at once after a restart, since its earlier run is dead. That is
certain where the same kernel keeps the lock of the same file, and only there: a copy on this machine has
another file; one on another machine, and be it a clone, another boot. After a boot the lease is waited for.
"""

import hashlib
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from dialer.app.lock import LOCK
from dialer.clock import Clock
from dialer.ids import new_id

log = structlog.get_logger(__name__)

_FILE, _CAME = "installation", "copied-from"
_BOOT, _MACHINE = Path("/proc/sys/kernel/random/boot_id"), Path("/etc/machine-id")
_LONGEST_NAME = 140


@dataclass(frozen=True, slots=True)
class Installation:
    """`id` is kept in the data folder and copied with it; `place` is of this folder on this machine, now."""

    id: str
    place: str
    name: str

    @property
    def owner(self) -> str:
        """What names it in a lease."""
        return f"{self.name} {self.id}/{self.place}"


def installation_of(data_dir: Path) -> Installation:
    """The installation in this folder; it gets its id when it is asked for the first time."""
    lock = data_dir / LOCK
    if not lock.exists():
        lock.touch()
    seen = lock.stat()
    known = _read(data_dir)
    place = _digest(_text(_BOOT), str(seen.st_dev), str(seen.st_ino))
    return Installation(known["id"], place, f"{socket.gethostname()}:{data_dir}"[:_LONGEST_NAME])


def is_copy(owner: str, mine: Installation) -> bool:
    """Whether the owner of a lease is a copy of this installation, and not itself."""
    return f" {mine.id}/" in owner and owner != mine.owner


def note_copy(data_dir: Path, clock: Clock) -> None:
    """Note, and say, that this folder was copied since it was served the last time."""
    known, here = _read(data_dir), _home(data_dir / _FILE)
    if known["home"] == here:
        return
    came = {"host": known["host"], "at": clock().isoformat(timespec="seconds")}
    (data_dir / _CAME).write_text(json.dumps(came), encoding="utf-8")
    _write(data_dir, known["id"])
    log.warning(
        "This data folder is a copy. Where the one it was copied from is served, too, customers may be "
        "called twice: stop that service. `dialer doctor` says this until it is done.",
        action="note_copy",
        copied_from=known["host"],
    )


def copied_from(data_dir: Path) -> tuple[str, str] | None:
    """The machine that this folder was copied from and when it was noticed; None: it is the original."""
    try:
        came = json.loads((data_dir / _CAME).read_text(encoding="utf-8"))
        return str(came["host"]), str(came["at"])
    except (OSError, ValueError, KeyError):
        return None


def copy_note(data_dir: Path) -> Path:
    """The file to delete when the other one is served no more."""
    return data_dir / _CAME


def _read(data_dir: Path) -> dict[str, Any]:
    file = data_dir / _FILE
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(found, dict) and {"id", "home", "host"} <= found.keys():
            return found
    except (OSError, ValueError):
        pass  # not there yet, or spoilt by a full disk: a new id only costs waiting for a lease
    return _write(data_dir, new_id())


def _write(data_dir: Path, id: str) -> dict[str, Any]:
    file = data_dir / _FILE
    # In place: another file would be a copy.
    file.touch()
    row = {"id": id, "home": _home(file), "host": socket.gethostname()}
    file.write_text(json.dumps(row), encoding="utf-8")
    return row


def _home(file: Path) -> str:
    # A container may have no id of its machine; its folder is known by the file alone then.
    return _digest(_text(_MACHINE), str(file.stat().st_ino))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
