"""`dialer transcribe`: work off what waits, or put one file into words; and what the pipeline costs (Q1)."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from sqlalchemy import Connection

from bench import transcribing as transcribing_bench
from dialer.app.cli.common import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    fail,
    run,
    settings_of,
    show,
    with_database,
)
from dialer.app.logs import set_up_logs
from dialer.app.settings import Settings, speech_model, transcription_settings
from dialer.clock import system_clock
from dialer.machine import IllegalMove
from dialer.storage.database import Database
from qa.speech.executors import place
from qa.speech.models import choose
from qa.speech.port import Mark, SpeechError, Transcript
from qa.speech.workers import Deadline, SpeechJob, SpeechPool
from qa.transcripts import queries, service
from qa.transcripts.states import TranscriptState
from qa.transcripts.swapped import looks_swapped
from qa.transcripts.worker import TranscriptionWorker
from web.quality.dialogue import dialogue

_LOOK_SECONDS = 0.5
_BY = "command line"


@dataclass(frozen=True, slots=True)
class Worked:
    """What a run of the command came to: recordings done and set aside in it, and what still waits."""

    done: int
    set_aside: int
    waiting: int


def transcribe(
    data: DataDir = DEFAULT_DATA,
    again: Annotated[
        list[str] | None,
        typer.Option("--again", metavar="ATTEMPT", help="This call anew; may be repeated."),
    ] = None,
    all_failed: Annotated[
        bool, typer.Option("--all-failed", help="Everything that was set aside anew.")
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", exists=True, dir_okay=False, help="Only this audio file, without the database."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Transcribe what waits, at any hour. Ctrl-C leaves nothing half done; the next run goes on."""
    settings = settings_of(data)
    set_up_logs(file=settings.data_dir / "logs" / "transcribe.log")
    if file is not None:
        transcript = _one_file(settings, file.absolute())
        show(_plain(transcript), as_json, _text(transcript))
        return
    worked = with_database(settings, lambda db: _work_off(settings, db, again or [], all_failed, as_json))
    sentence = f"{worked.done} transcribed, {worked.set_aside} set aside, {worked.waiting} waiting."
    show(worked, as_json, sentence)
    if worked.set_aside or worked.waiting:
        fail("not everything could be transcribed; the reasons are in logs/transcribe.log")


async def _work_off(
    settings: Settings, db: Database, again: list[str], all_failed: bool, as_json: bool
) -> Worked:
    await db.write(partial(_ask_again, again=again, all_failed=all_failed))
    speech = settings.speech
    pool = SpeechPool(
        where=place(speech.cluster, speech.workers, speech.niceness),
        deadline=Deadline(speech.deadline_factor, speech.deadline_seconds),
    )
    worker = TranscriptionWorker(
        db,
        pool,
        transcription_settings(settings),
        system_clock,
        at_once=lambda: pool.at_once,
        all_hours=True,
    )
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns, transient=True, disable=as_json, console=Console(stderr=True)) as bar:
            task = bar.add_task("Transcribing", total=None)
            return await _until_done(db, worker, lambda done, of: bar.update(task, completed=done, total=of))
    finally:
        pool.stop()


async def _until_done(db: Database, worker: TranscriptionWorker, told: Callable[[int, int], None]) -> Worked:
    """Run the worker until nothing waits that could be done; stopping it gives back what it has."""
    before = await db.read(queries.count_by_state)
    running = asyncio.create_task(worker.run(), name="transcribe")
    try:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            now = await db.read(queries.count_by_state)
            worked = Worked(
                now[TranscriptState.DONE] - before[TranscriptState.DONE],
                now[TranscriptState.FAILED] - before[TranscriptState.FAILED],
                now[TranscriptState.WAITING],
            )
            finished = worked.done + worked.set_aside
            told(finished, finished + worked.waiting)
            unseen = await db.read(service.has_news)
            if (not worked.waiting and not unseen) or worker.is_resting or running.done():
                return worked
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def _ask_again(conn: Connection, again: list[str], all_failed: bool) -> None:
    now = system_clock()
    for attempt_id in again:
        try:
            service.again(conn, attempt_id, now, _BY)
        except IllegalMove:
            service.first(conn, attempt_id, now, _BY)
        except service.NoTranscript as error:
            fail(error)
    if all_failed:
        service.again_all_failed(conn, now, _BY)


def _one_file(settings: Settings, path: Path) -> Transcript:
    speech = settings.speech

    async def work() -> Transcript:
        pool = SpeechPool(1, speech.niceness)
        try:
            model = choose(speech.model, speech.model_path, transcription_settings(settings).model_folders)
            return await pool.run(SpeechJob(path, model, speech.language))
        finally:
            pool.stop()

    try:
        with Console(stderr=True).status(f"Transcribing {path.name}"):
            return run(work())
    except SpeechError as error:
        fail(error)


def _plain(transcript: Transcript) -> dict[str, object]:
    """For a machine: what made it, its length, what is odd, and who said what when."""
    return {
        "engine": transcript.engine,
        "engine_version": transcript.made_with.engine_version,
        "model": transcript.model,
        "revision": transcript.made_with.revision,
        "settings": dict(transcript.made_with.settings),
        "language": transcript.language,
        "seconds": round(transcript.seconds, 3),
        "marks": sorted(_marks(transcript)),
        "segments": [
            {
                "channel": part.channel.value,
                "start": part.start,
                "end": part.end,
                "text": part.text,
                "confidence": part.confidence,
                "words": [[word.text, word.start, word.end, word.confidence] for word in part.words],
            }
            for part in transcript.segments()
        ],
    }


def _text(transcript: Transcript) -> str:
    """For a person."""
    mono = Mark.MONO in transcript.marks
    lines = [
        f"{turn.start:7.1f}  {'?' if mono else turn.channel.value:<8}  "
        + "".join(word.text for word in turn.words).strip()
        for turn in dialogue(transcript.segments())
    ]
    odd = [_ODD[mark] for mark in sorted(_marks(transcript))]
    return "\n".join([*(lines or ["Nothing was heard."]), *odd])


_ODD = {
    Mark.MONO: "Both parties are on one channel: who spoke is not known.",
    Mark.SWAPPED: "The customer's channel holds what agents say: perhaps the channels were exchanged.",
    Mark.CROSS_TALK: "One channel leaked into the other; the quieter copies of words were left out.",
}


def _marks(transcript: Transcript) -> set[Mark]:
    return set(transcript.marks) | ({Mark.SWAPPED} if looks_swapped(transcript.legs) else set())


def transcribe_bench(
    data: DataDir = DEFAULT_DATA,
    rounds: Annotated[
        int, typer.Option(min=1, max=12, help="The recordings are shared out over so many turns.")
    ] = 4,
    as_json: AsJson = False,
) -> None:
    """Recordings through the whole pipeline, beside the bare engine on the same files and processes."""
    settings = settings_of(data)
    speech, screen = settings.speech, Console(stderr=True)

    def told(what: str, speed: float) -> None:
        screen.print(f"{what}: {speed:.2f} s of recordings a second", highlight=False)

    try:
        model = speech_model(settings)
        work = transcribing_bench.measure(model, speech.workers, rounds, speech.language, told)
        measured = run(work)
    except SpeechError as error:
        fail(error)
    show(
        measured,
        as_json,
        f"The pipeline transcribes {measured.pipeline:.2f} s of recordings a second with {measured.workers} "
        f"processes, the bare engine {measured.bare:.2f}: {measured.ratio:.1%}.",
    )
    if not measured.good:
        fail(
            f"wanted are at least {transcribing_bench.LEAST_RATIO:.0%}: is the machine busy with other work?"
        )
