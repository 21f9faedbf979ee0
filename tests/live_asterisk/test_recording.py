"""Recordings and the event log that a real call leaves (A1, D3, D7)."""

import asyncio
import csv
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from asterisk.install import AsteriskBinary
from asterisk.phones import Announce, Answer, CustomerTrunk, Refuse, Softphone
from asterisk.phones.audio import from_alaw, to_alaw
from asterisk.server import AsteriskServer
from tests.fixtures_asterisk import EXTENSIONS, PHONE_PASSWORD, trial_settings
from tests.live_asterisk.conftest import Party, Place, appears, go, over
from tests.live_asterisk.raw_ami import RawAmi

AGENT_HZ, CUSTOMER_HZ = 500, 1200


def tone(hertz: int, seconds: float) -> bytes:
    time = np.arange(int(8000 * seconds)) / 8000
    return to_alaw((8000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16))


def begins(samples: npt.NDArray[np.int16], hertz: int) -> float | None:
    """When a tone begins, in seconds; None when it is not there."""
    frames = samples[: len(samples) // 80 * 80].reshape(-1, 80).astype(np.float64)
    wave = np.exp(-2j * np.pi * hertz * np.arange(80) / 8000)
    loud = np.flatnonzero(np.abs(frames @ wave) / 80 > 1000)
    return float(loud[0]) / 100 if loud.size else None


def read(path: Path) -> npt.NDArray[np.int16]:
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == 8000
    result: npt.NDArray[np.int16] = samples
    return result


async def test_both_legs_are_recorded_apart_and_aligned(
    ami: RawAmi,
    agent: Softphone,
    trunk: CustomerTrunk,
    party: Party,
    place: Place,
    asterisk_server: AsteriskServer,
) -> None:
    """A1: agent and customer each in a file of their own, whole, and on one time line."""
    party.customer = Answer(wait_for_start=True)
    attempt = await place("REC-both-1")
    await go(ami, attempt)
    customer = await trunk.call_of(attempt)
    await customer.answered.wait()
    await ami.wait("HFAnswered", Attempt=attempt)
    await asyncio.sleep(0.3)
    customer.start_speech(tone(CUSTOMER_HZ, 1))
    agent.calls[-1].start_speech(tone(AGENT_HZ, 1))
    await asyncio.sleep(1.7)
    await customer.hang_up()
    await over(ami, attempt, customer)

    folder = asterisk_server.layout.recordings
    await appears(folder / f"{attempt}.done")
    heard, said = read(folder / f"{attempt}.customer.wav"), read(folder / f"{attempt}.agent.wav")
    in_customer, in_agent = begins(heard, CUSTOMER_HZ), begins(said, AGENT_HZ)
    assert in_customer is not None and in_agent is not None
    assert abs(in_customer - in_agent) <= 0.06
    assert begins(heard, AGENT_HZ) is None and begins(said, CUSTOMER_HZ) is None
    assert customer.answered_at is not None and customer.ended_at is not None
    seconds = (customer.ended_at - customer.answered_at).total_seconds()
    assert abs(len(heard) / 8000 - seconds) < 0.2 and len(heard) == len(said)
    # And each phone heard the other.
    assert begins(from_alaw(customer.heard), AGENT_HZ) is not None
    assert begins(from_alaw(agent.calls[-1].heard), CUSTOMER_HZ) is not None


async def test_announcement_before_a_failure_is_kept(
    ami: RawAmi,
    agent: Softphone,
    trunk: CustomerTrunk,
    party: Party,
    place: Place,
    asterisk_server: AsteriskServer,
) -> None:
    """D3: what the network says before it fails (空号, 关机) is on disk, and the agent heard it."""
    party.customer = Announce(speech=tone(CUSTOMER_HZ, 1), then=Refuse(code=404))
    attempt = await place("REC-early-1")
    await go(ami, attempt)
    ended = await ami.wait("HFDialEnd", Attempt=attempt)
    assert (ended["DialStatus"], ended["Cause"]) == ("CHANUNAVAIL", "1")
    await over(ami, attempt, trunk.calls[-1])
    folder = asterisk_server.layout.recordings
    await appears(folder / f"{attempt}.early.done")
    early = read(folder / f"{attempt}.early.wav")
    assert begins(early, CUSTOMER_HZ) is not None
    assert 0.8 <= len(early) / 8000 <= 1.5
    assert not (folder / f"{attempt}.customer.wav").exists()
    assert begins(from_alaw(agent.calls[-1].heard), CUSTOMER_HZ) is not None


async def test_announcement_before_an_answer_is_kept_apart(
    ami: RawAmi,
    agent: Softphone,
    trunk: CustomerTrunk,
    party: Party,
    place: Place,
    asterisk_server: AsteriskServer,
) -> None:
    """D3: early media and the talk are two recordings; the talk begins at the answer."""
    then = Answer(ring_seconds=0, speech=tone(AGENT_HZ, 0.5), hang_up_after=1)
    party.customer = Announce(speech=tone(CUSTOMER_HZ, 0.6), then=then)
    attempt = await place("REC-early-2")
    await go(ami, attempt)
    customer = await trunk.call_of(attempt)
    await over(ami, attempt, customer)
    folder = asterisk_server.layout.recordings
    await appears(folder / f"{attempt}.done")
    assert begins(read(folder / f"{attempt}.early.wav"), CUSTOMER_HZ) is not None
    talk = read(folder / f"{attempt}.customer.wav")
    # The announcement's last packets may come behind the answer.
    assert begins(talk, AGENT_HZ) is not None and begins(talk[480:], CUSTOMER_HZ) is None


async def test_no_announcement_is_digital_silence(
    ami: RawAmi,
    agent: Softphone,
    trunk: CustomerTrunk,
    party: Party,
    place: Place,
    asterisk_server: AsteriskServer,
) -> None:
    """D3: where the network said nothing, the early recording holds nothing but zeros, and tells its end."""
    party.agent = Answer(speech=tone(AGENT_HZ, 5))
    party.customer = Refuse(code=486, ring_seconds=0.5)
    attempt = await place("REC-none-1")
    await go(ami, attempt)
    await over(ami, attempt, await trunk.call_of(attempt))
    folder = asterisk_server.layout.recordings
    await appears(folder / f"{attempt}.early.done")
    early = read(folder / f"{attempt}.early.wav")
    assert not early.any()


async def test_event_log_holds_the_proof_after_a_kill(
    asterisk_binary: AsteriskBinary, short_tmp: Path
) -> None:
    """D7: killed in the middle of a talk, Asterisk leaves CEL rows of both legs on disk."""
    server = AsteriskServer(asterisk_binary, short_tmp / "kill", trial_settings())
    await server.start()
    try:
        ami = await RawAmi().connect(server.connection())
        registrar = ("127.0.0.1", server.ports.sip)
        async with (
            Softphone(EXTENSIONS[0], PHONE_PASSWORD, registrar, lambda _: Answer()),
            CustomerTrunk(lambda _: Answer(), port=server.settings.trunk_port),
        ):
            await ami.act(
                ("Variable", "__HF_ATTEMPT=KILL1"),
                ("Variable", "__HF_DIAL=PJSIP/139@trunk"),
                Action="Originate",
                Channel=f"PJSIP/{EXTENSIONS[0]}",
                ChannelId="KILL1",
                Context="huifang-agent",
                Exten="s",
                Priority="1",
                Async="true",
            )
            await go(ami, "KILL1")
            await ami.first(lambda e: e["Event"] == "BridgeEnter" and e["Uniqueid"] == "KILL1")
            await server.kill()
        await ami.close()
    finally:
        await server.kill()
    with server.layout.cel_file.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    seen = {(row[0], row[2] == "KILL1") for row in rows if row[3] == "KILL1"}
    for event in ("CHAN_START", "ANSWER"):
        assert {(event, True), (event, False)} <= seen
    assert all(float(row[1]) > 1.7e9 for row in rows)


async def test_event_log_tells_the_cause(
    ami: RawAmi,
    agent: Softphone,
    trunk: CustomerTrunk,
    party: Party,
    place: Place,
    asterisk_server: AsteriskServer,
) -> None:
    """D7: the hang-up cause of the customer's leg can be read from the event log alone."""
    party.customer = Refuse(code=486)
    attempt = await place("CEL-busy-1")
    await go(ami, attempt)
    await over(ami, attempt, await trunk.call_of(attempt))
    await ami.wait("HFLegEnd", Attempt=attempt, Side="agent")
    causes: dict[str, int] = {}
    async with asyncio.timeout(5):
        while len(causes) < 2:  # in whatever order
            with asterisk_server.layout.cel_file.open(newline="", encoding="utf-8") as file:
                for row in csv.reader(file):
                    if row[0] == "HANGUP" and row[3] == attempt:
                        side = "agent" if row[2] == attempt else "customer"
                        causes[side] = json.loads(row[7])["hangupcause"]
                        assert row[6] == attempt
            await asyncio.sleep(0.01)
    assert causes["customer"] == 17
