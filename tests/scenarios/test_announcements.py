"""Announcements on a real telephone, heard by a real engine, through to the next try (D3, L7)."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from asterisk.phones import Announce, Answer, Refuse, load_speech
from bench.hearing import CLIPS
from dialer.agents.states import AgentState
from dialer.calling.queries import Attempt
from dialer.calling.states import AttemptState
from dialer.followups.states import FollowUpState
from dialer.telephony.heard import Heard
from qa.announcements.queries import Announcement, announcement_of
from qa.announcements.states import HearingState
from qa.speech.models import fetch, shared_folder
from recordings.queries import early_clip_of
from tests.scenarios.conftest import NewSite
from tests.support.site import Site, until

# A model is loaded and works beside everything else that runs here.
_PATIENCE = 240.0
_SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="session")
def whisper_base() -> Path:
    """The folder of the models, fetched by the product's own command where it is not there yet."""
    return fetch("whisper-base", shared_folder()).folder.parent


def clip(name: str) -> bytes:
    return load_speech(CLIPS / f"{name}.wav")


async def heard(site: Site, call: Attempt) -> Announcement:
    """What was heard of this call, as soon as it was listened to."""

    async def look() -> Announcement | None:
        row = await site.db.read(lambda conn: announcement_of(conn, call.id))
        return row if row is not None and row.state is not HearingState.WAITING else None

    return await until(look, f"the line of {call.number} is listened to", _PATIENCE)


async def test_d3_early_media_then_a_failure_and_an_answer_by_a_secretary(
    new_site: NewSite, whisper_base: Path
) -> None:
    """183 with an announcement, then 480, 404 or 486; a machine behind a 200: each changes the next try."""
    site = await new_site(transcribe=True, tables={"calling": {"customer_ring_seconds": 12}})
    off, empty, busy, secretary = await site.owe(
        Announce(speech=clip("off-1"), then=Refuse(code=480)),
        # Signalled as an empty number; the network says that the telephone is off.
        Announce(speech=clip("off-1"), then=Refuse(code=404)),
        Announce(speech=clip("busy-1"), then=Refuse(code=486)),
        Answer(ring_seconds=0.2, speech=clip("secretary-1"), hang_up_after=7.0),
    )
    async with site.serving():
        await site.ready()
        calls = {number: await site.ended(number) for number in (off, empty, busy, secretary)}
        assert [call.outcome for call in calls.values()] == [
            "no_answer",
            "invalid_number",
            "busy",
            "answered",
        ]
        rows = {number: await heard(site, call) for number, call in calls.items()}

        assert [row.heard for row in rows.values()] == [
            Heard.POWERED_OFF,
            Heard.POWERED_OFF,
            Heard.BUSY,
            Heard.SECRETARY,
        ]
        assert {row.effect for row in rows.values()} == {"corrected"}
        # The clip of each is in the archive, as its row says.
        for row in rows.values():
            assert row.clip_path is not None
            assert (site.settings.recordings.root / row.clip_path).is_file()
        early = await site.db.read(lambda conn: early_clip_of(conn, calls[off].id))
        assert early is not None
        assert (rows[off].clip_path, rows[off].clip_sha256) == (early.path, early.sha256)

        for number in (off, empty):
            owed, call = await site.follow_up(number), calls[number]
            assert call.ended_at is not None
            assert (owed.state, owed.tries) == (FollowUpState.WAITING, {"powered_off": 1})
            assert owed.due_at == call.ended_at + timedelta(hours=4)
        owed = await site.follow_up(busy)
        assert owed.tries == {"busy": 1}
        owed = await site.follow_up(secretary)
        assert (owed.state, owed.reason) == (FollowUpState.WAITING, "secretary")
        assert owed.due_at.astimezone(_SHANGHAI) > datetime.now(_SHANGHAI) + timedelta(hours=1)

        async def free() -> bool:
            return (await site.session()).state is AgentState.READY

        await until(free, "the agent of the secretary's call is free without a form")
        last = (await site.attempts(secretary))[-1]
        assert (last.state, last.outcome, last.heard) == (AttemptState.ENDED, "no_answer", "secretary")
    await site.sound()
