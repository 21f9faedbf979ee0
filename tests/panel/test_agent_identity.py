"""The identity check in a real browser: only its result is seen, and only a match moves on (T4)."""

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect
from sqlalchemy import update

from dialer.customers.tables import customers
from tests.panel.agent_page import at_question, stored
from tests.panel.site import OpenPage, Site
from tests.panel.test_agent_branches import agent, use

__all__ = ["agent"]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch, panel_server: Site) -> None:
    """A playbook that asks for the tail of the document."""
    use(monkeypatch, panel_server, identity="document_tail", facts=["document_tail", "owner"])


async def asked(site: Site, open_page: OpenPage) -> Page:
    """The page of an agent who talks to a customer whose document ends in 803X."""
    await site.database.write(lambda conn: conn.execute(update(customers).values(document_tail="803X")))
    page = await open_page("wang", "/agent")
    await site.talking()
    await at_question(page, "identity")
    return page


async def said(page: Page, tail: str) -> None:
    await page.keyboard.type(tail)
    await page.keyboard.press("Enter")


async def test_t4_the_identity_check_shows_only_the_result(
    agent: str, checked: None, panel_server: Site, open_page: OpenPage
) -> None:
    """The tail on record is in no page and no script."""
    page = await asked(panel_server, open_page)
    assert "803X" not in await page.content()
    await said(page, "1234")
    await expect(page.locator(".q-identity.is-no")).to_be_visible()
    await said(page, "803x")
    await at_question(page, "care")
    assert (await stored(panel_server))["identity"].value == "yes"
    # What is missing is marked, and filled in without leaving the call.
    await page.fill("form[data-fact=owner] input[name=value]", "赵敏")
    await page.click("form[data-fact=owner] button")
    await expect(page.locator(".missing")).to_have_count(0)


async def test_t4_a_view_from_before_the_check_takes_nobody_on(
    agent: str, checked: None, panel_server: Site, open_page: OpenPage
) -> None:
    """An older view comes behind the result, a newer one behind that: the digits are still the tail's."""
    page = await asked(panel_server, open_page)
    result_came, held = asyncio.Event(), asyncio.Event()
    views: list[str] = []
    page.on("response", lambda response: views.append(response.url) if "/view" in response.url else None)

    async def late(route: Route) -> None:
        response = await route.fetch()
        held.set()
        await result_came.wait()
        await route.fulfill(response=response)

    await page.route("**/agent/view", late, times=1)
    await page.fill("form[data-fact=owner] input[name=value]", "赵敏")
    await page.click("form[data-fact=owner] button")
    await held.wait()
    await page.focus(".q-field.is-identity")
    views.clear()
    await said(page, "1234")
    await expect(page.locator(".q-identity.is-no")).to_be_visible()
    result_came.set()
    # The one that was held, and the one that the news of the check asked for.
    while len(views) < 2:
        await page.wait_for_timeout(20)
    await still_asked(page)


async def test_t4_a_view_before_the_result_takes_nobody_on(
    agent: str, checked: None, panel_server: Site, open_page: OpenPage
) -> None:
    """The news of the check overtakes its own answer, and the next try is begun before it is there."""
    page = await asked(panel_server, open_page)

    async def late(route: Route) -> None:
        async with page.expect_response("**/agent/view"):
            response = await route.fetch()
        await page.keyboard.type("80")
        await route.fulfill(response=response)

    await page.route("**/identity", late, times=1)
    await said(page, "1234")
    await expect(page.locator(".q-identity.is-no")).to_be_visible()
    await still_asked(page, "3x")


async def still_asked(page: Page, tail: str = "803x") -> None:
    """The tail is asked for until it fits, and what is typed answers no other question."""
    await said(page, tail)
    await at_question(page, "care")
    await expect(page.locator(".q-count")).to_have_text(re.compile("^1/"))
