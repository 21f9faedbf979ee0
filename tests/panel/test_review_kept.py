"""What a reviewer decides is not lost: hour-long calls, a lost network, another tab (S2)."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from playwright.async_api import Page, Route, expect

from qa.reviews import service
from qa.reviews.states import ReviewState
from tests.panel.recorded import Known
from tests.panel.site import OpenPage, Site
from tests.panel.test_reviews import ZONE, calls, press, row

__all__ = ["calls"]


async def opened(site: Site, open_page: OpenPage) -> Page:
    """The first review of the day, of which the machine's verdicts are hidden."""
    page = await open_page("zhou", "/reviews")
    day = site.clock().astimezone(ZONE).date() - timedelta(days=1)
    await page.fill("input[name=day]", day.isoformat())
    await page.press("input[name=day]", "Enter")
    await page.locator("#next").press("Enter")
    await expect(page.locator(".item.is-here")).to_have_attribute("data-rule", "greet")
    return page


async def verdicts(site: Site, page: Page) -> dict[str, str]:
    draft = (await row(site, page)).draft
    return {rule: said["verdict"] for rule, said in draft.get("verdicts", {}).items()}


@asynccontextmanager
async def no_network(page: Page) -> AsyncIterator[None]:
    """Nothing that is decided comes through."""
    await page.route("**/draft", lambda route: route.abort())
    yield
    await page.unroute("**/draft")


async def an_hour_later(site: Site) -> None:
    """The service gives back what nobody works at any more, as it does each minute."""
    site.clock.forward(3600)
    assert await site.database.write(lambda conn: service.let_go(conn, site.clock())) == 1


async def test_a_key_after_the_hold_ran_out_is_kept(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """S2: an hour-long call heard to its end; it is still his, and is held for him once more."""
    site = panel_server
    page = await opened(site, open_page)
    await an_hour_later(site)
    assert (await row(site, page)).state is ReviewState.WAITING
    await press(page, "p")
    assert await verdicts(site, page) == {"greet": "pass"}
    assert (await row(site, page)).state is ReviewState.CLAIMED
    await expect(page.locator("#elsewhere")).to_be_hidden()


async def test_decisions_outlive_a_long_loss_of_the_network(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """S2: three keys while nothing comes through, for longer than the review is held."""
    site = panel_server
    page = await opened(site, open_page)
    async with no_network(page):
        for key in ("p", "ArrowDown", "u", "ArrowDown", "n"):
            await page.keyboard.press(key)
        await expect(page.locator("#saved")).to_contain_text("3")
        await an_hour_later(site)
    await expect(page.locator("#saved")).to_have_text("已保存")
    assert list((await verdicts(site, page)).values()) == ["pass", "unclear", "na"]
    await expect(page.locator("#elsewhere")).to_be_hidden()


async def test_a_lost_answer_is_no_other_person(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """S2: the server had saved the key when its answer was lost: sent again, it counts once."""
    site = panel_server
    page = await opened(site, open_page)

    async def unanswered(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await page.route("**/draft", unanswered, times=1)
    await press(page, "p")
    await press(page, "ArrowDown", "p")
    assert list((await verdicts(site, page)).values()) == ["pass", "pass"]
    assert (await row(site, page)).revision == 2
    await expect(page.locator("#elsewhere")).to_be_hidden()


async def test_what_a_closed_page_left_is_sent_by_the_next(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """S2: the tab was closed, or crashed, before anything came through."""
    site = panel_server
    page = await opened(site, open_page)
    await page.context.route("**/draft", lambda route: route.abort())
    for key in ("p", "ArrowDown", "f"):
        await page.keyboard.press(key)
    await expect(page.locator("#saved")).to_contain_text("2")
    url = page.url
    await page.close()
    await page.context.unroute("**/draft")
    again = await page.context.new_page()
    await again.goto(url)
    await press(again, "ArrowDown", "ArrowDown", "p")
    assert list((await verdicts(site, again)).values()) == ["pass", "fail", "pass"]
    await expect(again.locator("#elsewhere")).to_be_hidden()


async def test_what_another_tab_made_stale_is_kept_until_one_decides(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """S2: decided on an old page: told, kept over a reload, and put upon what was saved when one says so."""
    site = panel_server
    page = await opened(site, open_page)
    other = await page.context.new_page()
    await other.goto(page.url)
    await press(other, "ArrowDown", "p")
    async with no_network(page):
        await page.keyboard.press("f")
        await expect(page.locator("#elsewhere span")).to_contain_text("另一个标签页")
        await expect(page.locator("#saved")).to_contain_text("1")
        await press(other, "ArrowDown", "p")
        assert list((await verdicts(site, page)).values()) == ["pass", "pass"], "the other sends only its own"
    await expect(page.locator("#elsewhere span")).to_contain_text("本通已在另一个标签页")
    await other.close()
    await page.reload()
    await expect(page.locator("#elsewhere span")).to_have_text(re.compile("^此前在这里做的 1 项判定"))
    async with page.expect_navigation():
        await page.locator("#elsewhere [data-act=reload]").click()
    await expect(page.locator("#rule-greet .own")).to_have_text(re.compile("不合格"))
    assert (await verdicts(site, page))["greet"] == "fail"
    await expect(page.locator("#elsewhere")).to_be_hidden()


async def test_a_call_is_held_while_it_plays(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """S1: nobody's key, but he listens: the review does not go back."""
    site = panel_server
    page = await opened(site, open_page)
    await page.clock.install()
    await page.reload()
    await expect(page.locator(".item.is-here")).to_have_count(1)
    opened_at = (await row(site, page)).held_until
    site.clock.forward(20 * 60)
    await page.evaluate("document.getElementById('sound').loop = true")
    await page.keyboard.press(" ")
    await page.wait_for_function("() => !document.getElementById('sound').paused")
    async with page.expect_response("**/hold") as answered:
        await page.clock.fast_forward(5 * 60 * 1000)
    assert (await answered.value).status == 200
    renewed = (await row(site, page)).held_until
    assert opened_at is not None
    assert renewed is not None
    assert renewed - opened_at >= timedelta(minutes=20)
