"""A real panel on a free port with a real database, and real Chromium to look at it."""

import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from subprocess import DEVNULL

import pytest
from playwright.async_api import Browser, Page, async_playwright
from playwright.sync_api import sync_playwright
from sqlalchemy import create_engine

from dialer.calling.service import Pairing
from dialer.calling.settings import CallingSettings, Mode
from dialer.calling.status import EngineStatus
from dialer.ids import new_id
from dialer.playbooks.library import shipped_library
from dialer.storage.base import metadata
from dialer.storage.database import Database
from dialer.storage.dialects import sqlite_url
from tests.panel.site import PASSWORD, MovableClock, OpenPage, Server, Site
from web.panel import Panel
from web.settings import WebSettings

_CHROMIUM = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-extensions",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--force-color-profile=srgb",
)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A database with every table, and the engine's link up in live mode."""
    path = tmp_path / "panel.db"
    engine = create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()
    database = Database(sqlite_url(path))
    await database.start()
    library = shipped_library()
    settings = CallingSettings(mode=Mode.LIVE, keep_hours=False)
    status = EngineStatus(Pairing(settings, library, new_id(), None), link_up=True, settled=True)
    root = tmp_path / "recordings"
    root.mkdir()
    yield Site("", database, MovableClock(), library, root, status)
    await database.stop()


@pytest.fixture
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


@pytest.fixture
async def panel_server(site: Site, server: Server) -> Site:
    """A site whose panel listens."""
    assert server.port
    return site


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Chromium for all tests, the system's or else Playwright's own; gives its address."""
    profile = tmp_path_factory.mktemp("chromium")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        with sync_playwright() as playwright:
            program = playwright.chromium.executable_path
    arguments = [*_CHROMIUM, f"--user-data-dir={profile}"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    process = subprocess.Popen([program, *arguments, "about:blank"], stdout=DEVNULL, stderr=DEVNULL)
    told = profile / "DevToolsActivePort"
    try:
        while not (told.exists() and told.read_text()):
            assert process.poll() is None, "Chromium did not start"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{told.read_text().split()[0]}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A connection to Chromium; what a test opened is closed with it."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp(chromium)
        yield browser
        for context in browser.contexts[1:]:
            await context.close()
        await browser.close()


@pytest.fixture
async def open_page(browser: Browser, panel_server: Site) -> AsyncIterator[OpenPage]:
    """`await open_page("login", "/path")`: a page of that user, logged in through the login form.

    Without a name the page is a visitor's. A script's error or a refusal by the content security
    policy in any page fails the test.
    """
    troubles: list[str] = []
    logged_in: dict[str, Page] = {}

    async def open_it(
        login: str | None = None, path: str = "/", *, width: int = 1366, height: int = 768
    ) -> Page:
        known = logged_in.get(login or "")
        if known is not None:
            page = await known.context.new_page()
            await page.set_viewport_size({"width": width, "height": height})
        else:
            context = await browser.new_context(viewport={"width": width, "height": height})
            page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda line: troubles.append(line.text) if "Content Security Policy" in line.text else None,
        )
        if login is not None and known is None:
            await page.goto(f"{panel_server.url}/login")
            await page.fill("input[name=login]", login)
            await page.fill("input[name=password]", PASSWORD)
            await page.click("button.primary")
            logged_in[login] = page
        await page.goto(panel_server.url + path)
        return page

    yield open_it
    assert not troubles
