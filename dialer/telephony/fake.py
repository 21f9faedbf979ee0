"""A telephone system in memory: for tests, demonstrations and training, without Asterisk.

It keeps the port's promises as the real one does (one contract suite runs on both), and tells of each
fate the causes that Asterisk 22 was seen to tell. Fates are set per extension and per number; what a fate
leaves open is done by the methods that play the people: `agent_answers`, `customer_hangs_up`, …
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime, timedelta

from dialer.telephony.events import (
    AgentLegFailed,
    CallerLeft,
    CallEvent,
    CustomerCalls,
    LinkDown,
    LinkUp,
    PhoneState,
    TelephonyEvent,
)
from dialer.telephony.fake_call import FakeCall, HungUpBy
from dialer.telephony.fake_incall import FakeInCall
from dialer.telephony.fake_phonetest import FakePhoneTests
from dialer.telephony.fates import AgentFate, CustomerFate
from dialer.telephony.incall import PartyOrder
from dialer.telephony.phonetest import PhoneHeard, PhoneTestOrder
from dialer.telephony.port import (
    CallerHears,
    CallOrder,
    CallTrail,
    LinkUnavailable,
    LiveCall,
    RequestRefused,
    RequestUncertain,
    TrailUnreadable,
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class FakeTelephony(FakeInCall):
    """`dialer.telephony.port.Telephony` in memory.

    `phones` are the registered extensions. `pace` multiplies every wait: with 0.01 a ring time of 20 s lasts
    0.2 s. `agents` and `customers` hold fates by extension and number (an unknown one answers at once).
    """

    def __init__(
        self,
        *,
        phones: Iterable[str] = (),
        clock: Callable[[], datetime] = _utc_now,
        pace: float = 1.0,
        gate_seconds: float = 4.0,
        version: str = "fake",
    ) -> None:
        super().__init__()
        self.agents: dict[str, AgentFate] = {}
        self.customers: dict[str, CustomerFate] = {}
        self.phones = set(phones)
        self.trail_readable = True
        self._clock, self._pace, self._gate_seconds, self._version = clock, pace, gate_seconds, version
        self._events: asyncio.Queue[TelephonyEvent | None] = asyncio.Queue()
        self._calls: dict[str, FakeCall] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._past: dict[str, FakeCall] = {}
        self._started_at = clock().replace(microsecond=0)
        self._fault: tuple[str, str] | None = None
        self._running = self._up = False
        self._uncertain: bool | None = None
        # Who rang and waits, with what he hears; nothing yet: None.
        self.callers: dict[str, CallerHears | None] = {}
        self._numbers: dict[str, tuple[str, str, str]] = {}
        self._left_unserved: list[CustomerCalls] = []
        self._rang = 0
        self.phone_tests = FakePhoneTests(lambda: self.agents, lambda: self.phones, pace)

    # The port.

    async def start(self) -> None:
        """See the port."""
        if not self._running:
            self._running = True
            self._connect()

    async def stop(self) -> None:
        """See the port. Calls go on, as on a real telephone system; `crash` ends them."""
        self._running = self._up = False
        self._events.put_nowait(None)

    async def events(self) -> AsyncIterator[TelephonyEvent]:
        """See the port."""
        while (event := await self._events.get()) is not None:
            yield event

    def reachable_phones(self) -> frozenset[str] | None:
        """See the port."""
        return frozenset(self.phones) if self._up else None

    async def call_agent(self, order: CallOrder) -> None:
        """See the port."""
        self._need_link()
        self.phone_tests.give_way(order.agent_extension)
        if order.attempt_id in self._calls:
            raise RequestRefused(
                f"Attempt {order.attempt_id} is alive on the telephone system: it cannot be placed again."
            )
        self._with_doubt(lambda: self._place(order))

    async def call_customer(self, order: CallOrder) -> None:
        """See the port."""
        await self.call_agent(order)

    async def open_gate(self, attempt_id: str) -> None:
        """See the port."""
        self._need_link()
        opened = [False]

        def act() -> None:
            call = self._calls.get(attempt_id)
            caller = call.order.caller if call is not None else ""
            if caller and caller not in self.callers:
                return
            opened[0] = call is not None and call.open_gate()
            if caller and opened[0]:
                del self.callers[caller], self._numbers[caller]

        self._with_doubt(act)
        if not opened[0]:
            raise RequestRefused(
                f"The agent of attempt {attempt_id} does not wait at the gate: nobody was dialled."
            )

    async def tell_caller(self, call_id: str, hears: CallerHears) -> None:
        """See the port."""
        self._need_link()
        if call_id not in self.callers:
            raise RequestRefused(f"The caller {call_id} is gone, or is put through already.")
        self.callers[call_id] = hears
        if hears in (CallerHears.CLOSED, CallerHears.NOBODY):
            self.caller_hangs_up(call_id)

    async def hang_up(self, attempt_id: str) -> None:
        """See the port."""
        self._need_link()
        self._hang_up(attempt_id, HungUpBy.US)
        self._drop_parties(attempt_id)

    async def live_calls(self) -> tuple[LiveCall, ...]:
        """See the port."""
        self._need_link()
        return tuple(
            LiveCall(
                attempt_id=attempt_id,
                gate=call.gate,
                customer_dialled=call.customer_leg,
                customer_answered=call.customer_leg and call.trail.customer_answered_at is not None,
                agent_gone=call.customer_here and not call.agent_here,
                awaits_agent=call.awaits_agent,
                held=call.held,
                muted=call.muted,
            )
            for attempt_id, call in self._calls.items()
        )

    async def trail(self, attempt_id: str) -> CallTrail:
        """See the port."""
        if not self.trail_readable:
            raise TrailUnreadable(
                "The trail of calls cannot be read: check that the telephone system writes it."
            )
        call = self._past.get(attempt_id)
        return call.trail if call is not None else CallTrail(attempt_id=attempt_id)

    async def let_go(self, since: datetime) -> tuple[CustomerCalls, ...]:
        """See the port."""
        if not self.trail_readable:
            raise TrailUnreadable(
                "The trail of calls cannot be read: check that the telephone system writes it."
            )
        return tuple(one for one in self._left_unserved if one.at >= since)

    async def add_party(self, order: PartyOrder) -> None:
        """See the port."""
        self.phone_tests.give_way(order.extension)
        await super().add_party(order)

    async def test_phone(self, order: PhoneTestOrder) -> PhoneHeard:
        """See the port."""
        self._need_link()
        return await self.phone_tests.run(order)

    async def end_phone_test(self, test_id: str) -> None:
        """See the port."""
        self._need_link()
        self.phone_tests.end(test_id)

    # The people.

    def agent_answers(self, attempt_id: str) -> None:
        """The agent does now what the fate says."""
        self._calls[attempt_id].agent_told.set()

    def customer_answers(self, attempt_id: str) -> None:
        """The customer does now what the fate says."""
        self._calls[attempt_id].customer_told.set()

    def agent_hangs_up(self, attempt_id: str) -> None:
        """The agent ends the call; nothing happens when it is over."""
        self._hang_up(attempt_id, HungUpBy.AGENT)

    def customer_hangs_up(self, attempt_id: str) -> None:
        """The customer ends the call, or declines; nothing happens when it is over."""
        self._hang_up(attempt_id, HungUpBy.CUSTOMER)

    def rung(self) -> list[str]:
        """The customers' numbers in the order they were dialled, each dialling once."""
        dialled = [
            call
            for call in self._past.values()
            if call.trail.customer_started_at is not None and not call.order.caller
        ]
        dialled.sort(key=lambda call: call.trail.customer_started_at or self._started_at)
        return [call.order.customer_number for call in dialled]

    def set_reachable(self, extension: str, reachable: bool) -> None:
        """A phone registers, or is gone."""
        if reachable == (extension in self.phones):
            return
        if reachable:
            self.phones.add(extension)
        else:
            self.phones.discard(extension)
        if self._up:
            self._events.put_nowait(PhoneState(at=self._clock(), extension=extension, reachable=reachable))

    def customer_calls(self, number: str, called: str = "4000", trunk: str = "") -> str:
        """A customer rings; the id of the call. He waits until he is put through or hangs up."""
        self._rang += 1
        call_id = f"caller-{self._rang}"
        self.callers[call_id] = None
        self._numbers[call_id] = (number, called, trunk)
        if self._up:
            self._tell_of(call_id)
        return call_id

    def caller_hangs_up(self, call_id: str) -> None:
        """A customer who waits gives up."""
        if (rang := self._numbers.pop(call_id, None)) is not None:
            del self.callers[call_id]
            number, called, trunk = rang
            gone = CustomerCalls(call_id=call_id, number=number, called=called, at=self._clock(), trunk=trunk)
            self._left_unserved.append(gone)
            if self._up:
                self._events.put_nowait(CallerLeft(call_id=call_id, at=self._clock()))

    # What breaks.

    def cut_link(self, reason: str = "The link was cut.", advice: str = "Wait until it is back.") -> None:
        """The link is lost, or cannot be had: calls go on unseen until `restore_link`."""
        self._fault = (reason, advice)
        self._up = False
        self.phone_tests.forget()
        if self._running:
            self._events.put_nowait(LinkDown(at=self._clock(), reason=reason, advice=advice))

    def restore_link(self) -> None:
        """The link is back."""
        self._fault = None
        if self._running and not self._up:
            self._connect()

    async def crash(self) -> None:
        """The telephone system dies and starts again: nothing of before is alive, and no end was told.

        The link stays down until `restore_link`.
        """
        self.cut_link("The telephone system went away.", "Wait until it has started again.")
        self._calls.clear()
        self._party.clear()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._started_at += timedelta(seconds=1)

    def make_next_uncertain(self, *, with_effect: bool) -> None:
        """The answer to the next `call_agent` or `open_gate` gets lost, after its effect or without any."""
        self._uncertain = with_effect

    # Inside.

    def _connect(self) -> None:
        if self._fault is not None:
            reason, advice = self._fault
            self._events.put_nowait(LinkDown(at=self._clock(), reason=reason, advice=advice))
            return
        self._up = True
        self._events.put_nowait(LinkUp(at=self._clock(), version=self._version, started_at=self._started_at))
        for call_id in self.callers:
            self._tell_of(call_id)

    def _tell_of(self, call_id: str) -> None:
        number, called, trunk = self._numbers[call_id]
        self._events.put_nowait(
            CustomerCalls(call_id=call_id, number=number, called=called, at=self._clock(), trunk=trunk)
        )

    def _need_link(self) -> None:
        if not self._up:
            raise LinkUnavailable(
                "There is no link to the telephone system: nothing was sent. Try again when it is up."
            )

    def _with_doubt(self, act: Callable[[], None]) -> None:
        uncertain, self._uncertain = self._uncertain, None
        if uncertain is not False:
            act()
        if uncertain is not None:
            raise RequestUncertain("The answer never came: whether the request had an effect is unknown.")

    def _place(self, order: CallOrder) -> None:
        if order.agent_extension not in self.phones and not order.customer_first:
            self._tell(
                AgentLegFailed(
                    attempt_id=order.attempt_id,
                    at=self._clock(),
                    reason=0,
                    detail="the phone is not registered",
                )
            )
            return
        call = self._calls[order.attempt_id] = self._past[order.attempt_id] = FakeCall(
            order=order,
            agent=self.agents.get(order.agent_extension, AgentFate()),
            agent_reachable=order.agent_extension in self.phones,
            customer=self.customers.get(order.customer_number, CustomerFate()),
            gate_seconds=self._gate_seconds,
            pace=self._pace,
            clock=self._clock,
            tell_event=self._tell,
            trail=CallTrail(attempt_id=order.attempt_id),
        )
        task = asyncio.get_running_loop().create_task(self._live(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _live(self, call: FakeCall) -> None:
        try:
            await call.live()
        finally:
            self._calls.pop(call.order.attempt_id, None)

    def _hang_up(self, attempt_id: str, by: HungUpBy) -> None:
        call = self._calls.get(attempt_id)
        if call is not None:
            call.hang_up(by)

    def _tell(self, event: CallEvent) -> None:
        if self._up:
            self._events.put_nowait(event)
