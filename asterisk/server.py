"""A private Asterisk as a process: started, watched, stopped; it survives the service that started it."""

import asyncio
import json
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from asterisk.conf import AMI_HOST, Layout, Ports, render_private, write_files
from asterisk.install import AsteriskBinary
from asterisk.ports import choose_ports
from asterisk.process import LastingProcess, spawn
from asterisk.settings import AsteriskSettings, PrivateAsteriskSettings
from asterisk.version import Version

log = structlog.get_logger(__name__)

_NOTE = "server.json"
# A Unix socket's path may have 107 characters.
_LONGEST_SOCKET = 107
_POLL_SECONDS = 0.05
_ANSWER_SECONDS = 10.0


class ServerError(Exception):
    """The private Asterisk cannot be started or does not answer. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether Asterisk is ready to place calls, and a sentence about it."""

    ok: bool
    sentence: str


class AsteriskServer:
    """One private Asterisk with all its files below `run_dir`.

    `run_dir` may be one used before: its ports are kept when free, so that phones find it again.
    """

    def __init__(self, binary: AsteriskBinary, run_dir: Path, settings: PrivateAsteriskSettings) -> None:
        self.binary = binary
        self.settings = settings
        self.layout = Layout(run=run_dir.absolute(), modules=binary.modules, data=binary.data)
        self._ports: Ports | None = None
        self._process: LastingProcess | None = None

    @classmethod
    def attach(cls, run_dir: Path) -> "AsteriskServer | None":
        """The server that runs in `run_dir`, whoever started it; None when there is none."""
        try:
            note = json.loads((run_dir / _NOTE).read_text(encoding="utf-8"))
            binary = AsteriskBinary(
                Path(note["program"]), Version(*note["version"]), Path(note["modules"]), Path(note["data"])
            )
            server = cls(binary, run_dir, PrivateAsteriskSettings.model_validate(note["settings"]))
            server._ports = Ports(**note["ports"])
            server._process = LastingProcess(**note["process"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return server if server.running else None

    @property
    def running(self) -> bool:
        """Whether the process is alive (it may still be booting: see `health`)."""
        return self._process is not None and self._process.alive()

    @property
    def ports(self) -> Ports:
        """The ports in use.

        Raises:
            ServerError: not started yet.
        """
        if self._ports is None:
            raise ServerError("The private Asterisk has no ports yet: start it first.")
        return self._ports

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None and self._process.alive() else None

    def connection(self) -> AsteriskSettings:
        """How the service reaches this server."""
        return AsteriskSettings(
            host=AMI_HOST,
            port=self.ports.ami,
            username=self.settings.ami_username,
            secret=self.settings.ami_secret,
            recordings_dir=self.layout.recordings,
            cel_file=self.layout.cel_file,
            gate_seconds=self.settings.gate_seconds,
        )

    async def start(self, timeout: float = 30) -> None:
        """Write the configuration, start Asterisk and wait until it is fully booted.

        Raises:
            ServerError: it runs already, ends at once, or is not ready within `timeout` seconds.
            PortBusy: a port asked for is taken.
            ConfError: the folder cannot be named in a configuration file.
        """
        self._check_socket_path()
        before = self.attach(self.layout.run)
        if before is not None:
            raise ServerError(
                f"An Asterisk already runs in {self.layout.run} (process {before.pid}): use it, or "
                "stop it first."
            )
        self._ports = choose_ports(self.settings, _ports_before(self.layout.run))
        for folder in self.layout.folders():
            folder.mkdir(parents=True, exist_ok=True)
        # Before its first call Asterisk has no log; to the reader one that is missing proves nothing.
        self.layout.cel_file.touch()
        files = render_private(self.settings, self._ports, self.layout, self.binary.version)
        write_files(self.layout.etc, files)
        (self.layout.socket / "asterisk.ctl").unlink(missing_ok=True)
        self._process = spawn(
            [self.binary.program, "-f", "-C", self.layout.etc / "asterisk.conf"], self._console
        )
        self._write_note(self._process)
        try:
            await asyncio.wait_for(self._booted(), timeout)
        except asyncio.CancelledError:
            self._process.signal(signal.SIGKILL)
            raise
        except TimeoutError as error:
            await self.kill()
            raise ServerError(
                f"Asterisk was not ready within {timeout:.0f} s: see {self._console} and "
                f"{self.layout.log / 'messages'}."
            ) from error
        log.info(
            "The private Asterisk is ready.",
            action="start_asterisk",
            pid=self._process.pid,
            version=str(self.binary.version),
            ami_port=self._ports.ami,
        )

    async def stop(self, timeout: float = 10) -> None:
        """End it in order; calls in progress are hung up. Killed when it takes longer than `timeout` s."""
        if self._process is None:
            return
        self._process.signal(signal.SIGTERM)
        if not await self._gone(timeout):
            await self.kill()

    async def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.signal(signal.SIGKILL)
            await self._gone(10)

    async def health(self) -> Health:
        """Whether it runs, has booted, and its manager interface answers."""
        if not self.running:
            return Health(False, f"The private Asterisk in {self.layout.run} does not run: start it.")
        if "booted" not in await self.cli("core waitfullybooted"):
            return Health(False, "The private Asterisk does not answer on its control socket.")
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                reader, writer = await asyncio.open_connection(AMI_HOST, self.ports.ami)
                banner = await reader.readline()
            writer.close()
        except (OSError, TimeoutError):
            banner = b""
        if not banner.startswith(b"Asterisk Call Manager"):
            return Health(
                False, f"The manager interface at {AMI_HOST} port {self.ports.ami} does not answer."
            )
        return Health(True, f"Asterisk {self.binary.version} is ready, process {self.pid}.")

    async def cli(self, command: str) -> str:
        """What Asterisk's console answers to `command`; empty when it does not within 10 s."""
        process = await asyncio.create_subprocess_exec(
            self.binary.program,
            "-C",
            self.layout.etc / "asterisk.conf",
            "-rx",
            command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                output, _ = await process.communicate()
        except TimeoutError:
            return ""
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return output.decode("utf-8", "replace") if process.returncode == 0 else ""

    @property
    def _console(self) -> Path:
        return self.layout.log / "console.log"

    async def _booted(self) -> None:
        while "booted" not in await self.cli("core waitfullybooted"):
            if not self.running:
                tail = self._console.read_text(encoding="utf-8", errors="replace").strip()[-600:]
                raise ServerError(f"Asterisk ended while starting. It said: {tail}")
            await asyncio.sleep(_POLL_SECONDS)

    async def _gone(self, timeout: float) -> bool:
        for _ in range(int(timeout / _POLL_SECONDS)):
            if not self.running:
                return True
            await asyncio.sleep(_POLL_SECONDS)
        return False

    def _check_socket_path(self) -> None:
        path = self.layout.socket / "asterisk.ctl"
        if len(str(path)) > _LONGEST_SOCKET:
            raise ServerError(
                f"The folder {self.layout.run} has too long a path: Asterisk's control socket may have "
                f"{_LONGEST_SOCKET} characters. Choose a folder nearer to the root."
            )

    def _write_note(self, process: LastingProcess) -> None:
        note = {
            "program": str(self.binary.program),
            "version": list(self.binary.version),
            "modules": str(self.binary.modules),
            "data": str(self.binary.data),
            "ports": asdict(self.ports),
            "process": asdict(process),
            "settings": self.settings.model_dump(mode="json"),
        }
        write_files(self.layout.run, {_NOTE: json.dumps(note, indent=1)})


def _ports_before(run_dir: Path) -> Ports | None:
    try:
        return Ports(**json.loads((run_dir / _NOTE).read_text(encoding="utf-8"))["ports"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
