"""Softphones against a real Asterisk."""

import asyncio

import pytest

from asterisk.phones import Answer, CustomerTrunk, Ending, RegistrationError, Softphone
from asterisk.server import AsteriskServer
from tests.fixtures_asterisk import EXTENSIONS, PHONE_PASSWORD
from tests.live_asterisk.conftest import go
from tests.live_asterisk.raw_ami import RawAmi


def phone(server: AsteriskServer, extension: str, password: str = PHONE_PASSWORD) -> Softphone:
    return Softphone(
        extension, password, ("127.0.0.1", server.ports.sip), lambda _: Answer(ring_seconds=0.05)
    )


async def test_registers_and_unregisters(asterisk_server: AsteriskServer, ami: RawAmi) -> None:
    extension = EXTENSIONS[5]
    async with phone(asterisk_server, extension):
        await ami.wait("ContactStatus", AOR=extension, ContactStatus="Reachable")
        await ami.wait("DeviceStateChange", Device=f"PJSIP/{extension}", State="NOT_INUSE")
    await ami.wait("ContactStatus", AOR=extension, ContactStatus="Removed")


async def test_wrong_password_is_told(asterisk_server: AsteriskServer) -> None:
    wrong = phone(asterisk_server, EXTENSIONS[6], "not-this-one")
    with pytest.raises(RegistrationError, match=rf"{EXTENSIONS[6]} was refused with 401.*password"):
        await wrong.register()
    await wrong.close()


async def test_registrar_that_is_not_there_is_told(free_udp_port: int) -> None:
    nowhere = Softphone("8001", "x", ("127.0.0.1", free_udp_port), lambda _: Answer(), register_seconds=0.3)
    with pytest.raises(RegistrationError, match=f"port {free_udp_port} did not answer"):
        await nowhere.register()
    await nowhere.close()


async def test_a_dozen_calls_at_once_lose_no_audio(asterisk_server: AsteriskServer, ami: RawAmi) -> None:
    """Every phone hears all of what the other said, with twelve recorded calls up together."""
    speech = {str(number): bytes([number % 100 + 20]) * 8000 for number in range(12)}
    trunk = CustomerTrunk(
        lambda _: Answer(ring_seconds=0, wait_for_start=True),
        port=asterisk_server.settings.trunk_port,
    )
    agents = [phone(asterisk_server, extension) for extension in EXTENSIONS[:12]]
    async with trunk:
        await asyncio.gather(*(agent.register() for agent in agents))
        try:
            for number, agent in enumerate(agents):
                await ami.act(
                    ("Variable", f"__HF_ATTEMPT=MANY{number}"),
                    ("Variable", f"__HF_DIAL=PJSIP/{number}@trunk"),
                    Action="Originate",
                    Channel=f"PJSIP/{agent.username}",
                    ChannelId=f"MANY{number}",
                    Context="huifang-agent",
                    Exten="s",
                    Priority="1",
                    Async="true",
                )
            await asyncio.gather(*(go(ami, f"MANY{number}") for number in range(12)))
            await trunk.wait_for_calls(12)
            calls = list(trunk.calls)
            for number in range(12):
                await ami.wait("BridgeEnter", Uniqueid=f"MANY{number}")
            for call in calls:
                call.start_speech(speech[call.number])
            await asyncio.sleep(1.5)
            await asyncio.gather(*(call.hang_up() for call in calls))
            for number, agent in enumerate(agents):
                heard = agent.calls[0]
                await heard.ended.wait()
                assert heard.ending is Ending.REMOTE_HUNG_UP
                said = speech[str(number)]
                got = heard.heard.count(said[:1])
                assert got == len(said), f"phone {number} heard {got} of {len(said)} samples"
        finally:
            await asyncio.gather(*(agent.close() for agent in agents))
