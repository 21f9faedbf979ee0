"""Use cases of transcripts. Each runs in its caller's transaction."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.storage import feed
from dialer.storage.dialects import keep_event_order
from dialer.storage.transition import apply
from dialer.telephony.outcomes import Leg
from qa.speech.models import PREFERENCE
from qa.speech.port import ModelMissing, Transcript
from qa.transcripts import queries
from qa.transcripts.queries import Job, TranscriptRow
from qa.transcripts.settings import TranscriptionSettings
from qa.transcripts.states import MACHINE, TranscriptEvent, TranscriptState
from qa.transcripts.tables import transcripts
from recordings.queries import recording_of

CONSUMER = "transcripts"
_ARCHIVED = "recording.archived"
_BATCH = 200

MODEL_MISSING = "model_missing"
ENGINE_MISSING = "speech_engine_missing"
FAILED = "transcription_failed"
# Alarms about the machine and not about one call have this subject.
SUBJECT = "speech"


class NoTranscript(Exception):
    """There is no such transcript. The message says why."""


def has_news(conn: Connection) -> bool:
    """Whether a recording was archived that `expect_archived` has not seen."""
    return bool(feed.after(conn, feed.position(conn, CONSUMER), kinds=(_ARCHIVED,), limit=1))


def expect_archived(conn: Connection, now: datetime) -> int:
    """Queue a transcript for each recording archived since the last time; give how many.

    Exactly once: the position in the event rows moves in the same transaction. A recording that
    was archived anew is transcribed anew.
    """
    keep_event_order(conn)  # one process at a time: two would read the same position
    latest = feed.latest_id(conn)
    archived = feed.after(conn, feed.position(conn, CONSUMER), kinds=(_ARCHIVED,), limit=_BATCH)
    for row in archived:
        _expect(conn, str(row.data["attempt_id"]), now)
    if archived:
        feed.remember(conn, CONSUMER, archived[-1].id if len(archived) == _BATCH else latest)
    return len(archived)


def keep(conn: Connection, attempt_id: str, transcript: Transcript, now: datetime) -> None:
    """The recording's words are there.

    Raises:
        IllegalMove: another process was quicker.
    """
    move = MACHINE.advance(TranscriptState.WAITING, TranscriptEvent.FINISH, now)
    levels = {leg: said.speech_level for leg, said in transcript.legs.items()}
    values = {
        "engine": transcript.engine,
        "model": transcript.model,
        "language": transcript.language,
        "seconds": round(transcript.seconds, 3),
        "work_seconds": round(transcript.took_seconds, 3),
        "agent_level": levels.get(Leg.AGENT),
        "customer_level": levels.get(Leg.CUSTOMER),
        "error": None,
        "done_at": now,
    }
    told = {name: values[name] for name in ("engine", "model", "seconds", "work_seconds")}
    apply(conn, transcripts, attempt_id, move, values=values, data=told)
    queries.replace_segments(conn, attempt_id, tuple(transcript.segments()))
    clear_alarm(conn, FAILED, attempt_id, now)
    clear_alarm(conn, ENGINE_MISSING, SUBJECT, now)


def note_failure(
    conn: Connection, job: Job, reason: str, settings: TranscriptionSettings, now: datetime
) -> TranscriptState:
    """A try failed: another one later, or a person must look; give the state it is in now.

    Raises:
        IllegalMove: another process was quicker.
    """
    tries = job.tries + 1
    if tries < settings.tries:
        due_at = now + timedelta(seconds=settings.retry_after(tries))
        queries.note_failure(conn, job.attempt_id, {"tries": tries, "error": reason, "due_at": due_at})
        feed.emit(conn, "transcript.put_off", job.attempt_id, now, {"tries": tries, "error": reason})
        return TranscriptState.WAITING
    move = MACHINE.advance(TranscriptState.WAITING, TranscriptEvent.GIVE_UP, now)
    told = {"tries": tries, "error": reason}
    apply(conn, transcripts, job.attempt_id, move, values=told, data=told)
    recording = recording_of(conn, job.attempt_id)
    who = {"attempt_id": job.attempt_id, "plate": recording.plate if recording else None, "path": job.path}
    raise_alarm(conn, FAILED, job.attempt_id, now, {**who, **told})
    return TranscriptState.FAILED


def again(conn: Connection, attempt_id: str, now: datetime) -> None:
    """A person asks for this recording to be transcribed again, with all tries.

    Raises:
        NoTranscript: it was never queued.
        IllegalMove: it waits already.
    """
    row = queries.transcript_of(conn, attempt_id)
    if row is None:
        raise NoTranscript(f"The call {attempt_id} has no archived recording, so nothing to transcribe.")
    _again(conn, row, now)


def again_all_failed(conn: Connection, now: datetime) -> int:
    """Every failed transcript gets all tries again; give how many."""
    rows = queries.failed(conn, limit=10_000)
    for row in rows:
        _again(conn, row, now)
    return len(rows)


def speechless(conn: Connection, kind: str, what: dict[str, str], now: datetime) -> None:
    """Nothing can be transcribed on this machine: an alarm of `kind`, raised once."""
    raise_alarm(conn, kind, SUBJECT, now, what)


def missing_model(wanted: str | None, error: ModelMissing) -> dict[str, str]:
    """What the alarm about it says: the model's name, the command that brings it, the whole sentence."""
    name = wanted or PREFERENCE[0]
    return {"model": name, "command": f"dialer models fetch {name}", "message": str(error)}


def model_found(conn: Connection, now: datetime) -> None:
    """The model is there (again)."""
    clear_alarm(conn, MODEL_MISSING, SUBJECT, now)


def _expect(conn: Connection, attempt_id: str, now: datetime) -> None:
    row = queries.transcript_of(conn, attempt_id)
    if row is None:
        queries.add(conn, attempt_id, now)
        feed.emit(conn, "transcript.waiting", attempt_id, now)
    elif row.state is not TranscriptState.WAITING:
        _again(conn, row, now)


def _again(conn: Connection, row: TranscriptRow, now: datetime) -> None:
    move = MACHINE.advance(row.state, TranscriptEvent.AGAIN, now)
    apply(conn, transcripts, row.attempt_id, move, values={"due_at": now, "tries": 0, "error": None})
    clear_alarm(conn, FAILED, row.attempt_id, now)
