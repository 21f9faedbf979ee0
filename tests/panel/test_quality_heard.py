"""What was heard on the line, on the pages where a call is looked at, in a real browser (D3, C5, X1)."""

import pytest
import soundfile
from playwright.async_api import expect
from sqlalchemy import Connection

from bench.hearing import CLIPS
from dialer.calling.progress import Ending
from dialer.calling.service import EndRules
from dialer.storage.feed import of_subject
from dialer.telephony.heard import Heard
from dialer.telephony.outcomes import DialOutcome
from qa.announcements import queries, service
from qa.announcements.queries import Job
from qa.announcements.rules import Result, Source
from recordings.archive import Archived
from recordings.queries import call_of
from recordings.service import keep_early
from tests.panel.site import OpenPage, Site, async_fixture, snapshot

OFF = "您好，您拨打的电话已关机。Sorry, the subscriber you dialed is powered off."


async def not_answered(site: Site) -> str:
    """A call that was not answered; its early media is in the archive, and nobody has listened to it."""
    (attempt_id,) = await site.reserve()
    await site.go(attempt_id)
    site.clock.forward(9)
    await site.end(attempt_id, Ending(DialOutcome.NO_ANSWER, dialled=True, cause=19))
    samples, rate = soundfile.read(CLIPS / "off-1.wav", dtype="int16")
    soundfile.write(site.recordings_root / "off.wav", samples, rate, subtype="PCM_16")

    def keep(conn: Connection) -> None:
        call = call_of(conn, attempt_id)
        assert call is not None
        clip = Archived("off.wav", None, None, "0" * 64, 44_028, 5.5, (5.5,), (0.6,))
        keep_early(conn, call, clip, site.clock())
        queries.add(conn, attempt_id, Source.EARLY, site.clock())

    await site.database.write(keep)
    return attempt_id


async def listened(site: Site, attempt_id: str) -> None:
    """The worker has heard what was said."""
    heard = Result(Heard.POWERED_OFF, OFF, "电话已关机", 0.98, 1.2, 2.3)
    job = Job(attempt_id, Source.EARLY, site.clock(), 0, None)
    clip = service.Clip("off.wav", "0" * 64, "whisper", "whisper-base", 1.4)

    def keep(conn: Connection) -> None:
        service.keep(conn, job, heard, clip, site.library, site.clock(), EndRules())

    await site.database.write(keep)


@async_fixture
async def reviewed(panel_server: Site) -> Site:
    """A site with an agent who waits for a call, a customer due, and people who look."""
    await panel_server.agent("1001", ready=True)
    await panel_server.user("zhou", "qa")
    await panel_server.user("smith", "qa", language="en")
    await panel_server.user("ban", "supervisor")
    return panel_server


async def test_d3_the_page_shows_what_was_heard_as_soon_as_it_is(reviewed: Site, open_page: OpenPage) -> None:
    """Class, words, phrase, what it changed; the clip plays, and playing it leaves a trace (X1)."""
    await reviewed.follow_up()
    attempt_id = await not_answered(reviewed)
    page = await open_page("zhou", f"/qa/calls/{attempt_id}")
    panel = page.locator(".heard")
    await expect(panel).to_contain_text("正在辨识提示音")
    await listened(reviewed, attempt_id)
    await expect(panel.locator(".chip")).to_have_text("关机")
    await expect(panel).to_contain_text("您拨打的电话已关机")
    await expect(panel).to_contain_text("依据“电话已关机”，相似度 98%")
    await expect(panel).to_contain_text("呼叫结果和下次拨打时间已按此更正")
    await expect(page.locator(".facts-head .chip.warn")).to_have_text("关机")
    await page.wait_for_load_state()  # what came has loaded the page anew
    await page.evaluate("document.querySelector('.heard audio').play()")
    await page.wait_for_function("() => document.querySelector('.heard audio').currentTime > 0.2")
    assert await page.evaluate("document.querySelector('.heard audio').duration") == pytest.approx(
        5.5, abs=0.1
    )
    kinds = [row.kind for row in await reviewed.database.read(lambda conn: of_subject(conn, attempt_id))]
    assert "early_clip.fetched" in kinds
    await snapshot(page, "heard-zh")

    english = await open_page("smith", f"/qa/calls/{attempt_id}")
    await expect(english.locator(".heard")).to_contain_text("Known by “电话已关机”, likeness 98 %")
    await expect(english.locator(".heard .chip")).to_have_text("Phone switched off")
    await snapshot(english, "heard-en")
    listing = await open_page("smith", "/qa?tries=all")
    await expect(listing.locator(f"[data-attempt='{attempt_id}']")).to_contain_text("Phone switched off")


async def test_c5_the_customers_timeline_tells_it(reviewed: Site, open_page: OpenPage) -> None:
    customer_id = await reviewed.follow_up()
    attempt_id = await not_answered(reviewed)
    await listened(reviewed, attempt_id)
    page = await open_page("ban", f"/customers/{customer_id}")
    entry = page.locator(".line")
    await expect(page.locator("li[data-entry=call]").locator(".chip.warn")).to_have_text("关机")
    await expect(entry).to_contain_text("您拨打的电话已关机")
    await expect(entry.locator("audio")).to_have_attribute("src", f"/qa/calls/{attempt_id}/early")
    await snapshot(page, "heard-timeline")
