"""The plan of the day as a supervisor uses it: release, why not, reassign, leave, hand-over (L6, L9, R9)."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import Connection, delete, select, update

from dialer.customers.tables import customers
from dialer.daily.service import make_hand_over
from dialer.followups.tables import follow_ups
from dialer.planning.settings import PlanningSettings
from tests.panel.site import OpenPage, Server, Site, async_fixture


@async_fixture
async def plan_site(panel_server: Site, server: Server) -> Site:
    """A site whose plans a supervisor releases."""
    await server.stop()
    server.panel = replace(server.panel, planning=PlanningSettings(release="manual"))
    await server.start()
    await panel_server.user("chen", "supervisor")
    return panel_server


async def order(site: Site, number: int, *, do_not_call: bool = False) -> str:
    """An order of yesterday that nobody has planned yet; the customer's id."""
    customer_id = await site.follow_up("李", f"1380000{number:04}", f"豫A1{number:04}")

    def work(conn: Connection) -> None:
        conn.execute(delete(follow_ups).where(follow_ups.c.customer_id == customer_id))
        values = {"do_not_call": do_not_call}
        conn.execute(update(customers).where(customers.c.id == customer_id).values(**values))

    await site.database.write(work)
    return customer_id


async def states(site: Site) -> list[tuple[str, str | None]]:
    query = select(follow_ups.c.state, follow_ups.c.owner_id)
    return await site.database.read(lambda conn: [(row[0], row[1]) for row in conn.execute(query)])


async def test_a_supervisor_plans_and_releases_and_asks_why_one_was_left_out(
    plan_site: Site, open_page: OpenPage
) -> None:
    """L1, L9, promise 2."""
    site = plan_site
    agent_id = await site.agent("8001", "王芳")
    for number in range(3):
        await order(site, number)
    await order(site, 9, do_not_call=True)
    page = await open_page("chen", "/plan")
    await page.get_by_role("button", name="重新生成计划").click()
    await expect(page.locator("#sum")).to_contain_text("3 条会拨打")
    await expect(page.locator("#sum")).to_contain_text("1 条不打")
    await expect(page.locator("#why-not")).to_contain_text("客户要求勿打扰")
    assert set(await states(site)) == {("planned", agent_id)}
    await page.locator("#release").click()
    await expect(page.locator(".done")).to_contain_text("3")
    assert set(await states(site)) == {("waiting", agent_id)}
    await expect(page.locator("#release")).to_have_count(0)

    await page.get_by_role("link", name="客户要求勿打扰").click()
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page.locator("tbody tr")).to_contain_text("豫A10009")
    await page.get_by_role("link", name="原因").click()
    await expect(page.locator(".explanation").first).to_contain_text("没有安排回访")
    await expect(page.locator("[data-gate=do_not_call]").first).to_contain_text("不通过")


async def test_why_is_answered_by_plate_and_by_phone_by_keyboard(
    plan_site: Site, open_page: OpenPage
) -> None:
    """Promise 2."""
    await plan_site.follow_up("李", "13800000001", "豫A12345")
    page = await open_page("chen", "/plan")
    await page.locator("input[name=key]").fill("豫a·12345")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-gate=window]").first).to_contain_text("可拨打时段")
    await expect(page.locator("[data-gate=carrier_day]").first).to_contain_text("通过")
    await page.locator("input[name=key]").fill("138 0000 0001")
    await page.keyboard.press("Enter")
    await expect(page.locator(".explanation").first).to_contain_text("豫A12345")
    await page.locator("input[name=key]").fill("豫B99999")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("没有与“豫B99999”对应的客户")


async def test_l9_overdue_and_unassigned_are_on_top(plan_site: Site, open_page: OpenPage) -> None:
    await plan_site.follow_up("李", "13800000001", "豫A12345", days_ago=5)
    page = await open_page("chen", "/plan")
    await expect(page.locator("[data-sight=overdue] .count")).to_have_text("1")
    await expect(page.locator("[data-sight=overdue]")).to_contain_text("豫A12345")
    await expect(page.locator("[data-sight=unassigned] .count")).to_have_text("1")
    await page.locator("[data-sight=unassigned] .count").click()
    await expect(page.locator("tbody tr")).to_have_count(1)


async def test_l6_work_is_moved_with_preview_and_undone(plan_site: Site, open_page: OpenPage) -> None:
    site = plan_site
    one, two = await site.agent("8001", "王芳"), await site.agent("8002", "刘洋")
    for number in range(4):
        await site.follow_up("李", f"1380000{number:04}", f"豫A1{number:04}")
    page = await open_page("chen", "/plan")
    await page.locator("#assign").click()
    await expect(page.locator("#assign")).to_have_text("已按规则分配")
    owners = [str(owner) for _, owner in await states(site)]
    assert sorted(owners) == sorted([one, one, two, two])

    form = page.locator("form.move[action='/plan/reassign']")
    await form.locator("[name=from]").select_option(one)
    await form.locator("[name=to]").select_option(two)
    await form.get_by_role("button", name="预览").click()
    await expect(page.locator("#preview tbody tr")).to_have_count(2)
    assert [str(owner) for _, owner in await states(site)] == owners
    await page.locator("#confirm").click()
    await expect(page.locator(f"[data-agent='{two}']")).to_contain_text("4")
    assert {owner for _, owner in await states(site)} == {two}
    await page.locator("[data-batch] button").first.click()
    await expect(page.locator(".done")).to_contain_text("2")
    assert sorted(str(owner) for _, owner in await states(site)) == sorted([one, one, two, two])


async def test_l6_what_a_rule_forbids_is_said_on_the_page(plan_site: Site, open_page: OpenPage) -> None:
    site = plan_site
    one, two = await site.agent("8001", "王芳"), await site.agent("8002", "刘洋")
    await site.follow_up("李", "13800000001", "豫A12345")
    values = {"owner_id": one, "barred": [two]}
    await site.database.write(lambda conn: conn.execute(update(follow_ups).values(**values)).rowcount)
    page = await open_page("chen", f"/plan/reassign?from={one}&to={two}")
    await expect(page.get_by_role("alert")).to_contain_text("服务过这位客户")


async def test_promise_4_the_forecast_and_its_numbers_open_lists(
    plan_site: Site, open_page: OpenPage
) -> None:
    """What will be late, what nobody can call: counted, and named behind the number."""
    site = plan_site
    await site.agent("8001", "王芳")
    for number in range(3):
        await site.follow_up("李", f"1380000{number:04}", f"豫A1{number:04}")
    tomorrow = site.clock() + timedelta(hours=1)
    values = {"skill": "claims", "limit_at": tomorrow, "due_at": site.clock()}
    await site.database.write(lambda conn: conn.execute(update(follow_ups).values(**values)).rowcount)
    page = await open_page("chen", f"/plan?day={_day(tomorrow)}")
    await expect(page.locator(".unplaced")).to_contain_text("没有所需技能")
    await page.locator(".unplaced a").click()
    await expect(page.locator("tbody tr")).to_have_count(3)
    await page.goto(page.url.split("/plan")[0] + f"/plan?day={_day(tomorrow)}")
    await page.locator("#will-miss a").click()
    await expect(page.locator("tbody tr")).to_have_count(3)


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d}"


async def test_r9_a_leave_is_entered_and_the_stand_in_has_the_list(
    plan_site: Site, open_page: OpenPage
) -> None:
    site = plan_site
    one, two = await site.agent("8001", "王芳"), await site.agent("8002", "刘洋")
    await site.agent("8003", "赵敏")
    await site.follow_up("李", "13800000001", "豫A12345")
    await site.database.write(lambda conn: conn.execute(update(follow_ups).values(owner_id=one)).rowcount)
    page = await open_page("chen", "/plan")
    form = page.locator("form[action^='/plan/leaves?']")
    await form.locator("[name=agent]").select_option(one)
    await form.locator("[name=stand_in]").select_option(two)
    await form.locator("button").click()
    await expect(page.locator(f"[data-agent='{one}']")).to_contain_text("请假")
    assert await states(site) == [("waiting", two)]


async def test_r9_a_hand_over_is_signed_by_both(plan_site: Site, open_page: OpenPage) -> None:
    site = plan_site
    one, two = await site.agent("8001", "王芳"), await site.agent("8002", "刘洋")
    await site.user("wang", "agent", agent_id=one)
    await site.user("liu", "agent", agent_id=two)
    await site.follow_up("李", "13800000001", "豫A12345")
    await site.database.write(lambda conn: conn.execute(update(follow_ups).values(owner_id=one)).rowcount)
    giver = await open_page("wang", "/handover")
    await giver.locator("[name=to]").select_option(two)
    await giver.get_by_role("button", name="全部列成").click()
    await expect(giver.locator("tbody tr")).to_contain_text("豫A12345")
    note = giver.url.rsplit("/", 1)[1]
    taker = await open_page("liu", f"/handover/{note}")
    await expect(taker.locator("#sign")).to_have_count(0)
    await giver.locator("#sign").click()
    await expect(giver.locator(".signatures")).to_contain_text("签字")
    await taker.reload()
    await taker.locator("#sign").click()
    await expect(taker.locator(".signatures .good")).to_have_count(2)
    assert await states(site) == [("waiting", two)]


async def test_r9_another_agent_does_not_see_a_note(plan_site: Site, open_page: OpenPage) -> None:
    """X1."""
    site = plan_site
    one, two, three = [await site.agent(code) for code in ("8001", "8002", "8003")]
    await site.user("zhao", "agent", agent_id=three)
    note = await site.database.write(
        lambda conn: make_hand_over(conn, from_id=one, to_id=two, note="", by="chen", now=site.clock())
    )
    page = await open_page("zhao", f"/handover/{note}")
    await expect(page.locator("body")).not_to_contain_text("交班人")


async def test_l10_shifts_and_targets_are_entered(plan_site: Site, open_page: OpenPage) -> None:
    site = plan_site
    one = await site.agent("8001", "王芳")
    page = await open_page("chen", "/plan")
    row = page.locator(f"[data-agent='{one}']")
    await row.locator("summary").click()
    await row.locator("[name=starts]").fill("09:00")
    await row.locator("[name=ends]").fill("17:30")
    await row.get_by_role("button", name="保存班次").click()
    await expect(row).to_contain_text("09:00–17:30")
    await row.locator("summary").click()
    await expect(row.locator("[name=starts]")).to_have_value("09:00")
    await expect(row.locator("[name=ends]")).to_have_value("17:30")
    await row.locator("[name=calls]").fill("60")
    await row.get_by_role("button", name="保存目标").click()
    await expect(row).to_contain_text("/ 60")


@pytest.mark.parametrize("width", [1366, 1920])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_plan_does_not_overflow(
    plan_site: Site, open_page: OpenPage, width: int, language: str
) -> None:
    await plan_site.user("li", "supervisor", language=language)
    await plan_site.agent("8001", "王芳")
    for number in range(12):
        await plan_site.follow_up("李", f"1380000{number:04}", f"豫A1{number:04}", days_ago=number / 3)
    page = await open_page("li", "/plan", width=width)
    assert await _wide(page) <= width
    await page.goto(page.url.split("/plan")[0] + "/explain?key=13800000001")
    assert await _wide(page) <= width


async def _wide(page: Page) -> int:
    return int(await page.evaluate("document.documentElement.scrollWidth"))
