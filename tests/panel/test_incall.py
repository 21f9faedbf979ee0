"""The buttons of a call in progress, for agents and supervisors, on an engine that runs (D6, V2, R12)."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.async_api import Page, expect
from sqlalchemy import update

from dialer.agents.queries import session
from dialer.agents.states import AgentState
from dialer.calling.engine import Engine
from dialer.calling.incall.queries import turns
from dialer.calling.incall.rules import Actor
from dialer.calling.incall.states import Step
from dialer.calling.settings import CallingSettings, Mode
from dialer.telephony.fake import FakeTelephony
from dialer.telephony.fates import AgentFate, CustomerDoes, CustomerFate
from tests.panel.site import OpenPage, Server, Site, async_fixture
from web.auth.tables import users
from web.panel import Panel
from web.rights.rules import Month
from web.settings import WebSettings

CHIEF_PHONE = "8009"


class Live:
    """A site whose engine runs on the fake telephone system."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.fake = FakeTelephony(phones=["1001", "1002", CHIEF_PHONE], clock=site.clock)
        calling = CallingSettings(mode=Mode.LIVE, keep_hours=False, page_lead_seconds=0)
        self.engine = Engine(site.database, self.fake, site.library, calling, site.clock)
        self.attempt = ""

    async def act(
        self, attempt_id: str, step: Step, by: Actor, extension: str, digits: str, number: str
    ) -> None:
        await self.engine.in_call.act(attempt_id, step, by, extension=extension, digits=digits, number=number)

    async def talk(self, agent_id: str) -> None:
        """Wait until the agent talks."""
        async with asyncio.timeout(20):
            while True:
                now = await self.site.database.read(lambda conn: session(conn, agent_id))
                if now is not None and now.state is AgentState.TALKING:
                    self.attempt = now.attempt_id or ""
                    return
                await asyncio.sleep(0.05)


@async_fixture
async def live(site: Site) -> Live:
    return Live(site)


@async_fixture
async def server(site: Site, live: Live) -> AsyncIterator[Server]:
    """The panel, with an engine behind its buttons."""
    server = Server(
        Panel(
            database=site.database,
            library=site.library,
            clock=site.clock,
            engine_status=lambda: live.engine.status,
            settings=WebSettings(heartbeat_seconds=0.5),
            recordings_root=site.recordings_root,
            act=live.act,
        )
    )
    await server.start()
    site.url = f"http://127.0.0.1:{server.port}"
    run = asyncio.create_task(live.engine.run())
    yield server
    run.cancel()
    await asyncio.wait([run])
    await live.fake.crash()
    await server.stop()


@async_fixture
async def talking(panel_server: Site, live: Live) -> Live:
    """An agent in a talk, a colleague who is paused, and a supervisor."""
    site = panel_server
    agent_id = await site.agent("1001", "王芳", ready=True)
    helper = await site.agent("1002", "赵敏")
    await site.user("wang", "agent", agent_id=agent_id)
    await site.user("zhao", "agent", agent_id=helper)
    await site.user("chen", "supervisor")
    await site.follow_up("欧阳慧敏", "13800000001", "豫AD12345")
    await live.talk(agent_id)
    return live


async def keep(page: Page, name: str) -> None:
    """Keep a picture of the page where a folder for it is named."""
    folder = os.environ.get("HUIFANG_SCREENSHOTS")
    if folder:
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def test_an_agent_holds_mutes_sends_tones_and_hangs_up(talking: Live, open_page: OpenPage) -> None:
    """D6."""
    page = await open_page("wang", "/agent")
    part = page.locator(".in-call")
    await part.get_by_role("button", name="保持").click()
    await expect(part).to_contain_text("客户保持中")
    await keep(page, "incall-hold")
    await part.get_by_role("button", name="取回").click()
    await part.get_by_role("button", name="静音").click()
    await expect(part.get_by_role("button", name="取消静音")).to_have_attribute("aria-pressed", "true")
    await part.locator("[name=digits]").fill("12#")
    await part.get_by_role("button", name="发送").click()
    await expect(part.locator("[name=digits]")).to_have_value("")
    assert talking.fake.tones == [(talking.attempt, "12#")]
    await part.locator("[name=digits]").fill("12x")
    await part.get_by_role("button", name="发送").click()
    await expect(page.locator("#notices")).to_contain_text("按键只能是")
    await part.get_by_role("button", name="挂断").click()
    await expect(page.locator(".state-name")).to_have_text("话后整理")
    await expect(part.locator("button")).to_have_count(0)


async def test_an_agent_transfers_and_the_colleague_sees_the_call(talking: Live, open_page: OpenPage) -> None:
    """D6: the colleague has the page and no form of the call; the agent has the form."""
    talking.fake.agents["1002"] = AgentFate(after=None)
    page, other = await open_page("wang", "/agent"), await open_page("zhao", "/agent")
    part = page.locator(".in-call")
    await part.locator("[name=extension]").select_option("1002")
    await keep(page, "incall-ask")
    await part.get_by_role("button", name="转接").click()
    await expect(part).to_contain_text("赵敏 1002 · 振铃中")
    await expect(other.locator(".in-call")).to_contain_text("请接听话机")
    await keep(page, "incall-asking")
    (party,) = await talking.fake.live_parties()
    talking.fake.party_answers(party.party_id)
    await expect(page.locator(".state-name")).to_have_text("话后整理")
    await expect(part).to_contain_text("您已把电话交给他人")
    await expect(page.locator("form.result")).to_be_visible()
    theirs = other.locator(".in-call")
    await expect(theirs.get_by_role("button", name="挂断")).to_be_visible()
    await expect(other.locator(".customer h1")).to_have_text("欧阳慧敏女士")
    await expect(other.locator("form.result")).to_have_count(0)
    await keep(other, "incall-colleague")
    await theirs.get_by_role("button", name="挂断").click()
    await expect(other.locator(".state-name")).to_have_text("暂停")
    found = await talking.site.database.read(lambda conn: turns(conn, talking.attempt))
    assert [turn.party_id for turn in found] == [None, party.party_id]


async def test_a_supervisor_listens_joins_and_takes_over(talking: Live, open_page: OpenPage) -> None:
    """V2, R12: the agent does not see who listens; each use of the right is looked through later."""
    page, agents_page = await open_page("chen", "/supervisor"), await open_page("wang", "/agent")
    page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    row = page.locator(f"#calls tr[data-attempt='{talking.attempt}']")
    await row.get_by_role("button", name="监听").click()
    await expect(page.locator("#notices")).to_contain_text("我的话机")
    await page.locator("#my-phone").fill(CHIEF_PHONE)
    await row.get_by_role("button", name="监听").click()
    await expect(row).to_contain_text("8009 监听中")
    await keep(page, "incall-listen")
    await row.get_by_role("button", name="耳语").click()
    await expect(row).to_contain_text("8009 耳语中")
    await expect(agents_page.locator(".in-call")).to_contain_text("8009 · 耳语中")
    await row.get_by_role("button", name="加入").click()
    await expect(row).to_contain_text("8009 通话中")
    await row.get_by_role("button", name="接管").click()
    await expect(row).to_contain_text("坐席已退出")
    await expect(agents_page.locator(".state-name")).to_have_text("话后整理")
    await row.get_by_role("button", name="挂断").click()
    await expect(page.locator("#calls")).to_contain_text("当前没有通话")
    today = talking.site.clock().astimezone(ZoneInfo("Asia/Shanghai"))
    rights = await open_page("chen", f"/rights?month={Month(today.year, today.month)}")
    for used in ("监听通话", "通话耳语", "加入通话", "接管通话"):
        await expect(rights.locator("main")).to_contain_text(used)


async def test_who_may_not_listen_has_no_buttons_and_is_refused(talking: Live, open_page: OpenPage) -> None:
    """V2, X2: neither an administrator nor an agent."""
    await talking.site.user("boss", "admin")
    page = await open_page("boss", "/supervisor")
    await expect(page.locator("#calls")).to_contain_text("欧阳慧敏")
    await expect(page.locator("#calls [data-step]")).to_have_count(0)
    body = {"step": "listen", "extension": CHIEF_PHONE}
    ask = """async ([path, body]) => {
        const token = document.querySelector('meta[name=csrf]').content;
        const headers = {'Content-Type': 'application/json', 'X-CSRF-Token': token};
        return (await fetch(path, {method: 'POST', headers, body: JSON.stringify(body)})).status;
    }"""
    assert await page.evaluate(ask, [f"/supervisor/calls/{talking.attempt}/steps", body]) == 403
    agents_page = await open_page("wang", "/agent")
    assert await agents_page.evaluate(ask, [f"/agent/calls/{talking.attempt}/steps", body]) == 422
    assert await talking.fake.live_parties() == ()


async def test_an_agent_asks_a_phone_outside_into_the_call(talking: Live, open_page: OpenPage) -> None:
    """D6: by keyboard alone; what went wrong is said, and the call is as it was."""
    workshop = "037166668888"
    talking.fake.customers[workshop] = CustomerFate(does=CustomerDoes.BUSY, after=0.1)
    page = await open_page("wang", "/agent")
    part = page.locator(".in-call")
    number = part.get_by_label("或外线号码")
    third = part.get_by_role("button", name="三方通话")
    await number.focus()
    await page.keyboard.type("12")
    await third.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#notices")).to_contain_text("12 不是电话号码")
    await number.fill("13800000001")
    await third.press("Enter")
    await expect(page.locator("#notices")).to_contain_text("客户自己的号码")
    await number.fill("0371 6666 8888")
    await third.press("Enter")
    await expect(part.get_by_role("status")).to_have_text(f"{workshop} 忙。")
    await keep(page, "incall-outside-busy")
    await expect(number).to_have_value("")
    talking.fake.customers[workshop] = CustomerFate(after=0.1)
    await number.fill("0371 6666 8888")
    await third.press("Enter")
    await expect(part).to_contain_text(f"{workshop} · 通话中")
    consult = part.get_by_role("button", name="私下商量")
    await expect(consult).to_be_disabled()
    await expect(consult).to_have_attribute("title", re.compile("请其他人先退出"))
    await keep(page, "incall-outside-third")
    supervisor = await open_page("chen", "/supervisor")
    await expect(supervisor.locator("#calls")).to_contain_text("037****8888 通话中")
    await part.get_by_role("button", name="请第三方退出").press("Enter")
    await expect(part).not_to_contain_text(workshop)
    await expect(part.get_by_role("button", name="保持")).to_be_enabled()
    await expect(page.locator(".state-name")).to_have_text("通话中")


async def test_an_agent_talks_in_private_and_goes_back_or_on(talking: Live, open_page: OpenPage) -> None:
    """D6: what cannot be done meanwhile says why; Enter in the field of the number is the private talk."""
    page, other = await open_page("wang", "/agent"), await open_page("zhao", "/agent")
    part = page.locator(".in-call")
    await part.locator("[name=extension]").select_option("1002")
    await part.get_by_label("或外线号码").press("Enter")
    await expect(part).to_contain_text("私下商量：客户在听音乐")
    await expect(part).to_contain_text("赵敏 1002 · 私下商量中")
    for name in ("取回", "静音", "发送"):
        button = part.get_by_role("button", name=name)
        await expect(button).to_be_disabled()
        await expect(button).to_have_attribute("title", "您正在私下商量，请先回到客户。")
    await expect(other.locator(".in-call")).to_contain_text("客户在听音乐，听不到您")
    await keep(page, "incall-private")
    await keep(other, "incall-private-colleague")
    back = part.get_by_role("button", name="回到客户")
    await back.focus()
    await page.keyboard.press("Enter")
    await expect(part.get_by_role("button", name="保持")).to_be_enabled()
    await expect(part).not_to_contain_text("赵敏 1002 ·")
    await expect(other.locator(".state-name")).to_have_text("暂停")
    await part.locator("[name=extension]").select_option("1002")
    await part.get_by_role("button", name="私下商量").click()
    await part.get_by_role("button", name="三方一起谈").click()
    await expect(part).to_contain_text("赵敏 1002 · 通话中")
    await expect(part).not_to_contain_text("客户在听音乐")
    in_english = update(users).where(users.c.login == "wang").values(language="en")
    await talking.site.database.write(lambda conn: conn.execute(in_english))
    english = await open_page("wang", "/agent")
    await expect(english.locator(".in-call")).to_contain_text("赵敏 1002 · talks")
    for name in ("Hold", "Talk in private", "Let the third go", "Hang up"):
        await expect(english.locator(".in-call").get_by_role("button", name=name, exact=True)).to_be_visible()


async def test_qa_sees_when_the_agent_was_apart(talking: Live, open_page: OpenPage) -> None:
    """A1, D6: the recording has music there, and says why."""
    page = await open_page("wang", "/agent")
    part = page.locator(".in-call")
    await part.locator("[name=extension]").select_option("1002")
    await part.get_by_role("button", name="私下商量").click()
    await part.get_by_role("button", name="回到客户").click()
    await expect(part.get_by_role("button", name="保持")).to_be_enabled()
    await part.get_by_role("button", name="挂断").click()
    await expect(page.locator(".state-name")).to_have_text("话后整理")
    await talking.site.user("zhou", "qa")
    qa = await open_page("zhou", f"/qa/calls/{talking.attempt}")
    await expect(qa.locator(".talk")).to_contain_text("与 赵敏 私下商量：客户在听音乐，未录音")


async def test_what_is_typed_stays_while_the_page_shows_anew(talking: Live, open_page: OpenPage) -> None:
    """D6: a colleague who signs out changes the list beside the field, and nothing in it."""
    page = await open_page("wang", "/agent")
    number = page.locator(".in-call").get_by_label("或外线号码")
    await number.focus()
    await page.keyboard.type("0371 66")
    await expect(page.locator(".in-call option[value='1002']")).to_have_count(1)
    talking.fake.set_reachable("1002", False)
    await expect(page.locator(".in-call option[value='1002']")).to_have_count(0)
    await page.keyboard.type("66 8888")
    await expect(number).to_have_value("0371 6666 8888")
