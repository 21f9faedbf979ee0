"""Transcription in worker processes: a crash in a model costs a worker, never the dialer (Q1).

Runs through any `concurrent.futures.Executor`: a pool of processes here, a cluster's executor elsewhere.
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import structlog

from dialer.telephony.outcomes import Leg
from qa.speech.catalogue import EngineName
from qa.speech.models import InstalledModel
from qa.speech.port import SpeechEngine, SpeechError, Transcript
from qa.speech.vosk import VoskEngine
from qa.speech.whisper import WhisperEngine

log = structlog.get_logger(__name__)

# The order of the channels in a recording: agent left, customer right.
BOTH_LEGS = (Leg.AGENT, Leg.CUSTOMER)


class SpeechStopped(SpeechError):
    """The pool was stopped while this recording was decoded; it stays undone and can be given again."""


class WorkerCrashed(SpeechError):
    """Decoding this recording killed the worker process twice; look at the audio and at the memory."""


@dataclass(frozen=True, slots=True)
class SpeechJob:
    """One recording to transcribe. `legs` names its channels from the left."""

    path: Path
    model: InstalledModel
    language: str = "zh"
    legs: tuple[Leg, ...] = BOTH_LEGS


def transcribe_recording(job: SpeechJob) -> Transcript:
    """Both legs of one recording, one after the other. Runs in a worker, which keeps the loaded model.

    Raises AudioUnreadable, EngineMissing.
    """
    started = time.perf_counter()
    engine = load_engine(job.model.engine, job.model.folder)
    legs = {leg: engine.transcribe(job.path, leg, index, job.language) for index, leg in enumerate(job.legs)}
    return Transcript(
        engine=job.model.engine,
        model=job.model.name,
        language=job.language,
        seconds=max(leg.seconds for leg in legs.values()),
        took_seconds=time.perf_counter() - started,
        legs=legs,
    )


@cache
def load_engine(engine: EngineName, folder: Path) -> SpeechEngine:
    """The engine with its model, loaded once a process. Raises EngineMissing."""
    return WhisperEngine(folder) if engine == "whisper" else VoskEngine(folder)


def default_workers() -> int:
    """All cores but one, which stays with the dialer and Asterisk."""
    return max(1, (os.cpu_count() or 1) - 1)


class SpeechPool:
    """Gives recordings to workers, makes a broken pool anew, and stops at once when told.

    Belongs to one event loop. `make` builds an executor for so many workers.
    """

    def __init__(
        self, workers: int = 0, niceness: int = 10, make: Callable[[int], Executor] | None = None
    ) -> None:
        self._workers = workers or default_workers()
        self._niceness = niceness
        self._make = make or self._processes
        self._shared: Executor | None = None
        self._suspects = asyncio.Lock()
        self._stopped = False
        # Spawned, not forked: a fork would copy the locks and database handles of the service.
        self._context = get_context("spawn")
        self._workers_end, self._our_end = self._context.Pipe(duplex=False)

    async def run(self, job: SpeechJob) -> Transcript:
        """Transcribe one recording; if its worker dies, once more with a worker of its own.

        Raises AudioUnreadable, EngineMissing, SpeechStopped, WorkerCrashed.
        """
        self._go_on(job)
        executor = self._shared = self._shared or self._make(self._workers)
        try:
            return await self._decode(executor, job)
        except BrokenExecutor:
            self._go_on(job)
            if self._shared is executor:
                self._shared = None
            executor.shutdown(wait=False)
        log.warning("A transcription worker died.", action="transcribe", recording=str(job.path))
        # A dead worker takes the recordings beside it down too. One at a time shows which one did it.
        async with self._suspects:
            return await self._alone(job)

    def stop(self) -> None:
        """End the workers now, in the middle of a recording if need be. What waits raises SpeechStopped."""
        self._stopped = True
        self._our_end.close()
        self._workers_end.close()
        if self._shared is not None:
            self._shared.shutdown(wait=False)
            self._shared = None

    async def _alone(self, job: SpeechJob) -> Transcript:
        self._go_on(job)
        executor = self._make(1)
        try:
            return await self._decode(executor, job)
        except BrokenExecutor as error:
            self._go_on(job)
            raise WorkerCrashed(
                f"Transcribing {job.path} ended the worker process twice. Check that the file is sound, and "
                "that the machine has about 1 GB of memory free for each worker (setting: workers)."
            ) from error
        finally:
            executor.shutdown(wait=False)

    def _go_on(self, job: SpeechJob) -> None:
        if self._stopped:
            raise SpeechStopped(f"Transcription was stopped before {job.path.name} was done.")

    @staticmethod
    async def _decode(executor: Executor, job: SpeechJob) -> Transcript:
        return await asyncio.wrap_future(executor.submit(transcribe_recording, job))

    def _processes(self, workers: int) -> Executor:
        return ProcessPoolExecutor(
            workers,
            mp_context=self._context,
            initializer=_become_worker,
            initargs=(self._workers_end, self._niceness),
        )


def _become_worker(life: Connection, niceness: int) -> None:
    os.nice(niceness)
    os.environ["OMP_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which then stops us
    threading.Thread(target=_die_with_parent, args=(life,), daemon=True).start()


def _die_with_parent(life: Connection) -> None:
    """The other end is held by the service alone: it closes when that stops us, and when that is killed."""
    try:
        life.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)
