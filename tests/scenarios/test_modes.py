"""Preview, calls by hand, appointments to the minute and customers who ring, on a real Asterisk (D2, D9)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, update

from asterisk.phones import Answer, Behaviour, Ending
from dialer.agents.states import AgentState
from dialer.agents.tables import agents
from dialer.app.service import Service
from dialer.calling.inbound.queries import Ticket, latest, ticket_of
from dialer.calling.inbound.states import TicketState
from dialer.calling.modes import manual, service
from dialer.calling.modes.manual import NotNow
from dialer.calling.modes.queries import Offer, held_for
from dialer.calling.states import AttemptState
from dialer.calling.status import EngineStatus
from dialer.clock import system_clock
from dialer.followups.tables import follow_ups
from dialer.telephony.outcomes import DialOutcome
from tests.fixtures_asterisk import EXTENSIONS
from tests.live_asterisk.raw_ami import RawAmi
from tests.scenarios.conftest import NewSite
from tests.support.site import Site, talk, tone, until

_LEAD = 4
STRANGER = "13900000020"


async def offered(site: Site) -> Offer:
    """What lies before the first agent, as soon as something does."""

    async def look() -> Offer | None:
        return await site.db.read(lambda conn: held_for(conn, site.agents[EXTENSIONS[0]]))

    return await until(look, "a customer lies before the agent")


async def rings_us(site: Site, number: str, behaviour: Behaviour) -> None:
    """A customer rings: his phone is there first, and comes in by the trunk's own context."""
    site._customers[number] = behaviour
    ami = await RawAmi().connect(site.server.connection())
    answer = await ami.act(
        Action="Originate",
        Channel=f"PJSIP/{number}@trunk",
        Context="huifang-from-trunk",
        Exten="4008",
        Priority="1",
        CallerID=f"<{number}>",
        Async="true",
    )
    assert answer["Response"] == "Success", answer
    await ami.close()


async def ticket_in(site: Site, state: TicketState) -> Ticket:
    """The latest ticket, as soon as it is in this state."""

    async def look() -> Ticket | None:
        def read(conn: Connection) -> Ticket | None:
            rows = latest(conn)
            return ticket_of(conn, rows[0].id) if rows else None

        found = await site.db.read(read)
        return found if found is not None and found.state is state else None

    return await until(look, f"the ticket is {state}")


def _ready_status(running: Service) -> Callable[[], Awaitable[EngineStatus | None]]:
    async def look() -> EngineStatus | None:
        status = running.engine.status
        return status if status.link_up and status.settled else None

    return look


def _planned(site: Site, number: str) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        query = select(follow_ups.c.id).where(follow_ups.c.number == number)
        return bool(await site.db.read(lambda conn: conn.execute(query).first()))

    return look


def of(site: Site, work: Callable[[Connection], object]) -> Awaitable[object]:
    return site.db.write(work)


async def test_d2_in_preview_nobody_is_rung_before_the_agent_presses(new_site: NewSite) -> None:
    site = await new_site()
    (number,) = await site.owe(talk(1.5))
    await of(site, lambda conn: conn.execute(update(agents).values(preview=True)))
    async with site.serving(panel=False):
        await site.ready()
        offer = await offered(site)
        assert (site.rings(number), await site.attempts()) == (0, [])
        agent_id = site.agents[EXTENSIONS[0]]
        await of(site, lambda conn: service.press(conn, agent_id, offer.id, system_clock()))
        attempt = await site.ended(number)
        assert (attempt.outcome, attempt.mode, site.rings(number)) == (DialOutcome.ANSWERED, "preview", 1)
        await site.archived(attempt)


async def test_d2_a_number_is_called_by_hand_through_the_same_gates(new_site: NewSite) -> None:
    """D10: not on the trial list, not rung; a stranger on it is called and recorded."""
    site = await new_site()
    site._customers[STRANGER] = talk(1.5)
    async with site.serving(panel=False) as running:
        await site.ready()
        agent_id = site.agents[EXTENSIONS[0]]
        status = await until(_ready_status(running), "calls can be placed")
        pairing = status.pairing

        def call(number: str) -> Awaitable[str]:
            return site.db.write(
                lambda conn: manual.call_number(
                    conn, pairing, agent_id, number, system_clock(), branch="一店"
                )
            )

        with pytest.raises(NotNow, match="trial"):
            await call("13700000000")
        await call(STRANGER)
        attempt = await site.ended(STRANGER)
        assert (attempt.outcome, attempt.mode) == (DialOutcome.ANSWERED, "manual")
        await site.archived(attempt)


async def test_l7_an_appointment_is_called_to_the_minute(new_site: NewSite) -> None:
    """The agent has the page before; another customer who waits does not get in between."""
    site = await new_site(tables={"calling": {"appointment_lead_seconds": _LEAD}})
    (number,) = await site.owe(talk(1.5))
    minute = system_clock() + timedelta(seconds=_LEAD + 4)
    values = {"due_at": minute, "appointment_at": minute, "owner_id": site.agents[EXTENSIONS[0]]}
    async with site.serving(panel=False):
        await until(_planned(site, number), "the order is planned")
        await of(site, lambda conn: conn.execute(update(follow_ups).values(**values)))
        await site.ready()
        offer = await offered(site)
        assert offer.calls_at == minute
        attempt = await site.ended(number)
        late = (attempt.placed_at - minute).total_seconds()
        assert 0 <= late < 0.25, late
        assert (attempt.outcome, attempt.mode) == (DialOutcome.ANSWERED, "appointment")


async def test_d9_a_customer_who_rings_is_put_through_and_recorded(new_site: NewSite) -> None:
    """Within three rings of 5 s, with the page open before; a recording and a ticket as of every call."""
    site = await new_site()
    async with site.serving(panel=False) as running:
        await site.ready()
        await until(_ready_status(running), "calls can be placed")
        await rings_us(site, STRANGER, Answer(speech=tone(30), hang_up_after=5.0))
        ticket = await ticket_in(site, TicketState.TALKING)
        attempt = await site.attempt_in(STRANGER, AttemptState.TALKING)
        assert attempt.mode == "inbound"
        assert attempt.answered_at is not None
        assert attempt.answered_at - ticket.rang_at < timedelta(seconds=15)
        assert (await site.session()).state is AgentState.TALKING
        attempt = await site.ended(STRANGER)
        assert attempt.outcome is not None and DialOutcome(attempt.outcome) is DialOutcome.ANSWERED
        assert (await site.session()).state is AgentState.WRAP_UP
        await ticket_in(site, TicketState.OPEN)
        recording = await site.archived(attempt)
        assert recording.problems == []


async def test_d9_who_gives_up_is_called_back(new_site: NewSite) -> None:
    """Nobody is free; he hangs up; whoever is free then calls him back."""
    site = await new_site()
    async with site.serving(panel=False) as running:
        await until(_ready_status(running), "calls can be placed")
        await rings_us(site, STRANGER, Answer(hang_up_after=1.5))
        missed = await ticket_in(site, TicketState.MISSED)
        assert missed.missed == "left"
        site._customers[STRANGER] = talk(1.5)
        await site.ready()
        attempt = await site.ended(STRANGER)
        assert (attempt.follow_up_id, attempt.outcome) == (missed.follow_up_id, DialOutcome.ANSWERED)


async def test_d9_without_the_service_a_caller_is_let_go_after_a_few_seconds(new_site: NewSite) -> None:
    """And called back when it is there again: Asterisk's log tells (D7)."""
    site = await new_site()
    await rings_us(site, STRANGER, Answer())
    call = await site.trunk.wait_for_calls(1)
    await call.ended.wait()
    assert call.ending is Ending.REMOTE_HUNG_UP
    site._customers[STRANGER] = talk(1.5)
    async with site.serving(panel=False):
        missed = await ticket_in(site, TicketState.MISSED)
        assert (missed.number, missed.missed) == (STRANGER, "lost")
        await site.ready()
        attempt = await site.ended(STRANGER)
        assert (attempt.follow_up_id, attempt.outcome) == (missed.follow_up_id, DialOutcome.ANSWERED)
