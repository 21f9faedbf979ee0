"""The agent looks at a customer before the call, and calls by hand (D2)."""

from dataclasses import replace
from datetime import timedelta

from playwright.async_api import Page, expect
from sqlalchemy import Connection, select, update

from dialer.agents.queries import session
from dialer.agents.states import AgentState
from dialer.calling import reserving
from dialer.calling.inbound import service as inbound
from dialer.calling.inbound.queries import ticket_of
from dialer.calling.modes import service
from dialer.calling.modes.queries import held_for, offer_of
from dialer.calling.modes.states import OfferState
from dialer.calling.queries import attempt
from dialer.calling.service import doubt
from dialer.cases.queries import cases_of_call
from dialer.cases.tables import cases
from dialer.customers.tables import customers
from dialer.followups.tables import follow_ups
from dialer.telephony.events import CustomerCalls
from tests.panel.agent_page import add_caller
from tests.panel.site import OpenPage, Site, async_fixture, snapshot
from tests.support.core import BUSY


async def look(site: Site) -> None:
    """The engine pairs, with a look before the call."""
    playbook = site.library.get("after-sales-satisfaction").model_copy(update={"mode": "preview"})
    pairing = replace(site.status.pairing, library=site.library.having(playbook))
    await site.database.write(lambda conn: reserving.reserve(conn, pairing, site.clock()))


async def take(site: Site) -> list[str]:
    """The engine commits to what was pressed; the attempts' ids."""
    found = await site.database.write(
        lambda conn: service.take_pressed(conn, site.status.pairing, site.clock())
    )
    return [one.order.attempt_id for one in found]


@async_fixture
async def looking(panel_server: Site, open_page: OpenPage) -> tuple[Page, str]:
    """An agent before whom a customer lies, and the page."""
    agent_id = await add_caller(panel_server)
    page = await open_page("wang", "/agent")
    await look(panel_server)
    await expect(page.locator(".offer")).to_be_visible()
    return page, agent_id


async def test_d2_the_agent_sees_the_customer_and_calls_with_enter(
    looking: tuple[Page, str], panel_server: Site
) -> None:
    page, _ = looking
    await expect(page.locator(".customer-who h1")).to_have_text("欧阳慧敏女士")
    await expect(page.locator(".customer-plate")).to_have_text("豫AD12345")
    await expect(page.locator(".offer-script .steps li").first).to_contain_text("您好")
    await expect(page.locator(".state-name")).to_have_text("拨打前预览")
    await expect(page.locator(".offer-left time")).to_be_visible()
    await snapshot(page, "preview_zh")
    await page.keyboard.press("Enter")
    await expect(page.locator(".offer-when")).to_contain_text("正在拨打")
    (attempt_id,) = await take(panel_server)
    await panel_server.agent_rings(attempt_id)
    await expect(page.locator(".phases .is-now")).to_contain_text("您的话机振铃")
    await expect(page.locator(".question")).to_be_visible()


async def test_d2_the_agent_skips_with_one_of_the_sites_reasons(
    looking: tuple[Page, str], panel_server: Site
) -> None:
    page, agent_id = looking
    offer = await panel_server.database.read(lambda conn: held_for(conn, agent_id))
    assert offer is not None
    await page.click(".offer-skip >> text=资料有误，需先核对")
    await expect(page.locator(".idle")).to_be_visible()
    found = await panel_server.database.read(lambda conn: offer_of(conn, offer.id))
    assert found is not None
    assert (found.state, found.reason) == (OfferState.SKIPPED, "data_wrong")
    await look(panel_server)
    await page.reload()
    await expect(page.locator(".idle")).to_be_visible()


async def test_d2_why_a_wanted_call_did_not_come_is_said(
    looking: tuple[Page, str], panel_server: Site
) -> None:
    """X3: the customer was blocked while the page was open."""
    page, _ = looking
    await panel_server.database.write(lambda conn: conn.execute(update(customers).values(do_not_call=True)))
    await page.click("button[data-call]")
    await expect(page.locator(".offer")).to_contain_text("正在拨打")
    await take(panel_server)
    await expect(page.locator(".idle-refused")).to_have_text("客户已要求不再来电，该号码不会拨打。")


async def test_d2_an_appointment_says_when_the_phone_rings(panel_server: Site, open_page: OpenPage) -> None:
    agent_id = await add_caller(panel_server)
    minute = panel_server.clock() + timedelta(seconds=20)
    values = {"due_at": minute, "appointment_at": minute, "owner_id": agent_id}
    await panel_server.database.write(lambda conn: conn.execute(update(follow_ups).values(**values)))
    page = await open_page("wang", "/agent")
    await panel_server.reserve()
    await expect(page.locator(".offer")).to_have_attribute("data-mode", "appointment")
    await expect(page.locator(".offer-when")).to_contain_text("到点您的话机会自动振铃")
    await snapshot(page, "appointment_zh")


async def test_d2_the_agent_calls_a_number_and_hears_why_not(panel_server: Site, open_page: OpenPage) -> None:
    """The refusal is a sentence; the same number is called once it is one."""
    agent_id = await panel_server.agent("1001", ready=True)
    await panel_server.user("wang", "agent", agent_id=agent_id)
    page = await open_page("wang", "/agent")
    await snapshot(page, "by_hand_zh")
    await page.fill(".by-hand input", "hello")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice")).to_contain_text("这不是电话号码")
    await page.fill(".by-hand input", "139 1111 2222")
    await page.keyboard.press("Enter")
    await expect(page.locator(".offer-when")).to_contain_text("正在拨打")
    await expect(page.locator(".customer-number")).to_have_text("13911112222")
    (attempt_id,) = await take(panel_server)
    await panel_server.go(attempt_id)
    await expect(page.locator(".customer-facts")).to_contain_text("临时通话")


async def test_d7_a_number_that_a_colleague_has_on_the_line_is_not_called(
    panel_server: Site, open_page: OpenPage
) -> None:
    """Nor one whose last call is in doubt: each with a sentence that says what to do."""
    await add_caller(panel_server)
    (attempt_id,) = await panel_server.reserve()
    db, now = panel_server.database, panel_server.clock()
    call = await db.read(lambda conn: attempt(conn, attempt_id))
    assert call is not None
    agent_id = await panel_server.agent("1009", ready=True)
    await panel_server.user("zhang", "agent", agent_id=agent_id)
    page = await open_page("zhang", "/agent")
    await page.fill(".by-hand input", call.number)
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice")).to_contain_text("同事正在与该号码或该客户通话")
    await snapshot(page, "by_hand_engaged_zh")
    await db.write(lambda conn: doubt(conn, attempt_id, call.run_id, now))
    await page.fill(".by-hand input", call.number)
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice").last).to_contain_text("尚不清楚上一次拨打该号码或该客户的结果")


async def test_d2_the_last_call_is_called_again_by_hand(panel_server: Site, open_page: OpenPage) -> None:
    agent_id = await add_caller(panel_server)
    (attempt_id,) = await panel_server.reserve()
    await panel_server.go(attempt_id)
    await panel_server.end(attempt_id, BUSY)
    page = await open_page("wang", "/agent")
    await page.click("[data-dial]")
    await expect(page.locator(".offer-when")).to_contain_text("正在拨打")
    assert len(await take(panel_server)) == 1
    found = await panel_server.database.read(lambda conn: session(conn, agent_id))
    assert found is not None
    assert found.state is AgentState.RESERVED


async def test_d9_the_agent_says_what_a_customer_rang_for(panel_server: Site, open_page: OpenPage) -> None:
    """K0: his page is open before the phone rings; a complaint is a case, whose source stays on it."""
    await add_caller(panel_server)
    page = await open_page("wang", "/agent")
    call = CustomerCalls(call_id="1.1", number="13800000001", called="4008", at=panel_server.clock())

    def rings(conn: Connection) -> tuple[str, str]:
        ticket = inbound.open_ticket(conn, call, panel_server.clock())
        order = inbound.put_through(conn, panel_server.status.pairing, ticket.id, panel_server.clock())
        assert order is not None
        return ticket.id, order.attempt_id

    ticket_id, attempt_id = await panel_server.database.write(rings)
    await expect(page.locator(".rang")).to_contain_text("客户来电")
    await panel_server.go(attempt_id)
    await panel_server.answer(attempt_id)
    await snapshot(page, "rang_zh")
    await expect(page.locator(".q-choice")).to_have_count(5)
    for one in await page.locator(".q-choice").all():
        await expect(one).to_be_in_viewport(ratio=1)
    await page.click(".rang >> text=投诉")
    await expect(page.locator(".rang [aria-pressed=true]")).to_have_text("投诉")
    ticket = await panel_server.database.read(lambda conn: ticket_of(conn, ticket_id))
    assert ticket is not None
    assert ticket.kind == "complaint"
    found = await panel_server.database.read(lambda conn: cases_of_call(conn, attempt_id))
    source = await panel_server.database.read(lambda conn: conn.execute(select(cases.c.source)).scalar())
    assert (len(found), source) == (1, "ring_back")
    await panel_server.user("chen", "supervisor")
    board = await open_page("chen", "/tickets")
    row = board.locator(f"[data-ticket='{ticket_id}']")
    await expect(row).to_contain_text("13800000001")
    await expect(row).to_contain_text("投诉")
    await expect(row).to_contain_text("王芳")
    await snapshot(board, "tickets_zh")


async def test_d2_the_agent_chooses_to_look_first(panel_server: Site, open_page: OpenPage) -> None:
    agent_id = await add_caller(panel_server)
    page = await open_page("wang", "/agent?lang=en")
    switch = page.locator("[role=switch]")
    await expect(switch).to_have_attribute("aria-checked", "false")
    await switch.click()
    await expect(switch).to_have_attribute("aria-checked", "true")
    assert await panel_server.reserve() == []
    assert await panel_server.database.read(lambda conn: held_for(conn, agent_id)) is not None
