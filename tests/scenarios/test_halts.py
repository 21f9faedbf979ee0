"""A supervisor stops everything, on a real Asterisk: who is not dialled yet never is (V2, D1)."""

import asyncio

from asterisk.phones import Answer
from dialer.agents.states import AgentState
from dialer.calling.states import AttemptState
from dialer.clock import system_clock
from dialer.followups.states import FollowUpState
from dialer.halts.queries import open_halts
from dialer.halts.rules import EVERYTHING
from dialer.halts.service import go_on, stop
from dialer.telephony.outcomes import DialOutcome
from tests.fixtures_asterisk import EXTENSIONS
from tests.scenarios.conftest import NewSite
from tests.support.site import Site, talk, tone, until


async def test_v2_a_stop_turns_back_who_is_not_dialled_and_outlives_a_restart(new_site: NewSite) -> None:
    """The talk goes on to its end; the agent whose phone rang is ready again; it goes on when it is let."""
    site = await new_site(agents=2)
    first, second = EXTENSIONS[:2]
    (talks,) = await site.owe(talk(6))
    async with site.serving(panel=False):
        await site.ready(first)
        going = await site.attempt_in(talks, AttemptState.TALKING)
        site.agent_does = Answer(ring_seconds=2, speech=tone(60))
        (waits,) = await site.owe(talk(1.5))
        await site.ready(second)
        await site.attempt_in(waits, AttemptState.PLACING_AGENT)
        await _rings(site, second)
        await site.db.write(lambda conn: stop(conn, EVERYTHING, "boss-zh", "停电", system_clock()))
        turned_back = await site.ended(waits)
        assert (turned_back.outcome, turned_back.go_at) == (DialOutcome.FAILED, None)
        assert (await site.session(second)).state is AgentState.READY
        owed = await site.follow_up(waits)
        assert (owed.state, owed.tries) == (FollowUpState.WAITING, {})
        assert (await site.ended(talks)).outcome == DialOutcome.ANSWERED
        await site.archived(going)
    (next_one,) = await site.owe(talk(1))
    async with site.serving(panel=False):
        await asyncio.sleep(3)
        assert (site.rings(waits), site.rings(next_one), len(await site.attempts())) == (0, 0, 2)
        (halt,) = (await site.db.read(open_halts)).open
        await site.db.write(lambda conn: go_on(conn, halt.id, "boss-zh", system_clock()))
        assert (await site.ended(next_one)).outcome == DialOutcome.ANSWERED


async def _rings(site: Site, extension: str) -> None:
    async def look() -> bool:
        return (await site.session(extension)).state is AgentState.RINGING

    await until(look, "the agent's phone rings")
