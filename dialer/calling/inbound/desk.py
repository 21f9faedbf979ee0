"""Receives customers who ring: takes charge of them, puts them through, lets nobody wait for ever (D9)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from dialer.calling.committing import Pairing
from dialer.calling.inbound import queries, service
from dialer.calling.inbound.states import Missed
from dialer.clock import Clock
from dialer.storage.database import Database
from dialer.telephony.events import CallerLeft, CustomerCalls
from dialer.telephony.port import CallerHears, CallOrder, Telephony, TelephonyError

log = structlog.get_logger(__name__)

# Longer than a customer whose call nobody of ours watched can have waited.
_FORGOTTEN = timedelta(minutes=5)


@dataclass(slots=True)
class _Caller:
    """One who waits. `attempt_id`: an agent's phone is rung for him now."""

    ticket_id: str
    rang_at: datetime
    attempt_id: str | None = None
    music: bool = False


class CallerDesk:
    """The customers who wait on the line of one telephone system.

    `place` takes a call that was committed to.
    """

    def __init__(
        self,
        database: Database,
        telephony: Telephony,
        clock: Clock,
        *,
        pairing: Callable[[], Pairing],
        may_place: Callable[[], bool],
        place: Callable[[CallOrder], None],
    ) -> None:
        self._db = database
        self._telephony = telephony
        self._clock = clock
        self._pairing = pairing
        self._may_place = may_place
        self._place = place
        self._callers: dict[str, _Caller] = {}
        self._turn = asyncio.Lock()

    @property
    def waiting(self) -> int:
        """How many wait for an agent: so many agents are spared for them."""
        return sum(one.attempt_id is None for one in self._callers.values())

    async def rang(self, call: CustomerCalls) -> None:
        """A customer rings: his ticket is made, and an agent looked for."""
        async with self._turn:
            if call.call_id in self._callers:
                return
            now = self._clock()
            ticket = await self._db.write(lambda c: service.open_ticket(c, call, now))
            if not service.is_open(self._pairing(), now):
                await self._dismiss(call.call_id, ticket.id, Missed.CLOSED, CallerHears.CLOSED)
                return
            self._callers[call.call_id] = caller = _Caller(ticket.id, call.at)
            await self._serve(call.call_id, caller)

    async def left(self, call: CallerLeft) -> None:
        """A customer who waited has hung up."""
        async with self._turn:
            caller = self._callers.pop(call.call_id, None)
            if caller is None:
                return
            # First the ticket: the agent whose phone stops ringing has done nothing wrong.
            await self._miss(caller.ticket_id, Missed.LEFT)
            if caller.attempt_id is not None:
                await self._hang_up(caller.attempt_id)

    def answered(self, attempt_id: str) -> None:
        """A customer was put through by this attempt: he waits no longer."""
        for call_id, caller in list(self._callers.items()):
            if caller.attempt_id == attempt_id:
                del self._callers[call_id]

    async def ended(self, attempt_id: str) -> None:
        """An attempt is over: where the customer still waits, the next agent is looked for."""
        async with self._turn:
            for call_id, caller in list(self._callers.items()):
                if caller.attempt_id == attempt_id:
                    caller.attempt_id = None
                    await self._serve(call_id, caller)

    async def look(self) -> None:
        """Look for agents for all who wait; let go of who has waited too long."""
        if not self._callers:
            return
        async with self._turn:
            longest = timedelta(seconds=self._pairing().settings.caller_wait_seconds)
            for call_id, caller in list(self._callers.items()):
                if caller.attempt_id is not None:
                    continue
                if self._clock() - caller.rang_at >= longest:
                    del self._callers[call_id]
                    await self._dismiss(call_id, caller.ticket_id, Missed.NOBODY_FREE, CallerHears.NOBODY)
                else:
                    await self._serve(call_id, caller)

    def lose_sight(self) -> None:
        """The link is down: who still waits when it is back is told of again."""
        self._callers.clear()

    async def tidy(self) -> None:
        """Who rang so long ago and was never heard of again was not put through: he is called back."""
        longest = timedelta(seconds=self._pairing().settings.caller_wait_seconds) + _FORGOTTEN
        here = {one.ticket_id for one in self._callers.values()}
        for ticket in await self._db.read(queries.ringing):
            if ticket.id not in here and self._clock() - ticket.rang_at > longest:
                await self._miss(ticket.id, Missed.LOST)

    async def _serve(self, call_id: str, caller: _Caller) -> None:
        now, order = self._clock(), None
        if self._may_place():
            pairing, ticket_id = self._pairing(), caller.ticket_id

            def work(conn: Connection) -> CallOrder | None:
                return service.put_through(conn, pairing, ticket_id, now)

            order = await self._db.write(work)
        if order is not None:
            caller.attempt_id = order.attempt_id
            if not caller.music:
                await self._tell(call_id, CallerHears.RINGING)
            self._place(order)
        elif not caller.music:
            caller.music = True
            await self._tell(call_id, CallerHears.MUSIC)

    async def _dismiss(self, call_id: str, ticket_id: str, why: Missed, hears: CallerHears) -> None:
        await self._miss(ticket_id, why)
        await self._tell(call_id, hears)

    async def _miss(self, ticket_id: str, why: Missed) -> None:
        now, pairing = self._clock(), self._pairing()
        await self._db.write(lambda c: service.miss(c, pairing, ticket_id, why, now))
        log.info("A customer who rang was not put through.", action="missed", ticket=ticket_id, why=why.value)

    async def _tell(self, call_id: str, hears: CallerHears) -> None:
        try:
            await self._telephony.tell_caller(call_id, hears)
        except TelephonyError as error:
            # He is gone, or the telephone system itself lets him go: an event tells.
            log.info("A caller was not told.", action="tell_caller", call=call_id, error=str(error))

    async def _hang_up(self, attempt_id: str) -> None:
        try:
            await self._telephony.hang_up(attempt_id)
        except TelephonyError as error:
            log.warning("A phone rings on.", action="hang_up", attempt=attempt_id, error=str(error))
