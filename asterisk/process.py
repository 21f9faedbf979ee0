"""A process that outlives the one that started it, and is known again afterwards (Linux)."""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LastingProcess:
    """A process id together with the kernel's start time of that process: ids are used again."""

    pid: int
    started_ticks: int

    def alive(self) -> bool:
        """Whether it still runs. A child that ended is reaped here, so no zombie stays."""
        state, started_ticks = _stat(self.pid)
        if started_ticks != self.started_ticks:
            return False
        try:
            return os.waitpid(self.pid, os.WNOHANG)[0] == 0
        except ChildProcessError:
            # Somebody else's child: started by a service that is gone.
            return state not in "ZX"

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process is gone."""
        if self.alive():
            os.kill(self.pid, number)


def spawn(command: Sequence[str | Path], log: Path) -> LastingProcess:
    """Start a program in a session of its own, its output appended to `log`.

    Raises:
        OSError: it cannot be started.
    """
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        command[0],
        [str(part) for part in command],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return LastingProcess(pid, _stat(pid)[1])


def _stat(pid: int) -> tuple[str, int]:
    """State letter and start time of a process; ("X", -1) when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "X", -1
    # The name in brackets may hold anything; what follows it is: state, then numbers from field 4.
    state, *numbers = stat.rpartition(")")[2].split()
    return state, int(numbers[18])
