"""The agent's page follows the call, in a real browser (R1, D1, D5, T1)."""

from playwright.async_api import expect

from dialer.agents.queries import session
from dialer.agents.states import AgentState
from dialer.calling import service as calling
from dialer.calling.progress import Ending
from dialer.telephony.outcomes import DialOutcome
from tests.panel.agent_page import QUESTION, TALKED, add_caller, stored
from tests.panel.site import OpenPage, Site, async_fixture


@async_fixture
async def agent(panel_server: Site) -> str:
    """An agent who waits for a call, with one customer due."""
    return await add_caller(panel_server)


async def test_the_customers_page_opens_before_the_phone_rings(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """D1, R1: who, plate, what was done, why, deadline and the question, without scrolling."""
    page = await open_page("wang", "/agent", width=1366, height=768)
    await expect(page.locator(".idle")).to_be_visible()
    (attempt_id,) = await panel_server.reserve()
    await expect(page.locator(".customer h1")).to_have_text("欧阳慧敏女士")
    await expect(page).to_have_title("欧阳慧敏女士 豫AD12345")
    for shown, text in (
        (".customer-plate", "豫AD12345"),
        (".customer-number", "13800000001"),
        (".customer-facts", "更换机油机滤"),
        (".customer-facts", "售后满意度回访"),
        (".customer-facts .deadline", "23:59"),
        (".steps", "请问您是欧阳慧敏女士吗"),
        (".steps", "豫AD12345"),
        (".never", "不知道"),
        (".q-ask", "您对预约和到店后的接待等候时间评价如何？"),
        (".q-choices", "非常满意"),
        (".phases [aria-current=step]", "您的话机振铃"),
    ):
        part = page.locator(shown)
        await expect(part).to_contain_text(text)
        box = await part.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 768, f"{shown} needs scrolling"
    in_session = await panel_server.database.read(lambda conn: session(conn, agent))
    assert in_session is not None
    assert in_session.state is AgentState.RESERVED
    assert in_session.attempt_id == attempt_id


async def test_the_page_follows_the_call(agent: str, panel_server: Site, open_page: OpenPage) -> None:
    """D5: phone rings, dialling, ringing, talking, wrap-up; answers only once somebody is there."""
    page = await open_page("wang", "/agent")
    (attempt_id,) = await panel_server.reserve()
    now = page.locator(".phases [aria-current=step]")
    await panel_server.agent_rings(attempt_id)
    await expect(page.locator(".state-name")).to_have_text("话机振铃")
    await expect(page.locator(QUESTION)).to_have_attribute("data-open", "false")
    await page.keyboard.press("1")
    await panel_server.go(attempt_id)
    await expect(now).to_contain_text("正在拨打客户")
    await panel_server.database.write(
        lambda conn: calling.note_customer_ringing(conn, attempt_id, panel_server.clock())
    )
    await expect(now).to_contain_text("客户话机振铃")
    await panel_server.answer(attempt_id)
    await expect(now).to_contain_text("通话中")
    await expect(now.locator("time")).not_to_be_empty()
    await panel_server.end(attempt_id, TALKED)
    await expect(now).to_contain_text("话后整理")
    assert await stored(panel_server) == {}


async def test_who_was_not_reached_is_told_in_a_line(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """R1: back to the state, with what happened and when the next try comes."""
    page = await open_page("wang", "/agent")
    (attempt_id,) = await panel_server.reserve()
    await expect(page.locator(".customer")).to_be_visible()
    await panel_server.go(attempt_id)
    await panel_server.end(attempt_id, Ending(DialOutcome.BUSY, dialled=True, cause=17))
    last = page.locator(".idle-last")
    await expect(last).to_contain_text("欧阳慧敏女士")
    await expect(last).to_contain_text("占线")
    await expect(last).to_contain_text("再次拨打")
