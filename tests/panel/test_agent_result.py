"""The result form and the wrap-up, in a real browser (T3, D5)."""

from zoneinfo import ZoneInfo

from playwright.async_api import expect
from sqlalchemy import select

from dialer.forms.queries import answers_of
from dialer.forms.sweeping import sweep
from dialer.forms.tables import result_forms
from tests.panel.agent_page import QUESTION, TALKED, add_caller, answer, at_question
from tests.panel.site import OpenPage, Site, async_fixture


@async_fixture
async def agent(panel_server: Site) -> str:
    """An agent who waits for a call, with one customer due."""
    return await add_caller(panel_server)


async def test_no_next_call_over_an_unsaved_form(agent: str, panel_server: Site, open_page: OpenPage) -> None:
    """D5, T3: wrap-up stays past its time until the form is saved; an incomplete one is refused."""
    page = await open_page("wang", "/agent")
    await panel_server.follow_up("赵", "13800000002", "豫B00002", days_ago=1.1)
    attempt_id = await panel_server.talking()
    await at_question(page, "q1")
    await answer(page, "1", "1")
    await panel_server.end(attempt_id, TALKED)
    await expect(page.locator("input[value=completed]")).to_be_visible()
    panel_server.clock.forward(120)
    await sweep(panel_server.database, panel_server.clock())
    assert await panel_server.reserve() == []
    await page.reload()
    await expect(page.locator(".result-late")).to_be_visible()
    await page.click("button.finish")
    await expect(page.locator(".result-error")).to_contain_text("请选择本次通话的结果")
    await page.check("input[value=completed]")
    await page.click("button.finish")
    await expect(page.locator(".result-error")).to_contain_text(
        "第 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 16, 17 题"
    )
    await page.check("input[value=call_again]")
    await page.click("button.finish")
    await expect(page.locator(".result-error")).to_contain_text("请填写再次拨打的时间")
    assert await panel_server.reserve() == []
    await page.click("[data-tomorrow]")
    await page.fill("textarea[name=wishes]", "明天上午再打")
    await page.click("button.finish")
    await expect(page.locator(".idle-last")).to_contain_text("再次回访")
    (row,) = await panel_server.database.read(lambda conn: conn.execute(select(result_forms)).all())
    assert (row.attempt_id, row.disposition, row.wishes) == (attempt_id, "call_again", "明天上午再打")
    zone_hour = row.call_again_at.astimezone(ZoneInfo("Asia/Shanghai"))
    assert (zone_hour.hour, zone_hour.minute) == (10, 0)
    assert len(await panel_server.reserve()) == 1
    await expect(page.locator(".customer h1")).to_have_text("赵女士")


async def test_a_saved_form_stays_in_wrap_up_until_it_is_over(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """T3: saved only, the agent finishes what is to be done, then asks for the next call."""
    page = await open_page("wang", "/agent")
    attempt_id = await panel_server.talking()
    await panel_server.end(attempt_id, TALKED)
    await page.check("input[value=refused]")
    await page.click("button[value=stay]")
    await expect(page.locator(".result.is-closed")).to_contain_text("拒绝回访")
    await expect(page.locator(QUESTION)).to_have_attribute("data-open", "false")
    owed = await panel_server.database.read(lambda conn: answers_of(conn, attempt_id))
    assert owed == {}
    await page.click(".result.is-closed button.primary")
    await expect(page.locator(".state-name")).to_have_text("就绪")
