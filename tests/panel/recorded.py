"""A call with recording, transcript and findings, as the archive and the checks leave them."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile as sf
from sqlalchemy import Connection, update

from dialer.calling.progress import Ending
from dialer.calling.queries import attempt
from dialer.forms.service import save_answer
from dialer.telephony.outcomes import DialOutcome, Leg
from qa.checks import queries as checks
from qa.checks.tables import checks as checks_table
from qa.rules.findings import Evidence, Finding, Reason, Verdict
from qa.speech.port import Segment, Word
from qa.transcripts import queries as transcripts
from qa.transcripts.tables import transcripts as transcripts_table
from recordings import queries as recordings
from recordings import service as archive
from recordings.archive import Archived
from recordings.audio import join, small_copy, waveform
from recordings.rules import Problem
from recordings.rules import Verdict as Soundness
from tests.panel.site import Site

RATE = 8000
SECONDS = 8.0
# What is said: (who, from, to, words of equal length).
SAID = (
    (Leg.AGENT, 0.5, 2.5, "您好这里是城东店"),
    (Leg.CUSTOMER, 3.0, 3.5, "你好"),
    (Leg.AGENT, 4.0, 6.0, "这个我不知道"),
)
TALKED = Ending(DialOutcome.ANSWERED, dialled=True, cause=16, hung_up_by=Leg.CUSTOMER)


@dataclass(frozen=True, slots=True)
class Known:
    """A recorded call."""

    attempt_id: str
    forbidden: Evidence


async def record(site: Site, *, checked: bool = True, problems: tuple[Problem, ...] = ()) -> Known:
    """A talk of the ready agent with the customer due, two answers taken down, and its recording."""
    attempt_id = await site.talking()
    agent_id = await site.database.read(lambda conn: _agent_of(conn, attempt_id))
    for question, value in (("q1", "satisfied"), ("q2", "dissatisfied")):
        site.clock.forward(2)
        save = partial(
            save_answer,
            library=site.library,
            agent_id=agent_id,
            attempt_id=attempt_id,
            question_id=question,
            value=value,
            now=site.clock(),
        )
        await site.database.write(save)
    site.clock.forward(4)
    await site.end(attempt_id, TALKED)
    archived = make_audio(site.recordings_root, attempt_id)
    forbidden = Evidence(Leg.AGENT, 4.667, 5.0, "我", "不知道", 100.0, 0.9)

    def keep(conn: Connection) -> None:
        now, call = site.clock(), recordings.call_of(conn, attempt_id)
        assert call is not None
        archive.keep(conn, call, archived, Soundness(problems, 1.5 if problems else 0.0), now)
        if not checked:
            return
        transcripts.add(conn, attempt_id, now)
        done = {"state": "done", "seconds": SECONDS, "done_at": now}
        conn.execute(
            update(transcripts_table).where(transcripts_table.c.attempt_id == attempt_id).values(**done)
        )
        transcripts.replace_segments(conn, attempt_id, segments())
        found = (
            Finding(
                "greet",
                Verdict.PASS,
                Reason.SAID,
                (Evidence(Leg.AGENT, 0.5, 1.0, "您好", "您好", 98.0, 0.9),),
            ),
            Finding("no_forbidden", Verdict.FAIL, Reason.FORBIDDEN_SAID, (forbidden,)),
            Finding("thanks", Verdict.UNCLEAR, Reason.AUDIO_INCOMPLETE),
        )
        checks.add(conn, attempt_id, now)
        checks.replace_findings(
            conn, attempt_id, found, rule_set="after-sales-satisfaction", version=1, now=now
        )
        counts = {"state": "done", "passes": 1, "fails": 1, "unclears": 1, "checked_at": now}
        conn.execute(update(checks_table).where(checks_table.c.attempt_id == attempt_id).values(**counts))

    await site.database.write(keep)
    return Known(attempt_id, forbidden)


def segments() -> list[Segment]:
    """What is said, with a word for each character."""
    made = []
    for channel, start, end, text in SAID:
        step = (end - start) / len(text)
        words = tuple(
            Word(letter, start + index * step, start + (index + 1) * step, 0.9)
            for index, letter in enumerate(text)
        )
        made.append(Segment(channel, start, end, text, 0.9, words))
    return made


def make_audio(root: Path, attempt_id: str) -> Archived:
    """The files of a recording: each party a tone of its own while it speaks."""
    folder = root / "城东店" / attempt_id
    folder.mkdir(parents=True)
    times = np.arange(int(RATE * SECONDS)) / RATE
    sides = []
    for leg, pitch in ((Leg.AGENT, 220.0), (Leg.CUSTOMER, 330.0)):
        speaks = np.zeros_like(times, dtype=bool)
        for who, start, end, _text in SAID:
            speaks |= (who is leg) & (start <= times) & (times < end)
        side = folder / f"{leg}.wav"
        sf.write(side, 0.3 * np.sin(2 * np.pi * pitch * times) * speaks, RATE, subtype="PCM_16")
        sides.append(side)
    wav, listen, peaks = (folder / f"call.{suffix}" for suffix in ("wav", "ogg", "peaks"))
    joined = join(sides, wav)
    listen.write_bytes(small_copy(wav))
    peaks.write_bytes(waveform(joined))
    names = [str(path.relative_to(root)) for path in (wav, listen, peaks)]
    size = wav.stat().st_size
    return Archived(names[0], names[1], names[2], "0" * 64, size, SECONDS, (SECONDS, SECONDS), (0.5, 0.06))


def _agent_of(conn: Connection, attempt_id: str) -> str:
    found = attempt(conn, attempt_id)
    assert found is not None
    return found.agent_id
