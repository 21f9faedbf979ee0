"""Customers who are rung first, with an agent kept for them, on a real Asterisk (D1, D2, D7)."""

import pytest

from asterisk.phones import Announce, Answer, Behaviour, Refuse, RingForever
from dialer.agents.states import AgentState, PauseReason
from dialer.calling.states import AttemptState
from dialer.followups.states import FollowUpState
from dialer.playbooks.library import Library, shipped_library
from dialer.telephony.outcomes import DialOutcome
from recordings.queries import EarlyClip, early_clip_of
from tests.fixtures_asterisk import EXTENSIONS
from tests.scenarios.conftest import NewSite
from tests.support.site import Site, plain, talk, tone, until

_QUICK = {"calling": {"connect_seconds": 2}}
PHONE = EXTENSIONS[0]


def customer_first() -> Library:
    """The shipped playbooks; that of the orders rings its customers first."""
    shipped = shipped_library()
    playbook = shipped.get("after-sales-satisfaction")
    return shipped.having(playbook.model_copy(update={"mode": "customer_first"}))


async def a_site(new_site: NewSite, *, drain_seconds: float = 5) -> Site:
    return await new_site(library=customer_first(), tables=_QUICK, drain_seconds=drain_seconds)


def agents_rings(site: Site) -> int:
    """How often the agent's phone was rung."""
    return len(site.phones[PHONE].calls)


async def _rings(site: Site, number: str) -> bool:
    return site.rings(number) > 0


async def _agent_rings(site: Site) -> bool:
    return agents_rings(site) > 0


async def test_d2_the_customer_is_rung_first_and_talks_with_the_agent_kept_for_him(
    new_site: NewSite,
) -> None:
    """D1, A1: the page is open before the customer's phone rings; the recording begins with his answer."""
    site = await a_site(new_site)
    (number,) = await site.owe(talk(2.5, ring_seconds=1.5))
    async with site.serving(panel=False):
        await site.ready()
        await until(lambda: _rings(site, number), "the customer's phone rings")
        session = await site.session()
        assert session.state is AgentState.RESERVED
        (attempt,) = await site.attempts(number)
        assert (session.attempt_id, attempt.mode) == (attempt.id, "customer_first")
        assert attempt.go_at is not None
        assert agents_rings(site) == 0, "the agent's phone does not ring before he answers"

        await site.attempt_in(number, AttemptState.TALKING)
        (customer,) = [call for call in site.trunk.calls if call.number == number]
        (agent,) = site.phones[PHONE].calls
        assert customer.answered_at is not None
        assert agent.invited_at is not None
        assert 0 <= (agent.invited_at - customer.answered_at).total_seconds() < 0.5, "rung at once"

        ended = await site.ended(number)
        assert (ended.outcome, ended.counted) == (DialOutcome.ANSWERED, True)
        assert ended.answered_at is not None
        assert abs((ended.answered_at - customer.answered_at).total_seconds()) < 0.5
        recording = await site.archived(ended)
        assert recording.seconds is not None
        assert recording.seconds > 2, "from the customer's answer on"
        assert recording.problems == []
        assert (await site.session()).state is AgentState.WRAP_UP
        await site.sound()


@pytest.mark.parametrize(
    ("does", "outcome", "counted"),
    [
        (Refuse(code=486, ring_seconds=0.3), DialOutcome.BUSY, True),
        (RingForever(), DialOutcome.NO_ANSWER, True),
        (Refuse(code=503), DialOutcome.CONGESTION, False),
    ],
    ids=["busy", "nobody-answers", "no-line"],
)
async def test_d2_the_agents_phone_is_left_alone_where_the_customer_does_not_answer(
    new_site: NewSite, does: Behaviour, outcome: DialOutcome, counted: bool
) -> None:
    """L7: as if the agent had waited for it; he is ready for the next."""
    site = await a_site(new_site)
    (number,) = await site.owe(does)
    async with site.serving(panel=False):
        await site.ready()
        attempt = await site.ended(number)
        assert (attempt.outcome, attempt.counted) == (outcome, counted)
        assert agents_rings(site) == 0
        session = await site.session()
        assert (session.state, session.attempt_id) == (AgentState.READY, None)
        owed = await site.follow_up(number)
        assert owed.state is FollowUpState.WAITING
        await site.sound()


async def test_d3_what_the_network_says_to_him_is_kept(new_site: NewSite) -> None:
    site = await a_site(new_site)
    (number,) = await site.owe(Announce(speech=tone(1.5), then=Refuse(code=404)))
    async with site.serving(panel=False):
        await site.ready()
        attempt = await site.ended(number)
        assert attempt.outcome == DialOutcome.INVALID_NUMBER
        clip = await until(lambda: _clip(site, attempt.id), "the announcement is kept")
        assert clip.seconds > 1
        assert agents_rings(site) == 0
        await site.sound()


async def _clip(site: Site, attempt_id: str) -> EarlyClip | None:
    return await site.db.read(lambda conn: early_clip_of(conn, attempt_id))


async def test_d2_a_customer_for_whom_no_agent_comes_is_apologised_to(new_site: NewSite) -> None:
    """D5, L7: named, alarmed, its agent paused, owed again, counted as no try; and put right by itself."""
    site = await a_site(new_site)
    (number,) = await site.owe(Answer(ring_seconds=0.3, speech=tone(30), hang_up_after=20))
    answering, site.agent_does = site.agent_does, RingForever()
    async with site.serving():
        await site.ready()
        attempt = await site.ended(number)
        assert (attempt.outcome, attempt.counted) == (DialOutcome.ABANDONED, False)
        assert attempt.answered_at is not None
        assert attempt.ended_at is not None
        # Two seconds of ringing, and an apology of more than two.
        assert 4 < (attempt.ended_at - attempt.answered_at).total_seconds() < 8
        owed = await site.follow_up(number)
        assert (owed.state, owed.tries, owed.reason) == (FollowUpState.WAITING, {}, "abandoned")
        assert (owed.due_at - attempt.ended_at).total_seconds() > 14 * 60, "not rung again at once"
        session = await site.session()
        assert (session.state, session.reason) == (AgentState.PAUSED, PauseReason.DID_NOT_ANSWER)
        for language, words in (("en", "nobody was there"), ("zh", "当时无人应答")):
            text = await site.alarm_text("customer_abandoned", language)
            assert words in text
            assert PHONE in text and number in text
        assert "Answered, no agent there" in plain(await site.page("en"))
        recording = await site.archived(attempt)
        assert recording.seconds is not None and recording.seconds > 4, "what he heard is kept, too"

        site.agent_does = answering
        await site.ready()
        await site.no_alarm()
        await site.sound()


async def test_d2_a_customer_who_does_not_wait_is_nobodys_fault(new_site: NewSite) -> None:
    site = await a_site(new_site)
    (number,) = await site.owe(Answer(ring_seconds=0.3, speech=tone(3), hang_up_after=0.6))
    site.agent_does = RingForever()
    async with site.serving(panel=False):
        await site.ready()
        attempt = await site.ended(number)
        assert (attempt.outcome, attempt.counted) == (DialOutcome.ABANDONED, False)
        assert (await site.session()).state is AgentState.READY
        await site.no_alarm()
        await site.sound()


@pytest.mark.parametrize("answered", [False, True], ids=["while-he-is-rung", "while-he-waits"])
async def test_d7_a_service_that_starts_again_goes_on_with_it(new_site: NewSite, answered: bool) -> None:
    """Nobody is rung twice: Asterisk goes on without the service, and the next one takes the call over."""
    site = await a_site(new_site, drain_seconds=0)
    site.agent_does = Answer(ring_seconds=1.5 if answered else 0.2, speech=tone(60))
    (number,) = await site.owe(talk(9, ring_seconds=0.3 if answered else 2.5))
    async with site.serving(panel=False):
        await site.ready()
        await until(lambda: _rings(site, number), "the customer's phone rings")
        if answered:
            await until(lambda: _agent_rings(site), "the agent's phone rings")
    async with site.serving(panel=False):
        talking = await site.attempt_in(number, AttemptState.TALKING)
        assert (await site.session()).state is AgentState.TALKING
        ended = await site.ended(number)
        assert (ended.id, ended.outcome) == (talking.id, DialOutcome.ANSWERED)
        await site.archived(ended)
        assert (site.rings(number), agents_rings(site)) == (1, 1)
        verdict = await site.sound()
        assert verdict.repairs == 1
