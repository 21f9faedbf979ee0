"""A real panel on a free port with a real database, and real Chromium to look at it."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from dialer.calling.reserving import Pairing
from dialer.calling.settings import CallingSettings, Mode
from dialer.calling.status import EngineStatus
from dialer.ids import new_id
from dialer.playbooks.library import LiveLibrary, shipped_library
from dialer.storage.database import Database
from tests.panel.site import MovableClock, OpenPage, Server, Site, async_fixture
from tests.support.stores import new_file
from web.auth.session import SESSION_COOKIE
from web.panel import Panel
from web.settings import WebSettings

# A machine that does much else may take long; what is expected is waited for no longer than it takes.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for all of them: Chromium takes a second to start, and lives in its loop."""
    for item in items:
        if item.path.parent == Path(__file__).parent and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@async_fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A database with every table, and the engine's link up in live mode."""
    database = Database(new_file(tmp_path / "panel.db"))
    await database.start()
    library = LiveLibrary(shipped_library().all_versions())
    settings = CallingSettings(mode=Mode.LIVE, keep_hours=False)
    status = EngineStatus(Pairing(settings, library, new_id(), None), link_up=True, settled=True)
    root = tmp_path / "recordings"
    root.mkdir()
    yield Site("", database, MovableClock(), library, root, status)
    await database.stop()


@async_fixture
async def server(site: Site) -> AsyncIterator[Server]:
    """The panel, listening. `site.url` is its address."""
    panel = Panel(
        database=site.database,
        library=site.library,
        clock=site.clock,
        engine_status=lambda: site.status,
        settings=WebSettings(heartbeat_seconds=0.5),
        recordings_root=site.recordings_root,
    )
    server = Server(panel)
    await server.start()
    site.url = f"http://127.0.0.1:{server.port}"
    yield server
    await server.stop()


@async_fixture
async def panel_server(site: Site, server: Server) -> Site:
    """A site whose panel listens."""
    assert server.port
    return site


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium: the system's where it is installed, else Playwright's own. One for all tests of a process."""
    # The shell is the same engine without windows of its own, which nobody sees and which cost half the time.
    system = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=system, args=arguments)
        yield browser
        await browser.close()


@async_fixture
async def open_page(browser: Browser, panel_server: Site) -> AsyncIterator[OpenPage]:
    """`await open_page("login", "/path")`: a page of that user, who has logged in; how one does is tested
    elsewhere. Without a name the page is a visitor's. A script's error or a refusal by the content security
    policy in any page fails the test.
    """
    troubles: list[str] = []
    logged_in: dict[str, Page] = {}
    contexts: list[BrowserContext] = []

    async def open_it(
        login: str | None = None, path: str = "/", *, width: int = 1366, height: int = 768
    ) -> Page:
        known = logged_in.get(login or "")
        if known is not None:
            page = await known.context.new_page()
            await page.set_viewport_size({"width": width, "height": height})
        else:
            context = await browser.new_context(viewport={"width": width, "height": height})
            contexts.append(context)
            page = await context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda line: troubles.append(line.text) if "Content Security Policy" in line.text else None,
        )
        if login is not None and known is None:
            token = await panel_server.logged_in(login)
            await page.context.add_cookies(
                [{"name": SESSION_COOKIE, "value": token, "url": panel_server.url}]
            )
            logged_in[login] = page
        await page.goto(panel_server.url + path)
        return page

    yield open_it
    for context in contexts:
        await context.close()
    assert not troubles
