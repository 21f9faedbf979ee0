"""An agent tests phone and headset on his page; the supervisor sees who has (V3)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.async_api import expect
from sqlalchemy import Connection

from dialer.agents import service as agents
from dialer.agents.states import PauseReason
from dialer.phonetests.queries import latest_test, open_tests
from dialer.phonetests.service import ask, end, take
from dialer.telephony.phonetest import PhoneHeard, Reached
from tests.panel.site import OpenPage, Site, shots

WORDS = {
    "zh": {
        "none": "测试话机和耳麦",
        "running": "您的话机振铃",
        "confirmed": "话机和耳麦正常",
        "not_heard": "您没有听到自己的声音",
        "no_audio": "没有收到您话机的声音",
        "answered": "您听到自己的声音了吗",
        "no_answer": "话机没有接听",
        "not_registered": "分机 8001 未注册",
        "interrupted": "测试中断",
        "chip": "正常",
        "not today": "今天未测",
    },
    "en": {
        "none": "Test my phone and headset",
        "running": "Your phone rings",
        "confirmed": "Phone and headset work",
        "not_heard": "You did not hear yourself",
        "no_audio": "No sound came from your phone",
        "answered": "Did you hear yourself",
        "no_answer": "The phone was not answered",
        "not_registered": "extension 8001 is not registered",
        "interrupted": "The test was interrupted",
        "chip": "heard himself",
        "not today": "not today",
    },
}
TEST = ".phone-test"
UP = PhoneHeard(reached=Reached.ANSWERED, seconds=6.0, from_phone=300, to_phone=299)
SILENT = PhoneHeard(reached=Reached.ANSWERED, seconds=6.0, from_phone=0, to_phone=299)


async def ends(site: Site, heard: PhoneHeard | None) -> None:
    """What the engine does: the test that was asked for is taken up, and is over."""

    def work(conn: Connection) -> None:
        (test,) = open_tests(conn)
        take(conn, test.id, site.clock())
        end(conn, test.id, heard, site.clock())

    await site.database.write(work)


def takes(site: Site) -> Callable[[Connection], None]:
    def work(conn: Connection) -> None:
        (test,) = open_tests(conn)
        take(conn, test.id, site.clock())

    return work


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_v3_an_agent_tests_his_phone(panel_server: Site, open_page: OpenPage, language: str) -> None:
    """One press rings it, one key says that he heard himself; the supervisor sees it as it happens."""
    site, words = panel_server, WORDS[language]
    agent_id = await site.agent("8001")
    await site.agent("8002", "李娜")
    await site.user("wang", "agent", agent_id=agent_id, language=language)
    await site.user("chen", "supervisor", language=language)
    page, boss = await open_page("wang", "/agent"), await open_page("chen", "/supervisor")
    row = boss.locator(f"tr[data-agent='{agent_id}'] [data-test]")
    await expect(row).to_contain_text(words["not today"])
    await expect(page.locator(TEST)).to_contain_text(words["none"])
    await shots(page, f"phone-test-none-{language}")
    await page.click(f"{TEST} [data-action=begin]")
    await expect(page.locator(TEST)).to_have_attribute("data-outcome", "running")
    await site.database.write(takes(site))
    await expect(page.locator(TEST)).to_contain_text(words["running"])
    await shots(page, f"phone-test-running-{language}")
    await page.keyboard.press("1")
    await expect(page.locator(TEST)).to_contain_text(words["running"])
    await ends(site, UP)
    await expect(page.locator(TEST)).to_contain_text(words["confirmed"])
    await expect(row).to_contain_text(words["chip"])
    await shots(page, f"phone-test-confirmed-{language}")
    await shots(boss, f"phone-test-supervisor-{language}")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_v3_each_outcome_says_what_to_do(
    panel_server: Site, open_page: OpenPage, language: str
) -> None:
    site, words = panel_server, WORDS[language]
    agent_id = await site.agent("8001")
    await site.user("wang", "agent", agent_id=agent_id, language=language)
    await site.user("chen", "supervisor", language=language)
    page, boss = await open_page("wang", "/agent"), await open_page("chen", "/supervisor")
    box = page.locator(TEST)
    for shown, heard in (
        ("no_audio", SILENT),
        ("no_answer", PhoneHeard(reached=Reached.NO_ANSWER)),
        ("not_registered", PhoneHeard(reached=Reached.NOT_REGISTERED)),
        ("interrupted", None),
        ("answered", UP),
    ):
        await box.locator("[data-action=begin]").click()
        await expect(box).to_have_attribute("data-outcome", "running")
        await ends(site, heard)
        await expect(box).to_have_attribute("data-outcome", shown)
        await expect(box).to_contain_text(words[shown])
        await expect(boss.locator(f"tr[data-agent='{agent_id}'] .narrow-only")).to_be_visible()
        await shots(page, f"phone-test-{shown}-{language}")
    await page.keyboard.press("2")
    await expect(box).to_contain_text(words["not_heard"])
    await shots(page, f"phone-test-not_heard-{language}")


async def test_v3_only_who_is_paused_is_offered_a_test(panel_server: Site, open_page: OpenPage) -> None:
    """Who is ready has none on his page, and is refused in words where he asks; yesterday's counts not."""
    site = panel_server
    agent_id = await site.agent("8001")
    await site.user("wang", "agent", agent_id=agent_id)

    def yesterday(conn: Connection) -> None:
        then = site.clock() - timedelta(days=1)
        end(conn, ask(conn, agent_id, then, linked=lambda _phone: True), UP, then)

    await site.database.write(yesterday)
    page = await open_page("wang", "/agent")
    await expect(page.locator(TEST)).to_have_attribute("data-outcome", "none")
    await page.evaluate("document.querySelector('.phone-test').dataset.kept = '1'")
    site.change_status(link_up=False)
    await page.click(f"{TEST} [data-action=begin]")
    await expect(page.locator(".notice")).to_contain_text("与电话系统的连接中断")
    site.change_status(link_up=True)
    await site.database.write(lambda c: agents.ready(c, agent_id, site.clock()))
    await expect(page.locator(TEST)).to_be_hidden()
    status = await page.evaluate(
        """async () => {
            const { send } = await import('/static/js/base.js');
            try { await send('/agent/phone-test', { action: 'begin', reason: null }); return ''; }
            catch (error) { return error.message; }
        }"""
    )
    assert "只有暂停时才能测试" in status
    await site.database.write(lambda c: agents.pause(c, agent_id, PauseReason.BREAK, site.clock()))
    await expect(page.locator(TEST)).to_be_visible()
    found = await site.database.read(lambda c: latest_test(c, agent_id, site.clock() - timedelta(hours=1)))
    assert found is None


async def test_v3_who_begins_work_is_offered_the_test_at_once(
    panel_server: Site, open_page: OpenPage
) -> None:
    """The page comes to it from the sign-in, without being loaded anew."""
    site = panel_server
    agent_id = await site.agent("8001")
    await site.user("wang", "agent", agent_id=agent_id)
    await site.database.write(lambda c: agents.sign_out(c, agent_id, site.clock()))
    page = await open_page("wang", "/agent")
    await expect(page.locator(TEST)).to_have_count(0)
    await page.locator(".idle [data-action=sign_in]").click()
    await expect(page.locator(TEST)).to_be_visible()
