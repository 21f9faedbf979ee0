"""What the telephony port promises of a phone under test, kept by the fake and on a real Asterisk (V3)."""

import asyncio

import pytest
from ulid import ULID

from dialer.telephony.events import AgentUp, LinkUp
from dialer.telephony.phonetest import PhoneHeard, PhoneTestOrder, Reached
from dialer.telephony.port import LinkUnavailable, RequestRefused, RequestUncertain, TelephonyError
from tests.contract.telephony_rigs import (
    ANSWERING,
    BUSY,
    IGNORING,
    UNREGISTERED,
    AsteriskRig,
    FakeRig,
    Rig,
    order,
)
from tests.contract.test_telephony import rig, server, to_gate

__all__ = ["rig", "server"]


def wanted(extension: str = ANSWERING, *, echo: int = 1, ring: int = 1) -> PhoneTestOrder:
    return PhoneTestOrder(test_id=str(ULID()), extension=extension, ring_seconds=ring, echo_seconds=echo)


async def test_v3_a_phone_that_answers_is_heard_and_the_test_ends_by_itself(rig: Rig) -> None:
    """Packets come from it and go to it; no event of any call is told, and no call is alive."""
    async with asyncio.timeout(8):
        heard = await rig.telephony.test_phone(wanted(echo=2, ring=4))
    assert heard.reached is Reached.ANSWERED
    assert 1.5 < heard.seconds < 4, "before Asterisk's own time-out"
    assert heard.from_phone is not None and heard.from_phone > 20
    assert heard.to_phone is not None and heard.to_phone > 20
    assert await rig.telephony.live_calls() == ()
    assert not rig.told.all(AgentUp)


async def test_v3_who_hangs_up_himself_was_counted_until_then(rig: Rig) -> None:
    one = wanted(echo=20)
    testing = asyncio.create_task(rig.telephony.test_phone(one))
    await asyncio.sleep(2.5)
    if isinstance(rig, AsteriskRig):
        await rig.phones[ANSWERING].calls[-1].hang_up()
    else:
        await rig.telephony.end_phone_test(one.test_id)
    heard = await asyncio.wait_for(testing, 3)
    assert heard.reached is Reached.ANSWERED
    assert heard.from_phone is not None and heard.from_phone > 20


@pytest.mark.parametrize(
    ("extension", "reached"),
    [
        (BUSY, Reached.NO_ANSWER),
        (IGNORING, Reached.NO_ANSWER),
        (UNREGISTERED, Reached.NOT_REGISTERED),
    ],
)
async def test_v3_a_phone_that_is_not_reached_says_so(rig: Rig, extension: str, reached: Reached) -> None:
    assert await rig.telephony.test_phone(wanted(extension)) == PhoneHeard(reached=reached)


async def test_v3_a_test_is_ended_by_us_and_by_a_call_to_that_phone(rig: Rig) -> None:
    """A call of ours finds the phone free: the test gives way to it."""
    for end in ("us", "call"):
        one = wanted(echo=20)
        testing = asyncio.create_task(rig.telephony.test_phone(one))
        await asyncio.sleep(0.8)
        with pytest.raises(RequestRefused, match="tested already"):
            await rig.telephony.test_phone(wanted())
        if end == "us":
            await rig.telephony.end_phone_test(one.test_id)
        else:
            await to_gate(rig, order())
        heard = await asyncio.wait_for(testing, 3)
        assert heard.reached is Reached.ANSWERED and heard.seconds < 5
        await rig.telephony.end_phone_test(one.test_id)


async def test_v3_a_call_that_comes_with_the_test_finds_the_phone_free(rig: Rig) -> None:
    """Also where the telephone system has told nothing of the test yet."""
    testing = asyncio.create_task(rig.telephony.test_phone(wanted(echo=20)))
    await asyncio.sleep(0)
    await to_gate(rig, order())
    async with asyncio.timeout(3):
        await testing


async def test_v3_without_a_link_nothing_is_rung(rig: Rig) -> None:
    await rig.lose_link()
    async with asyncio.timeout(5):
        while True:
            try:
                await rig.telephony.end_phone_test(str(ULID()))
            except LinkUnavailable:
                break
            await asyncio.sleep(0.02)
    with pytest.raises(TelephonyError):
        await rig.telephony.test_phone(wanted())
    await rig.regain_link()


async def test_v3_a_lost_link_leaves_no_phone_in_a_test(rig: Rig) -> None:
    """How it ended was not seen, and is not guessed; with the link back the phone is free at once."""
    await _lose_link_in_a_test(rig, echo=20)
    await rig.regain_link()
    await rig.told.until(lambda: len(rig.told.all(LinkUp)) == 2)
    await _let_go(rig, within=3)
    assert (await rig.telephony.test_phone(wanted())).reached is Reached.ANSWERED


async def test_v3_a_test_ends_where_nobody_is_left_to_end_it(rig: Rig) -> None:
    """The service is gone for good: Asterisk itself lets the phone go."""
    await _lose_link_in_a_test(rig, echo=2)
    await _let_go(rig, within=5)
    await rig.regain_link()


async def _lose_link_in_a_test(rig: Rig, echo: int) -> None:
    testing = asyncio.create_task(rig.telephony.test_phone(wanted(echo=echo)))
    await asyncio.sleep(0.8)
    await rig.lose_link()
    with pytest.raises(RequestUncertain):
        await asyncio.wait_for(testing, 5)


async def _let_go(rig: Rig, within: float) -> None:
    """The phone that answered has been hung up, by what it saw itself."""
    if isinstance(rig, AsteriskRig):
        call = rig.phones[ANSWERING].calls[-1]
        async with asyncio.timeout(within):
            await call.ended.wait()
    else:
        assert isinstance(rig, FakeRig)
        assert rig.telephony.phone_tests.alive == {}
