"""Customers in the panel: found, seen whole, blocked, parted, forgotten (C1, C5, R12, X1, X3)."""

from dataclasses import replace

from playwright.async_api import expect
from sqlalchemy import Connection, select

from dialer.customers.blocks import blocked_numbers
from dialer.customers.contacts import ContactKind, record_contact
from dialer.customers.corrections import correct
from dialer.customers.service import CustomerFields, take_in
from dialer.customers.tables import customers, merges, phones
from dialer.storage.feed import of_subject
from tests.panel.recorded import record
from tests.panel.site import OpenPage, Site, snapshot
from tests.support.core import occasion

NUMBER, PLATE = "13800000001", "豫A12345"


async def known_customer(site: Site) -> str:
    """A customer with an order, a recorded call, a merged record, a correction; the id."""
    await site.agent("1001", ready=True)
    customer_id = await site.follow_up("李小明", NUMBER, PLATE, days_ago=1.3)
    await record(site)
    now = site.clock()
    more = CustomerFields(
        owner="王强", deputy="赵丽", grade="VIP", slot_from="18:00", slot_to="20:00", household="H1"
    )
    first = occasion(
        NUMBER, name="李小明", salutation="女士", plate=PLATE, source="dms", customer=more, happened_at=now
    )

    def work(conn: Connection) -> None:
        # Found again by number and name, as an import would find it.
        from dialer.customers.tables import identities

        conn.execute(identities.insert().values(key=f"n|{NUMBER}|李小明", customer_id=customer_id))
        take_in(conn, first, now)
        variant = replace(first, name="李", salutation="", external_id="2", source="hotline")
        take_in(conn, replace(variant, kind="hotline-ticket"), now)
        correct(conn, customer_id, "number", "13900000009", "A1001", "call", now)
        conn.execute(phones.update().where(phones.c.number == NUMBER).values(invalid_since=now))
        record_contact(
            conn, customer_id=customer_id, number=NUMBER, kind=ContactKind.TALK, at=now, plate=PLATE
        )
        record_contact(conn, customer_id=customer_id, number=NUMBER, kind=ContactKind.MESSAGE, at=now)

    await site.database.write(work)
    return customer_id


async def test_c5_everything_of_a_customer_is_on_one_page(panel_server: Site, open_page: OpenPage) -> None:
    """C5, R12, C1: timeline, phones, slot, owner and deputy, caps, missing fields, why; masked (X1)."""
    site = panel_server
    customer_id = await known_customer(site)
    await site.user("zhou", "supervisor")
    await site.user("smith", "supervisor", language="en")
    page = await open_page("zhou", "/customers")
    await snapshot(page, "customers-empty")
    await page.fill("input[name=q]", "0009")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{site.url}/customers/{customer_id}")
    await snapshot(page, "customer-zh")
    head = page.locator(".who-head")
    for text in ("李小明女士", PLATE, "138****0001", "空号", "139****0009", "王强", "赵丽", "18:00–20:00"):
        await expect(head).to_contain_text(text)
    await expect(head).to_contain_text("个人 2/2")
    assert NUMBER not in await page.content()
    entries = page.locator(".timeline li")
    kinds = await entries.evaluate_all("all => all.map(one => one.dataset.entry)")
    assert sorted(kinds) == ["call", "contact", "correction", "merge", "occasion", "occasion", "occasion"]
    call = page.locator(".timeline li.is-call")
    await expect(call).to_contain_text("录音")
    await call.locator("details").first.locator("summary").click()
    await expect(call).to_contain_text("不满意")
    await call.locator("details").last.locator("summary").click()
    await expect(call).to_contain_text("您好这里是城东店")
    await expect(page.locator(".explanation").first).to_be_visible()
    looked = await site.database.read(lambda conn: of_subject(conn, customer_id))
    assert [row.data["login"] for row in looked if row.kind == "customer.looked_at"] == ["zhou"]
    english = await open_page("smith", f"/customers/{customer_id}")
    await expect(english.locator(".who-head")).to_contain_text("Contacts this quarter")
    await snapshot(english, "customer-en")
    await english.locator(".timeline").scroll_into_view_if_needed()
    await english.mouse.wheel(0, 900)
    await snapshot(english, "customer-en-below")


async def test_c3_merged_records_are_shown_and_parted(panel_server: Site, open_page: OpenPage) -> None:
    """C3: the page says what was merged and why; undone after a question."""
    site = panel_server
    customer_id = await known_customer(site)
    await site.user("zhou", "supervisor")
    page = await open_page("zhou", f"/customers/{customer_id}")
    merged = page.locator("#merges li")
    await expect(merged).to_contain_text("李小明 ← 李")
    await expect(merged).to_contain_text("车牌和电话相同，姓名相近")
    await merged.locator("a.button").click()
    await snapshot(page, "customer-part")
    await page.click("form.confirm-acts button")
    await expect(page.locator("#merges li")).to_contain_text("已撤销")
    undone = await site.database.read(lambda conn: conn.execute(select(merges.c.undone_at)).scalar())
    assert undone is not None
    await page.go_back()
    await page.click("form.confirm-acts button")
    await expect(page.locator(".form-error")).to_be_visible()


async def test_x3_a_customer_is_blocked_and_forgotten_from_the_page(
    panel_server: Site, open_page: OpenPage
) -> None:
    """X3: each asks once and names its effect; what is kept is named."""
    site = panel_server
    customer_id = await known_customer(site)
    await site.user("zhou", "supervisor")
    page = await open_page("zhou", f"/customers/{customer_id}")
    await page.click(".acts a >> nth=0")
    await expect(page.locator(".confirm")).to_contain_text("139****0009")
    await snapshot(page, "customer-block")
    await page.click("form.confirm-acts button")
    await expect(page.locator(".who-head .chip.bad").first).to_be_visible()
    held = await site.database.read(lambda conn: blocked_numbers(conn, [NUMBER, "13900000009"]))
    assert len(held) == 2
    await page.click(".acts a >> nth=0")
    await page.click("form.confirm-acts button")
    assert await site.database.read(lambda conn: blocked_numbers(conn, [NUMBER])) == {}
    await page.click(".acts a >> nth=2")
    await expect(page.locator(".kept li")).not_to_have_count(0)
    await snapshot(page, "customer-forget")
    # The talk's form is still open: the call's work goes on until it is saved.
    await page.click("form.confirm-acts button")
    await expect(page.locator(".who-head")).to_contain_text("已遗忘")
    await snapshot(page, "customer-forgotten")
    name = await site.database.read(
        lambda conn: conn.execute(select(customers.c.name).where(customers.c.id == customer_id)).scalar()
    )
    assert name == ""
    await page.goto(f"{site.url}/customers?q=0009")
    await expect(page.locator(".empty")).to_be_visible()


async def test_x1_an_agent_sees_the_customers_of_the_own_calls_only(
    panel_server: Site, open_page: OpenPage
) -> None:
    """X1, R12: QA reads and changes nothing; an agent sees whom he called, and nobody else."""
    site = panel_server
    customer_id = await known_customer(site)
    other = await site.follow_up("王", "13800000002", "豫B22222")
    agent_id = await site.database.read(_agent)
    await site.user("agent", "agent", agent_id=agent_id)
    await site.user("qa", "qa")
    page = await open_page("agent", f"/customers/{customer_id}")
    await expect(page.locator(".who-head")).to_contain_text("李小明")
    await expect(page.locator(".acts")).to_have_count(0)
    for path in (f"/customers/{other}", "/customers", f"/customers/{customer_id}/forget"):
        answer = await page.request.get(site.url + path)
        assert answer.status == 403, path
    reader = await open_page("qa", f"/customers/{other}")
    await expect(reader.locator(".who-head")).to_contain_text("豫B22222")
    await expect(reader.locator(".acts")).to_have_count(0)
    assert (await reader.request.get(f"{site.url}/customers/{other}/block")).status == 403
    assert (await reader.request.get(f"{site.url}/customers/nobody")).status == 404


def _agent(conn: Connection) -> str:
    from dialer.agents.queries import all_agents

    return all_agents(conn)[0].id


async def test_c1_customers_are_found_by_plate_number_and_name(
    panel_server: Site, open_page: OpenPage
) -> None:
    site = panel_server
    for place, name in enumerate(("李", "李明", "王")):
        await site.follow_up(name, f"1380000000{place}", f"豫C{place}0001")
    await site.user("zhou", "admin")
    page = await open_page("zhou", "/customers?q=李")
    await expect(page.locator("tbody tr")).to_have_count(2)
    await snapshot(page, "customers-found")
    for text, name in (("豫c20001", "王"), ("13800000001", "李明"), ("0002", "王")):
        await page.goto(f"{site.url}/customers?q={text}")
        await expect(page.locator("h1")).to_contain_text(name)
    await page.goto(f"{site.url}/customers?q=%25")
    await expect(page.locator(".empty")).to_be_visible()
