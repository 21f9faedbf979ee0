"""The service as a drill has it: a process of its own, that can be killed, ended and held short."""

import asyncio
import json
import os
import resource
import signal
import sys
from pathlib import Path

# Everything is imported, and then it waits to be told how to run; where nobody tells it any more, it ends.
_READY = """
import json, sys
import dialer.app.service
from dialer.app.cli import run
told = sys.stdin.readline()
sys.argv = ["dialer", *json.loads(told)] if told else sys.exit()
run()
"""


class ServiceDied(RuntimeError):
    """The service ended though nobody killed or ended it. The message says where its log is."""


class ServiceProcess:
    """`dialer serve` on `data_dir`. What it says goes to service.log there."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self._data_dir = data_dir
        self._options = options
        self._process: asyncio.subprocess.Process | None = None
        self._next: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.returncode is None

    @property
    def code(self) -> int | None:
        """The exit code of the last one; None while it runs."""
        return self._process.returncode if self._process is not None else None

    async def prepare(self) -> None:
        """Have the next one ready, so that its start takes no longer than that of a small program."""
        if self._next is None or self._next.returncode is not None:
            self._next = await self._make()

    async def start(self, crash_at: str = "") -> None:
        """Start it; `crash_at` is the moment at which it kills itself (`dialer serve --crash-at`)."""
        await self.prepare()
        self._process, self._next = self._next, None
        assert self._process is not None and self._process.stdin is not None
        crash = ("--crash-at", crash_at) if crash_at else ()
        command = ["serve", "--data", str(self._data_dir), *self._options, *crash]
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        self._process.stdin.close()

    async def _make(self) -> asyncio.subprocess.Process:
        with (self._data_dir / "service.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", _READY),
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )

    async def wait(self) -> None:
        """Wait until it is over, whatever ends it."""
        if self._process is not None:
            await self._process.wait()

    def must_be_killed(self) -> None:
        """What is over was killed, by us or by itself.

        Raises:
            ServiceDied: it ended in another way.
        """
        if self.code not in (None, -signal.SIGKILL):
            log = self._data_dir / "service.log"
            raise ServiceDied(f"the service ended by itself with exit code {self.code}: see the end of {log}")

    async def kill(self) -> None:
        """Kill it as a power cut would; one that is over is no error."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    async def close(self) -> None:
        """Kill it, and the one that is ready."""
        await self.kill()
        if self._next is not None and self._next.returncode is None:
            self._next.kill()
            await self._next.wait()

    async def end(self) -> None:
        """End it as a person would, and wait until it has ended."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            await self._process.wait()

    def allow_files(self, most_bytes: int | None) -> None:
        """Let no file of it be written beyond so many bytes, as on a full disk; None: again without limit."""
        if self._process is not None and self._process.returncode is None:
            _, hard = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
            soft = hard if most_bytes is None else most_bytes
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (soft, hard))
