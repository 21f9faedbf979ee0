"""Calls offered at a pace, and the floor: the same calls placed by hand.

Every call has its whole life, whoever places it: the agent's channel answers and waits at the gate, the
gate is opened, and the customer who is dialled is busy. No phone is involved and no audio flows.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from asterisk.server import AsteriskServer
from asterisk.settings import AsteriskSettings
from bench.raw_ami import Address, RawAmi, header, is_call
from dialer.ids import new_id

# Answers at once, without a phone. A Local channel would be two channels of one call.
AGENT_CHANNEL = "UnicastRTP/127.0.0.1:{extension}"
CUSTOMER_DIAL = "Local/{number}@huifang-bench/n"
RING_SECONDS = 20

_CONSOLE = (
    "module load res_rtp_multicast.so",
    "module load chan_rtp.so",
    "dialplan add extension _X.,1,Hangup(17) into huifang-bench",
)
_OVER_SECONDS = 10.0


class CannotPlace(Exception):
    """The measurement cannot be done on this Asterisk. The message says why."""


async def prepare(server: AsteriskServer) -> None:
    """Give a running Asterisk the agents and customers of the measurement.

    Raises:
        CannotPlace: its channel driver for them is missing.
    """
    for command in _CONSOLE:
        await server.cli(command)
    if "UnicastRTP" not in await server.cli("core show channeltypes"):
        raise CannotPlace(
            "This Asterisk has no channel type UnicastRTP (module chan_rtp.so), which stands for the "
            "agents' phones: remove it from PATH, so that the private one is used, or add the module."
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """One call that was due at `tick`, in seconds of the monotonic clock.

    `call` is None where it was never placed. `decided` is when the engine had taken up the pair of agent and
    customer and began to commit it.
    """

    tick: float
    call: str | None = None
    decided: float | None = None


class Placer(Protocol):
    """Places calls at a pace."""

    async def place(self, rate: float, seconds: float) -> list[Offer]:
        """Offer `rate` calls a second whatever becomes of them; return when the last one is over."""


async def ticks(rate: float, seconds: float) -> AsyncIterator[float]:
    """The moments at which calls are due, each given when it has come; a late loop finds several at once."""
    begin = time.monotonic() + 1 / rate
    for number in range(round(rate * seconds)):
        tick = begin + number / rate
        wait = tick - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        yield tick


class FloorPlacer:
    """Sends each Originate at its tick and opens the gate when told: no state, no database, no care."""

    def __init__(self, settings: AsteriskSettings) -> None:
        self._address = Address.of(settings)
        self._open: set[str] = set()
        self._client: RawAmi | None = None

    async def place(self, rate: float, seconds: float) -> list[Offer]:
        """See Placer."""
        client = self._client = await RawAmi.connect(self._address, self._take)
        offers: list[Offer] = []
        try:
            async for tick in ticks(rate, seconds):
                offers.append(Offer(tick, self._originate(client, len(offers))))
            await until(lambda: not self._open)
        finally:
            client.close()
        return offers

    def _originate(self, client: RawAmi, number: int) -> str:
        call = new_id()
        self._open.add(call)
        client.send(
            ("Variable", f"__HF_ATTEMPT={call}"),
            ("Variable", f"__HF_DIAL={CUSTOMER_DIAL.format(number=customer(number))}"),
            ("Variable", f"__HF_RING={RING_SECONDS}"),
            Action="Originate",
            Channel=AGENT_CHANNEL.format(extension=extension(number)),
            ChannelId=call,
            Context="huifang-agent",
            Exten="s",
            Priority="1",
            Timeout=str(RING_SECONDS * 1000),
            Async="true",
        )
        return call

    def _take(self, message: bytes) -> None:
        if message.startswith(b"Event: UserEvent") and b"\r\nUserEvent: HFAgentUp" in message:
            assert self._client is not None
            channel = header(message, b"Channel")
            self._client.send(
                Action="Redirect", Channel=channel, Context="huifang-agent", Exten="go", Priority="1"
            )
        elif message.startswith(b"Event: Hangup\r"):
            unique_id = header(message, b"Uniqueid")
            if is_call(unique_id):
                self._open.discard(unique_id)


def extension(number: int) -> str:
    """The extension of an agent by number."""
    return str(50_000 + number % 10_000)


def customer(number: int) -> str:
    """The telephone number of a customer by number."""
    return f"139{number:08}"


async def until(done: Callable[[], bool]) -> None:
    """Wait for it, for at most ten seconds."""
    deadline = time.monotonic() + _OVER_SECONDS
    while not done() and time.monotonic() < deadline:  # noqa: ASYNC110 - a poll disturbs less than news of each call
        await asyncio.sleep(0.02)
