"""The archive has no room, the speech model is not there: calls go on, and what waited is done by itself."""

import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from asterisk.phones import Answer
from dialer.alarms.service import open_alarms
from dialer.app.demo.talks import short_talk, talks
from dialer.telephony.outcomes import DialOutcome
from qa.checks.queries import findings_of
from qa.speech.models import PREFERENCE, shared_folder
from qa.transcripts.queries import transcript_of
from qa.transcripts.states import TranscriptState
from recordings.queries import recording_of
from recordings.states import RecordingState
from tests.scenarios.conftest import Logs, NewSite
from tests.support.site import said, talk, until

_MEGABYTE = 1_000_000
_MEMORY_DISK = Path("/dev/shm")


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder in memory where there is some: other tests keep their databases there, too."""
    with TemporaryDirectory(prefix="hf-", dir=_MEMORY_DISK if _MEMORY_DISK.is_dir() else None) as folder:
        yield Path(folder)


async def test_the_recordings_disk_is_full(new_site: NewSite, small_disk: Path, logs: Logs) -> None:
    """The call is not touched; the recording waits at Asterisk; room is enough to mend it (A1, A2)."""
    # More to both sides of what is to be left free than the other tests take and give meanwhile.
    free = shutil.disk_usage(small_disk).free
    weight = min(800 * _MEGABYTE, free // 2)
    kept = free - weight // 2
    ballast = small_disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, weight)
    root = small_disk / "recordings"
    site = await new_site(tables={"recordings": {"root": str(root), "keep_free_bytes": kept}})
    first, second = await site.owe(talk(2), talk(1.5))
    async with site.serving():
        site.clerk()
        attempts = [await site.ended(number) for number in (first, second)]
        assert [row.outcome for row in attempts] == [DialOutcome.ANSWERED] * 2, "calls go on"
        english, chinese = [await site.alarm_text("recordings_disk_full", one) for one in ("en", "zh")]
        assert f"There is no room for recordings in {root}" in english
        assert "Free or add disk space." in english
        assert f"{root} 空间不足" in chinese
        assert "–" not in english + chinese, "the free room is told"
        assert "recordings_disk_full" not in english + chinese
        assert said(logs, "There is no room for recordings in", "Delete or move files on that disk")
        for attempt in attempts:
            row = await site.db.read(partial(recording_of, attempt_id=attempt.id))
            assert row is not None
            assert row.state is RecordingState.EXPECTED
        ballast.unlink()
        for attempt in attempts:
            assert (await site.archived(attempt)).problems == []
        await site.sound()
        await site.no_alarm()


async def test_the_speech_model_is_missing(
    new_site: NewSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logs: Logs
) -> None:
    """Calls and the archive go on; the model appears and all is transcribed and checked (Q1, Q5)."""
    name = PREFERENCE[0]
    model = shared_folder() / name
    assert model.is_dir(), f"run: dialer models fetch {name} --shared"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    site = await new_site(transcribe=True)
    legs = short_talk(talks()[0].id, with_plate=True)
    spoken = 6.0
    piece = slice(0, int(spoken * 8000))
    site.agent_does = Answer(ring_seconds=0.2, speech=legs.agent[piece])
    (number,) = await site.owe(Answer(speech=legs.customer[piece], hang_up_after=spoken))
    async with site.serving():
        site.clerk()
        attempt = await site.ended(number)
        await site.archived(attempt)
        english, chinese = [await site.alarm_text("model_missing", language) for language in ("en", "zh")]
        assert f"The speech model {name} is not there" in english
        assert f"缺少语音模型 {name}" in chinese
        for text in (english, chinese):
            assert f"dialer models fetch {name}" in text
            assert "model_missing" not in text
        assert said(logs, f"The speech model {name} is not on this machine", f"dialer models fetch {name}")

        site.settings.models_dir.mkdir()
        (site.settings.models_dir / name).symlink_to(model)

        async def transcribed() -> bool:
            row = await site.db.read(lambda conn: transcript_of(conn, attempt.id))
            return row is not None and row.state is TranscriptState.DONE

        await until(transcribed, "the call is transcribed", 90)

        async def checked() -> bool:
            return bool(await site.db.read(lambda conn: findings_of(conn, attempt.id)))

        await until(checked, "the call is checked")
        await site.sound()
        kinds = {alarm.kind for alarm in await site.db.read(open_alarms)}
        assert "model_missing" not in kinds
