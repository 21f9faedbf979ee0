"""Reviews in a real browser: drawn, judged by keyboard alone, appealed against, decided (S1-S4, Q4, Q5)."""

import re
from collections.abc import Sequence
from datetime import timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from playwright.async_api import Page, expect

from qa.checks.library import shipped_rules
from qa.checks.worker import CheckWorker
from qa.reviews import queries as reviews
from qa.reviews.queries import ReviewRow
from qa.reviews.states import ReviewState
from qa.sampling.queries import samples_of
from qa.sampling.rules import Pool
from tests.panel.recorded import Known, record
from tests.panel.site import OpenPage, Site, async_fixture, snapshot
from tests.panel.test_quality_list import close

ZONE = ZoneInfo("Asia/Shanghai")
FORBIDDEN = 4.667
LINES = 5


@async_fixture
async def calls(panel_server: Site) -> list[Known]:
    """Three recorded and checked calls of one agent; somebody of QA, a QA lead, and the agent himself."""
    site = panel_server
    agent_id = await site.agent("1001", ready=True)
    await site.user("wang", "agent", agent_id=agent_id)
    await site.user("zhou", "qa")
    await site.user("lin", "qa_lead", "supervisor", language="en")
    made = []
    for number in range(3):
        await site.follow_up("李", f"1380000000{number}", f"豫A1234{number}", days_ago=1.2 + number / 100)
        made.append(await record(site))
        await close(site, agent_id, made[-1].attempt_id)
    # A day is drawn from once it is over.
    site.clock.forward(24 * 3600)
    return made


async def press(page: Page, *keys: str) -> None:
    """Press these keys one after the other; each is kept before the next test looks."""
    # The page's script marks where one stands: before that no key is heard.
    await expect(page.locator(".item.is-here")).to_have_count(1)
    for key in keys:
        await page.keyboard.press(key)
    await expect(page.locator("#saved")).to_have_text(re.compile("^(已保存|Saved)$"))


async def fill_card(page: Page, grades: Sequence[str] = ("1",) * LINES) -> None:
    """From the last rule on down the scorecard, a digit a line."""
    for grade in grades:
        await press(page, "ArrowDown", grade)


async def row(site: Site, page: Page) -> ReviewRow:
    """The review that the page shows, as it is kept."""
    review_id = page.url.split("/")[-1]
    found = await site.database.read(lambda conn: reviews.review(conn, review_id))
    assert found is not None
    return found


async def test_a_sample_is_drawn_and_judged_by_keyboard_then_appealed_and_decided(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """S1, S2, S4, Q4, Q5: three calls without a mouse, one overturned; the agent appeals, another decides."""
    site = panel_server
    day = site.clock().astimezone(ZONE).date() - timedelta(days=1)
    page = await open_page("zhou", "/reviews")
    await expect(page.locator(".pool")).to_have_count(5)
    await page.fill("input[name=day]", day.isoformat())
    await page.fill("input[name=seed]", "42")
    await page.press("input[name=seed]", "Enter")
    await expect(page.locator("code.seed")).to_have_text(["42"] * 4)
    await snapshot(page, "reviews_sample_zh")
    samples = await site.database.read(lambda conn: samples_of(conn, day))
    assert [(one.pool, len(one.taken)) for one in samples] == [
        (Pool.RANDOM, 1),
        (Pool.SHARE, 1),
        (Pool.RISK, 1),
        (Pool.QUOTA, 0),
    ]

    # The random pool: nothing of the machine before one's own.
    await page.locator("#next").press("Enter")
    await expect(page.locator(".item.rule .machine")).to_have_text(["?", "?", "?"])
    assert "不知道" not in await page.locator("#side").inner_text()
    await snapshot(page, "reviews_blind_zh")
    await press(page, "p")
    await expect(page.locator("#rule-greet .machine")).to_have_text("合格")
    await expect(page.locator("#rule-no_forbidden .machine")).to_have_text("?")
    await press(page, "ArrowDown", "p", "4", "ArrowDown", "u")
    assert (await row(site, page)).draft["verdicts"]["no_forbidden"] == {
        "verdict": "pass",
        "reason": "context",
        "note": "",
    }
    await fill_card(page, ("1", "2", "n", "1", "1"))
    await expect(page.locator(".total")).to_have_text(re.compile(r"94\.12"))
    first_url = page.url
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url(lambda url: url != first_url and "/reviews/" in url)

    # The next: at the failed rule, its sound two seconds before the words, there before the key.
    await expect(page.locator(".item.is-here")).to_have_attribute("data-rule", "no_forbidden")
    await page.wait_for_function("() => document.getElementById('sound').readyState >= 3")
    assert await page.evaluate("document.getElementById('sound').currentTime") == pytest.approx(
        FORBIDDEN - 2, abs=0.05
    )
    await page.keyboard.press(" ")
    await page.wait_for_function("() => performance.getEntriesByName('review-sound').length === 1")
    took = await page.evaluate("performance.getEntriesByName('review-sound')[0].duration")
    assert took < 300, f"{took} ms from the key to the sound"
    print(f"from the key to the sound: {took:.0f} ms")
    await page.keyboard.press(" ")
    await page.keyboard.press("ArrowLeft")
    assert await page.evaluate("document.getElementById('sound').currentTime") < 1.5
    for _ in range(5):
        await page.keyboard.press("]")
    await expect(page.locator("#speed")).to_have_text("2×")
    assert await page.evaluate(
        "(a => [a.playbackRate, a.preservesPitch])(document.getElementById('sound'))"
    ) == [
        2,
        True,
    ]
    await page.keyboard.press("?")
    await expect(page.locator("#help")).to_be_visible()
    await snapshot(page, "reviews_help_zh")
    await page.keyboard.press("p")
    await page.keyboard.press("Escape")
    assert (await row(site, page)).draft == {}

    # Keys rest while one types, and what was kept survives a reload.
    await press(page, "f", "c", "t")
    await page.keyboard.press("x")
    await expect(page.locator(".item.is-here")).to_have_attribute("data-rule", "thanks")
    await press(page, "f", "6", "m")
    await page.keyboard.type("pn1 没有致谢")
    await page.keyboard.press("Escape")
    await expect(page.locator("#saved")).to_have_text("已保存")
    await page.reload()
    await expect(page.locator("#rule-thanks textarea")).to_have_value("pn1 没有致谢")
    await expect(page.locator("#rule-thanks .own")).to_have_class(re.compile(r"\bbad\b"))
    await snapshot(page, "reviews_screen_zh")

    # A second tab says so, and what it would write over is refused.
    other = await page.context.new_page()
    await other.goto(page.url)
    await expect(page.locator("#elsewhere")).to_be_visible()
    await other.keyboard.press("p")
    await expect(other.locator("#saved")).to_have_text("已保存")
    await page.keyboard.press("n")
    await expect(page.locator("#elsewhere span")).to_contain_text("另一个标签页")
    await other.close()
    async with page.expect_navigation():
        await page.locator("#elsewhere [data-act=forget]").click()
    await press(page, "f", "x")
    await expect(page.locator(".item.is-here")).to_have_attribute("id", "score-language")
    await press(page, "1")
    await fill_card(page, ("1",) * 4)
    second_url = page.url
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url(lambda url: url not in {first_url, second_url} and "/reviews/" in url)

    # The third: a word is put right, and the call is judged anew.
    await page.locator(".turn.is-agent .w").last.dblclick()
    await page.keyboard.press("Control+a")
    await page.keyboard.type("晓")
    await page.keyboard.press("Enter")
    await expect(page.locator(".w.is-corrected")).to_have_text("晓")
    await expect(page.locator("del.was")).to_have_text("道")
    before = await page.locator("#side").inner_html()
    worker = CheckWorker(site.database, site.library, shipped_rules(), site.clock)
    while await worker.step():
        pass
    await page.wait_for_function("before => document.getElementById('side').innerHTML !== before", arg=before)
    for _ in range(30):
        if not await page.locator(".item.rule.is-open").count():
            break
        await press(page, "x", "p")
    else:
        pytest.fail("rules stay open")
    while "is-here" not in (await page.locator(".item.score").first.get_attribute("class") or ""):
        await page.keyboard.press("ArrowDown")
    await press(page, "2")
    await fill_card(page, ("2",) * 4)
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url("**/reviews")
    await expect(page.locator(".pool[data-pool=risk] h2")).to_contain_text("1/1")

    # The agent sees his results, hears the evidence and appeals.
    agent = await open_page("wang", "/reviews/mine")
    await expect(agent.locator(".result-one")).to_have_count(3)
    one = agent.locator(f"[id='{second_url.split('/')[-1]}']")
    source = await one.locator("[data-rule=no_forbidden] audio").get_attribute("src")
    heard = await agent.request.get(f"{site.url}{source}")
    assert (heard.status, (await heard.body())[:4]) == (200, b"RIFF")
    await one.locator(".appeal > summary").click()
    await one.locator("input[value=no_forbidden]").check()
    await one.locator("textarea").fill("客户问的是别家的价格")
    await snapshot(agent, "reviews_mine_zh")
    await one.locator("button.primary").click()
    await expect(agent.locator(f"[id='{second_url.split('/')[-1]}']")).to_contain_text("已申诉")
    assert (await agent.request.get(second_url)).status == 403

    # Not the first reviewer: another decides.
    await page.goto(f"{site.url}/reviews/appeals")
    await expect(page.locator(".decide form")).to_have_count(0)
    lead = await open_page("lin", "/reviews/appeals", width=1920, height=1080)
    await lead.select_option("select[name='verdict:no_forbidden']", "pass")
    await lead.fill("input[name=note]", "不是对客户说的")
    await snapshot(lead, "reviews_appeals_en")
    await lead.click("button[name=granted][value=yes]")
    await expect(lead.locator(".decide")).to_have_count(0)
    await agent.reload()
    await expect(agent.locator(f"[id='{second_url.split('/')[-1]}']")).to_contain_text("不是对客户说的")
    decided = await site.database.read(lambda conn: reviews.review(conn, second_url.split("/")[-1]))
    assert decided is not None
    assert decided.state is ReviewState.DECIDED

    # The lead reads the figures and fetches the sheet.
    await lead.goto(f"{site.url}/reviews/figures")
    await expect(lead.locator("#sheet tbody tr")).to_have_count(1)
    await expect(lead.locator("#agreement tbody tr")).not_to_have_count(0)
    await snapshot(lead, "reviews_figures_en")
    await lead.set_viewport_size({"width": 1366, "height": 768})
    assert await lead.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await snapshot(lead, "reviews_figures_en_small")
    fetched = await lead.request.get(f"{site.url}{await lead.locator('#xlsx').get_attribute('href')}")
    book = load_workbook(BytesIO(await fetched.body()))
    assert book.worksheets[0].cell(2, 2).value == 3
    await lead.goto(f"{site.url}/reviews/cases")
    await expect(lead.locator("tbody audio")).to_have_count(1)
    await snapshot(lead, "reviews_cases_en")

    # A spot-check: a call is picked from its page, and never one that was reviewed.
    await lead.goto(f"{site.url}/qa/calls/{calls[0].attempt_id}")
    await lead.click("form[action='/reviews/pick'] button")
    await expect(lead.locator(".form-error")).to_contain_text("reviewed already by zhou")
    await site.follow_up("李", "13800000009", "豫A12349")
    another = await record(site)
    await lead.goto(f"{site.url}/qa/calls/{another.attempt_id}")
    await lead.click("form[action='/reviews/pick'] button")
    await expect(lead.locator(".review-head .chip.accent")).to_have_text("Spot-check")
    await lead.set_viewport_size({"width": 1920, "height": 1080})
    await snapshot(lead, "reviews_screen_en")
    refused = await page.goto(lead.url)
    assert refused is not None
    assert refused.status == 409
