"""Calls in progress on the fake telephone system: parties, hold, mute, tones."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dialer.telephony.events import (
    CallEvent,
    Entered,
    InCallEvent,
    Left,
    PartyEnded,
    PartyRinging,
    PartyUp,
    PhoneHeld,
    PhoneResumed,
)
from dialer.telephony.fake_call import FakeCall, HungUpBy
from dialer.telephony.fates import FAILURES, AgentDoes, AgentFate, CustomerDoes, CustomerFate
from dialer.telephony.incall import TONES, LiveParty, PartyMode, PartyOrder
from dialer.telephony.port import RequestRefused


@dataclass(slots=True, eq=False)
class FakeParty:
    """A further phone. `aside`: who talks with it in private, the agent's phone being None."""

    order: PartyOrder
    mode: PartyMode | None = None
    muted: bool = False
    aside: str | None = None
    told: asyncio.Event = field(default_factory=asyncio.Event)


class FakeInCall:
    """The in-call part of the port, in memory; what it stands on is the subclass's."""

    agents: dict[str, AgentFate]
    customers: dict[str, CustomerFate]
    phones: set[str]
    _clock: Callable[[], datetime]
    _pace: float
    _calls: dict[str, FakeCall]
    _tasks: set[asyncio.Task[None]]

    def __init__(self) -> None:
        self._party: dict[str, FakeParty] = {}
        self.tones: list[tuple[str, str]] = []

    def _need_link(self) -> None:
        raise NotImplementedError

    def _tell(self, event: CallEvent) -> None:
        raise NotImplementedError

    async def add_party(self, order: PartyOrder) -> None:
        """See the port."""
        call = self._talk(order.attempt_id)
        if order.party_id in self._party:
            raise RequestRefused(f"Party {order.party_id} is alive: it cannot be rung again.")
        if order.mode is PartyMode.CONSULT and len(self._ours(call)) != 1:
            raise RequestRefused("Several of ours talk with the customer: leave him to one of them first.")
        call.attended = call.attended or order.mode in (PartyMode.JOIN, PartyMode.CONSULT)
        party = self._party[order.party_id] = FakeParty(order)
        task = asyncio.get_running_loop().create_task(self._ring(party))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def move_party(self, party_id: str, mode: PartyMode) -> None:
        """See the port."""
        self._need_link()
        party = self._party.get(party_id)
        if party is None or party.mode is None:
            raise RequestRefused(f"Party {party_id} is not up: change it once its phone was answered.")
        if party.mode is not mode:
            call = self._talk(party.order.attempt_id)
            call.attended = call.attended or mode is PartyMode.JOIN
            self._out(party)
            self._party_up(party, mode)

    async def drop_party(self, party_id: str) -> None:
        """See the port."""
        self._need_link()
        self.party_hangs_up(party_id)

    async def release_agent(self, attempt_id: str) -> None:
        """See the port."""
        call = self._talk(attempt_id)
        if not call.others:
            raise RequestRefused(
                "Nobody else of ours talks with the customer: the agent cannot leave without ending the call."
            )
        if call.agent_here:
            call.released = True
            call.hang_up(HungUpBy.AGENT)

    async def hold(self, attempt_id: str) -> None:
        """See the port."""
        call = self._talk(attempt_id)
        call.attended = call.held = True

    async def resume(self, attempt_id: str) -> None:
        """See the port."""
        self._talk(attempt_id).held = False

    async def mute(self, attempt_id: str, muted: bool, party_id: str | None = None) -> None:
        """See the port."""
        call = self._talk(attempt_id)
        party = self._party.get(party_id or "")
        if party_id is not None and party is not None:
            party.muted = muted
        elif party_id is None and call.agent_here:
            call.muted = muted
        else:
            raise RequestRefused("This phone is no longer in the call: it cannot be muted.")

    async def send_digits(self, attempt_id: str, digits: str) -> None:
        """See the port. `tones` holds what was sent."""
        self._talk(attempt_id)
        if not digits or not set(digits) <= TONES:
            raise RequestRefused(f"{digits!r} cannot be sent: only 0-9, * and # are tones.")
        self.tones.append((attempt_id, digits))

    async def live_parties(self) -> tuple[LiveParty, ...]:
        """See the port."""
        self._need_link()
        talking = {one for call in self._calls.values() for one in call.others}
        return tuple(
            LiveParty(
                party_id=party_id,
                attempt_id=party.order.attempt_id,
                mode=party.mode,
                talking=party_id in talking,
            )
            for party_id, party in self._party.items()
        )

    # The people.

    def party_answers(self, party_id: str) -> None:
        """The party's phone is answered now, where the fate leaves it open."""
        self._party[party_id].told.set()

    def party_hangs_up(self, party_id: str) -> None:
        """The party leaves; nothing happens when it is gone."""
        party = self._party.get(party_id)
        if party is not None:
            self._out(party)
            self._gone(party, 16)

    def agent_holds(self, attempt_id: str, held: bool) -> None:
        """The agent presses the phone's own key for hold, or takes the call back."""
        call = self._calls[attempt_id]
        call.attended, call.held = True, held
        now = self._clock()
        self._tell((PhoneHeld if held else PhoneResumed)(attempt_id=attempt_id, at=now, asterisk_at=now))

    # Inside.

    def _drop_parties(self, attempt_id: str) -> None:
        for party_id, party in tuple(self._party.items()):
            if party.order.attempt_id == attempt_id:
                self.party_hangs_up(party_id)

    async def _ring(self, party: FakeParty) -> None:
        order = party.order
        if not order.number and order.extension not in self.phones:
            self._gone(party, None)
            return
        fate: AgentFate | CustomerFate
        if order.number:
            fate = self.customers.get(order.number, CustomerFate())
            failure = FAILURES.get(fate.does)
        else:
            fate = self.agents.get(order.extension, AgentFate())
            failure = FAILURES[CustomerDoes.BUSY] if fate.does is AgentDoes.BUSY else None
        if failure is None or failure.rings:
            self._say(PartyRinging, party)
        never = fate.does in (AgentDoes.IGNORE, CustomerDoes.IGNORE)
        after = order.ring_seconds if never or fate.after is None else fate.after
        try:
            async with asyncio.timeout(after * self._pace):
                await party.told.wait()
        except TimeoutError:
            if never or fate.after is None:
                self._gone(party, 19)
                return
        if order.party_id not in self._party:
            return
        if failure is not None:
            self._gone(party, failure.cause)
        else:
            self._party_up(party, order.mode)

    def _party_up(self, party: FakeParty, mode: PartyMode) -> None:
        call = self._calls.get(party.order.attempt_id)
        if call is not None and mode is PartyMode.CONSULT:
            call.held = True
            party.aside = self._ours(call)[0]
        party.mode = mode
        self._say(PartyUp, party, mode=mode)
        if call is None or not call.customer_here:
            self._gone(party, 16)  # there is nobody to talk with or to listen to
        elif mode is PartyMode.JOIN:
            call.others.append(party.order.party_id)
            self._say(Entered, party)
        elif mode is PartyMode.CONSULT:
            self._moves(Left, call, party.aside)

    def _out(self, party: FakeParty) -> None:
        call = self._calls.get(party.order.attempt_id)
        if call is not None and party.order.party_id in call.others:
            call.others.remove(party.order.party_id)
            self._say(Left, party)
        if call is not None and party.mode is PartyMode.CONSULT and call.customer_here:
            self._moves(Entered, call, party.aside)

    def _ours(self, call: FakeCall) -> list[str | None]:
        """Those of ours who are with the customer, the agent being None."""
        aside = [
            one.aside
            for one in self._party.values()
            if one.mode is PartyMode.CONSULT and one.order.attempt_id == call.order.attempt_id
        ]
        ours = [*([None] if call.agent_here else []), *call.others]
        return [one for one in ours if one not in aside]

    def _moves(self, kind: type[Entered | Left], call: FakeCall, who: str | None) -> None:
        """One of ours goes from the customer, or comes back to him; not if he has hung up."""
        gone = not call.agent_here if who is None else who not in self._party
        if not gone:
            self._tell(kind(attempt_id=call.order.attempt_id, at=self._clock(), party_id=who))

    def _gone(self, party: FakeParty, cause: int | None) -> None:
        if self._party.pop(party.order.party_id, None) is not None:
            self._say(PartyEnded, party, cause=cause)

    def _say(self, kind: type[InCallEvent], party: FakeParty, **values: object) -> None:
        now, order = self._clock(), party.order
        known: Mapping[str, object] = {"party_id": order.party_id, **values}
        self._tell(kind(attempt_id=order.attempt_id, at=now, asterisk_at=now, **known))

    def _talk(self, attempt_id: str) -> FakeCall:
        self._need_link()
        call = self._calls.get(attempt_id)
        if call is None or not call.customer_here:
            raise RequestRefused("The customer is not in the call: it can be done only while you talk.")
        return call
