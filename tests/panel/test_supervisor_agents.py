"""What a supervisor does with agents, and what each one's day was made of (V2, F7)."""

import csv
import io
from datetime import timedelta
from zoneinfo import ZoneInfo

from playwright.async_api import expect
from sqlalchemy import Connection

from dialer.agents import service as agents
from dialer.agents.queries import AgentSession, session
from dialer.agents.states import AgentState, PauseReason
from dialer.storage.feed import of_subject
from tests.panel.agent_page import TALKED
from tests.panel.site import OpenPage, Site, snapshot


async def session_of(site: Site, agent_id: str) -> AgentSession:
    found = await site.database.read(lambda conn: session(conn, agent_id))
    assert found is not None
    return found


async def test_v2_a_supervisor_pauses_an_agent_and_ends_his_work(
    panel_server: Site, open_page: OpenPage
) -> None:
    """V2: at once, or after the call; who did it is kept, and the agent is told."""
    site = panel_server
    await site.user("chen", "supervisor")
    agent_id = await site.agent("8001", ready=True)
    await site.user("wang", "agent", agent_id=agent_id)
    page = await open_page("chen", "/supervisor")
    row = page.locator(f"tr[data-agent='{agent_id}']")
    await expect(row.locator("button[value=sign_out]")).to_be_in_viewport(ratio=1)
    await row.locator("button[value=pause]").click()
    await expect(row).to_contain_text("班长设为暂停")
    await snapshot(page, "supervisor-agents")
    own = await open_page("wang", "/agent")
    await expect(own.locator(".idle.is-loud h1")).to_contain_text("班长已将您设为暂停")
    await row.locator("button[value=sign_out]").click()
    await expect(row).to_contain_text("离线")
    await expect(row.locator("button")).to_have_count(0)
    rows = await site.database.read(lambda conn: of_subject(conn, agent_id))
    used = [(one.kind, one.data["by"]) for one in rows if one.kind.startswith("agent.")]
    assert used == [("agent.paused", "chen"), ("agent.signed_out", "chen")]

    await site.follow_up()
    await site.database.write(lambda conn: agents.sign_in(conn, agent_id, site.clock()))
    await site.database.write(lambda conn: agents.ready(conn, agent_id, site.clock()))
    await site.talking()
    await row.locator("button[value=sign_out]").click()
    await expect(row).to_contain_text("之后：班长设为暂停")
    await expect(row).to_contain_text("通话中")
    current = await session_of(site, agent_id)
    assert (current.state, current.next_pause) == (AgentState.TALKING, PauseReason.BY_SUPERVISOR)


async def test_f7_the_day_of_each_agent_is_shown_and_fetched(panel_server: Site, open_page: OpenPage) -> None:
    """F7: times by state and reason; each state with what ended it; a table for a spreadsheet."""
    site = panel_server
    await site.user("chen", "supervisor")
    await site.user("smith", "supervisor", language="en")
    agent_id = await site.agent("8001", "=王芳", ready=True)
    await site.agent("8002", "李娜", ready=True)
    await site.follow_up()
    await site.end(await site.talking(), TALKED)
    noon = (
        site.clock().astimezone(ZoneInfo("Asia/Shanghai")).replace(hour=12, minute=0, second=0, microsecond=0)
    )

    def a_day(conn: Connection) -> None:
        other = agents.add_agent(conn, code="8003", name="赵敏", extension="8003", branch="城东店")
        agents.sign_in(conn, other, noon - timedelta(hours=3))
        agents.ready(conn, other, noon - timedelta(hours=2, minutes=50))
        agents.pause(conn, other, PauseReason.MEAL, noon - timedelta(hours=1))
        agents.ready(conn, other, noon - timedelta(minutes=30))
        agents.pause(
            conn, other, PauseReason.PHONE_UNREACHABLE, noon - timedelta(minutes=20), why="phone_gone"
        )
        agents.sign_out(conn, other, noon, why="shift_over")

    await site.database.write(a_day)
    page = await open_page("chen", "/supervisor")
    await page.click("#agents >> text=出勤")
    row = page.locator("tr", has_text="赵敏")
    for text in ("09:00", "12:00", "3:00:00", "2:00:00", "用餐 30:00", "话机不可达 20:00", "刚签入 10:00"):
        await expect(row).to_contain_text(text)
    await expect(page.locator(f"tr[data-agent='{agent_id}'] .chip.good")).to_have_text("在岗")
    await snapshot(page, "attendance-zh")

    await row.locator("a").click()
    for text in ("话机不可达", "班次结束", "09:10:00", "1:50:00"):
        await expect(page.locator("table")).to_contain_text(text)
    await snapshot(page, "attendance-agent-zh")

    await page.click("text=全部坐席")
    async with page.expect_download() as fetched:
        await page.click("text=导出表格")
    path = await (await fetched.value).path()
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    names = {row[1]: row for row in rows}
    assert names["赵敏"][3:6] == ["09:00:00", "12:00:00", "10800"]
    assert "'=王芳" in names  # nothing that a spreadsheet would run
    assert all(len(row) == len(rows[0]) for row in rows)
    english = await open_page("smith", "/supervisor/attendance")
    await expect(english.locator("tr", has_text="赵敏")).to_contain_text("Meal 30:00")
    await snapshot(english, "attendance-en")
    await english.goto(f"{site.url}/supervisor/attendance?day=2020-01-01")
    await expect(english.locator(".empty")).to_have_text("Nobody was on duty on this day.")
    beyond = await english.goto(f"{site.url}/supervisor/attendance?day=9999-12-31")
    assert beyond is not None and beyond.status == 404


async def test_x1_attendance_is_for_supervisors(panel_server: Site, open_page: OpenPage) -> None:
    """X1."""
    agent_id = await panel_server.agent("8001")
    await panel_server.user("wang", "agent", agent_id=agent_id)
    page = await open_page("wang", "/agent")
    for path in (
        "/supervisor/attendance",
        "/supervisor/attendance.csv",
        f"/supervisor/attendance/{agent_id}",
    ):
        answer = await page.goto(panel_server.url + path)
        assert answer is not None
        assert answer.status == 403
