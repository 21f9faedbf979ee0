"""Phones tested on a real Asterisk: Originate to the application Echo, without any dialplan (V3).

The channel has an absolute time-out of its own, so that it ends also where nobody is left to hang it up.
"""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import structlog

from asterisk import orders
from asterisk.ami import AmiManager, AmiTimes, Fields
from asterisk.callbook import Message
from asterisk.orders import Action
from dialer.telephony.phonetest import PhoneHeard, PhoneTestOrder, Reached
from dialer.telephony.port import RequestRefused, RequestUncertain

log = structlog.get_logger(__name__)

TESTED: Final = "HFT-"
"""How the channel of a phone under test is named: this, and the test's id."""

_ORIGINATE: Final = "HF-test"
_ID = re.compile(r"[0-9A-Z]{26}")
_SAMPLE_SECONDS = 1.0
# So long a call waits at most for the phone under test to be let go.
_FREED_SECONDS = 2.0


@dataclass(slots=True)
class _Test:
    order: PhoneTestOrder
    name: str = ""
    answered_at: float | None = None
    # Whether the channel was let go, and whether Originate has said how it went.
    gone: bool = False
    told: bool = False
    lost: bool = False
    # Nobody wants it any more; its channel may not be there yet.
    unwanted: bool = False
    let_go: bool = False
    counted: tuple[int | None, int | None] = (None, None)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def over(self) -> bool:
        return self.told and (self.gone or self.answered_at is None)


class EchoTests:
    """The tests alive now. `hang_up` lets go of a channel; one that is gone is no error there."""

    def __init__(
        self,
        manager: AmiManager,
        agent_channel: str,
        times: AmiTimes,
        hang_up: Callable[[str], Awaitable[None]],
    ) -> None:
        self._manager, self._agent_channel = manager, agent_channel
        self._times, self._hang_up = times, hang_up
        self._tests: dict[str, _Test] = {}

    async def run(self, order: PhoneTestOrder) -> PhoneHeard:
        """See `dialer.telephony.phonetest`."""
        if any(one.order.extension == order.extension for one in self._tests.values()):
            raise RequestRefused(f"Extension {order.extension} is being tested already.")
        action = _originate(order, self._agent_channel)
        test = self._tests[order.test_id] = _Test(order)
        try:
            await self._manager.request(action)
            return await self._follow(test)
        finally:
            test.done.set()
            del self._tests[order.test_id]

    async def end(self, test_id: str) -> None:
        """See `dialer.telephony.phonetest`."""
        test = self._tests.get(test_id)
        if test is None:
            return
        test.unwanted = True
        test.news.set()
        try:
            await asyncio.wait_for(test.done.wait(), _FREED_SECONDS)
        except TimeoutError:
            log.warning("A phone under test is not free yet: it is let go later.", action="end_test")

    async def give_way(self, extension: str) -> None:
        """A call of ours is to ring this phone: the test of it ends."""
        for test_id in [one for one, test in self._tests.items() if test.order.extension == extension]:
            await self.end(test_id)

    def take(self, message: Message) -> None:
        """What a message tells of a test."""
        unique_id = message.get("Uniqueid", "")
        match message.get("Event"):
            case "OriginateResponse":
                mark, _, rest = message.get("ActionID", "").partition("/")
                test = self._tests.get(rest.partition("/")[0]) if mark == _ORIGINATE else None
                if test is None:
                    return
                test.told = True
                if message.get("Response") == "Success":
                    test.answered_at = asyncio.get_running_loop().time()
            case "Newchannel" | "Hangup" if unique_id.startswith(TESTED):
                test = self._tests.get(unique_id.removeprefix(TESTED))
                if test is None:
                    return
                test.name = message.get("Channel", "")
                test.gone = message["Event"] == "Hangup"
            case _:
                return
        test.news.set()

    def forget(self) -> None:
        """The link is lost: what becomes of the tests is not seen."""
        for test in self._tests.values():
            test.lost = True
            test.news.set()

    async def end_left_over(self, rows: Iterable[Fields]) -> None:
        """Hang up what an earlier service has left, by the rows of a Status listing."""
        for row in rows:
            if row.get("Uniqueid", "").startswith(TESTED):
                await self._hang_up(row.get("Channel", ""))

    async def _follow(self, test: _Test) -> PhoneHeard:
        clock = asyncio.get_running_loop().time
        until = clock() + test.order.longest + self._times.action
        while not test.over:
            if test.lost or clock() > until:
                raise RequestUncertain(
                    "It was not seen how the test of the phone ended: the link to Asterisk was lost, or "
                    "Asterisk told nothing. The test ends by itself; press again."
                )
            up_until = None if test.answered_at is None else test.answered_at + test.order.echo_seconds
            test.unwanted = test.unwanted or (up_until is not None and clock() >= up_until)
            test.news.clear()
            if test.unwanted and test.name and not test.let_go:
                test.let_go = True
                await self._count(test)
                await self._hang_up(test.name)
            try:
                await asyncio.wait_for(test.news.wait(), _SAMPLE_SECONDS)
            except TimeoutError:
                await self._count(test)
        if test.answered_at is None:
            # Without a channel there was nothing to ring.
            return PhoneHeard(reached=Reached.NO_ANSWER if test.name else Reached.NOT_REGISTERED)
        from_phone, to_phone = test.counted
        return PhoneHeard(
            reached=Reached.ANSWERED,
            seconds=round(clock() - test.answered_at, 1),
            from_phone=from_phone,
            to_phone=to_phone,
        )

    async def _count(self, test: _Test) -> None:
        """Count the packets of sound so far: asked of the channel, since nothing tells of them at its end."""
        if test.answered_at is None or test.gone:
            return
        try:
            test.counted = (await self._packets(test, "rxcount"), await self._packets(test, "txcount"))
        except RequestRefused:
            return  # gone meanwhile: what was counted a second ago stands

    async def _packets(self, test: _Test, which: str) -> int | None:
        variable = f"CHANNEL(rtcp,{which})"
        answer, *_ = await self._manager.request(
            {"Action": "Getvar", "Channel": test.name, "Variable": variable}
        )
        value = answer.get("Value", "")
        return int(value) if value.isascii() and value.isdigit() else None


def _originate(order: PhoneTestOrder, agent_channel: str) -> Action:
    if not _ID.fullmatch(order.test_id):
        raise RequestRefused(f"Test id {order.test_id!r} is refused: it must be a ULID.")
    return {
        "Action": "Originate",
        "ActionID": f"{_ORIGINATE}/{order.test_id}/{secrets.token_hex(4)}",
        "Channel": orders.phone(agent_channel, order.extension),
        "ChannelId": TESTED + order.test_id,
        "Application": "Echo",
        "Timeout": str(order.ring_seconds * 1000),
        "Async": "true",
        "Variable": [f"TIMEOUT(absolute)={order.longest}"],
    }
