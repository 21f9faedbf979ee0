"""The service seen from outside: figures, health, readiness, and the doctor's page (O1, O5, V1)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from playwright.async_api import expect

from dialer.alarms.service import raise_alarm
from dialer.calling.progress import Ending
from dialer.figures import LinkFigures
from dialer.telephony.outcomes import DialOutcome
from tests.panel.site import OpenPage, Server, Site, async_fixture, snapshot
from tests.support.prometheus import Metric, read
from web.finding import Finding, Level, said
from web.health import metrics
from web.health.queries import SiteFigures, site_figures
from web.panel import Panel
from web.settings import WebSettings

FINDINGS = [
    Finding("database", "Database", Level.OK, said("It answers and has the newest schema.")),
    Finding(
        "cel",
        "Event log of calls (CEL)",
        Level.FAIL,
        said("{file} does not tell of the call made just now.", file="cel.csv"),
        said("Upgrade this service."),
    ),
    Finding("clock", "Clocks", Level.UNKNOWN, said("Asterisk does not tell its time.")),
    Finding(
        "phones",
        "Agents' phones",
        Level.WARN,
        said("{here} of {all} phones are registered.", here=0, all=3),
        said("Set all of them to the same."),
        node="south",
    ),
]


class Doctor:
    """Counts how often it was asked to look."""

    def __init__(self) -> None:
        self.looks = 0

    async def __call__(self) -> list[Finding]:
        self.looks += 1
        await asyncio.sleep(0.05)
        return FINDINGS


@pytest.fixture
def doctor() -> Doctor:
    return Doctor()


@pytest.fixture
def link() -> LinkFigures:
    return LinkFigures(up=True, links=3)


@pytest.fixture
def web_settings() -> WebSettings:
    return WebSettings(heartbeat_seconds=0.5)


@async_fixture
async def server(
    site: Site, doctor: Doctor, link: LinkFigures, web_settings: WebSettings
) -> AsyncIterator[Server]:
    """The panel with all that is to be seen of it."""
    panel = Panel(
        database=site.database,
        library=site.library,
        clock=site.clock,
        engine_status=lambda: site.status,
        settings=web_settings,
        recordings_root=site.recordings_root,
        link_figures=lambda: {"default": link},
        examine=doctor,
    )
    server = Server(panel)
    await server.start()
    site.url = f"http://127.0.0.1:{server.port}"
    yield server
    await server.stop()


async def get(site: Site, path: str, **headers: str) -> tuple[int, str, str]:
    """Status, content type and text of a page."""
    async with aiohttp.ClientSession() as http, http.get(site.url + path, headers=headers) as answer:
        return answer.status, answer.headers["Content-Type"], await answer.text()


async def figures(site: Site) -> dict[str, Metric]:
    """The figures, counted anew."""
    status, kind, page = await get(site, "/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return dict(read(page))


async def test_o1_figures_of_calls_agents_queue_and_links(
    panel_server: Site, link: LinkFigures, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O1: attempts by outcome, agents by state, the queue by lateness, the link, recordings, alarms."""
    monkeypatch.setattr(metrics, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(metrics, "SHARE", 1e9)
    site = panel_server
    before = await figures(site)
    assert before["huifang_attempts_total"].samples == {}
    await site.agent("1001", ready=True)
    await site.follow_up(days_ago=1.2)
    await site.follow_up("赵", "13800000002", "豫A22222", days_ago=9)
    attempt_id = await site.talking()
    link.ping.add(0.0007)
    link.placing.add(0.0031)
    await site.database.write(lambda c: raise_alarm(c, "link_down", "asterisk", site.clock()))
    during = await figures(site)
    assert during["huifang_attempts_in_flight"].value(state="talking") == 1
    assert during["huifang_agents"].value(state="talking", reason="") == 1
    (waiting,) = during["huifang_queue"].samples.values()
    assert waiting == 1
    assert during["huifang_alarms_open"].value(kind="link_down") == 1
    assert during["huifang_link_up"].value(node="default") == 1
    assert during["huifang_link_reconnects_total"].value(node="default") == 2
    ping = during["huifang_ami_ping_seconds"].samples
    assert ping["huifang_ami_ping_seconds_sum", frozenset({("node", "default")})] == 0.0007
    assert during["huifang_commit_seconds"].samples["huifang_commit_seconds_count", frozenset()] > 0
    assert during["huifang_database_up"].value() == 1
    await site.end(attempt_id, Ending(DialOutcome.ANSWERED, dialled=True))
    after = await figures(site)
    assert after["huifang_attempts_total"].value(outcome="answered") == 1
    assert after["huifang_attempts_in_flight"].samples == {}


async def test_o1_however_often_they_are_asked_for_they_are_counted_once(
    panel_server: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cheap at any scrape rate."""
    counted = 0

    def count(*args: Any) -> SiteFigures:
        nonlocal counted
        counted += 1
        return site_figures(*args)

    monkeypatch.setattr(metrics, "site_figures", count)
    await asyncio.gather(*(figures(panel_server) for _ in range(20)))
    assert counted == 1


async def test_x1_figures_are_for_this_machine_only_where_no_token_is_set(panel_server: Site) -> None:
    """X1: through a proxy everybody would look local."""
    assert (await get(panel_server, "/metrics"))[0] == 200
    assert (await get(panel_server, "/metrics", **{"X-Forwarded-For": "10.0.0.9"}))[0] == 403


@pytest.mark.parametrize("web_settings", [WebSettings(metrics_token="a-long-token")])
async def test_x1_figures_are_for_whoever_has_the_token(panel_server: Site) -> None:
    """X1: with a token, it alone counts."""
    assert (await get(panel_server, "/metrics"))[0] == 403
    assert (await get(panel_server, "/metrics", Authorization="Bearer wrong"))[0] == 403
    assert (await get(panel_server, "/metrics", Authorization="Bearer a-long-token"))[0] == 200


async def test_o1_alive_and_ready(panel_server: Site) -> None:
    """O1: alive is one thing, ready for calls another; what is against it is said."""
    site = panel_server
    status, _, told = await get(site, "/healthz")
    assert status == 200
    assert told.startswith("ok loop_lag_seconds=")
    assert await get(site, "/readyz") == (200, "text/plain; charset=utf-8", "ready\n")
    site.change_status(settled=False)
    assert (await get(site, "/readyz"))[0] == 503
    site.change_status(link_up=False, stopping=True)
    status, _, told = await get(site, "/readyz")
    assert (status, told.splitlines()) == (
        503,
        ["link: no link to the telephone system", "service: stops"],
    )


async def test_o5_an_administrator_sees_the_findings(
    panel_server: Site, open_page: OpenPage, doctor: Doctor
) -> None:
    """O5: what is to be mended stands first, with what to do, in the reader's language."""
    site = panel_server
    await site.user("root", "admin")
    await site.user("rooten", "admin", language="en")
    page = await open_page("root", "/doctor")
    await expect(page.locator("tbody tr")).to_have_count(0)
    await page.click("form[action='/doctor'] button")
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(len(FINDINGS))
    assert await rows.first.get_attribute("data-check") == "cel"
    await expect(rows.first).to_contain_text("cel.csv 没有记录刚才的测试呼叫")
    await expect(rows.first).to_contain_text("请升级本服务")
    await expect(page.locator("[data-check=phones] th")).to_have_text("坐席话机 · south")
    await snapshot(page, "doctor-zh-1366")
    assert doctor.looks == 1
    english = await open_page("rooten", "/doctor")
    await expect(english.locator("[data-check=cel] .chip")).to_have_text("To mend")
    await snapshot(english, "doctor-en-1366")


async def test_o5_only_administrators_see_them(panel_server: Site, open_page: OpenPage) -> None:
    """X1: the page names machines and folders."""
    await panel_server.user("boss", "supervisor")
    page = await open_page("boss", "/doctor")
    await expect(page.locator("main")).to_contain_text("角色")
    assert (await get(panel_server, "/doctor"))[0] == 401
