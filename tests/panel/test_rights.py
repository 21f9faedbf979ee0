"""Keepers of segments and the review of rights in the panel (R7, R12, X1)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.async_api import expect
from sqlalchemy import Connection, select

from dialer.customers.service import CustomerFields, take_in
from dialer.customers.tables import customers
from dialer.playbooks.library import LiveLibrary
from dialer.storage.feed import of_subject
from tests.panel.site import OpenPage, Site, snapshot
from tests.support.core import occasion

SHANGHAI = ZoneInfo("Asia/Shanghai")


async def segment_of(site: Site, name: str, count: int, *, days_ago: int) -> list[str]:
    """Customers of a segment, whose data nobody has confirmed for so long; their ids."""

    def work(conn: Connection) -> list[str]:
        at = site.clock() - timedelta(days=days_ago)
        ids = []
        for number in range(count):
            fields = CustomerFields(segments=[name], grade="VIP")
            told = occasion(f"1380000{number:04}", name=f"李小{number:03}", customer=fields, plate=None)
            ids.append(take_in(conn, told, at + timedelta(minutes=number)).customer_id)
        return ids

    return await site.database.write(work)


async def test_r12_a_keeper_is_named_and_works_the_list_off(panel_server: Site, open_page: OpenPage) -> None:
    """R12: a supervisor names the keeper; he alone sees the list, the oldest first, and confirms."""
    site = panel_server
    ids = await segment_of(site, "重点客户", 60, days_ago=100)
    agent_id = await site.agent("1001", "王强")
    other_id = await site.agent("1002", "赵丽")
    await site.user("zhou", "supervisor")
    await site.user("wang", "agent", agent_id=agent_id)
    await site.user("zhao", "agent", agent_id=other_id)
    page = await open_page("zhou", "/segments")
    row = page.locator("[data-segment='重点客户']")
    await expect(row).to_contain_text("尚未指定")
    await row.locator("summary").click()
    await row.locator("select[name=keeper]").select_option("wang")
    await row.locator("input[name=stale_days]").fill("90")
    await row.locator("input[value=birthday]").check()
    await snapshot(page, "segments-zh-1366")
    await row.locator("button[type=submit]").click()
    await expect(row).to_contain_text("Wang")
    await expect(row).to_contain_text("生日")
    mine = await open_page("wang", "/segments")
    await mine.click("text=重点客户")
    rows = mine.locator("tbody tr")
    await expect(rows).to_have_count(50)
    assert await rows.first.get_attribute("data-customer") == ids[0]
    await snapshot(mine, "stale-zh-1366")
    await rows.first.locator("button").click()
    await expect(rows.nth(1)).to_contain_text("李小002")
    await mine.click("a[rel=next]")
    await expect(rows).to_have_count(10)
    # The customer's page is open to the keeper, though he has not called; and he confirms there, too.
    await mine.goto(f"{site.url}/customers/{ids[1]}")
    await expect(mine.locator(".who-head")).to_contain_text("资料核实")
    await mine.click(".who-head .inline button")
    await expect(mine.locator(".who-head")).to_contain_text(site.clock().astimezone(SHANGHAI).strftime("%Y"))
    events = await site.database.read(lambda conn: of_subject(conn, ids[1]))
    assert [one.data["by"] for one in events if one.kind == "customer.confirmed"] == ["wang"]
    for typed in ("1990年", "1990-05-01"):
        await mine.select_option("select[name=field]", "birthday")
        await mine.fill("input[name=value]", typed)
        await mine.click(".join button >> text=补录或更正")
        wrong = mine.locator(".problem")
        await expect(wrong).to_have_count(1 if typed == "1990年" else 0)
        await snapshot(mine, f"mend-zh-1366-{typed[4:6]}")
    await expect(mine.locator(".who-head")).to_contain_text("1990-05-01")
    stranger = await open_page("zhao", "/segments")
    await expect(stranger.locator(".empty")).to_be_visible()
    for path in ("/segments/stale?name=重点客户", f"/customers/{ids[2]}"):
        answer = await stranger.goto(site.url + path)
        assert answer is not None
        assert answer.status == 403
    await site.user("smith", "supervisor", language="en")
    english = await open_page("smith", "/segments", width=1920, height=1080)
    await snapshot(english, "segments-en-1920")
    await english.click("text=重点客户")
    await snapshot(english, "stale-en-1920")


async def test_r12_what_cannot_be_a_keeper_is_said(panel_server: Site, open_page: OpenPage) -> None:
    """R12: a user who is not there any more, or days that are none."""
    site = panel_server
    await segment_of(site, "车队", 1, days_ago=1)
    await site.user("zhou", "supervisor")
    page = await open_page("zhou", "/segments")
    row = page.locator("[data-segment='车队']")
    await row.locator("summary").click()
    days = row.locator("input[name=stale_days]")
    await days.evaluate("box => { box.type = 'text'; box.value = 'soon'; }")
    await row.locator("button[type=submit]").click()
    await expect(page.locator(".problem")).to_contain_text("无法保存")


async def test_r12_the_use_of_rights_is_reviewed_and_signed(panel_server: Site, open_page: OpenPage) -> None:
    """R12, R7: by user and month, down to each use; a supervisor signs, an auditor only reads."""
    site = panel_server
    first = site.clock().astimezone(SHANGHAI).replace(day=1)
    (customer_id,) = await segment_of(site, "重点客户", 1, days_ago=1)
    await site.user("zhou", "supervisor")
    await site.user("liu", "auditor")
    page = await open_page("zhou", f"/customers/{customer_id}")
    await page.goto(f"{site.url}/customers/{customer_id}/block")
    await page.click("main button.primary, main .confirm-acts button")
    assert await site.database.read(
        lambda conn: conn.execute(
            select(customers.c.do_not_call).where(customers.c.id == customer_id)
        ).scalar()
    )
    await page.goto(f"{site.url}/rights")
    used = page.locator("[data-user=zhou]")
    await expect(used.locator("[data-kind='customer.blocked']")).to_contain_text("设为禁拨的客户")
    await expect(page.locator(".rights-head button")).to_have_count(0)
    await used.locator("[data-kind='customer.blocked'] a").click()
    await expect(page.locator("tbody a")).to_have_attribute("href", f"/customers/{customer_id}")
    await expect(page.locator("tbody a")).to_contain_text("李小000")
    await snapshot(page, "uses-zh-1366")
    # The month is over: another one begins.
    later = (first + timedelta(days=40)).replace(day=1)
    site.clock.forward((later - datetime.now(SHANGHAI)).total_seconds() + 3600)
    await site.user("chen", "supervisor")
    signer = await open_page("chen", f"/rights?month={first:%Y-%m}")
    await snapshot(signer, "rights-zh-1366")
    await signer.fill("input[name=note]", "周末查看客户页面，已核实")
    await signer.click(".rights-head button.primary")
    await expect(signer.locator(".signed")).to_contain_text("Chen 已于")
    await expect(signer.locator(".rights-head form")).to_have_count(0)
    auditor = await open_page("liu", "/")
    await expect(auditor).to_have_url(f"{site.url}/rights")
    await auditor.goto(f"{site.url}/rights?month={first:%Y-%m}")
    await expect(auditor.locator(".signed")).to_contain_text("已核实")
    await auditor.click("[data-user=zhou] [data-kind='customer.blocked'] a")
    await expect(auditor.locator("tbody")).to_contain_text(customer_id)
    await expect(auditor.locator("tbody")).not_to_contain_text("李小")
    answer = await auditor.goto(f"{site.url}/customers/{customer_id}")
    assert answer is not None
    assert answer.status == 403
    await site.user("smith", "admin", language="en")
    english = await open_page("smith", f"/rights?month={first:%Y-%m}", width=1920, height=1080)
    await snapshot(english, "rights-en-1920")


async def test_r12_a_playbook_page_shows_its_named_callers(panel_server: Site, open_page: OpenPage) -> None:
    """R12: with their names; a number that is nobody's is shown as it is."""
    site = panel_server
    await site.agent("1001", "王强")
    await site.user("zhou", "supervisor")
    playbook = site.library.get("after-sales-satisfaction").model_copy(update={"callers": ("1001", "1009")})
    assert isinstance(site.library, LiveLibrary)
    site.library.become(site.library.having(playbook))
    page = await open_page("zhou", f"/playbooks/{playbook.id}")
    await expect(page.locator("main")).to_contain_text("1001 王强、1009")
    await page.get_by_text("1001 王强").scroll_into_view_if_needed()
    await snapshot(page, "callers-zh-1366")
    await page.goto(f"{site.url}/playbooks/{playbook.id}/edit")
    await expect(page.locator("[name=callers]")).to_have_value("1001, 1009")
