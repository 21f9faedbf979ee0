"""One call on the fake telephone system, from the agent's ringing to its end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from dialer.telephony.events import (
    AgentConnected,
    AgentLegFailed,
    AgentMissed,
    AgentRinging,
    AgentUp,
    AtGate,
    CallEvent,
    CustomerAnswered,
    CustomerDialEnded,
    CustomerDialing,
    CustomerRinging,
    Entered,
    GateExpired,
    GateOpened,
    HangupRequested,
    Left,
    LegEnded,
)
from dialer.telephony.fates import FAILURES, AgentDoes, AgentFate, CustomerDoes, CustomerFate
from dialer.telephony.outcomes import Leg
from dialer.telephony.port import CallOrder, CallTrail, GatePosition

LegEnd = tuple[int, str | None]
"""Cause (Q.850) and the protocol's own code."""

_NORMAL: LegEnd = (16, None)
# Customer first: what he hears when no agent comes, as long as the dialplan's tone.
_APOLOGY_SECONDS = 2.5


class HungUpBy(StrEnum):
    """Who ended the call."""

    AGENT = "agent"
    CUSTOMER = "customer"
    US = "us"


class _HungUp(Exception):
    def __init__(self, by: HungUpBy) -> None:
        self.by = by


@dataclass(slots=True, eq=False, kw_only=True)
class FakeCall:
    """A call that is alive. `tell` takes its events, `pace` multiplies every wait."""

    order: CallOrder
    agent: AgentFate
    customer: CustomerFate
    gate_seconds: float
    pace: float
    clock: Callable[[], datetime]
    tell_event: Callable[[CallEvent], None]
    trail: CallTrail
    gate: GatePosition = GatePosition.RINGING
    agent_told: asyncio.Event = field(default_factory=asyncio.Event)
    customer_told: asyncio.Event = field(default_factory=asyncio.Event)
    agent_reachable: bool = True
    # The parties who talk, in their order; `attended`: nobody's leaving ends the call by itself.
    others: list[str] = field(default_factory=list)
    attended: bool = False
    released: bool = False
    held: bool = False
    muted: bool = False
    agent_here: bool = False
    customer_here: bool = False
    _opened: asyncio.Event = field(default_factory=asyncio.Event)
    _ended_by: HungUpBy | None = None
    _asked: bool = False
    _agent_leg: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def customer_leg(self) -> bool:
        """Whether the customer's leg is there: dialled, and not over."""
        return self.trail.customer_started_at is not None and self.trail.customer_ended_at is None

    @property
    def awaits_agent(self) -> bool:
        """Whether a customer who was rung first has answered, and his agent not yet."""
        answered = self.trail.customer_answered_at is not None
        return self.order.customer_first and answered and self.trail.agent_answered_at is None

    def open_gate(self) -> bool:
        """Let the call go on; False: it does not wait."""
        if self.gate is not GatePosition.WAITING or self._ended_by is not None:
            return False
        self.gate = GatePosition.PASSED
        self._opened.set()
        return True

    def hang_up(self, by: HungUpBy) -> None:
        """End the call; the first one to do so counts."""
        if self._ended_by is None:
            self._ended_by = by
            self._changed.set()

    async def live(self) -> None:
        """The whole call."""
        try:
            if self.order.customer_first:
                self.gate = GatePosition.WAITING
                self._note(gate_at=self.clock())
                self._tell(AtGate)
            else:
                await self._agent_rings()
        except _HungUp as end:
            self._agent_failed(end.by)
            return
        if self.gate is not GatePosition.WAITING:
            return
        try:
            opened = await self._wait(self._opened, self.gate_seconds)
        except _HungUp as end:
            self._requested(end.by)
            self._end(agent=_NORMAL)
            return
        self.gate = GatePosition.PASSED
        if not opened:
            self._tell(GateExpired)
            self._end(agent=(31, "480"))
            return
        if self.order.caller:
            # The customer rang: he is on the line already.
            self._note(customer_started_at=self.clock(), customer_answered_at=self.clock())
            self._tell(CustomerAnswered)
            await self._talk()
            return
        self._tell(GateOpened)
        if not await self._customer_answers():
            return
        if self.order.customer_first:
            await self._agent_follows()
        else:
            await self._talk()

    async def _agent_rings(self) -> None:
        self._agent_leg = True
        self._tell(AgentRinging)
        fate, ring = self.agent, self.order.agent_ring_seconds
        ignores = fate.does is AgentDoes.IGNORE
        if not await self._rings(self.agent_told, None if ignores else fate.after, ring, never=ignores):
            self._tell(AgentLegFailed, reason=3, detail="nobody answered in time")
            self._end(agent=(19, "480"))
        elif fate.does is AgentDoes.BUSY:
            self._tell(HangupRequested, leg=Leg.AGENT)
            self._tell(AgentLegFailed, reason=0, detail="the phone is busy")
            self._end(agent=(17, "486"))
        else:
            self._note(agent_answered_at=self.clock())
            self.gate = GatePosition.WAITING
            self._tell(AgentUp)

    def _agent_failed(self, by: HungUpBy) -> None:
        self._requested(by)
        self._tell(AgentLegFailed, reason=0, detail="hung up while ringing")
        self._end(agent=(21, "603") if by is HungUpBy.AGENT else _NORMAL)

    async def _agent_follows(self) -> None:
        try:
            status = await self._agent_comes()
            if not status:
                await self._talk()
                return
            self._tell(AgentMissed, dial_status=status, cause=None)
            await self._wait(asyncio.Event(), _APOLOGY_SECONDS)
        except _HungUp as end:
            self._requested(end.by)
        self._end(customer=_NORMAL)

    async def _agent_comes(self) -> str:
        """Ring the agent for a customer who waits; with what it failed, "" where both are connected."""
        if not self.agent_reachable:
            return "CHANUNAVAIL"
        fate, ring = self.agent, self.order.agent_ring_seconds
        ignores = fate.does is AgentDoes.IGNORE
        self._agent_leg = True
        self._tell(AgentRinging)
        try:
            did = await self._rings(self.agent_told, None if ignores else fate.after, ring, never=ignores)
        except _HungUp as end:
            if end.by is not HungUpBy.AGENT:
                raise
            self._ended_by = None
            self._changed.clear()
            self._requested(end.by)
            self._end(agent=(21, "603"))
            return "NOANSWER"
        if not did:
            self._end(agent=(0, None))
            return "NOANSWER"
        if fate.does is AgentDoes.BUSY:
            self._requested(HungUpBy.AGENT)
            self._end(agent=(17, "486"))
            return "BUSY"
        self._note(agent_answered_at=self.clock())
        self._tell(AgentConnected)
        return ""

    async def _customer_answers(self) -> bool:
        """Ring the customer; where he does not answer the call ends."""
        fate, ring = self.customer, self.order.customer_ring_seconds
        failure = FAILURES.get(fate.does)
        self._note(customer_started_at=self.clock())
        self._tell(CustomerDialing)
        if failure is None or failure.rings:
            self._tell(CustomerRinging)
        ignores = fate.does is CustomerDoes.IGNORE
        try:
            did = await self._rings(self.customer_told, None if ignores else fate.after, ring, never=ignores)
        except _HungUp as end:
            self._rings_no_more(end.by)
            return False
        if not did:
            self._tell(CustomerDialEnded, dial_status="NOANSWER", cause=0)
            self._end(customer=(0, None), agent=_NORMAL)
        elif failure is not None:
            self._tell(HangupRequested, leg=Leg.CUSTOMER)
            self._tell(CustomerDialEnded, dial_status=failure.dial_status, cause=failure.cause)
            last = (failure.cause, failure.tech_cause)
            self._end(customer=last, agent=last)
        else:
            self._note(customer_answered_at=self.clock())
            self._tell(CustomerAnswered)
            return True
        return False

    def _rings_no_more(self, by: HungUpBy) -> None:
        self._requested(by)
        if by is HungUpBy.CUSTOMER:  # to hang up while it rings is to decline
            self._tell(CustomerDialEnded, dial_status="CHANUNAVAIL", cause=21)
            self._end(customer=(21, "603"), agent=(21, "603"))
        else:
            self._tell(CustomerDialEnded, dial_status="CANCEL", cause=None)
            self._end(customer=_NORMAL, agent=(0, None))

    async def _talk(self) -> None:
        self.agent_here = self.customer_here = True
        self._tell(Entered, party_id=None)
        plans = [
            (self.customer.hangs_up_after, HungUpBy.CUSTOMER),
            (self.agent.hangs_up_after, HungUpBy.AGENT),
        ]
        first = min(((after, by) for after, by in plans if after is not None), default=None)
        seconds, by = first or (None, HungUpBy.US)
        while self.agent_here or self.customer_here:
            try:
                await self._wait(asyncio.Event(), seconds)
            except _HungUp as end:
                by = end.by
            if not self.attended:
                self._all_leave(by)
            elif by is HungUpBy.US:
                self._customer_leaves(HungUpBy.US)
                self._agent_leaves(HungUpBy.US)
            elif by is HungUpBy.AGENT:
                self._agent_leaves(by)
            else:
                self._customer_leaves(by)
            seconds, self._ended_by = None, None
            self._changed.clear()

    def _all_leave(self, by: HungUpBy) -> None:
        self.agent_here = self.customer_here = False
        self._requested(by)
        self._tell(Left, party_id=None)
        # When he who had the other dialled leaves, the dialplan does not go on after Dial.
        if by is HungUpBy.CUSTOMER and not self.order.customer_first:
            self._tell(CustomerDialEnded, dial_status="ANSWER", cause=16)
        self._end(customer=_NORMAL, agent=_NORMAL)

    def _agent_leaves(self, by: HungUpBy) -> None:
        if not self.agent_here:
            return
        self.agent_here = False
        if not self.released:
            self._requested(by)
        if self.customer_here:
            self._tell(Left, party_id=None)
        self._end(agent=_NORMAL)

    def _customer_leaves(self, by: HungUpBy) -> None:
        if not self.customer_here:
            return
        self.customer_here = False
        self._requested(by)
        for who in [*([None] if self.agent_here else []), *self.others]:
            self._tell(Left, party_id=who)
        self.others.clear()
        self._note(customer_ended_at=self.clock(), customer_cause=_NORMAL[0])
        self._tell(LegEnded, leg=Leg.CUSTOMER, cause=_NORMAL[0], tech_cause=_NORMAL[1])

    async def _rings(self, told: asyncio.Event, after: float | None, ring: int, *, never: bool) -> bool:
        """Ring at most `ring` seconds: whether the other side did something by then."""
        if never or (after is not None and after > ring):
            await self._wait(asyncio.Event(), ring)
            return False
        return await self._wait(told, ring if after is None else after) or after is not None

    async def _wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Wait for an event, at most so long; _HungUp when somebody ends the call."""
        waiters = [asyncio.ensure_future(one.wait()) for one in (event, self._changed)]
        try:
            timeout = None if seconds is None else seconds * self.pace
            await asyncio.wait(waiters, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
        if self._ended_by is not None:
            raise _HungUp(self._ended_by)
        return event.is_set()

    def _requested(self, by: HungUpBy) -> None:
        # Who asked first is told, and nobody after him.
        if by is not HungUpBy.US and not self._asked:
            self._asked = True
            self._tell(HangupRequested, leg=Leg(by.value))

    def _tell(self, kind: type[CallEvent], **values: object) -> None:
        now = self.clock()
        self.tell_event(kind(attempt_id=self.order.attempt_id, at=now, asterisk_at=now, **values))

    def _note(self, **facts: datetime | int) -> None:
        self.trail = replace(self.trail, **facts)  # type: ignore[arg-type]

    def _end(self, *, agent: LegEnd = _NORMAL, customer: LegEnd | None = None) -> None:
        now = self.clock()
        if customer is not None:
            self._note(customer_ended_at=now, customer_cause=customer[0])
            self._tell(LegEnded, leg=Leg.CUSTOMER, cause=customer[0], tech_cause=customer[1])
        if self._agent_leg:
            self._agent_leg = False
            self._note(agent_ended_at=now)
            self._tell(LegEnded, leg=Leg.AGENT, cause=agent[0], tech_cause=agent[1])
