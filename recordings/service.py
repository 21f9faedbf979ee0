"""Use cases of recordings. Those that take a connection run in the caller's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.ids import new_id
from dialer.storage import feed
from dialer.storage.dialects import keep_event_order
from dialer.storage.transition import apply
from recordings import queries
from recordings.archive import Archived
from recordings.audio import cut
from recordings.queries import Call, Recording, Takeover
from recordings.rules import Verdict
from recordings.states import MACHINE, RecordingEvent, RecordingState
from recordings.tables import recordings

CONSUMER = "recordings"
ENDED = "attempt.ended"
_BATCH = 200
_EXAMPLES = 5

AGENT_CHANNEL = 0
CUSTOMER_CHANNEL = 1


class Trouble(StrEnum):
    """What keeps recordings from being archived; the value is the kind of the alarm."""

    DISK_FULL = "recordings_disk_full"
    STORE = "recordings_store_failing"
    SOURCE = "recordings_source_unreachable"
    # One recording that cannot be archived, for a reason nobody thought of.
    FAILING = "recording_failing"


class NoRecording(Exception):
    """There is no such recording to listen to. The message says why."""


def has_news(conn: Connection) -> bool:
    """Whether an attempt ended that `expect_ended` has not seen."""
    return bool(feed.after(conn, feed.position(conn, CONSUMER), kinds=(ENDED,), limit=1))


def expect_ended(conn: Connection, now: datetime) -> int:
    """Expect a recording for each attempt that ended since the last time; give how many ended.

    Exactly once: the position in the event rows moves in the same transaction. Attempts that
    never dialled the customer leave no files and are passed over.
    """
    keep_event_order(conn)  # one reader at a time, also where several processes read
    latest = feed.latest_id(conn)
    ended = feed.after(conn, feed.position(conn, CONSUMER), kinds=(ENDED,), limit=_BATCH)
    for row in ended:
        call = queries.call_of(conn, row.subject)
        if call is not None and (call.go_at or call.answered_at):
            if call.answered_at is not None:
                expect(conn, call, now)
            queries.add_takeover(conn, call.attempt_id, now)
    if ended:
        feed.remember(conn, CONSUMER, ended[-1].id if len(ended) == _BATCH else latest)
    return len(ended)


def expect(conn: Connection, call: Call, now: datetime) -> None:
    """Make the row of this call's recording, unless there is one."""
    if queries.recording_of(conn, call.attempt_id) is None:
        values = {
            "id": new_id(),
            "attempt_id": call.attempt_id,
            "follow_up_id": call.follow_up_id,
            "customer_id": call.customer_id,
            "branch": call.branch,
            "plate": call.plate,
            "call_seconds": call.seconds,
            "created_at": now,
        }
        queries.add_recording(conn, values)


def keep(conn: Connection, call: Call, archived: Archived, verdict: Verdict, now: datetime) -> None:
    """The call's recording is in the archive: link it, tell of it, and say what is wrong with it.

    Raises:
        IllegalMove: another process was quicker.
    """
    expect(conn, call, now)
    row = _row(conn, call.attempt_id)
    agent_share, customer_share = archived.speech_shares
    apply(
        conn,
        recordings,
        row.id,
        MACHINE.advance(row.state, RecordingEvent.ARCHIVE, now),
        values={
            "path": archived.path,
            "listen_path": archived.listen_path,
            "peaks_path": archived.peaks_path,
            "sha256": archived.sha256,
            "bytes": archived.bytes,
            "seconds": archived.seconds,
            "call_seconds": call.seconds,
            "gap_seconds": verdict.gap_seconds,
            "agent_speech_share": agent_share,
            "customer_speech_share": customer_share,
            "problems": list(verdict.problems),
            "error": None,
            "archived_at": now,
        },
        data={
            "attempt_id": call.attempt_id,
            "follow_up_id": call.follow_up_id,
            "seconds": archived.seconds,
            "gap_seconds": verdict.gap_seconds,
            "problems": list(verdict.problems),
        },
    )
    clear_alarm(conn, "recording_missing", call.attempt_id, now)
    if verdict.problems:
        data = {"problems": list(verdict.problems), "gap_seconds": verdict.gap_seconds}
        raise_alarm(conn, "recording_unsound", call.attempt_id, now, {**_who(call), **data})
    else:
        clear_alarm(conn, "recording_unsound", call.attempt_id, now)
    for trouble in (Trouble.DISK_FULL, Trouble.STORE, Trouble.SOURCE):
        _mended(conn, trouble, now)


def keep_early(conn: Connection, call: Call, archived: Archived, now: datetime) -> None:
    """The clip of what was heard before the answer is in the archive: link it."""
    if queries.early_clip_of(conn, call.attempt_id) is None:
        values = {
            "attempt_id": call.attempt_id,
            "path": archived.path,
            "sha256": archived.sha256,
            "bytes": archived.bytes,
            "seconds": archived.seconds,
            "created_at": now,
        }
        queries.add_early_clip(conn, values)
        data = {"attempt_id": call.attempt_id, "seconds": archived.seconds}
        feed.emit(conn, "early_clip.archived", call.attempt_id, now, data)


def give_up(conn: Connection, call: Call, now: datetime) -> None:
    """An answered call left no recording (A1)."""
    row = _row(conn, call.attempt_id)
    if row.state == RecordingState.EXPECTED:
        move = MACHINE.advance(row.state, RecordingEvent.MISS, now)
        apply(conn, recordings, row.id, move, data={"attempt_id": call.attempt_id})
        raise_alarm(conn, "recording_missing", call.attempt_id, now, _who(call))


def refuse(conn: Connection, call: Call, reason: str, now: datetime) -> None:
    """The files of this call cannot be read: they stay where they are, and a person must look (A1)."""
    expect(conn, call, now)
    row = _row(conn, call.attempt_id)
    move = MACHINE.advance(row.state, RecordingEvent.FAIL, now)
    apply(
        conn,
        recordings,
        row.id,
        move,
        values={"problems": ["unreadable"], "error": reason},
        data={"attempt_id": call.attempt_id},
    )
    clear_alarm(conn, "recording_missing", call.attempt_id, now)
    data = {**_who(call), "problems": ["unreadable"], "error": reason}
    raise_alarm(conn, "recording_unsound", call.attempt_id, now, data)


def finish(conn: Connection, attempt_id: str, now: datetime) -> None:
    """Nothing of this attempt is left to do."""
    queries.drop_takeover(conn, attempt_id)
    clear_alarm(conn, Trouble.FAILING, attempt_id, now)


def put_off(
    conn: Connection,
    job: Takeover,
    due_at: datetime,
    *,
    trouble: Trouble,
    data: Mapping[str, object],
    now: datetime,
) -> None:
    """Trouble: try again at `due_at`, and let a person know."""
    queries.postpone(conn, job.attempt_id, due_at, seen=job.seen, tries=job.tries + 1, error=trouble.value)
    meet(conn, trouble, data, now, subject=job.attempt_id if trouble is Trouble.FAILING else CONSUMER)


def meet(
    conn: Connection, trouble: Trouble, data: Mapping[str, object], now: datetime, subject: str = CONSUMER
) -> None:
    """Let a person know of trouble."""
    raise_alarm(conn, trouble, subject, now, data)


def redo(conn: Connection, attempt_id: str, now: datetime) -> None:
    """The archived file is damaged or gone and the source still has the call: archive it again."""
    row = _row(conn, attempt_id)
    move = MACHINE.advance(row.state, RecordingEvent.SPOIL, now)
    apply(conn, recordings, row.id, move, data={"attempt_id": attempt_id})


def retry(conn: Connection, attempt_id: str, now: datetime) -> None:
    """A person asks for another try with a missing or unreadable recording.

    Raises:
        NoRecording: the attempt has none.
        IllegalMove: it is neither missing nor unreadable.
    """
    row = _row(conn, attempt_id)
    move = MACHINE.advance(row.state, RecordingEvent.RETRY, now)
    apply(conn, recordings, row.id, move, data={"attempt_id": attempt_id})
    queries.add_takeover(conn, attempt_id, now)


def adopt(conn: Connection, attempt_ids: list[str], now: datetime) -> list[str]:
    """See to files at the source that nobody waits for; give the attempts that nobody made.

    Those of a known attempt that is over are taken over. For the others one alarm is kept up.
    """
    keep_event_order(conn)
    found = queries.lying(conn, attempt_ids)
    for one in found:
        if one.is_forgotten:
            queries.add_takeover(conn, one.attempt_id, now)
    _mended(conn, Trouble.SOURCE, now)
    strangers = [one.attempt_id for one in found if one.state is None]
    if strangers:
        data = {"count": len(strangers), "examples": strangers[:_EXAMPLES]}
        raise_alarm(conn, "recordings_unlinked", CONSUMER, now, data)
    else:
        clear_alarm(conn, "recordings_unlinked", CONSUMER, now)
    return strangers


@dataclass(frozen=True, slots=True)
class Files:
    """Where an archived recording lies on this machine. `listen` is there once somebody has listened."""

    wav: Path
    listen: Path
    peaks: Path


def files_of(root: Path, row: Recording | None) -> Files:
    """The files of a recording.

    Raises:
        NoRecording: it is not archived, or its file is gone.
    """
    if row is None:
        raise NoRecording("This call has no recording: it was not answered, or it has not ended.")
    if row.path is None or row.listen_path is None or row.peaks_path is None:
        raise NoRecording(f"The recording of this call is {row.state}: there is nothing to listen to.")
    files = Files(root / row.path, root / row.listen_path, root / row.peaks_path)
    if not files.wav.is_file():
        raise NoRecording(f"The file {row.path} is not in the archive {root}: restore it from the backup.")
    return files


def clip(root: Path, row: Recording | None, start: float, end: float, channel: int | None = None) -> bytes:
    """A stretch of a recording (seconds) as a WAV file; of one party, or of both where `channel` is None.

    Reads and works for some milliseconds: call it in a worker thread.

    Raises:
        NoRecording: see `files_of`.
        ValueError: there is no such stretch.
        Unreadable: the file is damaged.
    """
    return cut(files_of(root, row).wav, start, end, channel)


def _mended(conn: Connection, trouble: Trouble, now: datetime) -> None:
    """The trouble is over: what waits because of it is due now."""
    clear_alarm(conn, trouble, CONSUMER, now)
    queries.hasten(conn, trouble, now)


def _row(conn: Connection, attempt_id: str) -> Recording:
    row = queries.recording_of(conn, attempt_id)
    if row is None:
        raise NoRecording(f"The attempt {attempt_id} has no recording.")
    return row


def _who(call: Call) -> dict[str, object]:
    return {
        "attempt_id": call.attempt_id,
        "customer_id": call.customer_id,
        "branch": call.branch,
        "plate": call.plate,
        "agent": call.agent,
        "call_seconds": call.seconds,
    }
