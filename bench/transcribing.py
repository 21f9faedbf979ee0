"""What the whole pipeline costs beside the bare engine: rows, leases, archive, processes, storing (Q1).

Both decode the same files with the same number of processes, in turns; each is warm before it is measured.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import soundfile as sf
from sqlalchemy import Connection, insert, select

import dialer.tables  # noqa: F401  a database has every table
from bench.speech import CALLS, load_calls
from dialer.agents.service import add_agent
from dialer.agents.tables import agents
from dialer.calling.tables import attempts
from dialer.clock import system_clock
from dialer.customers.service import Occasion, take_in
from dialer.followups.service import plan
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.playbooks.library import Library, shipped_library
from dialer.storage.database import Database
from dialer.storage.dialects import sqlite_url
from dialer.storage.migrating import migrate
from qa.speech.download import sha256_of
from qa.speech.executors import Processes, default_workers
from qa.speech.models import InstalledModel
from qa.speech.settings import SpeechSettings
from qa.speech.workers import BOTH_LEGS, SpeechJob, SpeechPool, load_engine
from qa.transcripts import queries
from qa.transcripts.settings import TranscriptionSettings
from qa.transcripts.states import TranscriptState
from qa.transcripts.worker import TranscriptionWorker
from recordings.archive import Archived
from recordings.queries import call_of
from recordings.rules import Verdict
from recordings.service import keep

LEAST_RATIO = 0.95

Told = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Throughput:
    """Seconds of recordings in a second of the clock.

    `ratio` is how much of the bare engine's throughput the pipeline has, at the median of the rounds: both
    decode the same files in each of them, one right after the other, so what else the machine does weighs on
    both.
    """

    workers: int
    recordings: int
    audio_seconds: float
    bare: float
    pipeline: float
    ratio: float

    @property
    def good(self) -> bool:
        """Whether it is enough."""
        return self.ratio >= LEAST_RATIO


def _bare(path: Path, model: InstalledModel, language: str) -> float:
    """The engine and nothing else, in a process; gives the seconds of audio."""
    engine = load_engine(model.engine, model.folder)
    legs = [engine.transcribe(path, leg, index, language) for index, leg in enumerate(BOTH_LEGS)]
    return max(leg.seconds for leg in legs)


async def measure(
    model: InstalledModel,
    workers: int = 0,
    rounds: int = 4,
    language: str = "zh",
    told: Told = lambda w, s: None,
) -> Throughput:
    """Both, in turns. Raises SpeechError."""
    workers = workers or default_workers()
    files = [CALLS / call.audio for call in load_calls()]
    bare, pipeline, seconds = [], [], []
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as engines:
        pool = SpeechPool(where=Processes(workers, niceness=0))
        try:
            await _warm(engines, pool, workers, files[0], model, language)
            for number in range(rounds):
                some = files[number::rounds]
                began = time.perf_counter()
                lengths = await asyncio.gather(
                    *(asyncio.wrap_future(engines.submit(_bare, path, model, language)) for path in some)
                )
                bare.append(time.perf_counter() - began)
                seconds.append(sum(lengths))
                told("bare engine", seconds[-1] / bare[-1])
                pipeline.append(await _through(pool, some, model, workers, language))
                told("pipeline", seconds[-1] / pipeline[-1])
        finally:
            pool.stop()
    ratio = median(one / other for one, other in zip(bare, pipeline, strict=True))
    total = sum(seconds)
    return Throughput(workers, len(files), total, total / sum(bare), total / sum(pipeline), ratio)


async def _warm(
    engines: ProcessPoolExecutor,
    pool: SpeechPool,
    workers: int,
    path: Path,
    model: InstalledModel,
    language: str,
) -> None:
    """Every process has loaded its model before anything is measured."""
    both = [asyncio.wrap_future(engines.submit(_bare, path, model, language)) for _ in range(workers)]
    await asyncio.gather(*both)
    await asyncio.gather(*(pool.run(SpeechJob(path, model, language)) for _ in range(workers)))


async def _through(
    pool: SpeechPool, files: Sequence[Path], model: InstalledModel, workers: int, language: str
) -> float:
    """From the archive's news to the last transcript in the database, in seconds."""
    with tempfile.TemporaryDirectory(prefix="bench-transcribing-") as name:
        folder = Path(name)
        settings = TranscriptionSettings(
            archive=folder / "recordings",
            model_folders=(model.folder.parent,),
            speech=SpeechSettings(model=model.name, workers=workers, language=language),
        )
        database = await _site(folder, files)
        try:
            worker = TranscriptionWorker(database, pool, settings, system_clock)
            began = time.perf_counter()
            running = asyncio.create_task(worker.run())
            while (await database.read(queries.count_by_state))[TranscriptState.DONE] < len(files):
                await database.feed.wait(1.0, kinds=("transcript.done",))
            took = time.perf_counter() - began
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        finally:
            await database.stop()
    return took


async def _site(folder: Path, files: Sequence[Path]) -> Database:
    """A database in which the archive has just taken every file over."""
    url = sqlite_url(folder / "dialer.db")
    await migrate(url)
    database = Database(url)
    await database.start()
    archive = folder / "recordings"
    archive.mkdir()
    library = shipped_library()
    for path in files:
        await asyncio.to_thread(shutil.copy, path, archive / path.name)
        await database.write(partial(_archived, path=path, library=library))
    return database


def _archived(conn: Connection, path: Path, library: Library) -> None:
    """A follow-up, its answered call, and the call's recording, as the archive leaves them."""
    now, key = system_clock(), new_id()
    agent_id = conn.execute(select(agents.c.id)).scalar() or add_agent(
        conn, code="8001", name="8001", extension="8001", branch="bench"
    )
    occasion = Occasion(
        kind="settlement-order",
        source="bench",
        external_id=key,
        happened_at=now,
        branch="bench",
        name="陈建国",
        salutation="先生",
        numbers=("13800001234",),
        plate="京A12345",
    )
    taken = take_in(conn, occasion, now)
    plan(
        conn,
        library.get("after-sales-satisfaction"),
        occasion_id=taken.occasion_id,
        customer_id=taken.customer_id,
        branch="bench",
        plate="京A12345",
        number="13800001234",
        happened_at=now,
        zone=ZoneInfo("Asia/Shanghai"),
        now=now,
    )
    owed = select(follow_ups.c.id).where(follow_ups.c.occasion_id == taken.occasion_id)
    conn.execute(
        insert(attempts).values(
            id=key,
            follow_up_id=conn.execute(owed).scalar_one(),
            agent_id=agent_id,
            number="13800001234",
            state="ended",
            run_id=new_id(),
            placed_at=now,
            answered_at=now,
            ended_at=now,
            outcome="answered",
        )
    )
    call = call_of(conn, key)
    if call is None:
        raise AssertionError("the call was made just now")
    length = float(sf.info(path).duration)
    size, checksum = path.stat().st_size, sha256_of(path)
    kept = Archived(path.name, None, None, checksum, size, length, (length, length), (0.5, 0.5))
    keep(conn, call, kept, Verdict((), 0.0), now)
