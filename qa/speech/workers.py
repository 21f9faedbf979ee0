"""Transcription in worker processes: a crash in a model costs a worker, never the dialer (Q1).

Runs through any `concurrent.futures.Executor`: a pool of processes here, a cluster's executor elsewhere.
"""

import asyncio
import atexit
import faulthandler
import hashlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor
from concurrent.futures import CancelledError as FutureCancelled
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import structlog

from dialer.telephony.outcomes import Leg
from qa.conduct.rules import measure
from qa.conduct.sound import STEP, SoundUnreadable, leg_levels
from qa.speech.catalogue import EngineName
from qa.speech.crosstalk import Levels, without_crosstalk
from qa.speech.echo import without_echo
from qa.speech.executors import ClusterUnreachable, Place, default_workers, place
from qa.speech.models import InstalledModel, locate, shared_folder
from qa.speech.port import (
    AudioUnreadable,
    LegTranscript,
    MadeWith,
    Mark,
    SpeechEngine,
    SpeechError,
    SpeechStopped,
    Transcript,
    Word,
)
from qa.speech.vosk import VoskEngine
from qa.speech.whisper import WhisperEngine

__all__ = [
    "Deadline",
    "SpeechJob",
    "SpeechPool",
    "SpeechStopped",
    "WorkerCrashed",
    "WorkerHung",
    "default_workers",
]

log = structlog.get_logger(__name__)

# The least that a telephone's sound has in a file: what is larger is only given more time.
_BYTES_A_SECOND = 8000.0
# Where this process cannot end a worker that hangs (a cluster's), the worker does so itself, so much later.
_GRACE_SECONDS = 5.0
# The order of the channels in a recording: agent left, customer right.
BOTH_LEGS = (Leg.AGENT, Leg.CUSTOMER)
# Under this (dBFS) a frame says nothing about whether two channels are the same.
SILENT_DB = -60.0


class WorkerCrashed(SpeechError):
    """Decoding this recording killed the worker process twice; look at the audio and at the memory."""


class WorkerHung(SpeechError):
    """Decoding this recording did not come to an end in time; its worker was ended."""


@dataclass(frozen=True, slots=True)
class SpeechJob:
    """One recording to transcribe. `legs` names its channels from the left.

    `seconds` is its length, where it is known. A worker that is at it for `limit` seconds ends itself.
    """

    path: Path
    model: InstalledModel
    language: str = "zh"
    legs: tuple[Leg, ...] = BOTH_LEGS
    seconds: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long a recording may take: `factor` times its length, and `seconds` more."""

    factor: float = 20.0
    seconds: float = 300.0

    def of(self, job: SpeechJob) -> float:
        """Seconds for this recording. Of one whose length nobody knows, it goes by the size of its file."""
        length = job.seconds
        if length is None:
            try:
                length = job.path.stat().st_size / _BYTES_A_SECOND
            except OSError:
                length = 0.0
        return self.seconds + self.factor * length


def transcribe_recording(job: SpeechJob) -> Transcript:
    """Both legs of one recording, one after the other. Runs in a worker, which keeps the loaded model.

    Raises AudioUnreadable, EngineMissing, ModelMissing.
    """
    model = _model_here(job.model)
    with _one_at_a_time, _ends_itself(job.limit):
        engine = load_engine(model.engine, model.folder)
        made_with = _made_with(engine, model)
        started = time.perf_counter()
        levels = _levels(job)
        channels, marks = job.legs, set[Mark]()
        if len(job.legs) > 1 and _is_mono(levels):
            channels = job.legs[:1]
            marks.add(Mark.MONO)
        legs, echo = _hear(engine, job, channels)
    if Mark.MONO not in marks:
        legs, dropped = without_crosstalk(legs, levels, STEP)
        if dropped or echo:
            marks.add(Mark.CROSS_TALK)
    seconds = max(leg.seconds for leg in legs.values())
    return Transcript(
        engine=model.engine,
        model=model.name,
        language=job.language,
        seconds=seconds,
        took_seconds=time.perf_counter() - started,
        legs=legs,
        marks=frozenset(marks),
        made_with=made_with,
        conduct={} if Mark.MONO in marks else measure(levels, _words(legs), seconds, STEP),
    )


def _hear(
    engine: SpeechEngine, job: SpeechJob, channels: tuple[Leg, ...]
) -> tuple[dict[Leg, LegTranscript], bool]:
    """The words of each channel, and whether one leaked into the other; its echo is muted first."""
    with TemporaryDirectory() as folder:
        muted = Path(folder) / "muted.wav"
        echo = len(channels) > 1 and without_echo(job.path, muted)
        path = muted if echo else job.path
        legs = {leg: engine.transcribe(path, leg, index, job.language) for index, leg in enumerate(channels)}
    return legs, echo


@contextmanager
def _ends_itself(limit: float | None) -> Iterator[None]:
    """End this process after `limit` seconds, in whatever it hangs: the timer is no Python thread."""
    if limit is None:
        yield
        return
    faulthandler.dump_traceback_later(limit, exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


# A worker of a cluster may have several threads, and an engine decodes one recording at a time.
_one_at_a_time = threading.Lock()


@cache
def load_engine(engine: EngineName, folder: Path) -> SpeechEngine:
    """The engine with its model, loaded once a process. Raises EngineMissing."""
    return WhisperEngine(folder) if engine == "whisper" else VoskEngine(folder)


# A model of vosk can only be given back while its library is loaded.
atexit.register(load_engine.cache_clear)


def _levels(job: SpeechJob) -> Levels:
    try:
        return leg_levels(job.path, job.legs)
    except SoundUnreadable as error:
        raise AudioUnreadable(f"{error} (read on {os.uname().nodename})") from error


def _is_mono(levels: Levels) -> bool:
    """One channel, or two that are the same from the first frame to the last."""
    one, *others = levels.values()
    return not others or (any(level > SILENT_DB for level in one) and all(other == one for other in others))


def _model_here(model: InstalledModel) -> InstalledModel:
    """Another machine of a cluster may have it elsewhere. Raises ModelMissing."""
    return model if model.folder.is_dir() else locate(model.name, None, (shared_folder(),))


def _words(legs: dict[Leg, LegTranscript]) -> dict[Leg, tuple[Word, ...]]:
    return {leg: said.words for leg, said in legs.items()}


def _made_with(engine: SpeechEngine, model: InstalledModel) -> MadeWith:
    known = engine.capabilities
    return MadeWith(known.version, _revision(model.folder), known.settings)


@cache
def _revision(folder: Path) -> str:
    """The checksum of the model's largest file: it tells two models of one name apart."""
    largest = max(
        (path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size
    )
    with largest.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class SpeechPool:
    """Gives recordings to workers, makes a broken pool anew, and stops at once when told.

    Belongs to one event loop. The workers are at `where`; without it they are processes of this machine.
    A recording waits here until a worker is free, so that its `deadline` counts from when one begins.
    """

    def __init__(
        self,
        workers: int = 0,
        niceness: int = 10,
        where: Place | None = None,
        deadline: Deadline = Deadline(),
    ) -> None:
        self._place = where or place("", workers, niceness)
        self._deadline = deadline
        self._busy = 0
        self._freed = asyncio.Event()
        self._shared: Executor | None = None
        self._making = asyncio.Lock()
        self._suspects = asyncio.Lock()
        self._stopped = False

    @property
    def at_once(self) -> int:
        """How many recordings are decoded at the same time."""
        return self._place.at_once

    async def run(self, job: SpeechJob) -> Transcript:
        """Transcribe one recording; if its worker dies, once more with a worker of its own.

        Raises AudioUnreadable, EngineMissing, ModelMissing, SpeechStopped, ClusterUnreachable, WorkerCrashed,
        WorkerHung.
        """
        self._go_on(job)
        await self._executor()  # a cluster says how many it has only when it is there
        self._freed.set()
        while self._busy >= self._place.at_once:
            self._freed.clear()
            await self._freed.wait()
        self._busy += 1
        try:
            self._go_on(job)
            executor = await self._executor()
            return await self._decode(executor, job)
        except BrokenExecutor:
            self._go_on(job)
            self._drop(executor)
        finally:
            self._busy -= 1
            self._freed.set()
        log.warning("A transcription worker died.", action="transcribe", recording=str(job.path))
        # A dead worker takes the recordings beside it down too. One at a time shows which one did it.
        async with self._suspects:
            return await self._alone(job)

    def stop(self) -> None:
        """End the workers now, in the middle of a recording if need be. What waits raises SpeechStopped."""
        self._stopped = True
        self._freed.set()
        self._place.close()
        if self._shared is not None:
            self._place.release(self._shared)
            self._shared = None

    async def _executor(self) -> Executor:
        async with self._making:
            if self._shared is None:
                # A cluster may take seconds to answer.
                self._shared = await asyncio.to_thread(self._place.executor, self._place.at_once)
            return self._shared

    def _drop(self, executor: Executor) -> None:
        if self._shared is executor:
            self._shared = None
        self._place.release(executor)

    async def _alone(self, job: SpeechJob) -> Transcript:
        self._go_on(job)
        executor = await asyncio.to_thread(self._place.executor, 1)
        try:
            return await self._decode(executor, job)
        except BrokenExecutor as error:
            self._go_on(job)
            _crashed(job, error)
        finally:
            self._place.release(executor)

    def _go_on(self, job: SpeechJob) -> None:
        if self._stopped:
            raise SpeechStopped(f"Transcription was stopped before {job.path.name} was done.")

    async def _decode(self, executor: Executor, job: SpeechJob) -> Transcript:
        seconds = self._deadline.of(job)
        future = executor.submit(transcribe_recording, replace(job, limit=seconds + _GRACE_SECONDS))
        try:
            # Cancelled first: a cluster would give to its next worker what hung in this one.
            return await asyncio.wait_for(asyncio.wrap_future(future), seconds)
        except TimeoutError as error:
            self._go_on(job)
            self._place.kill(executor)
            self._drop(executor)
            raise WorkerHung(
                f"Transcribing {job.path} was not done after {seconds:.0f} s, and its worker was ended. "
                "Check that its disk answers; a machine so slow needs a smaller model, or a longer time "
                "(setting: deadline_factor)."
            ) from error
        except (asyncio.CancelledError, FutureCancelled) as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Nobody cancelled us: the cluster gave the work up, because its scheduler is gone.
            self._go_on(job)
            self._drop(executor)
            raise ClusterUnreachable(
                f"The cluster gave up {job.path.name}: is its scheduler there?"
            ) from error
        except Exception as error:
            if (
                type(error).__name__ == "KilledWorker"
            ):  # only a cluster knows this error, and may not be installed
                _crashed(job, error)
            raise


def _crashed(job: SpeechJob, error: Exception) -> NoReturn:
    raise WorkerCrashed(
        f"Transcribing {job.path} ended the worker process again and again. Check that the file is sound, "
        "and that the machine has about 1 GB of memory free for each worker (setting: workers)."
    ) from error
