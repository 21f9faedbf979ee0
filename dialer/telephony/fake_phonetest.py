"""Phones under test, in memory: the fates are the agents' (V3)."""

import asyncio
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field

from dialer.telephony.fates import AgentDoes, AgentFate
from dialer.telephony.phonetest import PhoneHeard, PhoneTestOrder, Reached
from dialer.telephony.port import RequestRefused, RequestUncertain

_PACKETS_A_SECOND = 50


@dataclass(slots=True)
class _Test:
    order: PhoneTestOrder
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    lost: bool = False


@dataclass(slots=True)
class FakePhoneTests:
    """The tests alive now. Phones in `silent` answer and send nothing."""

    fates: Callable[[], Mapping[str, AgentFate]]
    phones: Callable[[], Set[str]]
    pace: float
    silent: set[str] = field(default_factory=set)
    alive: dict[str, _Test] = field(default_factory=dict)

    async def run(self, order: PhoneTestOrder) -> PhoneHeard:
        """See `dialer.telephony.phonetest`."""
        if any(one.order.extension == order.extension for one in self.alive.values()):
            raise RequestRefused(f"Extension {order.extension} is being tested already.")
        if order.extension not in self.phones():
            return PhoneHeard(reached=Reached.NOT_REGISTERED)
        test = self.alive[order.test_id] = _Test(order)
        try:
            heard = await self._live(test, self.fates().get(order.extension, AgentFate()))
        finally:
            del self.alive[order.test_id]
        if test.lost:
            raise RequestUncertain("The link was lost: it was not seen how the test of the phone ended.")
        return heard

    async def _live(self, test: _Test, fate: AgentFate) -> PhoneHeard:
        order = test.order
        rings = order.ring_seconds if fate.after is None else fate.after
        if fate.does is AgentDoes.IGNORE:
            rings = order.ring_seconds
        if await self._ended(test, rings) or fate.does is not AgentDoes.ANSWER:
            return PhoneHeard(reached=Reached.NO_ANSWER)
        clock = asyncio.get_running_loop().time
        began = clock()
        await self._ended(test, order.echo_seconds)
        seconds = clock() - began
        packets = 0 if order.extension in self.silent else round(seconds * _PACKETS_A_SECOND)
        return PhoneHeard(
            reached=Reached.ANSWERED, seconds=round(seconds, 1), from_phone=packets, to_phone=packets
        )

    async def _ended(self, test: _Test, within: float) -> bool:
        try:
            await asyncio.wait_for(test.ended.wait(), within * self.pace)
        except TimeoutError:
            return False
        return True

    def end(self, test_id: str) -> None:
        """See `dialer.telephony.phonetest`."""
        if (test := self.alive.get(test_id)) is not None:
            test.ended.set()

    def forget(self) -> None:
        """The link is lost: what becomes of the tests is not seen."""
        for test in self.alive.values():
            test.lost = True
            test.ended.set()

    def give_way(self, extension: str) -> None:
        """A call is to ring this phone: the test of it ends."""
        for test in self.alive.values():
            if test.order.extension == extension:
                test.ended.set()
