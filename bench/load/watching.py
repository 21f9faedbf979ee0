"""Who watches a load run from outside: what Asterisk tells of the calls, and what the processes take."""

import asyncio
import os
import time
import wave
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from asterisk.settings import AsteriskSettings
from bench.load.sums import Usage
from bench.raw_ami import Address, RawAmi, header, is_call

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_SAMPLE_SECONDS = 0.5


class CallTimes:
    """When each call was answered and over, as a manager client of its own was told; monotonic seconds."""

    def __init__(self) -> None:
        self.answered: dict[str, float] = {}
        self.ended: dict[str, float] = {}
        self.placed: set[str] = set()
        self.most_up = 0
        self.client: RawAmi | None = None

    @property
    def up(self) -> int:
        """Customers talking now."""
        return len(self.answered) - len(self.ended)

    async def listen(self, settings: AsteriskSettings) -> None:
        """Log in and be told from now on.

        Raises:
            LoginRefused, OSError, TimeoutError: see RawAmi.connect.
        """
        self.client = await RawAmi.connect(Address.of(settings), self.take)

    def take(self, message: bytes) -> None:
        """Note what a message tells."""
        if not message.startswith(b"Event: "):
            return
        if message.startswith(b"Event: UserEvent"):
            self._take_ours(header(message, b"UserEvent"), message)
        elif message.startswith(b"Event: Newchannel") and is_call(call := header(message, b"Uniqueid")):
            self.placed.add(call)

    def _take_ours(self, name: str, message: bytes) -> None:
        call = header(message, b"Attempt")
        if name == "HFAnswered":
            self.answered.setdefault(call, time.monotonic())
            self.most_up = max(self.most_up, self.up)
        elif name == "HFLegEnd" and header(message, b"Side") == "customer" and call in self.answered:
            self.ended.setdefault(call, time.monotonic())

    def close(self) -> None:
        """Log out."""
        if self.client is not None:
            self.client.close()


class Meter:
    """What processes take from `start` to `stop`, and how many calls were up meanwhile."""

    def __init__(self, times: CallTimes, **pids: int) -> None:
        self._times = times
        self._pids = pids
        self._ups: list[int] = []
        self._task: asyncio.Task[None] | None = None
        self._began = 0.0
        self._before: dict[str, float] = {}
        self.seconds = 0.0
        self.usage: dict[str, Usage] = {}

    def start(self) -> None:
        """Begin."""
        self._began = time.monotonic()
        self._before = {name: cpu_seconds(pid) for name, pid in self._pids.items()}
        self._task = asyncio.create_task(self._sample())

    async def stop(self) -> None:
        """End, and fill `seconds` and `usage`."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self.seconds = round(time.monotonic() - self._began, 1)
        for name, pid in self._pids.items():
            took = cpu_seconds(pid) - self._before[name]
            self.usage[name] = Usage(round(100 * took / self.seconds, 1), round(most_megabytes(pid), 1))

    @property
    def up(self) -> float:
        """Customers talking, on average."""
        return round(sum(self._ups) / len(self._ups), 1) if self._ups else 0.0

    async def _sample(self) -> None:
        while True:
            self._ups.append(self._times.up)
            await asyncio.sleep(_SAMPLE_SECONDS)


def cpu_seconds(pid: int) -> float:
    """Seconds of the processor that a process and its threads have taken; 0 where there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(stat[11]) + int(stat[12])) / _TICKS_A_SECOND


def most_megabytes(pid: int) -> float:
    """The most memory a process has had in use, in MB; 0 where there is none."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def shorter_side(folder: Path, calls: Iterable[str]) -> dict[str, float]:
    """Seconds of the shorter side of each call whose two sides lie in Asterisk's folder."""
    found: dict[str, float] = {}
    for call in calls:
        with suppress(OSError, EOFError, wave.Error):
            found[call] = min(_seconds(folder / f"{call}.{side}.wav") for side in ("agent", "customer"))
    return found


def _seconds(file: Path) -> float:
    with wave.open(str(file)) as audio:
        frames, rate = audio.getnframes(), audio.getframerate()
    return float(frames / rate)
