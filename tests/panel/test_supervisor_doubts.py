"""A supervisor says how a call ended that nothing can prove any more (D7, V2)."""

import pytest
from playwright.async_api import expect
from sqlalchemy import Connection

from dialer.calling import service
from dialer.calling.queries import attempt, latest_repairs
from dialer.calling.settling import Decision, Settlement
from dialer.telephony.outcomes import DialOutcome
from tests.panel.site import OpenPage, Site, snapshot
from tests.support.core import RUN

HOLE = "the telephone system's log has a hole: a person must say how the call ended"


async def in_doubt(site: Site) -> str:
    await site.agent("8001", "王芳", ready=True)
    await site.follow_up("李", "13800000001", "豫A12345")
    attempt_id = await site.talking()

    def work(conn: Connection) -> None:
        doubted = service.doubt(conn, attempt_id, RUN, site.clock())
        assert doubted is not None
        service.keep_unknown(conn, doubted, Decision(Settlement.KEEP_UNKNOWN, HOLE), site.clock())

    await site.database.write(work)
    return attempt_id


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_v2_a_supervisor_says_how_it_ended_and_why(
    panel_server: Site, open_page: OpenPage, language: str
) -> None:
    site, zh = panel_server, language == "zh"
    await site.user("chen", "supervisor", language=language)
    attempt_id = await in_doubt(site)
    page = await open_page("chen", "/supervisor")
    alarm = page.locator("[data-alarm=attempt_unknown]")
    await expect(alarm).to_contain_text("日志有缺失" if zh else "log has a hole")
    await alarm.get_by_role("link").click()
    await expect(page.locator("h1")).to_contain_text("王芳")
    await expect(page.locator(".ask")).to_contain_text("已看到客户接听" if zh else "was seen to answer")
    await snapshot(page, f"doubt-{language}")
    # Without a reason nothing is settled.
    await page.locator("input[name=words]").fill(" ")
    await page.locator("button[value=talked]").click()
    await expect(page.locator("[role=alert]").first).to_contain_text("请写明依据" if zh else "write down how")
    await page.locator("input[name=words]").fill("坐席说客户很满意")
    await page.locator("button[value=talked]").click()
    repair = page.locator("#repairs li")
    await expect(repair).to_contain_text("chen")
    await expect(repair).to_contain_text("坐席说客户很满意")
    await expect(page.locator("[data-alarm=attempt_unknown]")).to_have_count(0)
    ended = await site.database.read(lambda conn: attempt(conn, attempt_id))
    assert ended is not None
    assert ended.outcome == DialOutcome.ANSWERED
    (kept,) = await site.database.read(latest_repairs)
    assert kept.evidence["by"] == "chen"
    await page.goto(f"{site.url}/supervisor/doubts/{attempt_id}")
    await expect(page.locator("button[name=ended]")).to_have_count(0)


async def test_v2_an_agent_settles_nothing(panel_server: Site, open_page: OpenPage) -> None:
    site = panel_server
    await site.user("wang", "agent", agent_id=await site.agent("8002"))
    attempt_id = await in_doubt(site)
    page = await open_page("wang", "/agent")
    answer = await page.request.get(f"{site.url}/supervisor/doubts/{attempt_id}")
    assert answer.status == 403
