"""One service a data folder: two would give one customer two calls."""

import fcntl
import os
from pathlib import Path
from types import TracebackType

LOCK = "service.lock"


class AlreadyServed(Exception):
    """Another service runs on this data folder."""


def serving_pid(data_dir: Path) -> int | None:
    """The process of the service that runs on this data folder; None where none does. Takes no lock."""
    try:
        with (data_dir / LOCK).open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return int(file.read().strip() or 0)
    except (OSError, ValueError):
        pass
    return None


class ServiceLock:
    """Held while the service runs; the kernel frees it however the service ends."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / LOCK

    def __enter__(self) -> None:
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            pid = self._file.read().strip()
            self._file.close()
            raise AlreadyServed(
                f"a service already runs on {self._path.parent} (process {pid}): "
                "use that one, stop it first, or give another --data folder"
            ) from error
        self._file.seek(0)
        self._file.truncate()
        self._file.write(str(os.getpid()))
        self._file.flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
