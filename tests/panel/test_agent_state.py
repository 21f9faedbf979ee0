"""The agent's state, and why no call comes (D5, promise 2)."""

import re
from dataclasses import replace
from functools import partial

from playwright.async_api import Browser, Page, expect

from dialer.agents import service as agents
from dialer.agents.queries import session
from dialer.agents.states import AgentEvent, AgentState, PauseReason
from dialer.calling import reserving
from dialer.forms.sweeping import sweep
from tests.panel.agent_page import TALKED
from tests.panel.site import PASSWORD, OpenPage, Site, async_fixture, snapshot


@async_fixture
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


async def test_d5_with_a_phone_that_is_not_registered_nobody_gets_ready(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """D5: the page says so and what to do; when the phone is there, Ready works."""
    site = panel_server
    phones(site, "1002")
    page = await open_page("wang", "/agent")
    await expect(page.locator("[data-extension] option[value='1001']")).to_contain_text("未注册")
    await snapshot(page, "agent-begin")
    await page.click(".idle [data-action=sign_in]")
    await expect(page.locator(".idle")).to_have_class("panel idle is-loud")
    await expect(page.locator(".idle h1")).to_contain_text("分机 1001")
    await page.click(".idle [data-action=ready]")
    await expect(page.locator(".notice")).to_contain_text("分机 1001 的话机未注册")
    await snapshot(page, "agent-not-registered")
    phones(site, "1001")
    await page.click(".idle [data-action=ready]")
    await expect(page.locator(".state-name")).to_have_text("就绪")


async def test_d5_a_system_pause_is_told_loudly(agent: str, panel_server: Site, open_page: OpenPage) -> None:
    """D5: in the tab's title too, for who looks at another page; a pause of one's own is not."""
    site = panel_server
    await site.database.write(lambda conn: agents.sign_in(conn, agent, site.clock()))
    await site.database.write(lambda conn: agents.ready(conn, agent, site.clock()))
    page = await open_page("wang", "/agent")
    await expect(page).to_have_title("我的回访")
    for reason, said in (
        (PauseReason.DID_NOT_ANSWER, "话机响了但没有人接"),
        (PauseReason.PHONE_UNREACHABLE, "联系不到您的话机"),
        (PauseReason.BY_SUPERVISOR, "班长已将您设为暂停"),
        (PauseReason.CALL_IN_DOUBT, "无法确定您上一通电话"),
    ):
        await site.database.write(partial(agents.pause, agent_id=agent, reason=reason, now=site.clock()))
        await expect(page.locator(".idle.is-loud[role=alert] h1")).to_contain_text(said)
        await expect(page).to_have_title(re.compile(f"⚠.*{said}"))
        await snapshot(page, f"agent-{reason}")
    await site.database.write(lambda conn: agents.pause(conn, agent, PauseReason.SHIFT_OVER, site.clock()))
    await expect(page.locator(".idle h1")).to_contain_text("您的班次已结束")
    await page.click(".pauses >> text=用餐")
    await expect(page.locator(".idle.is-loud")).to_have_count(0)
    await expect(page).to_have_title("我的回访")


async def test_d5_a_second_login_moves_the_session(agent: str, panel_server: Site, browser: Browser) -> None:
    """D5: the old page says so and does nothing more; one press brings the session back."""
    old, new = [await log_in(browser, panel_server, "wang") for _ in range(2)]
    await old.reload()
    await old.click(".idle [data-action=sign_in]")
    await expect(old.locator(".state-name")).to_have_text("暂停")
    # Tabs of one login work side by side; only another login takes the session away.
    tab = await old.context.new_page()
    await tab.goto(f"{panel_server.url}/agent")
    await expect(tab.locator(".state-name")).to_have_text("暂停")

    await new.click("form.who button")
    new = await log_in(browser, panel_server, "wang")
    for page in (old, tab):
        await expect(page.locator("[data-part=moved] h1")).to_contain_text("转到另一个浏览器")
        await expect(page.locator(".state, .idle [data-action=ready], .by-hand")).to_have_count(0)
    await snapshot(old, "agent-moved")
    status = await old.evaluate(
        """async () => (await fetch("/agent/state", {
            method: "POST",
            headers: { "X-CSRF-Token": document.querySelector("meta[name=csrf]").content },
            body: JSON.stringify({ action: "ready" }),
        })).status"""
    )
    assert status == 409
    await new.click(".idle [data-action=ready]")
    await expect(new.locator(".state-name")).to_have_text("就绪")

    await old.click("[data-action=take_over]")
    await expect(old.locator(".state-name")).to_have_text("就绪")
    await expect(new.locator("[data-part=moved]")).to_be_visible()


async def test_d5_logging_out_ends_the_work_of_who_works_there(
    agent: str, panel_server: Site, browser: Browser
) -> None:
    """D5: nobody is rung who has gone home; in a call it is a pause after it."""
    site = panel_server
    page = await log_in(browser, site, "wang")
    await page.click(".idle [data-action=sign_in]")
    await page.click(".idle [data-action=ready]")
    await expect(page.locator(".state-name")).to_have_text("就绪")
    await page.click("form.who button")
    await expect(page.locator("input[name=password]")).to_be_visible()
    found = await site.database.read(lambda conn: session(conn, agent))
    assert found is not None
    assert (found.state, found.extension) == (AgentState.OFFLINE, None)

    await site.follow_up()
    await site.database.write(lambda conn: agents.sign_in(conn, agent, site.clock()))
    await site.database.write(lambda conn: agents.ready(conn, agent, site.clock()))
    await site.talking()
    page = await log_in(browser, site, "wang")
    await page.click("form.who button")
    await expect(page.locator("input[name=password]")).to_be_visible()
    found = await site.database.read(lambda conn: session(conn, agent))
    assert found is not None
    assert (found.state, found.next_pause) == (AgentState.TALKING, PauseReason.OTHER)


async def test_d5_an_agent_chooses_the_desk_of_the_day(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """D5: hot desking: known phones, those that are free; the call rings there."""
    site = panel_server
    await site.agent("1002", "李娜")
    await site.database.write(lambda conn: agents.add_desk(conn, "1009", place="窗口 9"))
    page = await open_page("wang", "/agent")
    choice = page.locator("[data-extension]")
    await expect(choice).to_have_value("1001")
    await expect(choice.locator("option[value='1002']")).to_be_disabled()
    await expect(choice.locator("option[value='1002']")).to_contain_text("李娜 正在使用")
    await choice.select_option("1009")
    await snapshot(page, "agent-desk")
    # Somebody else's news does not undo the choice.
    await site.agent("1003", "赵敏")
    await page.evaluate("fetch('/agent/view')")
    await expect(page.locator("[data-extension] option[value='1009']")).to_be_attached()
    await expect(choice).to_have_value("1009")
    await page.click(".idle [data-action=sign_in]")
    await page.click(".idle [data-action=ready]")
    await expect(page.locator(".idle-facts")).to_contain_text("1009")
    await site.follow_up()
    orders = await site.database.write(
        lambda conn: reserving.reserve(conn, site.status.pairing, site.clock()).orders
    )
    assert [order.agent_extension for order in orders] == ["1009"]


async def test_d5_the_wrap_up_says_that_it_was_extended(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """D5: over an unsaved form."""
    site = panel_server
    await site.database.write(lambda conn: agents.sign_in(conn, agent, site.clock()))
    await site.database.write(lambda conn: agents.ready(conn, agent, site.clock()))
    await site.follow_up()
    await site.end(await site.talking(), TALKED)
    page = await open_page("wang", "/agent")
    await expect(page.locator(".phases .is-now time")).to_be_visible()
    await expect(page.locator(".extended")).to_have_count(0)
    site.clock.forward(3600)
    await sweep(site.database, site.clock())
    await expect(page.locator(".extended")).to_contain_text("已延长 30 秒")
    await snapshot(page, "agent-extended")


def phones(site: Site, *extensions: str) -> None:
    """Only these phones are registered."""
    site.change_status(pairing=replace(site.status.pairing, reachable=frozenset(extensions)))


async def log_in(browser: Browser, site: Site, login: str) -> Page:
    """A page in a browser of its own, after a login of its own."""
    page = await (await browser.new_context(viewport={"width": 1366, "height": 768})).new_page()
    page.set_default_timeout(20_000)
    await page.goto(f"{site.url}/login")
    await page.fill("input[name=login]", login)
    await page.fill("input[name=password]", PASSWORD)
    await page.click("button.primary")
    await page.goto(f"{site.url}/agent")
    return page
