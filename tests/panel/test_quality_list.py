"""The list of calls for QA (A4, R2)."""

import pytest
from playwright.async_api import expect

from dialer.calling.progress import Ending
from dialer.forms.rules import Disposition
from dialer.forms.service import finish_wrap_up, save_form
from dialer.telephony.outcomes import DialOutcome
from tests.panel.recorded import TALKED, record
from tests.panel.site import OpenPage, Site
from web.quality import pages


async def close(site: Site, agent_id: str, attempt_id: str) -> None:
    """The agent saves the form and goes on."""
    now = site.clock()
    await site.database.write(
        lambda conn: save_form(
            conn,
            site.library,
            agent_id=agent_id,
            attempt_id=attempt_id,
            disposition=Disposition.REFUSED,
            wishes="",
            call_again_at=None,
            now=now,
        )
    )
    await site.database.write(lambda conn: finish_wrap_up(conn, agent_id, now))


async def test_calls_are_found_by_plate_agent_and_verdict(panel_server: Site, open_page: OpenPage) -> None:
    """A4: newest first, filtered, tries without a talk only when asked for, and live."""
    site = panel_server
    agent_id = await site.agent("1001", ready=True)
    await site.user("zhou", "qa")
    await site.follow_up("李", "13800000001", "豫A11111", days_ago=1.3)
    checked = await record(site)
    await close(site, agent_id, checked.attempt_id)
    await site.follow_up("王", "13800000002", "豫B22222", days_ago=1.2)
    plain = await site.talking()
    await site.end(plain, TALKED)
    page = await open_page("zhou", "/qa")
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("豫B22222")
    await expect(rows.first).to_contain_text("记录未保存")
    await expect(rows.last).to_contain_text("1 项不合格")
    await expect(rows.last).to_contain_text("138****0001")
    await expect(rows.last).to_contain_text("拒绝回访")
    await close(site, agent_id, plain)
    await expect(rows.first).to_contain_text("拒绝回访")
    await site.follow_up("赵", "13800000003", "豫C33333", days_ago=1.1)
    (missed,) = await site.reserve()
    await site.go(missed)
    await site.end(missed, Ending(DialOutcome.NO_ANSWER, dialled=True, cause=19))
    await page.fill("input[name=plate]", "豫a1")
    await page.click("form.filter button")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("豫A11111")
    for query, plates in (
        ("verdict=fail", ["豫A11111"]),
        ("verdict=unclear", ["豫A11111"]),
        ("verdict=unchecked", ["豫B22222"]),
        ("verdict=pass", []),
        (f"agent={agent_id}", ["豫B22222", "豫A11111"]),
        ("agent=somebody", []),
        ("plate=%25", []),
        ("tries=all", ["豫C33333", "豫B22222", "豫A11111"]),
    ):
        await page.goto(f"{site.url}/qa?{query}")
        await expect(page.locator("td.plate")).to_have_text(plates)
    await page.goto(f"{site.url}/qa?verdict=fail")
    await page.click("tbody tr")
    await expect(page).to_have_url(f"{site.url}/qa/calls/{checked.attempt_id}")


async def test_long_lists_have_pages(
    panel_server: Site, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A4: one page after another, the newest first, with the filter kept."""
    monkeypatch.setattr(pages, "PAGE_SIZE", 2)
    site = panel_server
    agent_id = await site.agent("1001", ready=True)
    await site.user("zhou", "supervisor")
    for number in range(3):
        await site.follow_up("李", f"1380000000{number}", f"豫A0000{number}")
        attempt_id = await site.talking()
        await site.end(attempt_id, TALKED)
        await close(site, agent_id, attempt_id)
    page = await open_page("zhou", "/qa?plate=A0")
    plates = page.locator("td.plate")
    await expect(plates).to_have_text(["豫A00002", "豫A00001"])
    await page.click("nav.pages [rel=next]")
    await expect(plates).to_have_text(["豫A00000"])
    assert "plate=A0" in page.url
    await page.click("nav.pages [rel=prev]")
    await expect(plates).to_have_count(2)
