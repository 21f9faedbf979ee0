"""What the telephony port promises of customers who ring, kept by the fake and on a real Asterisk (D9)."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from dialer.telephony.events import (
    AgentLegFailed,
    AgentUp,
    CallerLeft,
    CustomerAnswered,
    CustomerCalls,
    CustomerDialing,
    LegEnded,
    LinkUp,
)
from dialer.telephony.outcomes import Leg
from dialer.telephony.port import CallerHears, CallOrder, LinkUnavailable, RequestRefused
from tests.contract.telephony_rigs import ANSWERING, BUSY, TRUNK, Rig, order
from tests.contract.test_telephony import over, rig, server, to_gate, trail_to_the_end

__all__ = ["rig", "server"]

NUMBER = "13800000001"


async def caller(rig: Rig) -> CustomerCalls:
    """A customer who rings and waits."""
    await rig.customer_calls(NUMBER)
    rang = await rig.told.one(CustomerCalls)
    assert (rang.number, rang.called) in ((NUMBER, "4008"), (NUMBER, "4000"))
    return rang


def for_him(rang: CustomerCalls, extension: str = ANSWERING) -> CallOrder:
    wanted = order(NUMBER, extension)
    return CallOrder(
        attempt_id=wanted.attempt_id,
        agent_extension=extension,
        customer_number=NUMBER,
        caller=rang.call_id,
        agent_ring_seconds=2,
    )


async def test_d9_a_customer_who_rings_is_put_through_and_recorded(rig: Rig) -> None:
    """Nobody is dialled; from the agent's answer on it is a call like any other."""
    rang = await caller(rig)
    await rig.telephony.tell_caller(rang.call_id, CallerHears.RINGING)
    wanted = for_him(rang)
    await to_gate(rig, wanted)
    assert not rig.told.all(CustomerAnswered)
    await rig.telephony.open_gate(wanted.attempt_id)
    await rig.told.one(CustomerAnswered, wanted.attempt_id)
    (live,) = await rig.telephony.live_calls()
    assert (live.attempt_id, live.customer_answered) == (wanted.attempt_id, True)
    await rig.caller_hangs_up()
    await over(rig, wanted)
    assert not rig.told.all(CustomerDialing)
    assert not rig.told.all(CallerLeft), "he was put through"
    assert (await trail_to_the_end(rig, wanted)).customer_answered_at is not None


async def test_d9_when_the_agent_hangs_up_the_customer_is_not_left_alone(rig: Rig) -> None:
    rang = await caller(rig)
    wanted = for_him(rang)
    await to_gate(rig, wanted)
    await rig.telephony.open_gate(wanted.attempt_id)
    await rig.told.one(CustomerAnswered, wanted.attempt_id)
    await rig.agent_hangs_up(wanted.attempt_id)
    await over(rig, wanted)


async def test_d9_a_caller_who_gives_up_is_told_of_and_nobody_is_put_through(rig: Rig) -> None:
    rang = await caller(rig)
    await rig.telephony.tell_caller(rang.call_id, CallerHears.MUSIC)
    wanted = for_him(rang)
    await to_gate(rig, wanted)
    await rig.caller_hangs_up()
    await rig.told.one(CallerLeft, call_id=rang.call_id)
    with pytest.raises(RequestRefused):
        await rig.telephony.open_gate(wanted.attempt_id)
    with pytest.raises(RequestRefused):
        await rig.telephony.tell_caller(rang.call_id, CallerHears.RINGING)
    await rig.telephony.hang_up(wanted.attempt_id)
    await rig.told.one(LegEnded, wanted.attempt_id, leg=Leg.AGENT)


async def test_d9_the_customer_waits_on_while_one_agent_is_busy_and_gets_the_next(rig: Rig) -> None:
    rang = await caller(rig)
    await rig.telephony.tell_caller(rang.call_id, CallerHears.MUSIC)
    first = for_him(rang, BUSY)
    await rig.telephony.call_agent(first)
    await rig.told.one(AgentLegFailed, first.attempt_id)
    second = for_him(rang)
    await to_gate(rig, second)
    await rig.telephony.open_gate(second.attempt_id)
    await rig.told.one(CustomerAnswered, second.attempt_id)
    await rig.caller_hangs_up()
    await over(rig, second)


async def test_d9_the_log_tells_who_rang_and_was_not_put_through(rig: Rig) -> None:
    """Whoever watched: after an outage he is called back."""
    before = datetime.now(UTC)
    rang = await caller(rig)
    await rig.telephony.tell_caller(rang.call_id, CallerHears.MUSIC)
    assert await rig.telephony.let_go(before) == ()
    await rig.caller_hangs_up()
    await rig.told.one(CallerLeft, call_id=rang.call_id)
    async with asyncio.timeout(5):
        while not (gone := await rig.telephony.let_go(before)):  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.05)
    assert [(one.call_id, one.number, one.called) for one in gone] == [
        (rang.call_id, rang.number, rang.called)
    ]
    assert await rig.telephony.let_go(gone[0].at + timedelta(seconds=1)) == ()


async def test_d9_the_log_does_not_tell_of_who_was_put_through(rig: Rig) -> None:
    before = datetime.now(UTC)
    rang = await caller(rig)
    wanted = for_him(rang)
    await to_gate(rig, wanted)
    await rig.telephony.open_gate(wanted.attempt_id)
    await rig.told.one(CustomerAnswered, wanted.attempt_id)
    await rig.caller_hangs_up()
    await over(rig, wanted)
    assert (await trail_to_the_end(rig, wanted)).customer_ended_at is not None
    assert await rig.telephony.let_go(before) == ()


@pytest.mark.parametrize("hears", [CallerHears.CLOSED, CallerHears.NOBODY])
async def test_d9_a_caller_is_let_go_with_a_message(rig: Rig, hears: CallerHears) -> None:
    rang = await caller(rig)
    await rig.telephony.tell_caller(rang.call_id, hears)
    await rig.told.one(CallerLeft, call_id=rang.call_id)


async def test_d9_who_waits_is_told_of_again_after_the_link_was_lost(rig: Rig) -> None:
    """And can still be put through, by an agent whose phone rang before."""
    rang = await caller(rig)
    await rig.telephony.tell_caller(rang.call_id, CallerHears.RINGING)
    await rig.lose_link()
    await rig.told.until(lambda: rig.telephony.reachable_phones() is None)
    with pytest.raises(LinkUnavailable):
        await rig.telephony.tell_caller(rang.call_id, CallerHears.MUSIC)
    await rig.regain_link()
    await rig.told.until(lambda: len(rig.told.all(LinkUp)) == 2)
    await rig.told.until(lambda: len(rig.told.all(CustomerCalls)) == 2)
    again = rig.told.all(CustomerCalls)[1]
    assert (again.call_id, again.number) == (rang.call_id, NUMBER)
    assert (rang.trunk, again.trunk) == (TRUNK, TRUNK), "he holds a line of it"
    wanted = for_him(again)
    await to_gate(rig, wanted)
    await rig.told.one(AgentUp, wanted.attempt_id)
    await rig.telephony.open_gate(wanted.attempt_id)
    await rig.told.one(CustomerAnswered, wanted.attempt_id)
    await rig.caller_hangs_up()
    await over(rig, wanted)
