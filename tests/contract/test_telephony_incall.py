"""What the telephony port promises of calls in progress, kept by the fake and on a real Asterisk (D6, V2)."""

import asyncio

import pytest
from ulid import ULID

from dialer.telephony.events import (
    CustomerRinging,
    Entered,
    HangupRequested,
    Left,
    LegEnded,
    LinkDown,
    LinkUp,
    PartyEnded,
    PartyRinging,
    PartyUp,
    PhoneHeld,
    PhoneResumed,
)
from dialer.telephony.incall import LiveParty, PartyMode, PartyOrder
from dialer.telephony.outcomes import Leg
from dialer.telephony.port import CallOrder, LinkUnavailable, RequestRefused
from tests.contract.telephony_rigs import BUSY, CHIEF, COLLEAGUE, IGNORING, UNREGISTERED, Rig, order
from tests.contract.test_telephony import over, rig, server, talking, to_gate

__all__ = ["rig", "server"]


def party(call: CallOrder, extension: str, mode: PartyMode = PartyMode.JOIN, ring: int = 5) -> PartyOrder:
    return PartyOrder(
        party_id=str(ULID()), attempt_id=call.attempt_id, extension=extension, mode=mode, ring_seconds=ring
    )


async def joined(rig: Rig, call: CallOrder, extension: str) -> PartyOrder:
    """A party that talks with the customer."""
    third = party(call, extension)
    await rig.telephony.add_party(third)
    await rig.told.one(Entered, call.attempt_id, party_id=third.party_id)
    return third


async def listening(rig: Rig, call: CallOrder, mode: PartyMode = PartyMode.LISTEN) -> PartyOrder:
    """A supervisor who hears the call."""
    chief = party(call, CHIEF, mode)
    await rig.telephony.add_party(chief)
    await rig.told.one(PartyUp, call.attempt_id, party_id=chief.party_id, mode=mode)
    return chief


async def test_a_third_party_rings_and_enters(rig: Rig) -> None:
    """D6: who is with the customer is told, and what is alive is known."""
    call = order()
    await talking(rig, call)
    await rig.told.one(Entered, call.attempt_id, party_id=None)
    third = await joined(rig, call, COLLEAGUE)
    assert len(rig.told.all(PartyRinging, call.attempt_id)) == 1
    assert [one.mode for one in rig.told.all(PartyUp, call.attempt_id)] == [PartyMode.JOIN]
    alive = await rig.telephony.live_parties()
    wanted = LiveParty(party_id=third.party_id, attempt_id=call.attempt_id, mode=PartyMode.JOIN, talking=True)
    assert alive == (wanted,)
    (live,) = await rig.telephony.live_calls()
    assert (live.customer_answered, live.agent_gone, live.held) == (True, False, False)
    assert rig.told.all(Left) == []


async def test_a_transfer_lets_the_agent_go_and_the_call_goes_on(rig: Rig) -> None:
    """D6: the agent is gone, nobody is said to have hung up, and the customer's end ends the call."""
    call = order()
    await talking(rig, call)
    third = await joined(rig, call, COLLEAGUE)
    await rig.telephony.release_agent(call.attempt_id)
    await rig.told.one(Left, call.attempt_id, party_id=None)
    await rig.told.one(LegEnded, call.attempt_id, leg=Leg.AGENT)
    (live,) = await rig.telephony.live_calls()
    assert live.agent_gone and live.customer_answered
    assert rig.told.all(HangupRequested, call.attempt_id) == []
    await rig.customer_hangs_up(call.attempt_id)
    await rig.told.one(LegEnded, call.attempt_id, leg=Leg.CUSTOMER)
    await rig.told.one(Left, call.attempt_id, party_id=third.party_id)
    await rig.telephony.hang_up(call.attempt_id)  # the colleague is still there, alone
    await rig.told.one(PartyEnded, call.attempt_id, party_id=third.party_id)
    assert rig.told.all(HangupRequested, call.attempt_id)[0].leg is Leg.CUSTOMER
    assert await rig.telephony.live_parties() == ()


async def test_an_agent_alone_cannot_be_let_go(rig: Rig) -> None:
    """D6: a customer is never left with nobody."""
    call = order()
    await talking(rig, call)
    await listening(rig, call)
    with pytest.raises(RequestRefused, match="Nobody else"):
        await rig.telephony.release_agent(call.attempt_id)


@pytest.mark.parametrize("who", ["customer", "us"])
async def test_who_leaves_three_and_what_is_left(rig: Rig, who: str) -> None:
    """D6: when the customer leaves, ours stay until they are hung up; that ends everybody."""
    call = order()
    await talking(rig, call)
    third = await joined(rig, call, COLLEAGUE)
    if who == "customer":
        await rig.customer_hangs_up(call.attempt_id)
        await rig.told.one(LegEnded, call.attempt_id, leg=Leg.CUSTOMER)
        assert rig.told.all(LegEnded, call.attempt_id)[-1].leg is Leg.CUSTOMER
        assert len(await rig.telephony.live_parties()) == 1
    await rig.telephony.hang_up(call.attempt_id)
    await over(rig, call)
    await rig.told.one(PartyEnded, call.attempt_id, party_id=third.party_id)
    assert await rig.telephony.live_calls() == () and await rig.telephony.live_parties() == ()


async def test_a_third_party_leaves_and_two_go_on(rig: Rig) -> None:
    call = order()
    await talking(rig, call)
    third = await joined(rig, call, COLLEAGUE)
    await rig.party_hangs_up(third.party_id, COLLEAGUE)
    await rig.told.one(Left, call.attempt_id, party_id=third.party_id)
    await rig.told.one(PartyEnded, call.attempt_id, party_id=third.party_id)
    assert rig.told.all(LegEnded) == []
    fourth = await joined(rig, call, COLLEAGUE)
    await rig.telephony.drop_party(fourth.party_id)
    await rig.told.one(PartyEnded, call.attempt_id, party_id=fourth.party_id)
    await rig.telephony.drop_party(fourth.party_id)
    (live,) = await rig.telephony.live_calls()
    assert not live.agent_gone


@pytest.mark.parametrize(("extension", "rings"), [(BUSY, True), (IGNORING, True), (UNREGISTERED, False)])
async def test_a_party_that_is_not_to_be_had(rig: Rig, extension: str, rings: bool) -> None:
    """D6: the call goes on as it was."""
    call = order()
    await talking(rig, call)
    third = party(call, extension, ring=1)
    await rig.telephony.add_party(third)
    await rig.told.one(PartyEnded, call.attempt_id, party_id=third.party_id)
    assert len(rig.told.all(PartyEnded)) == 1
    assert bool(rig.told.all(PartyRinging)) is rings
    assert rig.told.all(PartyUp) == [] and await rig.telephony.live_parties() == ()
    assert len(await rig.telephony.live_calls()) == 1


async def test_a_supervisor_listens_whispers_joins_and_leaves(rig: Rig) -> None:
    """V2: the phone rings once; who only hears or whispers is not with the customer."""
    call = order()
    await talking(rig, call)
    chief = await listening(rig, call)
    assert [one.party_id for one in rig.told.all(Entered)] == [None]
    with pytest.raises(RequestRefused):
        await rig.telephony.move_party(str(ULID()), PartyMode.JOIN)
    await rig.telephony.move_party(chief.party_id, PartyMode.WHISPER)
    await rig.told.one(PartyUp, call.attempt_id, mode=PartyMode.WHISPER)
    await rig.telephony.move_party(chief.party_id, PartyMode.JOIN)
    await rig.told.one(Entered, call.attempt_id, party_id=chief.party_id)
    await rig.telephony.move_party(chief.party_id, PartyMode.LISTEN)
    await rig.told.one(Left, call.attempt_id, party_id=chief.party_id)
    await rig.told.until(lambda: len(rig.told.all(PartyUp)) == 4)
    assert len(rig.told.all(PartyRinging)) == 1 and rig.told.all(PartyEnded) == []


async def test_hold_and_mute_are_known_after_a_lost_link(rig: Rig) -> None:
    """D6, D7: what a call is in is asked of the telephone system, not remembered."""
    call = order()
    await talking(rig, call)
    await rig.telephony.mute(call.attempt_id, True)
    await rig.telephony.hold(call.attempt_id)
    await rig.lose_link()
    await rig.told.one(LinkDown)
    for request in (rig.telephony.resume(call.attempt_id), rig.telephony.mute(call.attempt_id, False)):
        with pytest.raises(LinkUnavailable):
            await request
    await rig.regain_link()
    await rig.told.until(lambda: len(rig.told.all(LinkUp)) == 2)
    (live,) = await rig.telephony.live_calls()
    assert live.held and live.muted
    await rig.telephony.resume(call.attempt_id)
    await rig.telephony.mute(call.attempt_id, False)
    (live,) = await rig.telephony.live_calls()
    assert not live.held and not live.muted
    await rig.telephony.hold(call.attempt_id)
    await rig.telephony.hold(call.attempt_id)
    (live,) = await rig.telephony.live_calls()
    assert live.held and not live.agent_gone


async def test_parties_go_on_over_a_lost_link(rig: Rig) -> None:
    """D7: a party that was there is there, is known by its id, and can be moved and dropped."""
    call = order()
    await talking(rig, call)
    third = await joined(rig, call, COLLEAGUE)
    chief = await listening(rig, call)
    await rig.lose_link()
    await rig.told.one(LinkDown)
    await rig.regain_link()
    await rig.told.until(lambda: len(rig.told.all(LinkUp)) == 2)
    alive = {one.party_id: (one.mode, one.talking) for one in await rig.telephony.live_parties()}
    assert alive == {third.party_id: (PartyMode.JOIN, True), chief.party_id: (PartyMode.LISTEN, False)}
    await rig.telephony.release_agent(call.attempt_id)
    await rig.told.one(LegEnded, call.attempt_id, leg=Leg.AGENT)
    await rig.telephony.hang_up(call.attempt_id)
    for one in (third, chief):
        await rig.told.one(PartyEnded, call.attempt_id, party_id=one.party_id)


async def test_the_key_of_the_phone_is_seen(rig: Rig) -> None:
    """D6: the agent holds with the phone's own key."""
    call = order()
    await talking(rig, call)
    await rig.agent_holds(call.attempt_id, True)
    await rig.told.one(PhoneHeld, call.attempt_id)
    await rig.agent_holds(call.attempt_id, False)
    await rig.told.one(PhoneResumed, call.attempt_id)


async def test_only_a_talk_can_be_acted_on(rig: Rig) -> None:
    """D6: nothing is done to a call whose customer is not there; strange tones are not sent."""
    call = order("ignores", customer_ring_seconds=20)
    await to_gate(rig, call)
    await rig.telephony.open_gate(call.attempt_id)
    await rig.told.one(CustomerRinging, call.attempt_id)
    port = rig.telephony
    for request in (
        port.hold(call.attempt_id),
        port.resume(call.attempt_id),
        port.mute(call.attempt_id, True),
        port.send_digits(call.attempt_id, "1"),
        port.add_party(party(call, COLLEAGUE)),
        port.release_agent(call.attempt_id),
        port.hold(order().attempt_id),
    ):
        with pytest.raises(RequestRefused):
            await request
    await port.hang_up(call.attempt_id)
    await over(rig, call)
    second = order()
    await talking(rig, second)
    for digits in ("", "12x", "1,2"):
        with pytest.raises(RequestRefused, match="tones"):
            await port.send_digits(second.attempt_id, digits)
    await port.send_digits(second.attempt_id, "12#")
    third = await joined(rig, second, COLLEAGUE)
    with pytest.raises(RequestRefused, match=third.party_id):
        await port.add_party(third)
    await asyncio.gather(port.hang_up(second.attempt_id), port.hang_up(second.attempt_id))
