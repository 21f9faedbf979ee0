"""A supervisor stops calling, everybody sees it, and he lets it go on (V2)."""

import pytest
from playwright.async_api import expect

from dialer.halts.queries import open_halts, past_halts
from dialer.storage.feed import of_subject
from tests.panel.site import OpenPage, Site, shots

WORDS = {
    "zh": {
        "all": "全部外呼已停止",
        "go_on": "恢复外呼",
        "idle": "外呼已停止",
        "none": "没有停止任何外呼",
    },
    "en": {
        "all": "All calling is stopped",
        "go_on": "Let it go on",
        "idle": "Calling is stopped",
        "none": "Nothing is stopped",
    },
}


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_v2_everything_is_stopped_and_goes_on(
    panel_server: Site, open_page: OpenPage, language: str
) -> None:
    """Asks once and names the effect; on every page who stopped it and why; talks go on."""
    site, words = panel_server, WORDS[language]
    await site.user("chen", "supervisor", language=language)
    agent_id = await site.agent("8001", ready=True)
    await site.user("wang", "agent", agent_id=agent_id, language=language)
    await site.user("qing", "qa", language=language)
    await site.follow_up("李", "13800000001", "豫A12345")
    talk = await site.talking()
    for n in range(2, 5):
        await site.follow_up("周", f"1380000000{n}", f"豫A1234{n}")
    idle_id = await site.agent("8002", "李娜", ready=True)
    await site.user("lina", "agent", agent_id=idle_id, language=language)
    own, other = await open_page("lina", "/agent"), await open_page("qing", "/qa")

    page = await open_page("chen", "/supervisor")
    await shots(page, f"halts-live-{language}")
    await page.click("#queue .panel-head a")
    await expect(page.locator(".empty").first).to_contain_text(words["none"])
    await shots(page, f"halts-page-{language}")
    await page.click("a.danger")
    await expect(page.locator("[data-effect=waiting]")).to_contain_text("3")
    await expect(page.locator("[data-effect=going]")).to_contain_text("1")
    await shots(page, f"halts-ask-{language}")
    assert (await site.database.read(open_halts)).open == ()
    await page.fill("input[name=why]", "停电" if language == "zh" else "Power cut")
    await page.click("button.danger")

    for one in (page, own, other):
        await expect(one.locator(".stop-bar strong")).to_have_text(words["all"])
        await expect(one.locator(".stop-bar")).to_contain_text("Chen")
    await expect(own.locator(".idle h1")).to_contain_text(words["idle"])
    await expect(own.locator(".stop-bar a")).to_have_count(0)
    await shots(own, f"halts-agent-{language}")
    await shots(page, f"halts-stopped-{language}")
    assert await site.reserve() == []
    await site.answer(talk)  # it goes on

    await page.goto(f"{site.url}/supervisor")
    await expect(page.locator("#queue .chip.bad")).to_have_count(3)
    await shots(page, f"halts-live-stopped-{language}")
    await page.click(".stop-bar a")
    await page.click("tr[data-halt=everything] button.primary")
    await expect(page.locator(".stop-bar")).to_have_count(0)
    await expect(own.locator(".stop-bar")).to_have_count(0)
    await expect(own.locator(".idle h1")).not_to_contain_text(words["idle"])
    await shots(page, f"halts-past-{language}")
    assert len(await site.reserve()) == 1
    (past,) = await site.database.read(lambda conn: past_halts(conn, 9))
    assert (past.by, past.lifted_by) == ("chen", "chen")
    rows = await site.database.read(lambda conn: of_subject(conn, "everything"))
    assert [(one.kind, one.data["by"]) for one in rows] == [("halt.begun", "chen"), ("halt.lifted", "chen")]


async def test_v2_one_playbook_is_stopped(panel_server: Site, open_page: OpenPage) -> None:
    """The others are called for; nothing is stopped without a reason."""
    site = panel_server
    await site.user("chen", "supervisor")
    await site.agent("8001", ready=True)
    await site.follow_up()
    page = await open_page("chen", "/supervisor/halts")
    row = page.locator("tr[data-playbook='after-sales-satisfaction']")
    await row.locator("a").click()
    await expect(page.locator("h1")).to_contain_text("售后满意度")
    await page.fill("input[name=why]", "   ")
    await page.click("button.danger")
    await expect(page.locator(".form-error")).to_contain_text("请填写停止的原因")
    await page.fill("input[name=why]", "话术要改")
    await page.click("button.danger")
    await expect(page.locator(".stop-bar")).to_contain_text("话术要改")
    await expect(row).to_contain_text("已停止")
    await shots(page, "halts-one-zh")
    assert await site.reserve() == []


async def test_x1_only_a_supervisor_stops_calling(panel_server: Site, open_page: OpenPage) -> None:
    """X1: an administrator sees it; an agent does not open the page."""
    site = panel_server
    agent_id = await site.agent("8001")
    await site.user("wang", "agent", agent_id=agent_id)
    await site.user("root", "admin")
    page = await open_page("wang", "/agent")
    for path in ("/supervisor/halts", "/supervisor/halts/stop"):
        answer = await page.goto(f"{site.url}{path}")
        assert answer is not None and answer.status == 403
    admin = await open_page("root", "/supervisor/halts")
    await expect(admin.locator(".halts-page a.danger, .halts-page td a.button")).to_have_count(0)
    answer = await admin.goto(f"{site.url}/supervisor/halts/stop")
    assert answer is not None and answer.status == 403
    await site.user("wu", "supervisor")
    page = await open_page("wu", "/supervisor")
    answer = await page.goto(f"{site.url}/supervisor/halts/stop?playbook=no-such")
    assert answer is not None and answer.status == 404
