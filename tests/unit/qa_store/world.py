"""A database with archived calls, a folder of models, and a transcriber that says what a test wants."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from dialer.agents.service import add_agent
from dialer.agents.tables import agents
from dialer.alarms.service import Alarm, open_alarms
from dialer.calling.tables import attempts
from dialer.customers.service import Occasion, take_in
from dialer.followups.service import plan
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.playbooks.library import Library, shipped_library
from dialer.storage.database import Database
from dialer.storage.dialects import sqlite_url
from dialer.storage.feed import EventRow, after
from dialer.telephony.outcomes import Leg
from qa.checks.library import RuleLibrary, shipped_rules
from qa.checks.worker import CheckWorker
from qa.speech.port import LegTranscript, Segment, Transcript, Word
from qa.speech.settings import SpeechSettings
from qa.speech.workers import SpeechJob
from qa.transcripts.queries import TranscriptRow, transcript_of
from qa.transcripts.settings import TranscriptionSettings
from qa.transcripts.worker import Transcriber, TranscriptionWorker
from recordings.archive import Archived
from recordings.queries import call_of
from recordings.rules import Problem, Verdict
from recordings.service import keep
from tests.support.stores import new_file

START = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
PLATE = "京A12345"
SHOP = "宏达汽车服务站"
MODEL = "vosk-small-cn"
SECONDS = 60.0

Turn = tuple[Leg, float, str]

# A call in which the agent does everything that the shipped rules ask for.
GOOD_CALL: tuple[Turn, ...] = (
    (Leg.AGENT, 0.5, "您好，我是宏达汽车服务站的回访员，请问您是陈先生吗？"),
    (Leg.CUSTOMER, 6.0, "对，是我。"),
    (Leg.AGENT, 7.5, "您的车牌号是京A一二三四五，对吗？"),
    (Leg.CUSTOMER, 11.0, "对。"),
    (Leg.AGENT, 12.0, "请问您现在方便接听电话吗？"),
    (Leg.CUSTOMER, 15.0, "方便。"),
    (Leg.AGENT, 16.5, "为了保证服务质量，本次通话将会录音。"),
    (Leg.AGENT, 21.0, "您对我们服务人员的接待态度满意吗？"),
    (Leg.CUSTOMER, 25.0, "满意，挺好的。"),
    (Leg.AGENT, 27.0, "请问维修的项目和费用有没有向您解释清楚？"),
    (Leg.CUSTOMER, 32.0, "解释清楚了。"),
    (Leg.AGENT, 34.0, "请问您车辆的故障是否已经解决？"),
    (Leg.CUSTOMER, 38.0, "已经好了。"),
    (Leg.AGENT, 52.0, "谢谢您，祝您一路平安，再见。"),
)


def heard(
    turns: Sequence[Turn], *, seconds: float = SECONDS, levels: tuple[float, float] = (-20, -20)
) -> Transcript:
    """What an engine that hears everything makes of these turns: a word a character, four a second."""
    segments = [_segment(*turn) for turn in turns]
    legs = {
        leg: LegTranscript(leg, seconds, level, tuple(part for part in segments if part.channel is leg))
        for leg, level in zip((Leg.AGENT, Leg.CUSTOMER), levels, strict=True)
    }
    return Transcript("vosk", MODEL, "zh", seconds, 1.5, legs)


def _segment(leg: Leg, start: float, text: str) -> Segment:
    times = [start + number * 0.25 for number in range(len(text) + 1)]
    words = tuple(Word(*word, 0.9) for word in zip(text, times, times[1:], strict=False))
    return Segment(leg, start, words[-1].end, text, 0.9, words)


class Says:
    """A transcriber that gives, for each recording, the next of `answers`; the last one for ever."""

    def __init__(self, *answers: Transcript | Exception) -> None:
        self._answers = list(answers)
        self.jobs: list[SpeechJob] = []

    async def run(self, job: SpeechJob) -> Transcript:
        self.jobs.append(job)
        await asyncio.sleep(0)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class World:
    """One database. `now` is the clock's time and stands still until moved."""

    folder: Path
    url: str = ""
    now: datetime = START
    library: Library = field(default_factory=shipped_library)
    # What the calls are about.
    playbook: str = "after-sales-satisfaction"
    kind: str = "settlement-order"

    def __post_init__(self) -> None:
        self.models = self.folder / "models"
        self.root = self.folder / "recordings"
        self.db = Database(self.url or sqlite_url(self.folder / "dialer.db"))

    async def open(self) -> "World":
        """Begin; where no database was named, with one in the folder."""
        if not self.url and not (self.folder / "dialer.db").exists():
            new_file(self.folder / "dialer.db")
        await self.db.start()
        return self

    async def close(self) -> None:
        """End."""
        await self.db.stop()

    def clock(self) -> datetime:
        """The time now."""
        return self.now

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def install_model(self) -> None:
        """Put a folder there that passes for a Vosk model."""
        (self.models / MODEL / "conf").mkdir(parents=True)

    def settings(self, workers: int = 1) -> TranscriptionSettings:
        """As the composition root fills them."""
        speech = SpeechSettings(workers=workers)
        return TranscriptionSettings(archive=self.root, model_folders=(self.models,), speech=speech)

    def transcription(self, transcriber: Transcriber, workers: int = 1) -> TranscriptionWorker:
        """A worker as the service composes it, started anew."""
        return TranscriptionWorker(self.db, transcriber, self.settings(workers), self.clock)

    def checks(self, rules: RuleLibrary | None = None) -> CheckWorker:
        """A worker as the service composes it, started anew."""
        return CheckWorker(self.db, self.library, rules or shipped_rules(), self.clock)

    async def archived(self, *problems: Problem, gap_seconds: float = 0.0, plate: str | None = PLATE) -> str:
        """An answered call whose recording is in the archive; the attempt's id."""
        key = new_id()
        await self.db.write(lambda conn: self._call(conn, key, plate))
        await self.archive_again(key, *problems, gap_seconds=gap_seconds)
        return key

    async def archive_again(self, attempt_id: str, *problems: Problem, gap_seconds: float = 0.0) -> None:
        """The archive tells that it has the recording."""
        archived = Archived(
            path=f"{SHOP}/{attempt_id}.wav",
            listen_path=None,
            peaks_path=None,
            sha256="0" * 64,
            bytes=960_000,
            seconds=SECONDS - gap_seconds,
            side_seconds=(SECONDS, SECONDS),
            speech_shares=(0.4, 0.3),
        )
        verdict = Verdict(problems, gap_seconds)

        def work(conn: Connection) -> None:
            call = call_of(conn, attempt_id)
            assert call is not None
            keep(conn, call, archived, verdict, self.now)

        await self.db.write(work)

    def _call(self, conn: Connection, key: str, plate: str | None) -> None:
        agent_id = conn.execute(select(agents.c.id)).scalar() or add_agent(
            conn, code="8001", name="王", extension="1001", branch=SHOP
        )
        occasion = Occasion(
            kind=self.kind,
            source="test",
            external_id=key,
            happened_at=self.now,
            branch=SHOP,
            name="陈建国",
            salutation="先生",
            numbers=("13800001234",),
            plate=plate,
        )
        taken = take_in(conn, occasion, self.now)
        plan(
            conn,
            self.library.get(self.playbook),
            occasion_id=taken.occasion_id,
            customer_id=taken.customer_id,
            branch=SHOP,
            plate=plate,
            number="13800001234",
            happened_at=self.now,
            zone=ZoneInfo("Asia/Shanghai"),
            now=self.now,
        )
        follow_up = select(follow_ups.c.id).where(follow_ups.c.occasion_id == taken.occasion_id)
        conn.execute(
            insert(attempts).values(
                id=key,
                follow_up_id=conn.execute(follow_up).scalar_one(),
                agent_id=agent_id,
                number="13800001234",
                state="ended",
                run_id=new_id(),
                placed_at=self.now,
                answered_at=self.now,
                ended_at=self.now + timedelta(seconds=SECONDS),
                outcome="answered",
            )
        )

    async def row(self, attempt_id: str) -> TranscriptRow:
        """The transcript's row."""
        row = await self.db.read(lambda conn: transcript_of(conn, attempt_id))
        assert row is not None
        return row

    async def events(self, kind: str) -> list[EventRow]:
        """Everything of this kind that happened."""
        return await self.db.read(lambda conn: after(conn, 0, kinds=(kind,)))

    async def alarms(self) -> dict[str, Alarm]:
        """The open alarms by kind."""
        return {alarm.kind: alarm for alarm in await self.db.read(open_alarms)}

    async def until(self, query: Callable[[Connection], Any]) -> None:
        """Wait until `query` finds something; the test's own time limit is the end of patience."""
        while not await self.db.read(query):
            await self.db.feed.wait(0.05)
