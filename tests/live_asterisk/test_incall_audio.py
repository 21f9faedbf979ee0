"""Who hears whom in a call in progress, and that the recording holds it whole (A1, D6, V2).

Each phone says a tone of its own. Marks are seconds since the customer's answer.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial

import numpy as np
import numpy.typing as npt
import pytest
from ulid import ULID

from asterisk.phones import PhoneCall
from asterisk.phones.audio import from_alaw
from asterisk.server import AsteriskServer
from dialer.telephony.events import (
    CustomerAnswered,
    Entered,
    Left,
    LegEnded,
    LinkUp,
    PartyUp,
    PhoneHeld,
    PhoneResumed,
)
from dialer.telephony.incall import PartyMode, PartyOrder
from dialer.telephony.outcomes import Leg
from dialer.telephony.port import CallOrder
from tests.contract.telephony_rigs import ANSWERING, CHIEF, COLLEAGUE, AsteriskRig, order, running
from tests.contract.test_telephony import to_gate
from tests.live_asterisk.conftest import appears
from tests.live_asterisk.test_recording import read, tone
from tests.support.site import until

AGENT_HZ, COLLEAGUE_HZ, CHIEF_HZ, CUSTOMER_HZ = 500, 700, 900, 1200
_TONES = (AGENT_HZ, COLLEAGUE_HZ, CHIEF_HZ, CUSTOMER_HZ)
# A change takes this long to be heard, at most, on a machine that is busy.
_SETTLED = 0.4


def heard_in(samples: npt.NDArray[np.int16], begin: float, end: float) -> set[int]:
    """The tones that are there throughout a time; none of the others may be there at its middle."""
    cut = samples[int((begin + _SETTLED) * 8000) : int(end * 8000)].astype(np.float64)
    frames = cut[: len(cut) // 800 * 800].reshape(-1, 800)
    assert len(frames) >= 3, (begin, end, len(samples) / 8000)
    found = set()
    for hertz in _TONES:
        power = np.abs(frames @ np.exp(-2j * np.pi * hertz * np.arange(800) / 8000)) / 800
        if np.median(power) > 500:
            found.add(hertz)
    return found


def loudness(samples: npt.NDArray[np.int16], begin: float, end: float) -> float:
    cut = samples[int((begin + _SETTLED) * 8000) : int(end * 8000)].astype(np.float64)
    return float(np.sqrt(np.mean(cut**2)))


class Talk:
    """One call on the stage, with the marks of what was done in it."""

    def __init__(self, rig: AsteriskRig, call: CallOrder, customer: PhoneCall) -> None:
        self.rig, self.call, self.customer = rig, call, customer
        self.port, self.told, self.attempt = rig.telephony, rig.told, call.attempt_id
        assert customer.answered_at is not None
        self.began = customer.answered_at

    def now(self) -> float:
        return (datetime.now(UTC) - self.began).total_seconds()

    async def go_on(self, seconds: float = 1.2) -> tuple[float, float]:
        """Let them talk so long; gives the marks."""
        begin = self.now()
        await asyncio.sleep(seconds)
        return begin, self.now()

    async def listen(self, phone: PhoneCall) -> tuple[tuple[float, float], set[int]]:
        """The same, with what a phone heard meanwhile; no packets are silence."""
        before = len(phone.heard)
        when = await self.go_on()
        samples = from_alaw(phone.heard[before:])
        seconds = len(samples) / 8000
        return when, heard_in(samples, 0, seconds) if seconds > 2 * _SETTLED else set()

    async def party(self, extension: str, hertz: int, mode: PartyMode) -> str:
        """Another phone takes part, and says its tone."""
        third = str(ULID())
        await self.port.add_party(
            PartyOrder(party_id=third, attempt_id=self.attempt, extension=extension, mode=mode)
        )
        await self.told.one(PartyUp, self.attempt, party_id=third)
        self.rig.phones[extension].calls[-1].start_speech(tone(hertz, 60))
        if mode is PartyMode.JOIN:
            await self.told.one(Entered, self.attempt, party_id=third)
        return third

    async def outside(self, number: str, hertz: int, mode: PartyMode) -> tuple[str, PhoneCall]:
        """A phone outside takes part, and says its tone."""
        third = str(ULID())
        await self.port.add_party(
            PartyOrder(party_id=third, attempt_id=self.attempt, number=number, mode=mode)
        )
        await self.told.one(PartyUp, self.attempt, party_id=third)
        phone = next(one for one in reversed(self.rig.trunk.calls) if one.number == number)
        phone.start_speech(tone(hertz, 60))
        return third, phone

    def has_come_up(self, times: int) -> bool:
        """Whether parties began to take part in some way so often."""
        return len(self.told.all(PartyUp)) >= times

    def phone(self, extension: str) -> PhoneCall:
        return self.rig.phones[extension].calls[-1]

    async def end(self) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
        """The customer hangs up; gives the recording: our side, and the customer's."""
        await self.customer.hang_up()
        await self.told.one(LegEnded, self.attempt, leg=Leg.CUSTOMER)
        await self.port.hang_up(self.attempt)
        folder = self.rig.server.layout.recordings
        await appears(folder / f"{self.attempt}.done")
        ours = read(folder / f"{self.attempt}.agent.wav")
        theirs = read(folder / f"{self.attempt}.customer.wav")
        assert self.customer.ended_at is not None
        seconds = (self.customer.ended_at - self.began).total_seconds()
        assert abs(len(ours) / 8000 - seconds) < 0.5 and abs(len(theirs) / 8000 - seconds) < 0.5
        return ours, theirs

    def heard(self, call: PhoneCall, begin: float, end: float) -> set[int]:
        """What a phone heard between two marks."""
        assert call.heard_from is not None
        late = (call.heard_from - self.began).total_seconds()
        return heard_in(from_alaw(call.heard), begin - late, end - late)


async def talking(customer: PhoneCall) -> None:
    """Wait until the customer hears something."""

    async def look() -> bool:
        return customer.heard_from is not None

    await until(look, "the customer hears something", 10)


@pytest.fixture
async def talk(asterisk_server: AsteriskServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Talk]:
    """A call in progress. Packets are numbered from the upper half on: see the dialplan's attendant."""
    monkeypatch.setattr("asterisk.phones.rtp.secrets.randbelow", lambda limit: limit * 5 // 8)
    real = AsteriskRig(asterisk_server)
    await real.open()
    try:
        async with running(real):
            call = order(customer_ring_seconds=10)
            await to_gate(real, call)
            await real.telephony.open_gate(call.attempt_id)
            await real.told.one(CustomerAnswered, call.attempt_id)
            await real.told.one(Entered, call.attempt_id)
            customer = next(one for one in real.trunk.calls if one.attempt == call.attempt_id)
            customer.start_speech(tone(CUSTOMER_HZ, 60))
            real.phones[ANSWERING].calls[-1].start_speech(tone(AGENT_HZ, 60))
            await talking(customer)
            yield Talk(real, call, customer)
            await real.telephony.hang_up(call.attempt_id)
    finally:
        await real.close()


async def test_hold_third_party_and_transfer_are_recorded_whole(talk: Talk) -> None:
    """A1, D6: through hold, a third party and the agent's leaving, each side is where it belongs."""
    plain = await talk.go_on()
    await talk.port.hold(talk.attempt)
    held = await talk.go_on(2)
    await talk.port.resume(talk.attempt)
    again = await talk.go_on()
    await talk.party(COLLEAGUE, COLLEAGUE_HZ, PartyMode.JOIN)
    three = await talk.go_on()
    await talk.port.release_agent(talk.attempt)
    await talk.told.one(Left, talk.attempt, party_id=None)
    after = await talk.go_on(6)  # longer than the attendant waits for somebody of ours
    agent, colleague = talk.phone(ANSWERING), talk.phone(COLLEAGUE)
    ours, theirs = await talk.end()

    assert heard_in(ours, *plain) == {AGENT_HZ}
    assert heard_in(ours, *held) == set() and loudness(ours, *held) > 30  # music, and none of ours
    assert heard_in(ours, *again) == {AGENT_HZ}
    assert heard_in(ours, *three) == {AGENT_HZ, COLLEAGUE_HZ}
    assert heard_in(ours, *after) == {COLLEAGUE_HZ}
    for when in (plain, held, again, three, after):
        assert heard_in(theirs, *when) == {CUSTOMER_HZ}
    # And the phones: nobody of ours hears the customer who waits.
    assert talk.heard(agent, *plain) == {CUSTOMER_HZ}
    assert talk.heard(agent, *held) == set()
    assert talk.heard(agent, *three) == {COLLEAGUE_HZ, CUSTOMER_HZ}
    assert talk.heard(colleague, *three) == {AGENT_HZ, CUSTOMER_HZ}
    assert talk.heard(colleague, *after) == {CUSTOMER_HZ}
    assert talk.heard(talk.customer, *three) == {AGENT_HZ, COLLEAGUE_HZ}


async def test_a_phone_outside_is_heard_by_all_and_recorded(talk: Talk) -> None:
    """A1, D6: it is heard by all and is on our side of the recording, until it leaves."""
    third, workshop = await talk.outside("workshop", COLLEAGUE_HZ, PartyMode.JOIN)
    await talk.told.one(Entered, talk.attempt, party_id=third)
    three = await talk.go_on()
    await workshop.hang_up()
    await talk.told.one(Left, talk.attempt, party_id=third)
    after = await talk.go_on()
    agent = talk.phone(ANSWERING)
    ours, theirs = await talk.end()
    assert heard_in(ours, *three) == {AGENT_HZ, COLLEAGUE_HZ}
    assert heard_in(ours, *after) == {AGENT_HZ}
    assert talk.heard(talk.customer, *three) == {AGENT_HZ, COLLEAGUE_HZ}
    assert talk.heard(workshop, *three) == {AGENT_HZ, CUSTOMER_HZ}
    assert talk.heard(agent, *three) == {COLLEAGUE_HZ, CUSTOMER_HZ}
    assert talk.heard(agent, *after) == {CUSTOMER_HZ} and talk.heard(talk.customer, *after) == {AGENT_HZ}
    for when in (three, after):
        assert heard_in(theirs, *when) == {CUSTOMER_HZ}


@pytest.mark.parametrize("where", ["here", "outside"])
async def test_a_private_talk_is_heard_by_two_alone(talk: Talk, where: str) -> None:
    """A1, D6, X1: the customer and the recording have music meanwhile; then three talk, then two."""
    agent = talk.phone(ANSWERING)
    plain = await talk.go_on()
    if where == "here":
        asked = await talk.party(COLLEAGUE, COLLEAGUE_HZ, PartyMode.CONSULT)
        other = talk.phone(COLLEAGUE)
    else:
        asked, other = await talk.outside("workshop", COLLEAGUE_HZ, PartyMode.CONSULT)
    await talk.told.one(Left, talk.attempt, party_id=None)
    private = await talk.go_on(2)
    await talk.port.move_party(asked, PartyMode.JOIN)
    await talk.told.one(Entered, talk.attempt, party_id=asked)
    await talk.told.until(lambda: len(talk.told.all(Entered)) == 3)
    await talk.port.resume(talk.attempt)
    three = await talk.go_on()
    await talk.port.release_agent(talk.attempt)
    await talk.told.until(lambda: len(talk.told.all(Left)) == 2)
    after = await talk.go_on(6)  # longer than the attendant waits for somebody of ours
    ours, theirs = await talk.end()

    assert heard_in(ours, *plain) == {AGENT_HZ}
    assert heard_in(ours, *private) == set() and loudness(ours, *private) > 30  # music, and none of ours
    assert talk.heard(talk.customer, *private) == set()
    assert talk.heard(agent, *private) == {COLLEAGUE_HZ} and talk.heard(other, *private) == {AGENT_HZ}
    assert heard_in(ours, *three) == {AGENT_HZ, COLLEAGUE_HZ}
    assert talk.heard(talk.customer, *three) == {AGENT_HZ, COLLEAGUE_HZ}
    assert talk.heard(agent, *three) == {COLLEAGUE_HZ, CUSTOMER_HZ}
    assert talk.heard(other, *three) == {AGENT_HZ, CUSTOMER_HZ}
    assert heard_in(ours, *after) == {COLLEAGUE_HZ} and talk.heard(other, *after) == {CUSTOMER_HZ}
    for when in (plain, private, three, after):
        assert heard_in(theirs, *when) == {CUSTOMER_HZ}


async def test_from_a_private_talk_back_to_the_customer(talk: Talk) -> None:
    """A1, D6: the other one hangs up; the customer waits on until he is taken back, by one who was mute."""
    agent = talk.phone(ANSWERING)
    await talk.port.mute(talk.attempt, True)
    await talk.party(COLLEAGUE, COLLEAGUE_HZ, PartyMode.CONSULT)
    await talk.told.one(Left, talk.attempt, party_id=None)
    private, in_private = await talk.listen(agent)
    other = talk.phone(COLLEAGUE)
    await other.hang_up()
    await talk.told.until(lambda: len(talk.told.all(Entered)) == 2)
    waits, in_waiting = await talk.listen(agent)
    await talk.port.resume(talk.attempt)
    muted, when_muted = await talk.listen(agent)
    await talk.port.mute(talk.attempt, False)
    heard, again = await talk.listen(agent)
    ours, _theirs = await talk.end()
    assert talk.heard(other, *private) == {AGENT_HZ} and in_private == {COLLEAGUE_HZ}
    assert heard_in(ours, *waits) == set() and in_waiting == set()
    assert loudness(ours, *waits) > 30
    assert heard_in(ours, *muted) == set() and when_muted == {CUSTOMER_HZ}
    assert heard_in(ours, *heard) == {AGENT_HZ} and again == {CUSTOMER_HZ}


async def test_who_is_left_alone_aside_is_brought_back(talk: Talk) -> None:
    """D6: Asterisk may lose one of two while it lets them into their bridge; here it never lets them in."""
    server = talk.rig.server
    await server.cli("dialplan add extension talk,1,Wait,60 into huifang-aside replace")
    try:
        await talk.party(COLLEAGUE, COLLEAGUE_HZ, PartyMode.CONSULT)
        await talk.told.one(Left, talk.attempt, party_id=None)
    finally:
        await server.cli("dialplan reload")
    await talk.phone(COLLEAGUE).hang_up()
    await talk.told.until(lambda: [one.party_id for one in talk.told.all(Entered)] == [None, None])
    await talk.port.resume(talk.attempt)
    agent = talk.phone(ANSWERING)
    heard, in_phone = await talk.listen(agent)
    ours, _theirs = await talk.end()
    assert in_phone == {CUSTOMER_HZ} and heard_in(ours, *heard) == {AGENT_HZ}


async def test_a_supervisor_is_heard_by_whom_he_means_only(talk: Talk) -> None:
    """A1, V2: listening is heard by nobody, a whisper by the agent, joining by all and the recording."""
    chief = await talk.party(CHIEF, CHIEF_HZ, PartyMode.LISTEN)
    listens = await talk.go_on()
    moments: dict[PartyMode, tuple[float, float]] = {}
    for mode in (PartyMode.WHISPER, PartyMode.JOIN, PartyMode.LISTEN):
        await talk.port.move_party(chief, mode)
        wanted = 2 + len(moments)
        await talk.told.until(partial(talk.has_come_up, wanted))
        moments[mode] = await talk.go_on(1.6)
    agent, his = talk.phone(ANSWERING), talk.phone(CHIEF)
    ours, theirs = await talk.end()
    whispers, joins, again = moments.values()

    for when, hears, recorded in (
        (listens, {CUSTOMER_HZ}, {AGENT_HZ}),
        (whispers, {CUSTOMER_HZ, CHIEF_HZ}, {AGENT_HZ}),
        (joins, {CUSTOMER_HZ, CHIEF_HZ}, {AGENT_HZ, CHIEF_HZ}),
        (again, {CUSTOMER_HZ}, {AGENT_HZ}),
    ):
        assert talk.heard(agent, *when) == hears
        assert talk.heard(talk.customer, *when) == recorded
        assert heard_in(ours, *when) == recorded
        assert heard_in(theirs, *when) == {CUSTOMER_HZ}
        assert talk.heard(his, *when) == {AGENT_HZ, CUSTOMER_HZ}


async def test_mute_tones_and_the_phones_own_hold(talk: Talk) -> None:
    """A1, D6: nobody hears a muted agent; after the phone's own hold our side is recorded again."""
    await talk.port.mute(talk.attempt, True)
    muted = await talk.go_on()
    await talk.port.mute(talk.attempt, False)
    heard = await talk.go_on()
    await talk.port.send_digits(talk.attempt, "5")
    await talk.phone(ANSWERING).hold()
    await talk.told.one(PhoneHeld, talk.attempt)
    held = await talk.go_on(2)
    await talk.phone(ANSWERING).hold(False)
    await talk.told.one(PhoneResumed, talk.attempt)
    back = await talk.go_on(2)
    agent = talk.phone(ANSWERING)
    ours, theirs = await talk.end()
    assert heard_in(ours, *muted) == set() and talk.heard(talk.customer, *muted) == set()
    assert talk.heard(agent, *muted) == {CUSTOMER_HZ}
    assert heard_in(ours, *heard) == {AGENT_HZ}
    assert AGENT_HZ not in heard_in(ours, *held) and loudness(ours, *held) > 30
    assert heard_in(ours, *back) == {AGENT_HZ} and talk.heard(talk.customer, *back) == {AGENT_HZ}
    assert heard_in(theirs, *back) == {CUSTOMER_HZ} and talk.heard(agent, *back) == {CUSTOMER_HZ}


async def test_without_a_service_nobody_is_left_on_hold(talk: Talk) -> None:
    """D6, D7: the agent hangs up while the customer has music, without a link: the call ends by itself."""
    await talk.port.hold(talk.attempt)
    await talk.rig.lose_link()
    await talk.phone(ANSWERING).hang_up()
    async with asyncio.timeout(20):
        await talk.customer.ended.wait()
    await talk.rig.regain_link()
    await talk.told.until(lambda: len(talk.told.all(LinkUp)) == 2)
    assert await talk.port.live_calls() == ()
