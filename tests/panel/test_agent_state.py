"""The agent's state, and why no call comes (D5, promise 2)."""

import pytest
from playwright.async_api import expect

from dialer.agents import service as agents
from dialer.agents.queries import session
from dialer.agents.states import AgentEvent, AgentState, PauseReason
from tests.panel.site import OpenPage, Site


@pytest.fixture
async def agent(panel_server: Site) -> str:
    """An agent who has not started work."""

    agent_id = await panel_server.database.write(
        lambda conn: agents.add_agent(conn, code="1001", name="王芳", extension="1001", branch="城东店")
    )
    await panel_server.user("wang", "agent", agent_id=agent_id)
    return agent_id


async def test_a_day_of_states(agent: str, panel_server: Site, open_page: OpenPage) -> None:
    """D5: start work, ready, pause with a reason, ready again, end work."""
    page = await open_page("wang", "/agent")
    name = page.locator(".state-name")
    await expect(name).to_have_text("离线")
    await page.click(".idle [data-action=sign_in]")
    await expect(name).to_have_text("暂停")
    await page.click(".idle [data-action=ready]")
    await expect(name).to_have_text("就绪")
    await expect(page.locator(".idle")).to_have_attribute("data-reason", "nothing_due")
    await page.click(".pauses >> text=用餐")
    await expect(page.locator(".state-reason")).to_have_text("用餐")
    found = await panel_server.database.read(lambda conn: session(conn, agent))
    assert found is not None
    assert (found.state, found.reason) == (AgentState.PAUSED, PauseReason.MEAL)
    await page.click(".state [data-action=sign_out]")
    await expect(name).to_have_text("离线")


async def test_a_pause_asked_for_in_a_call_comes_after_it(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """D5: pressed once it is asked for, pressed again it is taken back."""
    await panel_server.follow_up()
    page = await open_page("wang", "/agent")
    await page.click(".idle [data-action=sign_in]")
    await page.click(".idle [data-action=ready]")
    await expect(page.locator(".state-name")).to_have_text("就绪")
    await panel_server.talking()
    pressed = page.locator(".pauses [aria-pressed=true]")
    await page.click(".pauses >> text=会议")
    await expect(pressed).to_have_text("会议")
    await page.click(".pauses >> text=会议")
    await expect(pressed).to_have_count(0)
    await page.click(".pauses >> text=培训")
    await expect(pressed).to_have_text("培训")
    found = await panel_server.database.read(lambda conn: session(conn, agent))
    assert found is not None
    assert (found.state, found.next_pause) == (AgentState.TALKING, PauseReason.TRAINING)


async def test_why_no_call_comes(agent: str, panel_server: Site, open_page: OpenPage) -> None:
    """Promise 2: the page says which gate is shut, and what to do."""
    await panel_server.database.write(lambda conn: agents.sign_in(conn, agent, panel_server.clock()))
    await panel_server.database.write(lambda conn: agents.ready(conn, agent, panel_server.clock()))
    page = await open_page("wang", "/agent")
    await expect(page.locator(".idle h1")).to_have_text("现在没有到期的回访。")
    panel_server.change_status(link_up=False)
    await page.reload()
    await expect(page.locator(".idle h1")).to_contain_text("与电话系统的连接中断")
    await expect(page.locator(".idle-advice")).to_contain_text("恢复后会自动继续")


async def test_an_unanswered_phone_pauses_with_its_reason(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """D5: no further call before the agent says so; the customer was not dialled."""
    await panel_server.follow_up()
    page = await open_page("wang", "/agent")
    await page.click(".idle [data-action=sign_in]")
    await page.click(".idle [data-action=ready]")
    await expect(page.locator(".state-name")).to_have_text("就绪")
    await panel_server.reserve()
    await expect(page.locator(".customer")).to_be_visible()
    now = panel_server.clock()
    await panel_server.database.write(
        lambda conn: agents.move(
            conn, agent, AgentEvent.AGENT_FAILED, now, reason=PauseReason.DID_NOT_ANSWER, attempt_id=None
        )
    )
    await expect(page.locator(".idle h1")).to_contain_text("话机响了但没有人接")
    await page.click(".idle [data-action=ready]")
    await expect(page.locator(".state-name")).to_have_text("就绪")


async def test_another_agents_call_is_not_ones_own(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """X1: neither seen nor answered for; without the role not even the page is shown."""
    other = await panel_server.agent("1002", "李娜", ready=True)
    await panel_server.user("li", "agent", agent_id=other)
    await panel_server.user("zhou", "qa")
    await panel_server.follow_up()
    attempt_id = await panel_server.talking()
    page = await open_page("wang", "/agent")
    assert "13800000001" not in await page.content()
    status, said = await page.evaluate(
        """async (attempt) => {
            const response = await fetch(`/agent/calls/${attempt}/answers`, {
                method: "POST",
                headers: { "X-CSRF-Token": document.querySelector("meta[name=csrf]").content },
                body: JSON.stringify({ question: "q1", value: "satisfied" }),
            });
            return [response.status, (await response.json()).error];
        }""",
        attempt_id,
    )
    assert status == 422
    assert any("\u4e00" <= letter <= "\u9fff" for letter in said)
    stranger = await open_page("zhou", "/qa")
    response = await stranger.goto(f"{panel_server.url}/agent")
    assert response is not None
    assert response.status == 403


async def test_the_page_in_english(agent: str, panel_server: Site, open_page: OpenPage) -> None:
    """Chinese first, English second: a switch away, and it stays."""
    page = await open_page("wang", "/agent")
    await page.click("form.language button")
    await expect(page.locator(".idle h1")).to_have_text("You have not started work yet.")
    await page.reload()
    await expect(page.locator(".state-name")).to_have_text("Offline")
