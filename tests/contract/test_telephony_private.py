"""What the telephony port promises of phones outside and of private talks, kept by the fake and on a real
Asterisk (D6, D7)."""

import asyncio

import pytest
from ulid import ULID

from dialer.telephony.events import (
    Entered,
    HangupRequested,
    Left,
    LegEnded,
    LinkDown,
    LinkUp,
    PartyEnded,
    PartyRinging,
    PartyUp,
)
from dialer.telephony.incall import LiveParty, PartyMode, PartyOrder
from dialer.telephony.outcomes import Leg
from dialer.telephony.port import CallOrder, RequestRefused
from tests.contract.telephony_rigs import CHIEF, COLLEAGUE, Rig, order
from tests.contract.test_telephony import over, rig, server, talking
from tests.contract.test_telephony_customer_first import connected
from tests.contract.test_telephony_incall import joined, party

__all__ = ["rig", "server"]


def outside(
    call: CallOrder, number: str, mode: PartyMode = PartyMode.JOIN, party_id: str = "", ring: int = 5
) -> PartyOrder:
    """A phone outside, that a trunk rings."""
    return PartyOrder(
        party_id=party_id or str(ULID()),
        attempt_id=call.attempt_id,
        number=number,
        trunk="default",
        mode=mode,
        ring_seconds=ring,
    )


async def consulting(rig: Rig, call: CallOrder, order: PartyOrder) -> PartyOrder:
    """The agent talks with this party in private, and the customer waits."""
    await rig.telephony.add_party(order)
    await rig.told.one(PartyUp, call.attempt_id, party_id=order.party_id, mode=PartyMode.CONSULT)
    await rig.told.one(Left, call.attempt_id, party_id=None)
    return order


async def only_party(rig: Rig) -> LiveParty:
    """The one party, in whatever moment: while it is let into another bridge no listing shows it."""
    async with asyncio.timeout(5):
        while not (found := await rig.telephony.live_parties()):  # noqa: ASYNC110 - it tells of nothing itself
            await asyncio.sleep(0.05)
    (one,) = found
    return one


async def back(rig: Rig, call: CallOrder) -> None:
    """The agent is with the customer again."""
    await rig.told.until(lambda: [one.party_id for one in rig.told.all(Entered)].count(None) == 2)


async def test_a_phone_outside_joins_and_leaves(rig: Rig) -> None:
    """D6: it is rung through a trunk, is a party like any other, and its leaving ends nothing."""
    call = order()
    await talking(rig, call)
    third = outside(call, "workshop")
    await rig.telephony.add_party(third)
    await rig.told.one(PartyRinging, call.attempt_id, party_id=third.party_id)
    await rig.told.one(Entered, call.attempt_id, party_id=third.party_id)
    alive = await only_party(rig)
    assert (alive.party_id, alive.mode, alive.talking) == (third.party_id, PartyMode.JOIN, True)
    (live,) = await rig.telephony.live_calls()
    assert live.customer_answered and not live.agent_gone
    await rig.party_hangs_up(third.party_id, "workshop")
    await rig.told.one(Left, call.attempt_id, party_id=third.party_id)
    await rig.told.one(PartyEnded, call.attempt_id, party_id=third.party_id)
    assert rig.told.all(LegEnded) == [] and len(await rig.telephony.live_calls()) == 1


@pytest.mark.parametrize(
    ("number", "causes"),
    [
        ("busy", {17}),
        ("rejects", {21}),
        ("unknown", {1}),
        ("unavailable", {19}),
        ("no_line", {34}),
        ("ignores", {19}),
    ],
)
async def test_a_phone_outside_that_is_not_to_be_had(rig: Rig, number: str, causes: set[int]) -> None:
    """D6: why is told, once, and the call goes on as it was."""
    call = order()
    await talking(rig, call)
    third = outside(call, number, ring=1)
    await rig.telephony.add_party(third)
    ended = await rig.told.one(PartyEnded, call.attempt_id, party_id=third.party_id)
    assert ended.cause in causes
    assert len(rig.told.all(PartyEnded)) == 1 and rig.told.all(PartyUp) == []
    (live,) = await rig.telephony.live_calls()
    assert not live.held and not live.agent_gone


@pytest.mark.parametrize("number", ["", "workshop"])
@pytest.mark.parametrize("who", ["us", "them"])
async def test_a_private_talk_and_back(rig: Rig, number: str, who: str) -> None:
    """D6: the customer is on hold with nobody of ours, who is back when the talk is over."""
    call = order()
    await talking(rig, call)
    asked = outside(call, number, PartyMode.CONSULT) if number else party(call, COLLEAGUE, PartyMode.CONSULT)
    await consulting(rig, call, asked)
    (live,) = await rig.telephony.live_calls()
    assert live.held and not live.agent_gone
    alive = await only_party(rig)
    assert (alive.mode, alive.talking) == (PartyMode.CONSULT, False)
    assert [one.party_id for one in rig.told.all(Entered)] == [None]
    if who == "us":
        await rig.telephony.drop_party(asked.party_id)
    else:
        await rig.party_hangs_up(asked.party_id, number or COLLEAGUE)
    await rig.told.one(PartyEnded, call.attempt_id, party_id=asked.party_id)
    await back(rig, call)
    await rig.telephony.resume(call.attempt_id)
    (live,) = await rig.telephony.live_calls()
    assert not live.held and not live.agent_gone
    assert rig.told.all(LegEnded) == [] and rig.told.all(HangupRequested) == []


async def test_after_a_private_talk_three_talk(rig: Rig) -> None:
    """D6: the one who was asked comes to the customer, and so does the agent."""
    call = order()
    await talking(rig, call)
    asked = await consulting(rig, call, party(call, COLLEAGUE, PartyMode.CONSULT))
    await rig.telephony.move_party(asked.party_id, PartyMode.JOIN)
    await rig.told.one(PartyUp, call.attempt_id, mode=PartyMode.JOIN)
    await rig.told.one(Entered, call.attempt_id, party_id=asked.party_id)
    await back(rig, call)
    await rig.telephony.resume(call.attempt_id)
    (live,) = await rig.telephony.live_calls()
    assert not live.held and not live.agent_gone


async def test_after_a_private_talk_the_call_is_handed_over(rig: Rig) -> None:
    """D6: the one who was asked comes to the customer, and the agent is let go."""
    call = order()
    await talking(rig, call)
    asked = await consulting(rig, call, party(call, COLLEAGUE, PartyMode.CONSULT))
    await rig.telephony.move_party(asked.party_id, PartyMode.JOIN)
    await rig.told.one(Entered, call.attempt_id, party_id=asked.party_id)
    await rig.telephony.resume(call.attempt_id)
    await rig.telephony.release_agent(call.attempt_id)
    await rig.told.one(LegEnded, call.attempt_id, leg=Leg.AGENT)
    (live,) = await rig.telephony.live_calls()
    assert live.agent_gone and not live.held and rig.told.all(HangupRequested) == []


async def test_a_private_talk_of_a_customer_who_was_rung_first(rig: Rig) -> None:
    """D6, D2: the agent's leg is the one that was dialled then; he goes aside and comes back all the same."""
    call = order(customer_first=True)
    await connected(rig, call)
    await rig.told.one(Entered, call.attempt_id, party_id=None)
    asked = await consulting(rig, call, party(call, COLLEAGUE, PartyMode.CONSULT))
    (live,) = await rig.telephony.live_calls()
    assert live.held and not live.agent_gone
    await rig.telephony.drop_party(asked.party_id)
    await back(rig, call)
    await rig.telephony.resume(call.attempt_id)
    assert rig.told.all(LegEnded) == [] and rig.told.all(HangupRequested) == []
    third = await joined(rig, call, COLLEAGUE)
    await rig.telephony.release_agent(call.attempt_id)
    await rig.told.one(LegEnded, call.attempt_id, leg=Leg.AGENT)
    await rig.telephony.hang_up(call.attempt_id)
    await rig.told.one(PartyEnded, call.attempt_id, party_id=third.party_id)


async def test_who_is_left_of_a_private_talk(rig: Rig) -> None:
    """D6: the customer hangs up while he waits: both of ours are there until they are hung up."""
    call = order()
    await talking(rig, call)
    asked = await consulting(rig, call, party(call, COLLEAGUE, PartyMode.CONSULT))
    await rig.customer_hangs_up(call.attempt_id)
    await rig.told.one(LegEnded, call.attempt_id, leg=Leg.CUSTOMER)
    await rig.telephony.hang_up(call.attempt_id)
    await over(rig, call)
    await rig.told.one(PartyEnded, call.attempt_id, party_id=asked.party_id)
    assert await rig.telephony.live_calls() == () and await rig.telephony.live_parties() == ()


async def test_a_private_talk_goes_on_over_a_lost_link(rig: Rig) -> None:
    """D7: it is known afterwards, and can be ended."""
    call = order()
    await talking(rig, call)
    asked = await consulting(rig, call, party(call, COLLEAGUE, PartyMode.CONSULT))
    await rig.lose_link()
    await rig.told.one(LinkDown)
    await rig.regain_link()
    await rig.told.until(lambda: len(rig.told.all(LinkUp)) == 2)
    alive = await only_party(rig)
    (live,) = await rig.telephony.live_calls()
    assert (alive.mode, alive.talking, live.held) == (PartyMode.CONSULT, False, True)
    await rig.telephony.drop_party(asked.party_id)
    await back(rig, call)
    await rig.telephony.resume(call.attempt_id)
    (live,) = await rig.telephony.live_calls()
    assert not live.held and await rig.telephony.live_parties() == ()


async def test_who_is_not_alone_with_the_customer_has_no_private_talk(rig: Rig) -> None:
    """D6: the others would be left on hold with him."""
    call = order()
    await talking(rig, call)
    await joined(rig, call, COLLEAGUE)
    with pytest.raises(RequestRefused, match="Several"):
        await rig.telephony.add_party(party(call, CHIEF, PartyMode.CONSULT))
    assert len(await rig.telephony.live_parties()) == 1
