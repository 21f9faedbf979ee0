"""The telephony port's promises, kept by the shipped fake and on a real Asterisk (D1, D3, D7).

Longer than 400 lines because it is one contract, read from top to bottom.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from asterisk.server import AsteriskServer
from dialer.telephony.events import (
    AgentLegFailed,
    AgentRinging,
    AgentUp,
    CustomerAnswered,
    CustomerDialEnded,
    CustomerDialing,
    CustomerRinging,
    GateExpired,
    GateOpened,
    HangupRequested,
    LegEnded,
    LinkDown,
    LinkUp,
    PhoneState,
)
from dialer.telephony.fake import FakeTelephony
from dialer.telephony.outcomes import DialOutcome, Leg, LegEvidence, customer_outcome
from dialer.telephony.port import (
    CallOrder,
    CallTrail,
    GatePosition,
    LinkUnavailable,
    LiveCall,
    RequestRefused,
)
from tests.contract.telephony_rigs import (
    ANSWERING,
    BUSY,
    IGNORING,
    UNREGISTERED,
    AsteriskRig,
    FakeRig,
    Rig,
    order,
    running,
)


@pytest.fixture(params=["fake", "asterisk"])
def server(request: pytest.FixtureRequest) -> AsteriskServer | None:
    """The real Asterisk, started when a test of it is the first; None for the fake."""
    if request.param == "fake":
        return None
    real: AsteriskServer = request.getfixturevalue("asterisk_server")
    return real


@pytest.fixture
async def rig(server: AsteriskServer | None) -> AsyncIterator[Rig]:
    if server is None:
        stage = FakeRig()
        async with running(stage) as rig:
            yield rig
            await stage.telephony.crash()
        return
    real = AsteriskRig(server)
    await real.open()
    try:
        async with running(real) as rig:
            yield rig
            await end_all(rig)
    finally:
        await real.close()


async def end_all(rig: Rig) -> None:
    """Leave no call behind for the next test."""
    with contextlib.suppress(LinkUnavailable):
        for live in await rig.telephony.live_calls():
            await rig.telephony.hang_up(live.attempt_id)
            await rig.told.one(LegEnded, live.attempt_id, leg=Leg.AGENT)


async def to_gate(rig: Rig, wanted: CallOrder) -> None:
    await rig.telephony.call_agent(wanted)
    await rig.told.one(AgentUp, wanted.attempt_id)


async def over(rig: Rig, wanted: CallOrder) -> None:
    for leg in Leg:
        await rig.told.one(LegEnded, wanted.attempt_id, leg=leg)


async def talking(rig: Rig, wanted: CallOrder) -> None:
    await to_gate(rig, wanted)
    await rig.telephony.open_gate(wanted.attempt_id)
    await rig.told.one(CustomerAnswered, wanted.attempt_id)


async def test_a_call_from_the_agents_ringing_to_the_customers_hangup(rig: Rig) -> None:
    """D1."""
    wanted = order("hangs_up")
    await talking(rig, wanted)
    await over(rig, wanted)
    ended = await rig.told.one(CustomerDialEnded, wanted.attempt_id)
    assert (ended.dial_status, ended.cause) == ("ANSWER", 16)
    kinds = [
        AgentRinging,
        AgentUp,
        GateOpened,
        CustomerDialing,
        CustomerRinging,
        CustomerAnswered,
        HangupRequested,
    ]
    assert [len(rig.told.all(kind, wanted.attempt_id)) for kind in kinds] == [1] * len(kinds)
    assert rig.told.all(HangupRequested)[0].leg is Leg.CUSTOMER
    assert {e.cause for e in rig.told.all(LegEnded)} == {16}
    assert rig.times_dialled("hangs_up") == 1


async def trail_to_the_end(rig: Rig, wanted: CallOrder) -> CallTrail:
    """What the log holds of a call once it holds the agent's end."""
    async with asyncio.timeout(5):
        while (trail := await rig.telephony.trail(wanted.attempt_id)).agent_ended_at is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # a file is watched, which tells nobody
    return trail


def happened_in_order(*times: datetime | None) -> None:
    """All of it is in the log, one after the other."""
    known = [at for at in times if at is not None]
    assert len(known) == len(times)
    assert known == sorted(known)


async def test_the_trail_proves_what_happened(rig: Rig) -> None:
    """D7."""
    wanted = order("hangs_up")
    await talking(rig, wanted)
    await over(rig, wanted)
    # The log's last row may come a moment after the event.
    trail = await trail_to_the_end(rig, wanted)
    happened_in_order(
        trail.agent_answered_at,
        trail.customer_started_at,
        trail.customer_answered_at,
        trail.customer_ended_at,
    )
    assert trail.agent_ended_at is not None
    assert trail.customer_cause == 16


async def test_the_agent_hangs_up_in_the_talk(rig: Rig) -> None:
    wanted = order()
    await talking(rig, wanted)
    await rig.agent_hangs_up(wanted.attempt_id)
    await over(rig, wanted)
    assert [e.leg for e in rig.told.all(HangupRequested)] == [Leg.AGENT]


async def test_the_customer_hangs_up_in_the_talk(rig: Rig) -> None:
    wanted = order()
    await talking(rig, wanted)
    await rig.customer_hangs_up(wanted.attempt_id)
    await over(rig, wanted)
    assert [e.leg for e in rig.told.all(HangupRequested)] == [Leg.CUSTOMER]


async def test_the_agent_hangs_up_while_the_customer_is_rung(rig: Rig) -> None:
    wanted = order("ignores", customer_ring_seconds=20)
    await to_gate(rig, wanted)
    await rig.telephony.open_gate(wanted.attempt_id)
    await rig.told.one(CustomerRinging, wanted.attempt_id)
    await rig.agent_hangs_up(wanted.attempt_id)
    await over(rig, wanted)
    assert rig.told.all(CustomerDialEnded)[0].dial_status == "CANCEL"
    assert rig.told.all(HangupRequested)[0].leg is Leg.AGENT


@pytest.mark.parametrize(
    ("number", "status", "cause", "tech_cause", "rang", "outcome"),
    [
        ("busy", "BUSY", 17, "486", True, DialOutcome.BUSY),
        ("rejects", "CHANUNAVAIL", 21, "603", True, DialOutcome.REJECTED),
        ("unknown", "CHANUNAVAIL", 1, "404", False, DialOutcome.INVALID_NUMBER),
        ("announced", "CHANUNAVAIL", 1, "404", False, DialOutcome.INVALID_NUMBER),
        ("unavailable", "NOANSWER", 19, "480", False, DialOutcome.NO_ANSWER),
        ("no_line", "CONGESTION", 34, "503", False, DialOutcome.CONGESTION),
        ("ignores", "NOANSWER", 0, None, True, DialOutcome.NO_ANSWER),
    ],
)
async def test_how_a_customer_was_not_reached(
    rig: Rig, number: str, status: str, cause: int, tech_cause: str | None, rang: bool, outcome: DialOutcome
) -> None:
    """D3: the signalling fact of each fate."""
    wanted = order(number)
    await to_gate(rig, wanted)
    await rig.telephony.open_gate(wanted.attempt_id)
    await over(rig, wanted)
    ended = await rig.told.one(CustomerDialEnded, wanted.attempt_id)
    leg = await rig.told.one(LegEnded, wanted.attempt_id, leg=Leg.CUSTOMER)
    assert (ended.dial_status, ended.cause) == (status, cause)
    if number != "ignores":
        assert (leg.cause, leg.tech_cause) == (cause, tech_cause)
    assert bool(rig.told.all(CustomerRinging, wanted.attempt_id)) is rang
    assert rig.told.all(CustomerAnswered) == []
    evidence = LegEvidence(
        rang=rang, dial_status=ended.dial_status, cause=leg.cause, tech_cause=leg.tech_cause
    )
    assert customer_outcome(evidence) is outcome
    trail = await rig.telephony.trail(wanted.attempt_id)
    assert trail.customer_started_at is not None
    assert trail.customer_answered_at is None
    assert trail.customer_cause == leg.cause


@pytest.mark.parametrize(
    ("extension", "reason", "rings", "cause"),
    [(BUSY, 0, True, 17), (IGNORING, 3, True, 19), (UNREGISTERED, 0, False, None)],
)
async def test_how_an_agent_was_not_reached(
    rig: Rig, extension: str, reason: int, rings: bool, cause: int | None
) -> None:
    wanted = order(extension=extension)
    await rig.telephony.call_agent(wanted)
    failed = await rig.told.one(AgentLegFailed, wanted.attempt_id)
    assert failed.reason == reason
    assert failed.detail
    if cause is not None:
        assert (await rig.told.one(LegEnded, wanted.attempt_id, leg=Leg.AGENT)).cause == cause
    assert bool(rig.told.all(AgentRinging, wanted.attempt_id)) is rings
    assert rig.told.all(AgentUp) == []
    assert await rig.telephony.live_calls() == ()
    trail = await rig.telephony.trail(wanted.attempt_id)
    assert (trail.agent_answered_at, trail.customer_started_at) == (None, None)
    assert rig.times_dialled(wanted.customer_number) == 0


async def test_a_gate_that_is_never_opened_dials_nobody(rig: Rig) -> None:
    """D7: with nobody in charge the customer is rung 0 times."""
    wanted = order()
    await to_gate(rig, wanted)
    await rig.told.one(GateExpired, wanted.attempt_id)
    ended = await rig.told.one(LegEnded, wanted.attempt_id, leg=Leg.AGENT)
    assert ended.cause == 31
    with pytest.raises(RequestRefused):
        await rig.telephony.open_gate(wanted.attempt_id)
    assert rig.times_dialled("answers") == 0
    assert (await rig.telephony.trail(wanted.attempt_id)).customer_started_at is None


async def test_a_gate_opens_once(rig: Rig) -> None:
    """D7: a repeated request never dials twice, also not one that is made at the same time."""
    wanted = order()
    await to_gate(rig, wanted)
    results = await asyncio.gather(
        *(rig.telephony.open_gate(wanted.attempt_id) for _ in range(3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [type(None), RequestRefused, RequestRefused]
    await rig.told.one(CustomerAnswered, wanted.attempt_id)
    with pytest.raises(RequestRefused, match=wanted.attempt_id):
        await rig.telephony.open_gate(wanted.attempt_id)
    await rig.customer_hangs_up(wanted.attempt_id)
    await over(rig, wanted)
    assert rig.times_dialled("answers") == 1


async def test_a_gate_is_shut_while_the_agent_is_rung_and_for_strangers(rig: Rig) -> None:
    wanted = order(extension=IGNORING)
    await rig.telephony.call_agent(wanted)
    await rig.told.one(AgentRinging, wanted.attempt_id)
    for attempt_id in (wanted.attempt_id, order().attempt_id):
        with pytest.raises(RequestRefused, match=attempt_id):
            await rig.telephony.open_gate(attempt_id)


async def test_an_attempt_that_is_alive_is_refused(rig: Rig) -> None:
    """D7: the attempt id is an idempotency key, and the live call goes on."""
    wanted = order()
    await talking(rig, wanted)
    with pytest.raises(RequestRefused, match=wanted.attempt_id):
        await rig.telephony.call_agent(wanted)
    await rig.customer_hangs_up(wanted.attempt_id)
    await over(rig, wanted)
    assert rig.told.all(AgentLegFailed) == []


async def test_live_calls_at_each_step(rig: Rig) -> None:
    """D7: what settling reads after a restart."""
    wanted = order("answers", customer_ring_seconds=5)

    def live(gate: GatePosition, dialled: bool = False, answered: bool = False) -> tuple[LiveCall, ...]:
        return (
            LiveCall(
                attempt_id=wanted.attempt_id, gate=gate, customer_dialled=dialled, customer_answered=answered
            ),
        )

    await rig.telephony.call_agent(wanted)
    await rig.told.one(AgentRinging)
    assert await rig.telephony.live_calls() == live(GatePosition.RINGING)
    await rig.told.one(AgentUp)
    assert await rig.telephony.live_calls() == live(GatePosition.WAITING)
    await rig.telephony.open_gate(wanted.attempt_id)
    await rig.told.one(CustomerRinging)
    assert await rig.telephony.live_calls() == live(GatePosition.PASSED, dialled=True)
    await rig.told.one(CustomerAnswered)
    assert await rig.telephony.live_calls() == live(GatePosition.PASSED, dialled=True, answered=True)
    await rig.telephony.hang_up(wanted.attempt_id)
    await over(rig, wanted)
    assert await rig.telephony.live_calls() == ()


@pytest.mark.parametrize("moment", [AgentRinging, AgentUp, CustomerRinging, CustomerAnswered])
async def test_hang_up_ends_both_legs_and_nobody_asked_for_it(rig: Rig, moment: type) -> None:
    wanted = order(
        "ignores" if moment is CustomerRinging else "answers",
        extension=IGNORING if moment is AgentRinging else ANSWERING,
        customer_ring_seconds=20,
    )
    await rig.telephony.call_agent(wanted)
    if moment is not AgentRinging:
        await rig.told.one(AgentUp)
    if moment in (CustomerRinging, CustomerAnswered):
        await rig.telephony.open_gate(wanted.attempt_id)
    await rig.told.one(moment)
    await rig.telephony.hang_up(wanted.attempt_id)
    await rig.told.one(LegEnded, leg=Leg.AGENT)
    if moment in (CustomerRinging, CustomerAnswered):
        await rig.told.one(LegEnded, leg=Leg.CUSTOMER)
    assert await rig.telephony.live_calls() == ()
    assert rig.told.all(HangupRequested) == []
    await rig.telephony.hang_up(wanted.attempt_id)  # one that is over is no error
    await rig.telephony.hang_up(order().attempt_id)


async def test_several_calls_are_kept_apart(rig: Rig) -> None:
    first, second = order("hangs_up"), order("busy")
    await asyncio.gather(to_gate(rig, first), to_gate(rig, second))
    assert {live.attempt_id for live in await rig.telephony.live_calls()} == {
        first.attempt_id,
        second.attempt_id,
    }
    await asyncio.gather(*(rig.telephony.open_gate(one.attempt_id) for one in (first, second)))
    await asyncio.gather(over(rig, first), over(rig, second))
    assert [e.attempt_id for e in rig.told.all(CustomerAnswered)] == [first.attempt_id]
    assert (await rig.told.one(CustomerDialEnded, second.attempt_id)).cause == 17


async def test_a_lost_link_is_told_with_advice_and_requests_are_refused(rig: Rig) -> None:
    """D7."""
    before = order("busy")
    await to_gate(rig, before)
    await rig.telephony.hang_up(before.attempt_id)
    await rig.told.one(LegEnded, before.attempt_id, leg=Leg.AGENT)  # there is a log once there was a call
    await rig.lose_link()
    down = await rig.told.one(LinkDown)
    assert down.reason.endswith(".")
    assert down.advice.endswith(".")
    assert rig.telephony.reachable_phones() is None
    wanted = order()
    for request in (
        rig.telephony.call_agent(wanted),
        rig.telephony.open_gate(wanted.attempt_id),
        rig.telephony.hang_up(wanted.attempt_id),
        rig.telephony.live_calls(),
    ):
        with pytest.raises(LinkUnavailable):
            await request
    assert await rig.telephony.trail(wanted.attempt_id) == CallTrail(attempt_id=wanted.attempt_id)
    await rig.regain_link()
    await rig.told.until(lambda: len(rig.told.all(LinkUp)) == 2)
    assert await rig.telephony.live_calls() == ()
    assert rig.times_dialled("answers") == 0


async def test_a_call_outlives_the_link_and_is_taken_up_again(rig: Rig) -> None:
    """D7: no lost call across the link."""
    wanted = order()
    await talking(rig, wanted)
    await rig.lose_link()
    await rig.told.one(LinkDown)
    await rig.regain_link()
    await rig.told.until(lambda: len(rig.told.all(LinkUp)) == 2)
    before, after = rig.told.all(LinkUp)
    assert before.started_at == after.started_at
    (live,) = await rig.telephony.live_calls()
    assert (live.attempt_id, live.customer_answered) == (wanted.attempt_id, True)
    with pytest.raises(RequestRefused):
        await rig.telephony.call_agent(wanted)
    await rig.customer_hangs_up(wanted.attempt_id)
    await over(rig, wanted)
    assert (await rig.told.one(HangupRequested, wanted.attempt_id)).leg is Leg.CUSTOMER


async def test_a_gate_can_be_opened_after_the_link_came_back(rig: Rig) -> None:
    wanted = order()
    await to_gate(rig, wanted)
    await rig.lose_link()
    await rig.told.one(LinkDown)
    await rig.regain_link()
    await rig.told.until(lambda: len(rig.told.all(LinkUp)) == 2)
    await rig.telephony.open_gate(wanted.attempt_id)
    await rig.told.one(CustomerAnswered, wanted.attempt_id)
    assert rig.times_dialled("answers") == 1


async def test_what_ended_while_the_link_was_away_is_in_the_trail(rig: Rig) -> None:
    """D7: settling needs no event."""
    wanted = order("hangs_up")
    await talking(rig, wanted)
    await rig.lose_link()
    trail = await trail_to_the_end(rig, wanted)
    assert trail.customer_answered_at is not None
    await rig.regain_link()
    await rig.told.until(lambda: len(rig.told.all(LinkUp)) == 2)
    assert await rig.telephony.live_calls() == ()


async def test_reachable_phones_are_known_and_followed(rig: Rig) -> None:
    phones = rig.telephony.reachable_phones
    await rig.told.until(lambda: {ANSWERING, BUSY, IGNORING} <= (phones() or set()))
    assert UNREGISTERED not in (phones() or set())
    await rig.phone_gone(ANSWERING)
    gone = await rig.told.one(PhoneState, extension=ANSWERING)
    assert not gone.reachable
    now = phones()
    assert now is not None
    assert ANSWERING not in now


async def test_events_end_with_stop(rig: Rig) -> None:
    await rig.telephony.stop()
    await rig.told.until(lambda: rig.told.ended)
    with pytest.raises(LinkUnavailable):
        await rig.telephony.live_calls()


async def test_the_fake_is_the_ports_type() -> None:
    assert isinstance(FakeRig().telephony, FakeTelephony)
