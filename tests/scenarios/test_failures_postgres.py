"""PostgreSQL is taken away in the middle of calls and given back: calls go on, and so does all else (D7)."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from dialer.calling.states import AttemptState
from dialer.telephony.outcomes import DialOutcome
from tests.scenarios.conftest import Logs, NewSite
from tests.scenarios.test_failures_link import near
from tests.support.cable import Cable
from tests.support.site import Site, plain, said, talk, until
from tests.support.stores import MakeUrl, at_port, make_url, socket_of

__all__ = ["make_url"]

_LEASE_SECONDS = 10.0
_SENTENCES = ("The database does not answer. Wait a moment", "数据库没有响应。请稍候")


@pytest.fixture
def url(make_url: MakeUrl) -> str:
    return make_url("postgresql", False)


@pytest.fixture
async def cable(url: str) -> AsyncIterator[Cable]:
    """Between the service and its database."""
    async with Cable(socket_of(url)) as cable:
        yield cable


@pytest.fixture
async def site(new_site: NewSite, url: str, cable: Cable) -> Site:
    return await new_site(
        agents=2,
        database_url=url,
        reached_at=at_port(url, cable.port),
        tables={"leases": {"seconds": _LEASE_SECONDS}},
    )


async def check_page(site: Site, browser: aiohttp.ClientSession) -> None:
    """Who opens a page is told, and not that the page is wrong; so is whoever watches the service."""
    async with browser.get("/supervisor") as answer:
        text = plain(await answer.text())
        assert (answer.status, any(sentence in text for sentence in _SENTENCES)) == (503, True), text
    assert site.service is not None
    async with aiohttp.request("GET", f"{site.service.panel_address}/readyz") as ready:
        assert "database: does not answer" in await ready.text()


@pytest.mark.parametrize(("how", "language"), [("cut", "en"), ("silent", "zh")])
async def test_postgresql_is_gone_in_the_middle_of_calls(
    site: Site, cable: Cable, logs: Logs, how: str, language: str
) -> None:
    """A talk ends and another begins meanwhile: both are told as they were, nobody is rung twice (D7, D8).

    Cut for a moment, the telephone system stays ours; silent for longer than a lease, it is let go in time.
    """
    first, second, third, fourth = await site.owe(talk(60), talk(60, ring_seconds=4), talk(1.5), talk(1.5))
    async with site.serving(), site.logged_in(language) as browser:
        site.clerk()
        await site.attempt_in(first, AttemptState.TALKING)
        await until(lambda: _rings(site, second), "the second customer is rung")
        await (cable.cut() if how == "cut" else _fall_silent(cable))
        began = asyncio.get_running_loop().time()
        talks = {call.number: call for call in site.trunk.calls}
        await talks[second].answered.wait()
        await asyncio.sleep(1.5)
        assert not talks[first].ended.is_set(), "the talk goes on"
        await talks[first].hang_up()
        await check_page(site, browser)
        if how == "silent":
            await until(lambda: _says(logs, "lost the node and closes its link"), "the node is let go")
            assert asyncio.get_running_loop().time() - began < _LEASE_SECONDS + 15
        assert said(logs, "The database is lost", "PostgreSQL")
        assert set(site.trunk.calls) == set(talks.values()), "nobody is rung meanwhile"
        await cable.mend()

        await until(lambda: _says(logs, "The database answers again."), "the database is found again")
        await site.attempt_in(second, AttemptState.TALKING)
        await talks[second].hang_up()
        for number in (first, second, third, fourth):
            attempt = await site.ended(number)
            (call,) = [call for call in site.trunk.calls if call.number == number]
            assert attempt.outcome == DialOutcome.ANSWERED
            assert near(attempt.answered_at, call.answered_at), (attempt, call.answered_at)
            assert near(attempt.ended_at, call.ended_at), (attempt, call.ended_at)
        await site.sound()
        await site.no_alarm()


async def _fall_silent(cable: Cable) -> None:
    cable.swallow()


async def _rings(site: Site, number: str) -> bool:
    return site.rings(number) > 0


async def _says(logs: Logs, sentence: str) -> bool:
    return said(logs, sentence) is not None
