"""`dialer demo` whole: real calls on real Asterisk, archived by plate, transcribed, checked."""

import asyncio
import json
import os
import sys
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
import yaml
from sqlalchemy import Connection, select

from asterisk.install import AsteriskBinary
from dialer.app.demo.cast import Role, make_cast
from dialer.app.demo.talks import calls_folder, talks
from dialer.calling.queries import Attempt
from dialer.calling.tables import attempts
from dialer.storage.database import Database
from dialer.storage.dialects import sqlite_url
from dialer.storage.rows import fetch
from dialer.telephony.outcomes import DialOutcome, Leg
from qa.transcripts.queries import segments_of
from recordings.queries import Recording, recording_of

_CALLS = 2
_SUMMARY = {
    "asterisk",
    "engine",
    "model",
    "follow_ups",
    "attempts",
    "outcomes",
    "answered",
    "recordings",
    "archived",
    "transcribed",
    "findings",
    "double_dials",
    "unlinked_recordings",
    "wall_seconds",
    "recordings_root",
    "database",
}
# Louder than this, in 16-bit samples, is no noise of the line.
_LOUD = 1000


async def test_a_demo_makes_calls_and_checks_them(asterisk_binary: AsteriskBinary, short_tmp: Path) -> None:
    """Two channels, the agent's on the left, as long as the call, under its plate (A1, A2, Q1, Q5, D7)."""
    data, result = short_tmp / "demo", short_tmp / "demo.json"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dialer.app.cli", "demo", "--exit", "--calls", str(_CALLS)),
        *("--data", str(data), "--json", str(result)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"COLUMNS": "200"},
    )
    try:
        told, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert process.returncode == 0, told.decode()

    summary = json.loads(result.read_text(encoding="utf-8"))
    assert summary.keys() >= _SUMMARY
    assert summary["asterisk"] == str(asterisk_binary.version)
    assert summary["answered"] >= _CALLS
    for count in ("recordings", "archived", "transcribed", "checked"):
        assert summary[count] == summary["answered"], count
    assert sum(summary["outcomes"].values()) == summary["attempts"]
    assert summary["findings"].get("pass", 0) > 0
    assert (summary["double_dials"], summary["unlinked_recordings"]) == (0, 0)
    assert summary["engine"] in ("whisper", "vosk")

    database = Database(sqlite_url(Path(summary["database"])))
    await database.start()
    try:
        answered = await database.read(_answered)
        assert len(answered) == summary["answered"]
        for attempt in answered:
            await _check_call(database, Path(summary["recordings_root"]), attempt)
    finally:
        await database.stop()


async def _check_call(database: Database, root: Path, attempt: Attempt) -> None:
    recording = await database.read(lambda conn: recording_of(conn, attempt.id))
    assert recording is not None
    assert recording.problems == []
    role = next(role for role in make_cast(talks()) if role.number == attempt.number)
    assert recording.plate == role.plate
    assert attempt.answered_at is not None
    assert attempt.ended_at is not None
    _check_file(root, recording, (attempt.ended_at - attempt.answered_at).total_seconds())

    said = await database.read(lambda conn: segments_of(conn, attempt.id))
    for leg, other in ((Leg.AGENT, Leg.CUSTOMER), (Leg.CUSTOMER, Leg.AGENT)):
        heard = _pairs(segment.text for segment in said if segment.channel is leg)
        assert heard, f"nothing was understood of the {leg}"
        own, others = (len(heard & _pairs(_turns(role, who))) / len(heard) for who in (leg, other))
        assert own > 0.5, f"the {leg}'s channel has other words than the {leg} said"
        assert own > 2 * others, f"the {leg}'s channel has the {other}'s words"


def _check_file(root: Path, recording: Recording, call_seconds: float) -> None:
    """Exactly one file of two channels for this call, both with speech."""
    every = root.rglob(f"*{recording.attempt_id}*.wav")
    files = [file for file in every if soundfile.info(file).channels == 2]
    assert [str(file.relative_to(root)) for file in files] == [recording.path]
    assert files[0].parent.parent.name == recording.plate
    samples, rate = soundfile.read(files[0], dtype="int16", always_2d=True)
    assert abs(len(samples) / rate - call_seconds) <= 0.5
    assert (np.abs(samples).max(axis=0) > _LOUD).all()


def _answered(conn: Connection) -> list[Attempt]:
    return fetch(conn, select(attempts).where(attempts.c.outcome == DialOutcome.ANSWERED), Attempt)


def _turns(role: Role, who: str) -> list[str]:
    calls = yaml.safe_load((calls_folder() / "calls.yaml").read_text(encoding="utf-8"))["calls"]
    (call,) = [call for call in calls if call["id"] == role.talk]
    return [text for speaker, _, _, text in call["turns"] if speaker == who]


def _pairs(texts: Iterable[str]) -> set[str]:
    """Each two Chinese characters that stand together: what a misheard word leaves alike."""
    signs = [sign for sign in "".join(texts) if "\u4e00" <= sign <= "\u9fff"]
    return {one + other for one, other in pairwise(signs)}
