"""The agent's page where the customer is rung first (D1, D2)."""

from dataclasses import replace

from playwright.async_api import expect

from dialer.calling import service
from dialer.calling.reserving import reserve
from tests.panel.agent_page import add_caller
from tests.panel.site import OpenPage, Site, snapshot


async def test_d2_the_page_is_open_and_says_whose_phone_rings(
    panel_server: Site, open_page: OpenPage
) -> None:
    """It opens before the customer's phone rings; the agent's rings once the customer has answered."""
    await add_caller(panel_server)
    page = await open_page("wang", "/agent")
    playbook = panel_server.library.get("after-sales-satisfaction")
    first = playbook.model_copy(update={"mode": "customer_first"})
    pairing = replace(panel_server.status.pairing, library=panel_server.library.having(first))
    write, clock = panel_server.database.write, panel_server.clock
    (order,) = (await write(lambda conn: reserve(conn, pairing, clock()))).orders
    attempt_id, now = order.attempt_id, page.locator(".phases .is-now")
    await expect(page.locator(".customer-plate")).to_have_text("豫AD12345")
    await expect(now).to_contain_text("正在拨打客户")
    await panel_server.go(attempt_id)
    await write(lambda conn: service.note_customer_ringing(conn, attempt_id, clock()))
    await expect(now).to_contain_text("客户话机振铃")
    await panel_server.agent_rings(attempt_id)
    await expect(now).to_contain_text("您的话机振铃，请接听")
    await snapshot(page, "customer_first_zh")
    await panel_server.answer(attempt_id)
    await expect(now).to_contain_text("通话中")
    await expect(page.locator(".question")).to_be_visible()
