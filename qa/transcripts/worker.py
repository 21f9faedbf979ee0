"""Transcribes what is archived: one look at what is due, and a loop around it."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from structlog.contextvars import bound_contextvars

from dialer.clock import Clock
from dialer.machine import IllegalMove
from dialer.storage.database import Database
from dialer.storage.work import work_through
from qa.speech.executors import ClusterUnreachable
from qa.speech.models import InstalledModel, choose
from qa.speech.port import AudioUnreadable, EngineMissing, ModelMissing, SpeechError, Transcript
from qa.speech.workers import SpeechJob, SpeechStopped, WorkerCrashed, WorkerHung, default_workers
from qa.transcripts import queries, service
from qa.transcripts.queries import Job
from qa.transcripts.rules import Priority, least_priority
from qa.transcripts.settings import TranscriptionSettings
from qa.transcripts.states import Failure, TranscriptState

log = structlog.get_logger(__name__)

_LONGEST_SLEEP = 1.0
# Calls leave a dozen rows a second; one look takes them all.
_PAUSE_AFTER_NEWS = 0.1

_ENGINE_COMMANDS = {"whisper": "pip install 'huifang[whisper]'", "vosk": "pip install vosk"}


class Transcriber(Protocol):
    """Turns one recording into words; `SpeechPool` does so in worker processes."""

    async def run(self, job: SpeechJob) -> Transcript: ...


class TranscriptionWorker:
    """Queues a transcript for every archived recording, and makes as many at once as the pool has workers.

    Work is in rows. A row is held by a short lease that is kept up while the engine works, so what a
    killed process left is taken up again within `lease_seconds` (Q1). `at_once` is how many the pool has;
    with `all_hours` the backlog is worked off at any hour.
    """

    def __init__(
        self,
        db: Database,
        pool: Transcriber,
        settings: TranscriptionSettings,
        clock: Clock,
        *,
        at_once: Callable[[], int] | None = None,
        all_hours: bool = False,
    ) -> None:
        self._db = db
        self._pool = pool
        self._settings = settings
        self._clock = clock
        workers = settings.speech.workers or default_workers()
        self._at_once = at_once or (lambda: workers)
        self._hours = None if all_hours else settings.hours
        self._running: dict[str, asyncio.Task[None]] = {}
        self._leased_at: datetime | None = None
        self._rest_until: datetime | None = None
        self._model_seen = False

    async def run(self) -> None:
        """Work until cancelled; trouble of any kind is logged and tried again."""
        try:
            await work_through(
                self._db.feed,
                self._look,
                action="transcribe",
                longest_sleep=_LONGEST_SLEEP,
                pause_after_news=_PAUSE_AFTER_NEWS,
            )
        finally:
            await self._give_back()

    async def step(self) -> int:
        """Queue what was archived, transcribe what is due and finds a worker free; give how much was done."""
        found = await self._look()
        while self._running:
            await asyncio.wait(self._running.values(), timeout=_LONGEST_SLEEP)
            await self._keep_leases()
        return found

    async def _look(self) -> int:
        now = self._clock()
        found = 0
        if await self._db.read(service.has_news):
            found += await self._db.write(partial(service.take_in_news, settings=self._settings, now=now))
        await self._keep_leases()
        free = self._at_once() - len(self._running)
        least = least_priority(now, self._hours, self._settings.zone)
        if (
            free > 0
            and not self.is_resting
            and await self._db.read(partial(queries.is_due, now=now, least=least))
        ):
            found += await self._begin(free, least, now)
        return found

    async def _begin(self, limit: int, least: Priority, now: datetime) -> int:
        model = await self._find_model()
        if model is None:
            return 0
        until = now + timedelta(seconds=self._settings.lease_seconds)
        claim = partial(queries.claim, now=now, until=until, limit=limit, least=least)
        claiming = asyncio.ensure_future(self._db.write(claim))
        try:
            jobs = await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # What is taken nevertheless would wait for its lease to run out.
            await self._release([job.attempt_id for job in await claiming])
            raise
        self._leased_at = self._leased_at or now
        for job in jobs:
            self._start(job, model)
        return len(jobs)

    def _start(self, job: Job, model: InstalledModel) -> None:
        with bound_contextvars(attempt=job.attempt_id):  # the task takes the binding with it
            task = asyncio.create_task(self._transcribe(job, model), name=f"transcribe-{job.attempt_id}")
        self._running[job.attempt_id] = task
        task.add_done_callback(lambda _: self._running.pop(job.attempt_id, None))

    async def _transcribe(self, job: Job, model: InstalledModel) -> None:
        path = self._settings.archive / job.path
        order = SpeechJob(path, model, self._settings.speech.language, seconds=job.seconds)
        try:
            transcript = await self._pool.run(order)
            await self._db.write(
                partial(service.keep, attempt_id=job.attempt_id, transcript=transcript, now=self._clock())
            )
        except IllegalMove:
            log.info("Another process was quicker.", action="transcribe", attempt=job.attempt_id)
        except ClusterUnreachable as error:
            what = {"address": self._settings.speech.cluster, "message": str(error)}
            await self._speechless(service.CLUSTER_UNREACHABLE, what)
            await self._release([job.attempt_id])
        except SpeechStopped:
            self._rest()
            await self._release([job.attempt_id])
        except EngineMissing as error:
            await self._report_engine(model, error)
            await self._release([job.attempt_id])
        except Exception as error:
            if await self._find_model() is None:  # it went away meanwhile: not this recording's fault
                await self._release([job.attempt_id])
            else:
                await self._note_failure(job, error)
        else:
            await self._tell(job, transcript)

    async def _note_failure(self, job: Job, error: Exception) -> None:
        reason = str(error) or type(error).__name__
        try:
            note = partial(service.note_failure, job=job, reason=reason, settings=self._settings)
            state = await self._db.write(partial(note, now=self._clock(), kind=_kind(error)))
        except IllegalMove:
            return
        tell = log.warning if isinstance(error, SpeechError) else partial(log.warning, exc_info=error)
        sentence = "A recording could not be transcribed and is tried again."
        if state is TranscriptState.FAILED:
            sentence = "A recording could not be transcribed: a person must look at it."
        tell(sentence, action="transcribe", attempt=job.attempt_id, tries=job.tries + 1, error=reason)

    async def _tell(self, job: Job, transcript: Transcript) -> None:
        counts = await self._db.read(queries.count_by_state)
        log.info(
            "A recording was transcribed.",
            action="transcribe",
            attempt=job.attempt_id,
            seconds=round(transcript.seconds, 1),
            work_seconds=round(transcript.took_seconds, 1),
            waiting=counts[TranscriptState.WAITING],
            done=counts[TranscriptState.DONE],
        )

    async def _find_model(self) -> InstalledModel | None:
        """The model of the settings; None and an alarm where it is missing, cleared when it is there."""
        speech = self._settings.speech
        try:
            model = await asyncio.to_thread(
                choose, speech.model, speech.model_path, self._settings.model_folders
            )
        except ModelMissing as error:
            await self._speechless(service.MODEL_MISSING, service.missing_model(speech.model, error))
            self._model_seen = False
            return None
        if not self._model_seen:
            await self._db.write(partial(service.model_found, now=self._clock()))
            self._model_seen = True
        return model

    async def _report_engine(self, model: InstalledModel, error: EngineMissing) -> None:
        command = _ENGINE_COMMANDS[model.engine]
        what = {"engine": model.engine, "command": command, "message": str(error)}
        await self._speechless(service.ENGINE_MISSING, what)

    async def _speechless(self, kind: str, what: dict[str, str]) -> None:
        self._rest()
        log.warning(what["message"], action="transcribe")
        await self._db.write(partial(service.speechless, kind=kind, what=what, now=self._clock()))

    def _rest(self) -> None:
        self._rest_until = self._clock() + timedelta(seconds=self._settings.model_retry_seconds)

    @property
    def is_resting(self) -> bool:
        """Whether nothing can be transcribed for the moment: a model, an engine or a cluster is missing."""
        return self._rest_until is not None and self._clock() < self._rest_until

    async def _keep_leases(self) -> None:
        """Well before they run out."""
        now = self._clock()
        lease = timedelta(seconds=self._settings.lease_seconds)
        if not self._running:
            self._leased_at = None
        elif self._leased_at is None or now - self._leased_at >= lease / 3:
            self._leased_at = now
            mine = list(self._running)
            await self._db.write(partial(queries.keep_leases, attempt_ids=mine, until=now + lease))

    async def _release(self, attempt_ids: list[str]) -> None:
        await self._db.write(partial(queries.give_back, attempt_ids=attempt_ids, now=self._clock()))

    async def _give_back(self) -> None:
        """Stop, and leave what is not done to whoever comes next."""
        unfinished = dict(self._running)
        for task in unfinished.values():
            task.cancel()
        await asyncio.gather(*unfinished.values(), return_exceptions=True)
        if unfinished:
            await self._release(list(unfinished))


def _kind(error: Exception) -> Failure:
    if isinstance(error, AudioUnreadable):
        return Failure.UNREADABLE
    if isinstance(error, WorkerHung):
        return Failure.HUNG
    return Failure.CRASHED if isinstance(error, WorkerCrashed) else Failure.OTHER
