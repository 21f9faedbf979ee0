"""An agent tests phone and headset before the shift, on a real Asterisk and the whole service (V3)."""

import asyncio

from sqlalchemy import Connection

from dialer.agents import service as agents
from dialer.clock import system_clock
from dialer.phonetests.queries import latest_test
from dialer.phonetests.rules import Outcome, PhoneTest, outcome
from dialer.phonetests.service import ask, say
from dialer.telephony.outcomes import DialOutcome
from tests.fixtures_asterisk import EXTENSIONS
from tests.scenarios.conftest import NewSite
from tests.support.site import Site, talk, until

PHONE = EXTENSIONS[0]


async def _begin(site: Site) -> None:
    """Press once the page would let him: the link is up."""
    service = site.service
    assert service is not None

    async def linked() -> bool:
        return service.engine.status.at(PHONE).link_up

    def work(conn: Connection) -> None:
        ask(conn, site.agents[PHONE], system_clock(), linked=lambda _phone: True)

    await until(linked, "the link is up")
    await site.db.write(work)


async def _test(site: Site) -> PhoneTest | None:
    began = system_clock().replace(hour=0, minute=0)
    return await site.db.read(lambda c: latest_test(c, site.agents[PHONE], began))


async def _up(site: Site) -> None:
    """The phone was answered in a test, and has sound coming and going."""

    async def look() -> bool:
        calls = site.phones[PHONE].calls
        return bool(calls) and calls[-1].packets_heard > 20

    await until(look, "the phone under test hears something")


async def _over(site: Site) -> PhoneTest:
    async def look() -> PhoneTest | None:
        test = await _test(site)
        return test if test is not None and test.ended_at is not None else None

    return await until(look, "the test is over")


async def test_v3_a_test_disturbs_no_call_and_gives_way_to_one(new_site: NewSite) -> None:
    """Nobody is dialled while he tests; his word ends it; a second test ends as a call rings his phone."""
    site = await new_site(agents=1)
    (customer,) = await site.owe(talk(1.5))
    async with site.serving(panel=False):
        await site.db.write(lambda c: agents.sign_in(c, site.agents[PHONE], system_clock()))
        await _begin(site)
        await _up(site)
        await asyncio.sleep(2.5)
        await site.db.write(lambda c: say(c, site.agents[PHONE], True, system_clock()))
        test = await _over(site)
        assert outcome(test, system_clock()) is Outcome.CONFIRMED
        assert test.from_phone is not None and test.from_phone > 50
        assert test.seconds is not None and test.seconds < 10
        assert site.rings(customer) == 0
        await _begin(site)
        await asyncio.sleep(1.5)
        await site.ready(PHONE)
        ended = await site.ended(customer)
        assert ended.outcome == DialOutcome.ANSWERED
        assert outcome(await _over(site), system_clock()) is Outcome.ANSWERED


async def test_v3_a_service_that_stops_hangs_up_and_the_next_one_rings_nobody(new_site: NewSite) -> None:
    site = await new_site(agents=1)
    async with site.serving(panel=False):
        await site.db.write(lambda c: agents.sign_in(c, site.agents[PHONE], system_clock()))
        await _begin(site)
        await _up(site)
    rung = len(site.phones[PHONE].calls)
    async with asyncio.timeout(3):
        await site.phones[PHONE].calls[-1].ended.wait()
    async with site.serving(panel=False):
        test = await _over(site)
        assert outcome(test, system_clock()) in (Outcome.ANSWERED, Outcome.INTERRUPTED)
        await asyncio.sleep(1.5)
        assert len(site.phones[PHONE].calls) == rung
