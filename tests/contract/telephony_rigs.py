"""The stages of the telephony contract: the shipped fake, and a real Asterisk with softphones."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

from ulid import ULID

from asterisk.ami import AmiTimes
from asterisk.phones import (
    Announce,
    Answer,
    Behaviour,
    CustomerTrunk,
    PhoneCall,
    Refuse,
    RingForever,
    Softphone,
)
from asterisk.server import AsteriskServer
from asterisk.telephony import AsteriskTelephony
from dialer.telephony.events import LinkUp, TelephonyEvent
from dialer.telephony.fake import FakeTelephony
from dialer.telephony.fates import AgentDoes, AgentFate, CustomerDoes, CustomerFate
from dialer.telephony.port import CallOrder, Telephony
from tests.fixtures_asterisk import PHONE_PASSWORD
from tests.live_asterisk.raw_ami import RawAmi

E = TypeVar("E", bound=TelephonyEvent)

ANSWERING, BUSY, IGNORING, UNREGISTERED = "8001", "8002", "8003", "8004"
"""Agents' extensions by what their phones do."""
COLLEAGUE, CHIEF = "8005", "8006"
"""Phones of ours that answer and join a call."""

CALLS_US = "rings_us"
"""The phone of a customer who rings us."""
TRUNK = "line"
"""What his calls come in on."""

CUSTOMERS: dict[str, tuple[CustomerFate, Behaviour]] = {
    "answers": (CustomerFate(after=0.2), Answer(ring_seconds=0.2)),
    "hangs_up": (CustomerFate(after=0.2, hangs_up_after=0.2), Answer(ring_seconds=0.2, hang_up_after=0.2)),
    "busy": (CustomerFate(does=CustomerDoes.BUSY, after=0.1), Refuse(code=486, ring_seconds=0.1)),
    "rejects": (CustomerFate(does=CustomerDoes.REJECT, after=0.1), Refuse(code=603, ring_seconds=0.1)),
    "unknown": (CustomerFate(does=CustomerDoes.UNKNOWN_NUMBER), Refuse(code=404)),
    "announced": (
        CustomerFate(does=CustomerDoes.UNKNOWN_NUMBER, after=0.1),
        Announce(speech=b"\xd5" * 800, then=Refuse(code=404)),
    ),
    "unavailable": (CustomerFate(does=CustomerDoes.UNAVAILABLE), Refuse(code=480)),
    "no_line": (CustomerFate(does=CustomerDoes.NO_LINE), Refuse(code=503)),
    "rings_us": (CustomerFate(), Answer()),
    "workshop": (CustomerFate(after=0.2), Answer(ring_seconds=0.2)),
    "ignores": (CustomerFate(does=CustomerDoes.IGNORE), RingForever()),
}
"""Numbers by what happens when they are dialled, on either stage."""


def order(
    number: str = "answers",
    extension: str = ANSWERING,
    attempt_id: str = "",
    *,
    agent_ring_seconds: int = 2,
    customer_ring_seconds: int = 1,
    customer_first: bool = False,
) -> CallOrder:
    """A call order with an attempt id of its own."""
    return CallOrder(
        attempt_id=attempt_id or str(ULID()),
        agent_extension=extension,
        customer_number=number,
        caller_id="5550",
        agent_ring_seconds=agent_ring_seconds,
        customer_ring_seconds=customer_ring_seconds,
        customer_first=customer_first,
    )


class Told:
    """All that a telephony has told, read by the one consumer it has."""

    def __init__(self, telephony: Telephony) -> None:
        self.events: list[TelephonyEvent] = []
        self.ended = False
        self._changed = asyncio.Event()
        self._telephony = telephony

    async def read(self) -> None:
        async for event in self._telephony.events():
            self.events.append(event)
            self._changed.set()
        self.ended = True
        self._changed.set()

    def all(self, kind: type[E], attempt_id: str | None = None) -> list[E]:
        """The events of a kind so far, of one attempt or of all."""
        return [
            e
            for e in self.events
            if isinstance(e, kind) and attempt_id in (None, getattr(e, "attempt_id", None))
        ]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition on what was told holds."""
        async with asyncio.timeout(10):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def one(self, kind: type[E], attempt_id: str | None = None, **values: object) -> E:
        """The first event of a kind with these values, as soon as it is told."""

        def found() -> list[E]:
            return [
                e for e in self.all(kind, attempt_id) if all(getattr(e, k) == v for k, v in values.items())
            ]

        await self.until(found)
        return found()[0]


class Rig(Protocol):
    """A stage: the telephony, and the people on it."""

    @property
    def telephony(self) -> Telephony: ...
    @property
    def told(self) -> Told: ...
    async def agent_hangs_up(self, attempt_id: str) -> None: ...
    async def customer_hangs_up(self, attempt_id: str) -> None: ...
    def times_dialled(self, number: str) -> int: ...
    async def lose_link(self) -> None: ...
    async def regain_link(self) -> None: ...
    async def phone_gone(self, extension: str) -> None: ...
    async def party_hangs_up(self, party_id: str, extension: str) -> None: ...
    async def agent_holds(self, attempt_id: str, held: bool) -> None: ...
    async def customer_calls(self, number: str) -> None: ...
    async def caller_hangs_up(self) -> None: ...


class FakeRig:
    """The shipped fake."""

    def __init__(self) -> None:
        self.telephony = FakeTelephony(phones=[ANSWERING, BUSY, IGNORING, COLLEAGUE, CHIEF], gate_seconds=0.3)
        self.told = Told(self.telephony)
        self.telephony.agents = {
            ANSWERING: AgentFate(after=0.05),
            COLLEAGUE: AgentFate(after=0.05),
            CHIEF: AgentFate(after=0.05),
            BUSY: AgentFate(does=AgentDoes.BUSY, after=0.05),
            IGNORING: AgentFate(does=AgentDoes.IGNORE),
        }
        self.telephony.customers = {number: fate for number, (fate, _) in CUSTOMERS.items()}

    async def agent_hangs_up(self, attempt_id: str) -> None:
        self.telephony.agent_hangs_up(attempt_id)

    async def customer_hangs_up(self, attempt_id: str) -> None:
        self.telephony.customer_hangs_up(attempt_id)

    def times_dialled(self, number: str) -> int:
        return self.telephony.rung().count(number)

    async def lose_link(self) -> None:
        self.telephony.cut_link()

    async def regain_link(self) -> None:
        self.telephony.restore_link()

    async def phone_gone(self, extension: str) -> None:
        self.telephony.set_reachable(extension, False)

    async def party_hangs_up(self, party_id: str, extension: str) -> None:
        self.telephony.party_hangs_up(party_id)

    async def agent_holds(self, attempt_id: str, held: bool) -> None:
        self.telephony.agent_holds(attempt_id, held)

    async def customer_calls(self, number: str) -> None:
        self.telephony.customer_calls(number, trunk=TRUNK)

    async def caller_hangs_up(self) -> None:
        """The caller who waits, or the customer he became."""
        waiting = list(self.telephony.callers)
        if waiting:
            self.telephony.caller_hangs_up(waiting[-1])
        else:
            (live,) = await self.telephony.live_calls()
            self.telephony.customer_hangs_up(live.attempt_id)


class LinkProxy:
    """A TCP line to Asterisk's manager port that can be cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.port = 0
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        if self._lines:
            await asyncio.wait(self._lines)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers += [writer, far_writer]
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        self._lines.discard(task)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except ConnectionError:
        pass
    writer.close()


def _always(behaviour: Behaviour) -> Callable[[PhoneCall], Behaviour]:
    return lambda _: behaviour


class AsteriskRig:
    """A real Asterisk, reached through a line that can be cut."""

    def __init__(self, server: AsteriskServer) -> None:
        ports = server.ports
        registrar = (server.settings.bind_address, ports.sip)
        self.proxy = LinkProxy(ports.ami)
        self.trunk = CustomerTrunk(self._customer_does, port=server.settings.trunk_port)
        behaviours: dict[str, Behaviour] = {
            ANSWERING: Answer(ring_seconds=0.05),
            COLLEAGUE: Answer(ring_seconds=0.05),
            CHIEF: Answer(ring_seconds=0.05),
            BUSY: Refuse(code=486, ring_seconds=0.05),
            IGNORING: RingForever(),
        }
        self.phones = {
            extension: Softphone(extension, PHONE_PASSWORD, registrar, _always(behaviour))
            for extension, behaviour in behaviours.items()
        }
        self.server = server
        self.telephony: AsteriskTelephony
        self.told: Told

    @staticmethod
    def _customer_does(call: PhoneCall) -> Behaviour:
        return CUSTOMERS[call.number][1]

    async def open(self) -> None:
        await self.proxy.open()
        await self.trunk.open()
        await asyncio.gather(*(phone.register() for phone in self.phones.values()))
        dials = {TRUNK: "PJSIP/{number}@trunk"}
        settings = self.server.connection().model_copy(update={"port": self.proxy.port, "trunk_dials": dials})
        self.telephony = AsteriskTelephony(settings, times=AmiTimes(retry_first=0.02, retry_most=0.1))
        self.told = Told(self.telephony)

    async def close(self) -> None:
        await self.proxy.cut()
        await asyncio.gather(self.trunk.close(), *(phone.close() for phone in self.phones.values()))

    async def agent_hangs_up(self, attempt_id: str) -> None:
        await self.phones[ANSWERING].calls[-1].hang_up()

    async def customer_hangs_up(self, attempt_id: str) -> None:
        await next(call for call in self.trunk.calls if call.attempt == attempt_id).hang_up()

    def times_dialled(self, number: str) -> int:
        return sum(call.number == number for call in self.trunk.calls)

    async def lose_link(self) -> None:
        await self.proxy.cut()

    async def regain_link(self) -> None:
        await self.proxy.open()

    async def phone_gone(self, extension: str) -> None:
        await self.phones[extension].unregister()

    async def party_hangs_up(self, party_id: str, extension: str) -> None:
        phones = self.phones.get(extension) or self.trunk
        await phones.calls[-1].hang_up()

    async def agent_holds(self, attempt_id: str, held: bool) -> None:
        await self.phones[ANSWERING].calls[-1].hold(held)

    async def customer_calls(self, number: str) -> None:
        """His phone is rung first, and comes in by the trunk's own context once he is there."""
        ami = await RawAmi().connect(self.server.connection())
        try:
            answer = await ami.act(
                Action="Originate",
                Channel=f"PJSIP/{CALLS_US}@trunk",
                Context="huifang-from-trunk",
                Exten="4008",
                Priority="1",
                CallerID=f"<{number}>",
                Async="true",
            )
            assert answer["Response"] == "Success", answer
        finally:
            await ami.close()

    async def caller_hangs_up(self) -> None:
        await next(call for call in reversed(self.trunk.calls) if call.number == CALLS_US).hang_up()


@asynccontextmanager
async def running(rig: Rig) -> AsyncIterator[Rig]:
    """The rig with its link up and its events read; ended afterwards."""
    reader = asyncio.create_task(rig.told.read())
    await rig.telephony.start()
    await rig.told.one(LinkUp)
    try:
        yield rig
    finally:
        await rig.telephony.stop()
        await asyncio.wait_for(reader, 5)
