"""What the telephony port promises of calls whose customer is rung first, kept by the fake and on a real
Asterisk (D2, D3, D7)."""

import pytest

from dialer.telephony.events import (
    AgentConnected,
    AgentLegFailed,
    AgentMissed,
    AgentRinging,
    AgentUp,
    AtGate,
    CustomerAnswered,
    CustomerDialEnded,
    CustomerDialing,
    CustomerRinging,
    Entered,
    GateExpired,
    GateOpened,
    HangupRequested,
    LegEnded,
    LinkDown,
    LinkUp,
    PartyUp,
)
from dialer.telephony.incall import PartyOrder
from dialer.telephony.outcomes import DialOutcome, Leg, LegEvidence, customer_outcome
from dialer.telephony.port import CallOrder, GatePosition, LiveCall, RequestRefused
from tests.contract.telephony_rigs import (
    ANSWERING,
    BUSY,
    COLLEAGUE,
    IGNORING,
    UNREGISTERED,
    AsteriskRig,
    Rig,
    order,
)
from tests.contract.test_telephony import happened_in_order, over, rig, server, trail_to_the_end

__all__ = ["rig", "server"]

PARTY = "01J0000000000000000000PRTY"


def first(
    number: str = "answers",
    extension: str = ANSWERING,
    *,
    agent_ring_seconds: int = 2,
    customer_ring_seconds: int = 1,
) -> CallOrder:
    return order(
        number,
        extension,
        agent_ring_seconds=agent_ring_seconds,
        customer_ring_seconds=customer_ring_seconds,
        customer_first=True,
    )


async def let_through(rig: Rig, wanted: CallOrder) -> None:
    await rig.telephony.call_customer(wanted)
    await rig.told.one(AtGate, wanted.attempt_id)
    await rig.telephony.open_gate(wanted.attempt_id)


async def connected(rig: Rig, wanted: CallOrder) -> None:
    await let_through(rig, wanted)
    await rig.told.one(AgentConnected, wanted.attempt_id)
    await rig.told.one(Entered, wanted.attempt_id)


async def customer_gone(rig: Rig, wanted: CallOrder) -> LegEnded:
    return await rig.told.one(LegEnded, wanted.attempt_id, leg=Leg.CUSTOMER)


async def test_d2_the_agent_is_rung_when_the_customer_has_answered(rig: Rig) -> None:
    """The agent's phone rings once, after the customer's answer; then it is a call like any other."""
    wanted = first("hangs_up")
    await let_through(rig, wanted)
    await over(rig, wanted)
    kinds = [CustomerDialing, CustomerRinging, CustomerAnswered, AgentRinging, HangupRequested]
    assert [len(rig.told.all(kind, wanted.attempt_id)) for kind in kinds] == [1] * len(kinds)
    told = [type(e) for e in rig.told.events if getattr(e, "attempt_id", "") == wanted.attempt_id]
    assert told.index(CustomerAnswered) < told.index(AgentRinging)
    assert told.index(AtGate) < told.index(GateOpened) < told.index(CustomerDialing)
    assert not {AgentUp, AgentLegFailed, AgentMissed} & set(told)
    assert rig.times_dialled("hangs_up") == 1
    if isinstance(rig, AsteriskRig):
        shown = {rig.phones[ANSWERING].calls[-1].caller, rig.trunk.calls[-1].caller}
        assert shown == {wanted.caller_id}


async def test_d7_without_a_go_nobody_is_rung(rig: Rig) -> None:
    """The gate opens once, and not when its time is over: a request that comes late rings nobody."""
    wanted = first("hangs_up")
    await rig.telephony.call_customer(wanted)
    await rig.told.one(AtGate, wanted.attempt_id)
    (live,) = await rig.telephony.live_calls()
    assert (live.attempt_id, live.gate) == (wanted.attempt_id, GatePosition.WAITING)
    assert not live.customer_dialled
    await rig.told.one(GateExpired, wanted.attempt_id)
    with pytest.raises(RequestRefused):
        await rig.telephony.open_gate(wanted.attempt_id)
    assert rig.times_dialled("hangs_up") == 0
    assert not rig.told.all(CustomerDialing)
    trail = await rig.telephony.trail(wanted.attempt_id)
    assert trail.customer_started_at is None


@pytest.mark.parametrize("by", Leg)
async def test_d2_whoever_hangs_up_ends_the_call_and_is_named(rig: Rig, by: Leg) -> None:
    wanted = first()
    await connected(rig, wanted)
    await (rig.agent_hangs_up if by is Leg.AGENT else rig.customer_hangs_up)(wanted.attempt_id)
    await over(rig, wanted)
    assert [e.leg for e in rig.told.all(HangupRequested)] == [by]


@pytest.mark.parametrize(
    ("number", "rang", "outcome"),
    [
        ("busy", True, DialOutcome.BUSY),
        ("rejects", True, DialOutcome.REJECTED),
        ("unknown", False, DialOutcome.INVALID_NUMBER),
        ("announced", False, DialOutcome.INVALID_NUMBER),
        ("unavailable", False, DialOutcome.NO_ANSWER),
        ("no_line", False, DialOutcome.CONGESTION),
        ("ignores", True, DialOutcome.NO_ANSWER),
    ],
)
async def test_d3_no_agent_is_rung_for_a_customer_who_does_not_answer(
    rig: Rig, number: str, rang: bool, outcome: DialOutcome
) -> None:
    wanted = first(number)
    await let_through(rig, wanted)
    ended = await customer_gone(rig, wanted)
    dial = rig.told.all(CustomerDialEnded, wanted.attempt_id)
    assert bool(rig.told.all(CustomerRinging, wanted.attempt_id)) is rang
    seen = LegEvidence(rang=rang, cause=ended.cause, dial_status=dial[0].dial_status if dial else None)
    assert customer_outcome(seen) is outcome
    assert not rig.told.all(AgentRinging)


@pytest.mark.parametrize(
    ("extension", "rings", "status"),
    [(IGNORING, True, "NOANSWER"), (BUSY, True, "BUSY"), (UNREGISTERED, False, "CHANUNAVAIL")],
)
async def test_d2_where_no_agent_comes_the_customer_is_apologised_to(
    rig: Rig, extension: str, rings: bool, status: str
) -> None:
    """The trail proves that he answered, and that nobody of ours did."""
    wanted = first("answers", extension, agent_ring_seconds=1)
    await let_through(rig, wanted)
    missed = await rig.told.one(AgentMissed, wanted.attempt_id)
    assert missed.dial_status == status
    assert not rig.told.all(LegEnded, wanted.attempt_id) or rings
    await customer_gone(rig, wanted)
    assert bool(rig.told.all(AgentRinging, wanted.attempt_id)) is rings
    assert not rig.told.all(AgentConnected)
    trail = await rig.telephony.trail(wanted.attempt_id)
    assert trail.customer_answered_at is not None
    assert trail.agent_answered_at is None


async def test_d2_a_customer_who_does_not_wait_stops_the_agents_phone(rig: Rig) -> None:
    wanted = first("answers", IGNORING, agent_ring_seconds=20)
    await let_through(rig, wanted)
    await rig.told.one(AgentRinging, wanted.attempt_id)
    await rig.customer_hangs_up(wanted.attempt_id)
    await over(rig, wanted)
    assert not rig.told.all(AgentMissed)
    assert rig.told.all(HangupRequested)[0].leg is Leg.CUSTOMER


async def test_d7_the_trail_of_a_talk_proves_both_answers(rig: Rig) -> None:
    wanted = first("hangs_up")
    await let_through(rig, wanted)
    await over(rig, wanted)
    trail = await trail_to_the_end(rig, wanted)
    happened_in_order(
        trail.gate_at,
        trail.customer_started_at,
        trail.customer_answered_at,
        trail.agent_answered_at,
        trail.customer_ended_at,
    )


async def test_d7_an_attempt_that_is_alive_is_not_dialled_a_second_time(rig: Rig) -> None:
    wanted = first("ignores", customer_ring_seconds=20)
    await let_through(rig, wanted)
    await rig.told.one(CustomerRinging, wanted.attempt_id)
    for again in (rig.telephony.call_customer(wanted), rig.telephony.open_gate(wanted.attempt_id)):
        with pytest.raises(RequestRefused):
            await again
    await rig.telephony.hang_up(wanted.attempt_id)
    await customer_gone(rig, wanted)
    assert rig.times_dialled("ignores") == 1
    assert not rig.told.all(HangupRequested), "it was us"


async def regained(rig: Rig, wanted: CallOrder) -> LiveCall:
    """The call as it is found after the link was lost."""
    await rig.lose_link()
    await rig.told.one(LinkDown)
    await rig.regain_link()
    await rig.told.until(lambda: len(rig.told.all(LinkUp)) == 2)
    (live,) = await rig.telephony.live_calls()
    assert live.attempt_id == wanted.attempt_id
    return live


async def test_d7_a_call_at_the_gate_is_found_and_can_be_let_through(rig: Rig) -> None:
    wanted = first("hangs_up")
    await rig.telephony.call_customer(wanted)
    await rig.told.one(AtGate, wanted.attempt_id)
    live = await regained(rig, wanted)
    assert (live.gate, live.customer_dialled) == (GatePosition.WAITING, False)
    await rig.telephony.open_gate(wanted.attempt_id)
    await over(rig, wanted)
    assert rig.times_dialled("hangs_up") == 1


async def test_d7_a_customer_who_rings_is_found_so(rig: Rig) -> None:
    rings = first("ignores", customer_ring_seconds=20)
    await let_through(rig, rings)
    await rig.told.one(CustomerRinging, rings.attempt_id)
    live = await regained(rig, rings)
    assert (live.customer_dialled, live.customer_answered) == (True, False)
    assert (live.gate, live.awaits_agent) == (GatePosition.PASSED, False)
    await rig.telephony.hang_up(rings.attempt_id)
    await customer_gone(rig, rings)


async def test_d7_a_customer_who_waits_for_his_agent_is_found_so(rig: Rig) -> None:
    waits = first("answers", IGNORING, agent_ring_seconds=20)
    await let_through(rig, waits)
    await rig.told.one(AgentRinging, waits.attempt_id)
    live = await regained(rig, waits)
    assert (live.customer_answered, live.awaits_agent, live.agent_gone) == (True, True, False)
    await rig.telephony.hang_up(waits.attempt_id)
    await over(rig, waits)


async def test_d7_a_talk_is_found_and_goes_on_like_any_other(rig: Rig) -> None:
    """Also what can be done in it (D6): a colleague comes in, and the agent leaves."""
    talks = first()
    await connected(rig, talks)
    live = await regained(rig, talks)
    assert (live.customer_answered, live.awaits_agent, live.agent_gone) == (True, False, False)
    await rig.telephony.hold(talks.attempt_id)
    await rig.telephony.resume(talks.attempt_id)
    await rig.telephony.add_party(
        PartyOrder(party_id=PARTY, attempt_id=talks.attempt_id, extension=COLLEAGUE)
    )
    await rig.told.one(PartyUp, talks.attempt_id)
    await rig.told.one(Entered, talks.attempt_id, party_id=PARTY)
    await rig.telephony.release_agent(talks.attempt_id)
    await rig.told.one(LegEnded, talks.attempt_id, leg=Leg.AGENT)
    (live,) = await rig.telephony.live_calls()
    assert (live.customer_answered, live.awaits_agent, live.agent_gone) == (True, False, True)
    await rig.customer_hangs_up(talks.attempt_id)
    await customer_gone(rig, talks)
    await rig.telephony.drop_party(PARTY)
