"""Use cases of transcripts. Each runs in its caller's transaction."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.calling.queries import attempt
from dialer.storage import feed
from dialer.storage.dialects import keep_event_order
from dialer.storage.transition import apply
from dialer.telephony.outcomes import DialOutcome, Leg
from qa.conduct.stored import to_json
from qa.corrections import service as corrections
from qa.speech.models import PREFERENCE
from qa.speech.port import Mark, ModelMissing, Transcript
from qa.transcripts import queries
from qa.transcripts.queries import Job, TranscriptRow
from qa.transcripts.rules import Priority, Urgency
from qa.transcripts.settings import TranscriptionSettings
from qa.transcripts.states import MACHINE, Failure, TranscriptEvent, TranscriptState
from qa.transcripts.swapped import looks_swapped
from qa.transcripts.tables import transcripts
from recordings.queries import recording_of

CONSUMER = "transcripts"
_ARCHIVED = "recording.archived"
# What makes a call urgent that is no backlog any more.
_COMPLAINT, _ALARM = "case.new", "alarm.raised"
_HEEDED = (_ARCHIVED, _COMPLAINT, _ALARM)
_BATCH = 200

MODEL_MISSING = "model_missing"
ENGINE_MISSING = "speech_engine_missing"
CLUSTER_UNREACHABLE = "speech_cluster_unreachable"
FAILED = "transcription_failed"
# Alarms about the machine and not about one call have this subject.
SUBJECT = "speech"


class NoTranscript(Exception):
    """There is no such transcript. The message says why."""


def has_news(conn: Connection) -> bool:
    """Whether something happened to recordings or calls that `take_in_news` has not seen."""
    return bool(feed.after(conn, feed.position(conn, CONSUMER), kinds=_HEEDED, limit=1))


def take_in_news(conn: Connection, settings: TranscriptionSettings, now: datetime) -> int:
    """Queue a transcript for each recording archived since the last time, and let urgent ones go first.

    Gives how many were queued or went forward. Exactly once: the position in the event rows moves in the same
    transaction. A recording that was archived anew is transcribed anew.
    """
    keep_event_order(conn)  # one process at a time: two would read the same position
    latest = feed.latest_id(conn)
    news = feed.after(conn, feed.position(conn, CONSUMER), kinds=_HEEDED, limit=_BATCH)
    done = 0
    for row in news:
        if row.kind == _ARCHIVED:
            _expect(conn, str(row.data["attempt_id"]), settings, now)
            done += 1
        elif row.kind == _COMPLAINT:
            attempt_id = row.data.get("attempt")
            done += bool(attempt_id) and _flag(conn, str(attempt_id), Urgency.COMPLAINT, now)
        elif row.data.get("kind") != FAILED:
            done += _flag(conn, row.subject, Urgency.ALARM, now)
    if news:
        feed.remember(conn, CONSUMER, news[-1].id if len(news) == _BATCH else latest)
    return done


def keep(conn: Connection, attempt_id: str, transcript: Transcript, now: datetime) -> None:
    """The recording's words are there.

    Raises:
        IllegalMove: another process was quicker.
    """
    move = MACHINE.advance(TranscriptState.WAITING, TranscriptEvent.FINISH, now)
    levels = {leg: said.speech_level for leg, said in transcript.legs.items()}
    lost = {leg: said.lost_seconds for leg, said in transcript.legs.items()}
    marks = set(transcript.marks) | ({Mark.SWAPPED} if looks_swapped(transcript.legs) else set())
    values = {
        "engine": transcript.engine,
        "model": transcript.model,
        "language": transcript.language,
        "seconds": round(transcript.seconds, 3),
        "work_seconds": round(transcript.took_seconds, 3),
        "agent_level": levels.get(Leg.AGENT),
        "customer_level": levels.get(Leg.CUSTOMER),
        "agent_lost": lost.get(Leg.AGENT),
        "customer_lost": lost.get(Leg.CUSTOMER),
        "engine_version": transcript.made_with.engine_version,
        "revision": transcript.made_with.revision,
        "engine_settings": dict(transcript.made_with.settings),
        "marks": sorted(marks),
        "conduct": to_json(transcript.conduct),
        "started_at": None,
        "failure": None,
        "error": None,
        "done_at": now,
    }
    told = {name: values[name] for name in ("engine", "model", "seconds", "work_seconds")}
    apply(conn, transcripts, attempt_id, move, values=values, data=told)
    before, after = queries.segments_of(conn, attempt_id), tuple(transcript.segments())
    corrections.carry_over(conn, attempt_id, before, after, now)
    queries.replace_segments(conn, attempt_id, after)
    clear_alarm(conn, FAILED, attempt_id, now)
    clear_alarm(conn, ENGINE_MISSING, SUBJECT, now)
    clear_alarm(conn, CLUSTER_UNREACHABLE, SUBJECT, now)


def note_failure(
    conn: Connection,
    job: Job,
    reason: str,
    settings: TranscriptionSettings,
    now: datetime,
    kind: Failure = Failure.OTHER,
) -> TranscriptState:
    """A try failed: another one later, or it is set aside for a person; give the state it is in now.

    Raises:
        IllegalMove: another process was quicker.
    """
    tries = job.tries + 1
    if tries < settings.tries:
        due_at = now + timedelta(seconds=settings.retry_after(tries))
        noted = {"tries": tries, "error": reason, "failure": kind, "due_at": due_at}
        queries.note_failure(conn, job.attempt_id, noted)
        feed.emit(conn, "transcript.put_off", job.attempt_id, now, {"tries": tries, "error": reason})
        return TranscriptState.WAITING
    move = MACHINE.advance(TranscriptState.WAITING, TranscriptEvent.GIVE_UP, now)
    told = {"tries": tries, "error": reason}
    values = {**told, "failure": kind, "started_at": None}
    apply(conn, transcripts, job.attempt_id, move, values=values, data=told)
    recording = recording_of(conn, job.attempt_id)
    who = {"attempt_id": job.attempt_id, "plate": recording.plate if recording else None, "path": job.path}
    raise_alarm(conn, FAILED, job.attempt_id, now, {**who, **told})
    return TranscriptState.FAILED


def again(conn: Connection, attempt_id: str, now: datetime, by: str | None = None) -> None:
    """A person asks for this recording to be transcribed again, with all tries and before all others.

    The words that are there stay until the new ones come.

    Raises:
        NoTranscript: it was never queued.
        IllegalMove: it waits already.
    """
    _again(conn, _known(conn, attempt_id), Urgency.ASKED, now, by)


def again_all_failed(conn: Connection, now: datetime, by: str | None = None) -> int:
    """Every failed transcript gets all tries again; give how many."""
    rows = queries.failed(conn, limit=10_000)
    for row in rows:
        _again(conn, row, Urgency.ASKED, now, by)
    return len(rows)


def first(conn: Connection, attempt_id: str, now: datetime, by: str | None = None) -> None:
    """A person waits for one that is in the queue: it is next, at any hour.

    Raises:
        NoTranscript: it was never queued.
    """
    _known(conn, attempt_id)
    _flag(conn, attempt_id, Urgency.ASKED, now, by)
    queries.due_at_once(conn, attempt_id, now)


def settle_swap(conn: Connection, attempt_id: str, swapped: bool, now: datetime, by: str) -> None:
    """A person has listened: the channels are exchanged, and the words change sides; or they are right.

    Either way the call is checked anew. The recording stays as it is.

    Raises:
        NoTranscript: nobody suspects it, or it was decided already.
    """
    row = _known(conn, attempt_id)
    marks = {Mark(mark) for mark in row.marks or ()}
    if Mark.SWAPPED not in marks or row.state is TranscriptState.WAITING:
        raise NoTranscript(f"Whose voice is on which channel of the call {attempt_id} is decided already.")
    if swapped:
        queries.exchange_legs(conn, row)
        marks.add(Mark.EXCHANGED)
    queries.set_marks(conn, attempt_id, marks - {Mark.SWAPPED})
    # The check follows this, as after every new transcript.
    feed.emit(conn, "transcript.done", attempt_id, now, {"exchanged": swapped, "by": by})


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


def _known(conn: Connection, attempt_id: str) -> TranscriptRow:
    row = queries.transcript_of(conn, attempt_id)
    if row is None:
        raise NoTranscript(f"The call {attempt_id} has no archived recording, so nothing to transcribe.")
    return row


def _expect(conn: Connection, attempt_id: str, settings: TranscriptionSettings, now: datetime) -> None:
    call = attempt(conn, attempt_id)
    if call is not None and call.outcome == DialOutcome.ABANDONED:
        return  # no agent was there: nothing was said that could be judged
    row = queries.transcript_of(conn, attempt_id)
    urgency = queries.urgency_of(conn, attempt_id, settings.short_talk_seconds)
    if row is None and queries.is_forgotten(conn, attempt_id):
        return  # his words were erased (X3): archived anew, they would be there again
    if row is None:
        queries.add(conn, attempt_id, now, urgency)
        feed.emit(conn, "transcript.waiting", attempt_id, now)
    elif row.state is not TranscriptState.WAITING:
        _again(conn, row, urgency, now)


def _flag(conn: Connection, attempt_id: str, urgency: Urgency, now: datetime, by: str | None = None) -> bool:
    moved = queries.urge(conn, attempt_id, urgency, by)
    if moved:
        feed.emit(conn, "transcript.urged", attempt_id, now, {"urgency": urgency, "by": by})
    return moved


def _again(
    conn: Connection, row: TranscriptRow, urgency: Urgency | None, now: datetime, by: str | None = None
) -> None:
    move = MACHINE.advance(row.state, TranscriptEvent.AGAIN, now)
    values = {
        "due_at": now,
        "tries": 0,
        "error": None,
        "failure": None,
        "priority": urgency.priority if urgency else Priority.BACKLOG,
        "urgency": urgency,
        "asked_by": by,
    }
    apply(conn, transcripts, row.attempt_id, move, values=values, data={"urgency": urgency, "by": by})
    clear_alarm(conn, FAILED, row.attempt_id, now)
