"""Use cases of announcements. Each runs in its caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.calling.hearing import Effect, correct
from dialer.calling.queries import attempt
from dialer.calling.service import EndRules
from dialer.forms.service import OVER_TIME
from dialer.playbooks.library import Library
from dialer.storage import feed
from dialer.storage.dialects import keep_event_order
from dialer.storage.transition import apply
from dialer.telephony.heard import OUTCOME, Heard
from dialer.telephony.outcomes import DialOutcome
from dialer.trunks.choosing import DEFAULT, supervision
from dialer.trunks.settings import Supervision, TrunkSettings
from qa.announcements import queries
from qa.announcements.queries import Job
from qa.announcements.rules import Result, Source
from qa.announcements.settings import AnnouncementSettings
from qa.announcements.states import MACHINE, HearingEvent, HearingState
from qa.announcements.tables import announcements

CONSUMER = "announcements"
EARLY_KEPT, TRANSCRIBED = "early_clip.archived", "transcript.done"
_KINDS = (EARLY_KEPT, TRANSCRIBED)
_BATCH = 200

# The network says that we ourselves cannot call: every further call would be lost.
OWN_LINE = "own_line_refused"


@dataclass(frozen=True, slots=True)
class Clip:
    """Where what was heard lies in the archive, and what made words of it; no engine where none was asked."""

    path: str
    sha256: str
    engine: str | None = None
    model: str | None = None
    work_seconds: float | None = None


def has_news(conn: Connection) -> bool:
    """Whether there are clips or transcripts that `expect` has not seen."""
    return bool(feed.after(conn, feed.position(conn, CONSUMER), kinds=_KINDS, limit=1))


def expect(
    conn: Connection, trunks: Sequence[TrunkSettings], settings: AnnouncementSettings, now: datetime
) -> int:
    """Queue what is to be listened to since the last time; give how many clips and transcripts were new.

    Early media counts where the call was not answered. A talk counts where it was short, or where the trunk's
    answers prove nothing. Exactly once: the position in the event rows moves in the same transaction.
    """
    keep_event_order(conn)  # one process at a time: two would read the same position
    latest = feed.latest_id(conn)
    rows = feed.after(conn, feed.position(conn, CONSUMER), kinds=_KINDS, limit=_BATCH)
    for row in rows:
        source = Source.EARLY if row.kind == EARLY_KEPT else Source.TALK
        if _matters(conn, row.subject, source, trunks, settings) and queries.add(
            conn, row.subject, source, now
        ):
            feed.emit(conn, f"announcement.{HearingState.WAITING}", row.subject, now, {"source": source})
    if rows:
        feed.remember(conn, CONSUMER, rows[-1].id if len(rows) == _BATCH else latest)
    return len(rows)


def _matters(
    conn: Connection,
    attempt_id: str,
    source: Source,
    trunks: Sequence[TrunkSettings],
    settings: AnnouncementSettings,
) -> bool:
    current = attempt(conn, attempt_id)
    if current is None or current.outcome is None:
        return False
    if source is Source.EARLY:
        return current.answered_at is None and current.outcome != DialOutcome.ANSWERED
    if current.answered_at is None or current.ended_at is None:
        return False
    short = (current.ended_at - current.answered_at).total_seconds() < settings.short_talk_seconds
    return short or supervision(trunks, current.trunk) is Supervision.NONE


def keep(
    conn: Connection, job: Job, result: Result, clip: Clip, library: Library, now: datetime, site: EndRules
) -> Effect:
    """A line was listened to: the row is done, and the attempt corrected where that says something else.

    Raises:
        IllegalMove: another process was quicker.
    """
    current = attempt(conn, job.attempt_id)
    recorded = queries.talk_recorded(conn, job.attempt_id)
    heard = result.heard
    effect = correct(conn, job.attempt_id, heard, library, now, talk_recorded=recorded, site=site)
    values = {
        "heard": heard.value,
        "words": result.words,
        "phrase": result.phrase,
        "confidence": result.confidence,
        "start": result.start,
        "end": result.end,
        "clip_path": clip.path,
        "clip_sha256": clip.sha256,
        "engine": clip.engine,
        "model": clip.model,
        "work_seconds": clip.work_seconds,
        "signalled": current.outcome if current else None,
        "effect": effect.value,
        "error": None,
        "done_at": now,
    }
    told = {name: values[name] for name in ("heard", "phrase", "confidence", "effect")}
    move = MACHINE.advance(HearingState.WAITING, HearingEvent.FINISH, now)
    apply(conn, announcements, job.attempt_id, move, values=values, data=told)
    if effect is Effect.CORRECTED:
        clear_alarm(conn, OVER_TIME, job.attempt_id, now)
    _note_own_line(conn, job, result, now)
    return effect


def note_failure(
    conn: Connection, job: Job, reason: str, settings: AnnouncementSettings, now: datetime
) -> HearingState:
    """It could not be listened to: another try later, or the signalling stands alone; give the new state.

    Raises:
        IllegalMove: another process was quicker.
    """
    tries = job.tries + 1
    if tries < settings.tries:
        due_at = now + timedelta(seconds=settings.retry_seconds * tries)
        queries.put_off(conn, job.attempt_id, {"tries": tries, "error": reason, "due_at": due_at})
        return HearingState.WAITING
    move = MACHINE.advance(HearingState.WAITING, HearingEvent.GIVE_UP, now)
    told = {"tries": tries, "error": reason}
    apply(conn, announcements, job.attempt_id, move, values={**told, "done_at": now}, data=told)
    return HearingState.FAILED


def give_back(conn: Connection, job: Job, now: datetime) -> None:
    """It was not listened to, and not for its own fault."""
    queries.put_off(conn, job.attempt_id, {"due_at": now})


def _note_own_line(conn: Connection, job: Job, result: Result, now: datetime) -> None:
    trunk = job.trunk or DEFAULT
    if result.heard is Heard.OWN_LINE:
        raise_alarm(conn, OWN_LINE, trunk, now, {"trunk": trunk, "words": result.words[:200]})
    elif result.heard in OUTCOME or result.heard is Heard.PERSON:
        # The network puts our calls through.
        clear_alarm(conn, OWN_LINE, trunk, now)
