"""The supervisor's page follows what happens, without being loaded again (V1, D5, L9, D10, X1)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from dialer.agents import service as agents
from dialer.agents.states import PauseReason
from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.calling.progress import Ending
from dialer.calling.settings import CallingSettings, Mode
from dialer.telephony.outcomes import DialOutcome
from tests.panel.site import OpenPage, Site


async def mark(page: Page) -> None:
    """Leave a mark in the page that a new load would wipe out."""
    await page.evaluate("window.marked = true")


async def not_loaded_again(page: Page) -> bool:
    return bool(await page.evaluate("window.marked === true"))


async def test_a_call_is_seen_from_its_beginning_to_its_end(panel_server: Site, open_page: OpenPage) -> None:
    site = panel_server
    await site.user("chen", "supervisor")
    agent_id = await site.agent("8001", "王芳", ready=True)
    page = await open_page("chen", "/supervisor")
    await mark(page)
    row, calls = page.locator(f"tr[data-agent='{agent_id}']"), page.locator("#calls")
    await expect(row).to_contain_text("就绪")
    await expect(calls).to_contain_text("当前没有通话")

    await site.follow_up("李", "13800000001", "豫A12345")
    await expect(page.locator("#queue")).to_contain_text("豫A12345")
    (attempt_id,) = await site.reserve()
    await expect(row).to_contain_text("即将来电")
    await expect(calls).to_contain_text("呼叫坐席")
    await expect(page.locator("#queue")).to_contain_text("没有待回访的任务")
    await site.agent_rings(attempt_id)
    await expect(row).to_contain_text("话机振铃")
    await site.go(attempt_id)
    await expect(calls).to_contain_text("正在拨打客户")
    await site.answer(attempt_id)
    await expect(row).to_contain_text("通话中")
    await expect(calls).to_contain_text("李女士")
    await site.end(attempt_id, Ending(DialOutcome.ANSWERED, True))
    await expect(row).to_contain_text("话后整理")
    await expect(calls).to_contain_text("当前没有通话")
    await expect(page.locator("#figures")).to_contain_text("1 已接通")
    assert await not_loaded_again(page)


async def test_numbers_are_masked_for_supervisors(panel_server: Site, open_page: OpenPage) -> None:
    """X1: neither the page nor its source has the number."""
    site = panel_server
    await site.user("chen", "supervisor")
    await site.agent("8001", ready=True)
    await site.follow_up("李", "13800000001", "豫A12345")
    await site.follow_up("王", "13800000002", "豫A12346")
    await site.talking()
    page = await open_page("chen", "/supervisor")
    await expect(page.locator("#calls")).to_contain_text("138****000")
    await expect(page.locator("#queue")).to_contain_text("138****000")
    assert "1380000000" not in await page.content()


async def test_what_is_overdue_is_marked_and_counted(panel_server: Site, open_page: OpenPage) -> None:
    """L9."""
    site = panel_server
    await site.user("chen", "supervisor")
    await site.follow_up("李", "13800000001", "豫A12345", days_ago=5)
    await site.follow_up("王", "13800000002", "豫A12346", days_ago=1.5)
    page = await open_page("chen", "/supervisor")
    rows = page.locator("#queue tbody tr")
    await expect(rows).to_have_count(2)
    await expect(rows.nth(0)).to_contain_text("已超期")
    await expect(rows.nth(0)).to_contain_text("豫A12345")
    await expect(rows.nth(1)).not_to_contain_text("已超期")
    await expect(page.locator(".figure.bad")).to_contain_text("1")


async def test_an_agents_pause_shows_its_reason_and_its_time(panel_server: Site, open_page: OpenPage) -> None:
    """D5."""
    site = panel_server
    await site.user("chen", "supervisor")
    agent_id = await site.agent("8001", ready=True)
    page = await open_page("chen", "/supervisor")
    meal_began = site.clock() - timedelta(seconds=3700)
    await site.database.write(lambda c: agents.pause(c, agent_id, PauseReason.MEAL, meal_began))
    row = page.locator(f"tr[data-agent='{agent_id}']")
    await expect(row).to_contain_text("用餐")
    timer = row.locator("[data-since]")
    await expect(timer).to_contain_text("1:01:4")
    first = await timer.inner_text()
    await expect(timer).not_to_have_text(first)


async def test_a_phone_that_cannot_ring_is_marked(panel_server: Site, open_page: OpenPage) -> None:
    site = panel_server
    await site.user("chen", "supervisor")
    await site.agent("8001", ready=True)
    site.change_status(pairing=replace(site.status.pairing, reachable=frozenset({"8002"})))
    page = await open_page("chen", "/supervisor")
    await expect(page.locator("#agents")).to_contain_text("话机不可达")


async def test_a_lost_link_is_an_alarm_that_says_what_to_do(panel_server: Site, open_page: OpenPage) -> None:
    site = panel_server
    await site.user("chen", "supervisor")
    await site.user("smith", "supervisor", language="en")
    page = await open_page("chen", "/supervisor")
    await expect(page.locator("#link")).to_contain_text("电话系统已连接")
    reason, advice = "Asterisk is shutting down.", "Start Asterisk again; the link comes back by itself."
    site.change_status(link_up=False, link_reason=reason, link_advice=advice)
    data = {"reason": reason, "advice": advice}
    await site.database.write(lambda c: raise_alarm(c, "link_down", "asterisk", site.clock(), data))
    await expect(page.locator("#link")).to_contain_text("连接中断")
    alarm = page.locator("[data-alarm=link_down]")
    await expect(alarm).to_contain_text("Asterisk 正在关闭。")
    await expect(alarm).to_contain_text("请重新启动 Asterisk")
    english = await open_page("smith", "/supervisor")
    await expect(english.locator("[data-alarm=link_down]")).to_contain_text(advice)

    site.change_status(link_up=True)
    await site.database.write(lambda c: clear_alarm(c, "link_down", "asterisk", site.clock()))
    await expect(page.locator("#link")).to_contain_text("电话系统已连接")
    await expect(page.locator("#alarms")).to_contain_text("一切正常")


async def test_an_alarm_names_the_call_it_is_about(panel_server: Site, open_page: OpenPage) -> None:
    site = panel_server
    await site.user("chen", "supervisor")
    await site.agent("8001", "王芳", ready=True)
    await site.follow_up("李", "13800000001", "豫A12345")
    attempt_id = await site.talking()
    page = await open_page("chen", "/supervisor")
    data = {"attempt_id": attempt_id, "plate": "豫A12345", "call_seconds": 61.2}
    await site.database.write(lambda c: raise_alarm(c, "recording_missing", attempt_id, site.clock(), data))
    alarm = page.locator("[data-alarm=recording_missing]")
    await expect(alarm).to_contain_text("王芳 与 豫A12345 的通话（61 秒）没有录音")


async def test_data_cannot_become_markup(panel_server: Site, open_page: OpenPage) -> None:
    """X2."""
    site = panel_server
    await site.user("chen", "supervisor")
    await site.agent("8001", "<b>王</b>", ready=True)
    await site.follow_up("<script>window.hit=1</script>", "13800000001")
    data = {"error": "<img src=x onerror='window.hit=1'>"}
    await site.database.write(lambda c: raise_alarm(c, "calls_refused", "x", site.clock(), data))
    page = await open_page("chen", "/supervisor")
    await expect(page.locator("#queue")).to_contain_text("<script>window.hit=1</script>")
    await expect(page.locator("#agents")).to_contain_text("<b>王</b>")
    await expect(page.locator("#alarms")).to_contain_text("<img src=x")
    assert await page.evaluate("window.hit === undefined")


@pytest.mark.parametrize(("mode", "shown"), [(Mode.TRIAL, 1), (Mode.LIVE, 0)])
async def test_trial_mode_is_on_every_page(
    panel_server: Site, open_page: OpenPage, mode: Mode, shown: int
) -> None:
    """D10."""
    site = panel_server
    await site.user("chen", "supervisor")
    settings = CallingSettings(mode=mode)
    site.change_status(pairing=replace(site.status.pairing, settings=settings))
    page = await open_page("chen", "/supervisor")
    await expect(page.locator(".trial-banner")).to_have_count(shown)


@pytest.mark.parametrize("width", [1366, 1920])
async def test_the_whole_board_is_in_view(panel_server: Site, open_page: OpenPage, width: int) -> None:
    site = panel_server
    await site.user("chen", "supervisor")
    for number in range(12):
        await site.agent(f"80{number:02}")
        await site.follow_up("李", f"138000000{number:02}", f"豫A123{number:02}")
    page = await open_page("chen", "/supervisor", width=width, height=768)
    root = "document.documentElement"
    size = await page.evaluate(f"[{root}.scrollWidth, {root}.scrollHeight]")
    assert size == [width, 768]
