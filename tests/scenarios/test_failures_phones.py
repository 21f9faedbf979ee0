"""Phones that do not answer: the agent's stops that agent, the customer's decides the next try (D3, L7)."""

from datetime import timedelta

import pytest

from asterisk.phones import Behaviour, Refuse, RingForever
from dialer.agents.queries import history
from dialer.agents.states import AgentState, PauseReason
from dialer.clock import system_clock
from dialer.followups.states import FollowUpState
from dialer.telephony.outcomes import DialOutcome
from tests.fixtures_asterisk import EXTENSIONS
from tests.scenarios.conftest import Logs, NewSite
from tests.support.site import plain, said, talk, until


async def test_an_agents_phone_that_does_not_answer_pauses_the_agent(new_site: NewSite) -> None:
    """No try is burned; the agent is told why, and goes on when ready again (D5, L7)."""
    site = await new_site()
    (number,) = await site.owe(talk(1.5))
    answering, site.agent_does = site.agent_does, RingForever()
    async with site.serving():
        await site.ready()
        attempt = await site.ended(number)
        assert attempt.outcome == DialOutcome.AGENT_UNAVAILABLE
        assert (attempt.counted, attempt.go_at) == (False, None)
        owed = await site.follow_up(number)
        assert (owed.state, owed.tries) == (FollowUpState.WAITING, {})
        session = await site.session()
        assert (session.state, session.reason) == (AgentState.PAUSED, PauseReason.DID_NOT_ANSWER)
        for language, words in (("en", "Did not answer the phone"), ("zh", "坐席话机未接听")):
            assert words in plain(await site.page(language)), language
        assert site.rings(number) == 0

        site.agent_does = answering
        site.clerk()
        await site.trunk.wait_for_calls(1, 20)
        assert (await site.ended(number)).outcome == DialOutcome.ANSWERED
        await site.sound()
        await site.no_alarm()


async def test_nobody_is_dialled_for_an_agent_whose_phone_is_gone(new_site: NewSite, logs: Logs) -> None:
    """The page says so; the phone comes back and the call comes by itself (D1, V1)."""
    site = await new_site()
    (number,) = await site.owe(talk(1.5))
    (phone,) = site.phones.values()
    await phone.unregister()
    async with site.serving() as service:
        await site.ready()
        site.clerk()
        await until(lambda: _linked(logs), "the link is up")
        english, chinese = [plain(await site.page(language)) for language in ("en", "zh")]
        assert "Phone cannot be reached" in english
        assert "话机不可达" in chinese
        assert await service.engine.engine("default").dispatch_once() == 0
        assert await site.attempts() == []
        await phone.register()
        await site.ended(number)
        await site.sound()
        await site.no_alarm()


async def test_a_phone_that_loses_power_pauses_its_agent_and_brings_him_back(
    new_site: NewSite, logs: Logs
) -> None:
    """D5: nobody is dialled for him meanwhile; the history says why, and calls go on by themselves."""
    site = await new_site(tables={"agents": {"phone_grace_seconds": 1}})
    (phone,) = site.phones.values()
    async with site.serving():
        await site.ready()
        await until(lambda: _linked(logs), "the link is up")
        await phone.lose_power()

        async def paused() -> bool:
            session = await site.session()
            return (session.state, session.reason) == (AgentState.PAUSED, PauseReason.PHONE_UNREACHABLE)

        # Asterisk asks each phone every ten seconds whether it is there.
        await until(paused, "the agent is paused")
        for language, words in (("en", "Phone cannot be reached"), ("zh", "话机不可达")):
            assert words in plain(await site.page(language)), language
        (number,) = await site.owe(talk(1.5))
        assert await site.attempts() == []
        await phone.register()
        assert (await site.ended(number)).outcome == DialOutcome.ANSWERED
        site.clerk()
        await site.sound()
        await site.no_alarm()
    now = system_clock()
    kept = await site.db.read(lambda conn: history(conn, now - timedelta(hours=1), now))
    assert [row.why for row in kept if row.why] == ["phone_gone", "phone_back"]
    assert site.rings(number) == 1


# What each customer's phone does, and what must come of it: state, least minutes to the next try, counted.
_FATES: dict[DialOutcome, tuple[Behaviour, FollowUpState, float, bool]] = {
    DialOutcome.BUSY: (Refuse(code=486), FollowUpState.WAITING, 15, True),
    DialOutcome.NO_ANSWER: (RingForever(), FollowUpState.WAITING, 180, True),
    DialOutcome.REJECTED: (Refuse(code=603, ring_seconds=0.3), FollowUpState.WAITING, 180, True),
    DialOutcome.CONGESTION: (Refuse(code=503), FollowUpState.WAITING, 5, False),
    DialOutcome.INVALID_NUMBER: (Refuse(code=404), FollowUpState.EXHAUSTED, 0, True),
}


async def test_a_customer_who_is_not_reached_is_tried_again_by_the_cause(new_site: NewSite) -> None:
    """Each phone is rung once; the agents are ready for the next call (L7, D3)."""
    site = await new_site(agents=len(_FATES))
    numbers = await site.owe(*(fate[0] for fate in _FATES.values()))
    async with site.serving():
        for extension in EXTENSIONS[: len(_FATES)]:
            await site.ready(extension)
        for number, (outcome, (_, state, minutes, counted)) in zip(numbers, _FATES.items(), strict=True):
            attempt = await site.ended(number)
            assert (attempt.outcome, attempt.counted) == (outcome, counted)
            owed = await site.follow_up(number)
            assert owed.state == state, outcome
            assert owed.tries == ({outcome: 1} if counted else {})
            if state is FollowUpState.WAITING:
                assert attempt.ended_at is not None
                wait = (owed.due_at - attempt.ended_at) / timedelta(minutes=1)
                if outcome in (DialOutcome.NO_ANSWER, DialOutcome.REJECTED):
                    # In another part of the day: the playbook's next window after those hours (L7).
                    assert wait >= minutes - 0.1
                    assert wait <= minutes + 24 * 60
                else:
                    assert wait == pytest.approx(minutes, abs=0.1)
            assert site.rings(number) == 1
        for extension in EXTENSIONS[: len(_FATES)]:
            assert (await site.session(extension)).state is AgentState.READY
        await site.sound()
        await site.no_alarm()


async def _linked(logs: Logs) -> bool:
    return said(logs, "The link to the telephone system is up.") is not None
