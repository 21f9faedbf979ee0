"""Listens to early media and short talks as they are kept: one look at what is due, and a loop around it."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar, TypeVarTuple

import structlog
from structlog.contextvars import bound_contextvars

from dialer.calling.service import EndRules
from dialer.clock import Clock
from dialer.machine import IllegalMove
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.work import work_through
from dialer.telephony.outcomes import Leg
from dialer.trunks.choosing import supervision
from dialer.trunks.settings import Supervision, TrunkSettings
from qa.announcements import queries, service
from qa.announcements.phrases import PhraseBook, PhrasesUnusable
from qa.announcements.queries import Job
from qa.announcements.rules import Result, Sound, Source, judge, of_sound
from qa.announcements.service import EARLY_KEPT, TRANSCRIBED, Clip
from qa.announcements.settings import AnnouncementSettings
from qa.announcements.sound import listen
from qa.announcements.states import HearingState
from qa.speech.models import InstalledModel, choose
from qa.speech.port import EngineMissing, ModelMissing, Word
from qa.speech.workers import SpeechJob, SpeechStopped
from qa.transcripts.queries import spoken
from qa.transcripts.service import MODEL_MISSING, missing_model, model_found, speechless
from qa.transcripts.settings import TranscriptionSettings
from qa.transcripts.worker import Transcriber
from recordings.queries import early_clip_of, recording_of
from recordings.service import CUSTOMER_CHANNEL

log = structlog.get_logger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_LONGEST_SLEEP = 1.0
_PAUSE_AFTER_NEWS = 0.1
_AT_ONCE = 4
_SITE = EndRules()


class _NothingThere(Exception):
    """The clip or the transcript is not in the archive. The message says which."""


class AnnouncementWorker:
    """Hears what the network said of each call that was not answered, and of short ones that were (D3).

    Work is in rows, and every step may be killed and done again. Silence and tones never reach the engine;
    the words of a talk are those of its transcript. `executor` does what takes milliseconds, `pool` the rest.
    """

    def __init__(
        self,
        db: Database,
        pool: Transcriber,
        executor: Executor,
        library: Library,
        settings: AnnouncementSettings,
        speech: TranscriptionSettings,
        clock: Clock,
        *,
        trunks: Sequence[TrunkSettings] = (),
        site: EndRules = _SITE,
    ) -> None:
        self._db = db
        self._pool = pool
        self._executor = executor
        self._library = library
        self._settings = settings
        self._speech = speech
        self._clock = clock
        self._trunks = trunks
        self._site = site
        self._book = PhraseBook(settings.phrases)
        self._rest_until: datetime | None = None
        self._model_missing = False

    async def run(self) -> None:
        """Work until cancelled; trouble of any kind is logged and tried again."""
        await work_through(
            self._db.feed,
            self.step,
            action="hear_announcement",
            longest_sleep=_LONGEST_SLEEP,
            kinds=(EARLY_KEPT, TRANSCRIBED),
            pause_after_news=_PAUSE_AFTER_NEWS,
        )

    async def step(self) -> int:
        """Queue what is new, listen to what is due; give how much was done."""
        now = self._clock()
        done = 0
        if await self._db.read(service.has_news):
            expect = partial(service.expect, trunks=self._trunks, settings=self._settings, now=now)
            done += await self._db.write(expect)
        if self._is_resting(now) or not await self._db.read(partial(queries.is_due, now=now)):
            return done
        until = now + timedelta(seconds=self._settings.lease_seconds)
        jobs = await self._db.write(partial(queries.claim, now=now, until=until, limit=_AT_ONCE))
        await asyncio.gather(*(self._do(job) for job in jobs))
        return done + len(jobs)

    async def _do(self, job: Job) -> None:
        with bound_contextvars(attempt=job.attempt_id):
            await self._hear(job)

    async def _hear(self, job: Job) -> None:
        try:
            result, clip = await (self._early(job) if job.source is Source.EARLY else self._talk(job))
            keep = partial(service.keep, job=job, result=result, clip=clip, library=self._library)
            effect = await self._db.write(partial(keep, now=self._clock(), site=self._site))
        except IllegalMove:
            log.info("Another process was quicker.", action="hear_announcement", attempt=job.attempt_id)
        except (SpeechStopped, ModelMissing, EngineMissing, PhrasesUnusable) as error:
            await self._rest(error)
            await self._give_back(job)
        except asyncio.CancelledError:
            await asyncio.shield(self._give_back(job))
            raise
        except Exception as error:
            await self._note_failure(job, error)
        else:
            log.info(
                "A line was listened to.",
                action="hear_announcement",
                attempt=job.attempt_id,
                heard=result.heard.value,
                effect=effect.value,
                source=job.source.value,
            )

    async def _early(self, job: Job) -> tuple[Result, Clip]:
        kept = await self._db.read(partial(early_clip_of, attempt_id=job.attempt_id))
        if kept is None:
            raise _NothingThere("the clip of the early media has no row any more")
        path = self._speech.archive / kept.path
        sound = await self._run(listen, path, 0)
        alone = of_sound(sound)
        if alone is not None:
            return Result(alone), Clip(kept.path, kept.sha256)
        order = SpeechJob(path, await self._model(), self._speech.speech.language, (Leg.CUSTOMER,))
        heard = await self._pool.run(order)
        result = await self._judge(job, heard.legs[Leg.CUSTOMER].words, sound)
        made = Clip(kept.path, kept.sha256, heard.engine, heard.model, round(heard.took_seconds, 3))
        return result, made

    async def _talk(self, job: Job) -> tuple[Result, Clip]:
        row, said = await self._db.read(
            lambda conn: (recording_of(conn, job.attempt_id), spoken(conn, job.attempt_id))
        )
        if row is None or row.path is None or row.sha256 is None or said is None:
            raise _NothingThere("the recording or its transcript is not there any more")
        sound = await self._run(listen, self._speech.archive / row.path, CUSTOMER_CHANNEL)
        leg = said.legs.get(Leg.CUSTOMER)
        result = await self._judge(job, leg.words if leg else (), sound)
        return result, Clip(row.path, row.sha256, said.engine, said.model)

    async def _judge(self, job: Job, words: Sequence[Word], sound: Sound) -> Result:
        supervised = supervision(self._trunks, job.trunk) is not Supervision.NONE
        phrases = await self._run(self._book.get)
        return await self._run(partial(judge, words, phrases, job.source, sound, supervised=supervised))

    async def _model(self) -> InstalledModel:
        speech, folders = self._speech.speech, self._speech.model_folders
        model = await self._run(choose, speech.model, speech.model_path, folders)
        if self._model_missing:
            await self._db.write(partial(model_found, now=self._clock()))
            self._model_missing = False
        return model

    async def _rest(self, error: Exception) -> None:
        """Nothing can be made of speech now: wait, and let a person know."""
        self._rest_until = self._clock() + timedelta(seconds=self._speech.model_retry_seconds)
        log.warning(str(error), action="hear_announcement")
        if isinstance(error, ModelMissing):
            what = missing_model(self._speech.speech.model, error)
            tell = partial(speechless, kind=MODEL_MISSING, what=what)
            await self._db.write(partial(tell, now=self._clock()))
            self._model_missing = True

    def _is_resting(self, now: datetime) -> bool:
        return self._rest_until is not None and now < self._rest_until

    async def _note_failure(self, job: Job, error: Exception) -> None:
        reason = str(error) or type(error).__name__
        note = partial(service.note_failure, job=job, reason=reason, settings=self._settings)
        try:
            state = await self._db.write(partial(note, now=self._clock()))
        except IllegalMove:
            return
        sentence = "A line could not be listened to and is tried again."
        if state is HearingState.FAILED:
            sentence = "A line could not be listened to: what was signalled stands."
        log.warning(sentence, action="hear_announcement", attempt=job.attempt_id, error=reason)

    async def _give_back(self, job: Job) -> None:
        await self._db.write(partial(service.give_back, job=job, now=self._clock()))

    async def _run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        return await asyncio.wrap_future(self._executor.submit(work, *args))
