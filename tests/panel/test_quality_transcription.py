"""The page of transcription: what waits and till when, what was set aside, and the buttons for it (Q1)."""

from typing import Any

from playwright.async_api import expect
from sqlalchemy import update

from dialer.forms.rules import Disposition
from dialer.forms.service import finish_wrap_up, save_form
from qa.speech.port import Mark
from qa.transcripts.queries import segments_of
from qa.transcripts.tables import transcripts
from tests.panel.recorded import record
from tests.panel.site import OpenPage, Site, snapshot


async def recorded(site: Site, agent_id: str, number: int, **row: Any) -> str:
    """A call that is over, whose transcript stands so; the attempt's id."""
    await site.follow_up("李", f"1380000000{number}", f"豫A1111{number}", days_ago=1.5 - number / 10)
    attempt_id = (await record(site)).attempt_id
    now = site.clock()

    def work(conn: Any) -> None:
        save_form(
            conn,
            site.library,
            agent_id=agent_id,
            attempt_id=attempt_id,
            disposition=Disposition.REFUSED,
            wishes="",
            call_again_at=None,
            now=now,
        )
        finish_wrap_up(conn, agent_id, now)
        conn.execute(update(transcripts).where(transcripts.c.attempt_id == attempt_id).values(**row))

    await site.database.write(work)
    return attempt_id


async def test_q1_the_queue_is_seen_and_acted_on(panel_server: Site, open_page: OpenPage) -> None:
    """Progress with a forecast; set aside with its reason and tried again; moved up; channels exchanged."""
    site = panel_server
    agent_id = await site.agent("1001", ready=True)
    await site.user("zhou", "qa")
    done = {"seconds": 100.0, "work_seconds": 20.0}
    swapped = await recorded(site, agent_id, 1, **done, marks=[Mark.SWAPPED])
    reason = "x.wav cannot be read as audio."
    broken = await recorded(site, agent_id, 2, state="failed", failure="unreadable", tries=3, error=reason)
    waits = await recorded(site, agent_id, 3, state="waiting")
    page = await open_page("zhou", "/qa/transcription")
    figures = page.locator("[data-figure]")
    await expect(page.locator("[data-figure=failed]")).to_have_text("1")
    await expect(page.locator("[data-figure=waiting]")).to_have_text("1")
    await expect(page.locator("[data-figure=forecast]")).to_contain_text("0.20")
    aside = page.locator("[data-list=set-aside] tbody tr")
    await expect(aside).to_contain_text("文件不是完好的录音")
    await expect(aside).to_contain_text(reason)
    await snapshot(page, "transcription-zh-1366")

    await aside.get_by_role("button", name="重试").press("Enter")
    await expect(page.locator("[data-list=set-aside]")).to_have_count(0)
    rows = page.locator("[data-list=waiting] tbody tr")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_have_attribute("data-attempt", broken)
    await expect(rows.first).to_contain_text("有人要求")

    await rows.last.get_by_role("button", name="优先转写").click()
    await expect(rows.last).to_contain_text("有人要求")
    assert {await rows.nth(number).get_attribute("data-attempt") for number in range(2)} == {broken, waits}

    call = await open_page("zhou", f"/qa/calls/{swapped}")
    await expect(call.locator("[data-mark=swapped]")).to_contain_text("声道可能接反")

    before = await site.database.read(lambda conn: segments_of(conn, swapped))
    await page.get_by_role("button", name="确实接反").click()
    await expect(page.locator("[data-list=suspected]")).to_have_count(0)
    after = await site.database.read(lambda conn: segments_of(conn, swapped))
    assert [part.text for part in after] == [part.text for part in before]
    assert all(one.channel is not other.channel for one, other in zip(after, before, strict=True))
    await expect(figures.first).to_have_text("2")


async def test_q1_who_may_not_see_it(panel_server: Site, open_page: OpenPage) -> None:
    """X1: an agent neither sees the page nor presses its buttons."""
    site = panel_server
    await site.user("wang", "agent", agent_id=await site.agent("1001"))
    page = await open_page("wang", "/agent")
    answer = await page.request.get(f"{page.url.rpartition('/')[0]}/qa/transcription")
    assert answer.status == 403
