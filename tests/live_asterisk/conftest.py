"""What the tests on a real Asterisk share: the server, a raw manager client, phones, and a call to place."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from asterisk.phones import Answer, Behaviour, CustomerTrunk, PhoneCall, Softphone
from asterisk.ports import free_port
from asterisk.server import AsteriskServer
from tests.fixtures_asterisk import EXTENSIONS, PHONE_PASSWORD
from tests.live_asterisk.raw_ami import RawAmi, name

__all__ = ["name"]


@pytest.fixture
async def ami(asterisk_server: AsteriskServer) -> AsyncIterator[RawAmi]:
    client = await RawAmi().connect(asterisk_server.connection())
    yield client
    await client.close()


@dataclass
class Party:
    """What the next call of the agent and of the customer shall do; a test changes it."""

    agent: Behaviour
    customer: Behaviour


@pytest.fixture
def party() -> Party:
    return Party(agent=Answer(), customer=Answer())


@pytest.fixture
async def agent(asterisk_server: AsteriskServer, party: Party) -> AsyncIterator[Softphone]:
    registrar = ("127.0.0.1", asterisk_server.ports.sip)
    async with Softphone(EXTENSIONS[0], PHONE_PASSWORD, registrar, lambda _: party.agent) as phone:
        yield phone


@pytest.fixture
async def trunk(asterisk_server: AsteriskServer, party: Party) -> AsyncIterator[CustomerTrunk]:
    async with CustomerTrunk(lambda _: party.customer, port=asterisk_server.settings.trunk_port) as phones:
        yield phones


Place = Callable[..., Awaitable[str]]


@pytest.fixture
def place(ami: RawAmi, agent: Softphone, request: pytest.FixtureRequest) -> Place:
    """Ring the agent for attempt `id`; the service's half of the gate is left to the test."""

    async def call(attempt: str, number: str = "13800000001", ring: int = 10, seconds: int = 10) -> str:
        answer = await ami.act(
            ("Variable", f"__HF_ATTEMPT={attempt}"),
            ("Variable", f"__HF_DIAL=PJSIP/{number}@trunk"),
            ("Variable", f"__HF_RING={ring}"),
            Action="Originate",
            Channel=f"PJSIP/{agent.username}",
            ChannelId=attempt,
            Context="huifang-agent",
            Exten="s",
            Priority="1",
            Timeout=str(seconds * 1000),
            Async="true",
        )
        assert answer["Response"] == "Success", answer
        return attempt

    return call


async def go(ami: RawAmi, attempt: str) -> None:
    """Wait for the agent at the gate and open it."""
    await ami.wait("HFAgentUp", Attempt=attempt)
    leg = await ami.wait("Newchannel", Uniqueid=attempt)
    answer = await ami.act(
        Action="Redirect", Channel=leg["Channel"], Context="huifang-agent", Exten="go", Priority="1"
    )
    assert answer["Response"] == "Success", answer


async def over(ami: RawAmi, attempt: str, call: PhoneCall) -> None:
    """Wait until the phone and Asterisk both have ended the call."""
    await call.ended.wait()
    await ami.wait("Hangup", Uniqueid=attempt)


async def appears(path: Path) -> None:
    """Wait for a file that Asterisk leaves to tell that a recording is final."""
    async with asyncio.timeout(5):
        while not path.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)


@pytest.fixture
def free_udp_port() -> int:
    return free_port("127.0.0.1", udp=True)
