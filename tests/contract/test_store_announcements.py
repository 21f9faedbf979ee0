"""From the kept clip to the changed retry, by rows alone: what the announcement worker does (D3, L7)."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from sqlalchemy import Connection, update

from asterisk.phones import load_speech
from asterisk.phones.audio import RATE, from_alaw
from bench.hearing import CLIPS
from dialer.alarms.service import open_alarms
from dialer.calling import service as calls
from dialer.calling.progress import Ending
from dialer.calling.queries import Attempt
from dialer.calling.tables import attempts
from dialer.followups.queries import FollowUp
from dialer.followups.states import FollowUpState
from dialer.forms.rules import Disposition
from dialer.forms.service import save_form
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from dialer.telephony.heard import Heard
from dialer.telephony.outcomes import DialOutcome, Leg
from dialer.trunks.settings import Supervision, TrunkSettings
from qa.announcements.queries import Announcement, announcement_of, claim
from qa.announcements.settings import AnnouncementSettings
from qa.announcements.states import HearingState
from qa.announcements.worker import AnnouncementWorker
from qa.speech.port import LegTranscript, Segment, Transcript, Word
from qa.speech.settings import SpeechSettings
from qa.speech.workers import SpeechJob, SpeechStopped
from qa.transcripts import queries as transcript_queries
from qa.transcripts.service import MODEL_MISSING, keep
from qa.transcripts.settings import TranscriptionSettings
from recordings.archive import Archived
from recordings.queries import call_of
from recordings.rules import Verdict
from recordings.service import expect, keep_early
from recordings.service import keep as keep_recording
from tests.support.core import LIBRARY, RUN, at, attempt_of, follow_up_of, placed, talked, tries

SHA = "0" * 64
NO_ANSWER = Ending(DialOutcome.NO_ANSWER, dialled=True, cause=19)
CLIP = "off-1.wav"
OFF = "您好您不打的电话以关机请稍后再播"


def said(text: str, leg: Leg = Leg.CUSTOMER, seconds: float = 6.0) -> LegTranscript:
    """What an engine makes of a line: a word a character, five a second."""
    words = tuple(Word(char, number * 0.2, number * 0.2 + 0.2, 0.8) for number, char in enumerate(text))
    parts = (Segment(leg, 0.0, len(text) * 0.2, text, 0.8, words),) if text else ()
    return LegTranscript(leg, seconds, -18.0, parts)


def transcript(*legs: LegTranscript) -> Transcript:
    return Transcript("vosk", "small", "zh", 6.0, 0.4, {leg.channel: leg for leg in legs})


@dataclass
class Line:
    """A site whose engine says what a test wants; `now` stands still until moved."""

    db: Database
    folder: Path
    says: list[str | Exception] = field(default_factory=list)
    now: datetime = field(default_factory=lambda: at(60))
    trunks: tuple[TrunkSettings, ...] = ()
    settings: AnnouncementSettings = field(default_factory=AnnouncementSettings)
    jobs: list[SpeechJob] = field(default_factory=list)
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))

    def __post_init__(self) -> None:
        self.models = self.folder / "models" / "vosk-small-cn" / "conf"
        self.models.mkdir(parents=True)

    async def run(self, job: SpeechJob) -> Transcript:
        self.jobs.append(job)
        answer = self.says.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return transcript(said(answer))

    def worker(self) -> AnnouncementWorker:
        speech = TranscriptionSettings(
            archive=self.folder, model_folders=(self.folder / "models",), speech=SpeechSettings()
        )
        return AnnouncementWorker(
            self.db,
            self,
            self.threads,
            LIBRARY,
            self.settings,
            speech,
            lambda: self.now,
            trunks=self.trunks,
        )

    async def dialled(self, clip: Path | None = CLIPS / CLIP, ending: Ending = NO_ANSWER) -> Attempt:
        """A call that was not answered, with its early media in the archive."""

        def work(conn: Connection) -> Attempt:
            current = placed(conn)
            assert calls.grant_go(conn, current.id, RUN, at(5))
            calls.end(conn, current.id, ending, LIBRARY, at(20))
            if clip is not None:
                path = self._keep(current.id, clip)
                archived = Archived(path, None, None, SHA, 1, 6.0, (6.0,), (0.5,))
                call = call_of(conn, current.id)
                assert call is not None
                keep_early(conn, call, archived, at(25))
            return attempt_of(conn, current.id)

        return await self.db.write(work)

    async def answered(self, words: str, sound: Path, seconds: float = 6.0) -> Attempt:
        """An answered call on whose customer's side this was said, archived and transcribed."""

        def work(conn: Connection) -> Attempt:
            current = talked(conn)
            long = {"answered_at": at(80 - seconds)}
            conn.execute(update(attempts).where(attempts.c.id == current.id).values(**long))
            path = self._keep(current.id, sound, left=True)
            call = call_of(conn, current.id)
            assert call is not None
            expect(conn, call, at(82))
            archived = Archived(path, path, path, SHA, 1, seconds, (seconds, seconds), (0.5, 0.5))
            keep_recording(conn, call, archived, Verdict((), 0.0), at(83))
            transcript_queries.add(conn, current.id, at(84))
            heard = transcript(said("您好", Leg.AGENT), said(words, seconds=seconds))
            keep(conn, current.id, heard, at(85))
            return attempt_of(conn, current.id)

        self.now = at(90)
        return await self.db.write(work)

    async def listen(self) -> None:
        """Work until nothing is due."""
        worker = self.worker()
        while await worker.step():
            pass

    async def row(self, call: Attempt) -> Announcement:
        found = await self.db.read(lambda conn: announcement_of(conn, call.id))
        assert found is not None
        return found

    async def owed(self, call: Attempt) -> FollowUp:
        return await self.db.read(lambda conn: follow_up_of(conn, call.follow_up_id))

    async def alarms(self) -> list[str]:
        return [one.kind for one in await self.db.read(open_alarms)]

    def _keep(self, attempt_id: str, clip: Path, *, left: bool = False) -> str:
        samples, rate = sf.read(clip, dtype="int16")
        both = np.stack([np.zeros_like(samples), samples], axis=1) if left else samples
        sf.write(self.folder / f"{attempt_id}.wav", both, rate, subtype="PCM_16")
        return f"{attempt_id}.wav"


@pytest.fixture
async def line(database: Database, tmp_path: Path) -> AsyncIterator[Line]:
    made = Line(database, tmp_path)
    yield made
    made.threads.shutdown()


def tone(folder: Path, on: float, off: float, hertz: int = 450) -> Path:
    """Twelve seconds of a tone that comes and goes, with a little noise."""
    time = np.arange(12 * RATE) / RATE
    wave = 0.1 * np.sin(2 * np.pi * hertz * time) * (time % (on + off) < on)
    noisy = wave + np.random.default_rng(3).normal(0, 0.002, len(wave))
    sf.write(folder / "tone.wav", noisy, RATE, subtype="PCM_16")
    return folder / "tone.wav"


async def test_d3_an_announcement_before_the_failure_changes_the_retry(line: Line) -> None:
    """One row: class, words, phrase, confidence, clip with its SHA-256, engine; and the event rows tell."""
    line.says = [OFF]
    call = await line.dialled()
    await line.listen()
    row = await line.row(call)
    assert (row.state, row.heard, row.phrase) == (HearingState.DONE, Heard.POWERED_OFF, "电话已关机")
    assert (row.words, row.clip_path, row.clip_sha256) == (OFF, f"{call.id}.wav", SHA)
    assert (row.engine, row.model, row.signalled, row.effect) == ("vosk", "small", "no_answer", "corrected")
    assert row.confidence is not None and row.confidence > 0.9
    assert row.start is not None and row.end is not None and 0 < row.start < row.end
    owed = await line.owed(call)
    assert (owed.due_at, owed.tries) == (at(20) + timedelta(hours=4), tries(powered_off=1))
    told = [one.kind for one in await line.db.read(lambda conn: of_subject(conn, call.id))]
    assert told[-3:] == ["announcement.waiting", "attempt.heard", "announcement.done"]
    (job,) = line.jobs
    assert job.legs == (Leg.CUSTOMER,)


async def test_d3_no_engine_is_asked_about_ring_back_and_silence(line: Line, tmp_path: Path) -> None:
    ring = await line.dialled(tone(tmp_path, 1.0, 4.0))
    await line.listen()
    assert ((await line.row(ring)).heard, line.jobs) == (Heard.RING_BACK, [])
    before = await line.owed(ring)
    assert (before.due_at, before.tries) == (at(20) + timedelta(hours=3), tries(no_answer=1))


async def test_d3_a_busy_tone_is_busy(line: Line, tmp_path: Path) -> None:
    call = await line.dialled(tone(tmp_path, 0.35, 0.35))
    await line.listen()
    assert ((await line.row(call)).heard, line.jobs) == (Heard.BUSY, [])
    assert (await line.owed(call)).tries == tries(busy=1)


async def test_d3_words_that_are_no_announcement_leave_what_was_signalled(line: Line) -> None:
    """A ring-back song, or an engine that made words up."""
    line.says = ["作词作曲李宗盛"]
    call = await line.dialled()
    await line.listen()
    row = await line.row(call)
    assert (row.heard, row.effect, row.words) == (Heard.UNCLEAR, "nothing", "作词作曲李宗盛")
    assert (await line.owed(call)).tries == tries(no_answer=1)


async def test_d3_a_secretary_that_answered_was_not_reached(line: Line) -> None:
    call = await line.answered("您好我是基主的智能助理请问您有什么事", CLIPS / "secretary-1.wav")
    await line.listen()
    row = await line.row(call)
    assert (row.heard, row.signalled, row.effect) == (Heard.SECRETARY, "answered", "corrected")
    assert (row.clip_path, row.engine, line.jobs) == (f"{call.id}.wav", "vosk", [])
    owed = await line.owed(call)
    assert (owed.state, owed.reason) == (FollowUpState.WAITING, "secretary")
    assert (await line.db.read(lambda conn: attempt_of(conn, call.id))).outcome == "no_answer"


async def test_d3_what_the_agent_has_saved_stands(line: Line) -> None:
    call = await line.answered("您好我是机主的智能助理", CLIPS / "secretary-1.wav")

    def save(conn: Connection) -> None:
        result = Disposition.REFUSED
        save_form(conn, LIBRARY, agent_id=call.agent_id, attempt_id=call.id, disposition=result, now=at(88))

    await line.db.write(save)
    await line.listen()
    assert (await line.row(call)).effect == "talk_kept"
    assert (await line.owed(call)).state is FollowUpState.CANCELLED


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("喂你好哪位我现在正开车不方便", 6.0),
        # A person may say what an announcement says, without its opening.
        ("他手机已关机了你晚点打", 6.0),
        ("我正在通话中等一下", 6.0),
    ],
)
async def test_d3_a_person_is_a_person(line: Line, words: str, seconds: float) -> None:
    call = await line.answered(words, CLIPS / "person-1.wav", seconds)
    await line.listen()
    assert (await line.row(call)).heard is Heard.PERSON
    assert (await line.owed(call)).state is FollowUpState.WRAP_UP


async def test_d3_a_long_talk_is_a_talk_where_answers_are_supervised(line: Line) -> None:
    call = await line.answered("您拨打的电话已关机", CLIPS / "off-answered.wav", seconds=30.0)
    await line.listen()
    assert await line.db.read(lambda conn: announcement_of(conn, call.id)) is None


async def on_trunk(line: Line, call: Attempt, supervision: Supervision) -> None:
    line.trunks = (TrunkSettings(name="fxo", answer_supervision=supervision),)
    change = update(attempts).where(attempts.c.id == call.id).values(trunk="fxo")
    await line.db.write(lambda conn: conn.execute(change))


@pytest.mark.parametrize(
    ("supervision", "heard", "state"),
    [
        (Supervision.NONE, Heard.NOBODY, FollowUpState.WAITING),
        (Supervision.POLARITY, None, FollowUpState.WRAP_UP),
        (Supervision.SIP, None, FollowUpState.WRAP_UP),
    ],
)
async def test_d3_on_a_line_without_supervision_an_answer_proves_nothing(
    line: Line, tmp_path: Path, supervision: Supervision, heard: Heard | None, state: FollowUpState
) -> None:
    """A gateway that "answers" at once: ring-back for half a minute, and nobody spoke."""
    call = await line.answered("", tone(tmp_path, 1.0, 4.0), seconds=30.0)
    await on_trunk(line, call, supervision)
    await line.listen()
    row = await line.db.read(lambda conn: announcement_of(conn, call.id))
    assert (row.heard if row else None) is heard
    assert (await line.owed(call)).state is state


async def test_d3_on_a_line_without_supervision_a_person_proves_the_talk(line: Line) -> None:
    call = await line.answered("喂你好请讲", CLIPS / "person-1.wav", seconds=60.0)
    await on_trunk(line, call, Supervision.NONE)
    await line.listen()
    assert (await line.row(call)).heard is Heard.PERSON
    assert (await line.owed(call)).state is FollowUpState.WRAP_UP


async def test_l7_our_own_line_refused_is_an_alarm_until_a_call_goes_through(line: Line) -> None:
    line.says = ["您好您的电话以欠费停机请及时充值", OFF]
    call = await line.dialled()
    await line.listen()
    assert ((await line.row(call)).heard, await line.alarms()) == (Heard.OWN_LINE, ["own_line_refused"])
    assert (await line.owed(call)).tries == {}


async def test_a_failure_is_tried_again_and_then_the_signalling_stands(line: Line) -> None:
    line.says = [RuntimeError("the engine is odd") for _ in range(3)]
    call = await line.dialled()
    for _ in range(3):
        await line.listen()
        line.now += timedelta(minutes=5)
    row = await line.row(call)
    assert (row.state, row.tries, row.error) == (HearingState.FAILED, 3, "the engine is odd")
    assert (await line.owed(call)).tries == tries(no_answer=1)


async def test_a_stopped_pool_burns_no_try(line: Line) -> None:
    line.says = [SpeechStopped("stopped"), OFF]
    call = await line.dialled()
    await line.listen()
    assert (await line.row(call)).state is HearingState.WAITING
    line.now += timedelta(minutes=1)
    await line.listen()
    row = await line.row(call)
    assert (row.heard, row.tries) == (Heard.POWERED_OFF, 0)


async def test_a_missing_model_is_an_alarm_and_the_work_goes_on_when_it_is_there(line: Line) -> None:
    line.says = [OFF]
    call = await line.dialled()
    worker = line.worker()
    line.models.rmdir()
    await worker.step()
    assert await line.alarms() == [MODEL_MISSING]
    line.models.mkdir()
    line.now += timedelta(minutes=1)
    await worker.step()
    assert (await line.row(call)).heard is Heard.POWERED_OFF
    assert await line.alarms() == []


async def test_d7_two_processes_listen_to_a_line_once(line: Line) -> None:
    """What one process holds the other does not get; what a dead one held is taken up after the lease."""
    call = await line.dialled()
    await line.worker().step()  # queues it, and fails: nothing is said
    line.now += timedelta(minutes=5)
    until = line.now + timedelta(seconds=60)

    def claimed(conn: Connection) -> list[str]:
        return [job.attempt_id for job in claim(conn, line.now, until, 4)]

    assert await line.db.write(claimed) == [call.id]
    assert await line.db.write(claimed) == []
    line.now = until
    line.says = [OFF]
    await line.listen()
    assert (await line.row(call)).heard is Heard.POWERED_OFF


def test_the_clips_are_what_a_telephone_carries() -> None:
    """A-law at 8 kHz, so that a softphone plays them as they are."""
    for clip in CLIPS.glob("*.wav"):
        info = sf.info(clip)
        assert (info.samplerate, info.channels, info.subtype) == (RATE, 1, "ALAW"), clip.name
        assert clip.stat().st_size < 62_000, clip.name
        assert len(from_alaw(load_speech(clip))) == info.frames
