"""What a site of this size needs a day: disk and hours of transcription (O5). Pure but for its one query."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from dialer.agents.tables import agents
from qa.transcripts.states import TranscriptState
from qa.transcripts.tables import transcripts
from recordings.states import RecordingState
from recordings.tables import recordings
from web.finding import Finding, Level, said
from web.i18n import N_

# A house of 25 agents has about 1,700 talks a day of 89 s: 4.8 GB and 84 hours of legs.
TALKS_OF_AN_AGENT = 68
SECONDS_OF_A_TALK = 89.0
# Two channels of 16 bits at 8 kHz.
BYTES_A_SECOND = 32_000
# Transcribing a second of a leg with whisper-base on one core of 2020.
WORK_A_SECOND = 0.3

_DAYS_LOOKED_AT = 14
_HOURS_A_NIGHT = 20.0
_DAYS_FAIL, _DAYS_WARN = 2, 30

_SIZE, _DISK, _WORK = N_("Size of the site"), N_("Room for recordings"), N_("Power for transcription")


@dataclass(frozen=True, slots=True)
class Measured:
    """What the last two weeks tell: agents, and the fullest day's talks, seconds and bytes.

    `work_a_second` is how long one core takes to transcribe a second of one leg; None: none was yet.
    """

    agents: int
    talks: int = 0
    seconds: float = 0.0
    bytes: int = 0
    work_a_second: float | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """What a full day needs. `measured`: from the site's own calls, not from what is usual."""

    agents: int
    talks: int
    bytes: int
    leg_hours: float
    core_hours: float
    measured: bool


def measure(conn: Connection, now: datetime) -> Measured:
    """What the site's own rows tell."""
    count = conn.execute(select(func.count()).where(agents.c.active)).scalar_one()
    fullest = (0, 0.0, 0)
    for day in range(_DAYS_LOOKED_AT):
        until = now - timedelta(days=day)
        row = conn.execute(
            select(func.count(), func.sum(recordings.c.seconds), func.sum(recordings.c.bytes)).where(
                recordings.c.state == RecordingState.ARCHIVED,
                recordings.c.created_at > until - timedelta(days=1),
                recordings.c.created_at <= until,
            )
        ).one()
        fullest = max(fullest, (row[0], float(row[1] or 0), int(row[2] or 0)))
    done = conn.execute(
        select(func.sum(transcripts.c.work_seconds), func.sum(transcripts.c.seconds)).where(
            transcripts.c.state == TranscriptState.DONE,
            transcripts.c.due_at > now - timedelta(days=_DAYS_LOOKED_AT),
        )
    ).one()
    work = float(done[0]) / (2 * float(done[1])) if done[0] and done[1] else None
    return Measured(count, *fullest, work)


def need(seen: Measured) -> Need:
    """A full day of this site; what is usual stands in until a day was at least a tenth of that."""
    usual = max(1, seen.agents) * TALKS_OF_AN_AGENT
    measured = seen.talks * 10 >= usual and seen.seconds > 0
    talks = seen.talks if measured else usual
    seconds = seen.seconds if measured else talks * SECONDS_OF_A_TALK
    size = seen.bytes if measured and seen.bytes else round(seconds * BYTES_A_SECOND)
    leg_hours = 2 * seconds / 3600
    work = WORK_A_SECOND if seen.work_a_second is None else seen.work_a_second
    return Need(seen.agents, talks, size, leg_hours, leg_hours * work, measured)


def check_size(needed: Need) -> Finding:
    """The figures themselves."""
    text = (
        N_("Its own calls: {agents} agents, {talks} talks, {size} and {hours} leg-hours to transcribe a day.")
        if needed.measured
        else N_(
            "As is usual for {agents} agents: {talks} talks, {size} and {hours} leg-hours to "
            "transcribe a day."
        )
    )
    seen = said(
        text,
        agents=needed.agents,
        talks=f"{needed.talks:,}",
        size=as_size(needed.bytes),
        hours=f"{needed.leg_hours:.0f}",
    )
    return Finding("size", _SIZE, Level.OK, seen)


def check_disk(needed: Need, free: int, keep_free: int, folder: str) -> Finding:
    """Room for recordings in days; nothing is archived below `keep_free`."""
    usable = max(0, free - keep_free)
    days = usable // max(1, needed.bytes)
    seen = said(
        N_("{free} are free in {folder}, enough for {days} days of recordings."),
        free=as_size(free),
        folder=folder,
        days=days,
    )
    if days >= _DAYS_WARN:
        return Finding("disk", _DISK, Level.OK, seen)
    level = Level.FAIL if days < _DAYS_FAIL else Level.WARN
    do = said(
        N_("Add disk space or move recordings.root to a larger disk: a day needs {size}; {keep} stay free."),
        size=as_size(needed.bytes),
        keep=as_size(keep_free),
    )
    return Finding("disk", _DISK, level, seen, do)


def check_transcription(needed: Need, workers: int) -> Finding:
    """Whether a day's talks are transcribed before the next one begins."""
    hours = needed.core_hours / max(1, workers)
    told = N_("A day's talks take {hours} hours; processes at work: {n}.")
    seen = said(told, hours=f"{hours:.1f}", n=workers)
    if hours <= _HOURS_A_NIGHT:
        return Finding("transcription", _WORK, Level.OK, seen)
    do = said(
        N_("Give it more cores (speech.workers) or a smaller model (speech.model), or turn transcribe off.")
    )
    return Finding("transcription", _WORK, Level.WARN, seen, do)


def as_size(count: int) -> str:
    """Bytes as a person reads them."""
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"
