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
from dialer.calling.queries import Attempt
from dialer.clock import Clock
from dialer.storage.database import Database
from dialer.telephony.events import CallerLeft, CustomerCalls
from dialer.telephony.port import CallerHears, CallOrder, Telephony, TelephonyError

log = structlog.get_logger(__name__)

# Longer than a customer whose call nobody of ours watched can have waited.
_FORGOTTEN = timedelta(minutes=5)
# Who rang unseen so long ago is called back: a night, or a day without the service.
_LOOKED_BACK = timedelta(hours=24)
# Where that cannot be written, it is tried again.
_AGAIN_SECONDS = 5.0


GiveWay = Callable[[Connection, Pairing, str, datetime], Attempt | None]
"""Ends our own call to who waits with a ticket, or tells of it where his phone is being dialled already."""


@dataclass(slots=True)
class _Caller:
    """One who waits. `ticket_id` None: it is not written yet; `attempt_id`: an agent is rung for him now."""

    call: CustomerCalls
    ticket_id: str | None = None
    attempt_id: str | None = None
    music: bool = False


class CallerDesk:
    """The customers who wait on the line of one telephone system.

    `place` takes a call that was committed to, `drop` takes one back that has no channel yet, and
    `give_way` is asked before an agent is looked for. What fails for one of them holds up nobody else, and is
    tried again: also where his ticket cannot be written, he waits.
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
        drop: Callable[[str], bool],
        give_way: GiveWay,
    ) -> None:
        self._db = database
        self._telephony = telephony
        self._clock = clock
        self._pairing = pairing
        self._may_place = may_place
        self._place = place
        self._drop = drop
        self._give_way = give_way
        self._callers: dict[str, _Caller] = {}
        # Who is gone, and why, until that is written.
        self._owed: dict[str, tuple[_Caller, Missed]] = {}
        self._turn = asyncio.Lock()
        self._looks_back = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many wait for an agent: so many agents are spared for them."""
        return sum(one.attempt_id is None for one in self._callers.values())

    async def rang(self, call: CustomerCalls) -> None:
        """A customer rings: his ticket is made, and an agent looked for."""
        async with self._turn:
            if call.call_id not in self._callers:
                self._callers[call.call_id] = caller = _Caller(call)
                await self._attend(caller)

    async def left(self, call: CallerLeft) -> None:
        """A customer who waited has hung up."""
        async with self._turn:
            caller = self._callers.pop(call.call_id, None)
            if caller is None:
                return
            # First the ticket: the agent whose phone stops ringing has done nothing wrong.
            await self._miss(caller, Missed.LEFT)
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
            for caller in list(self._callers.values()):
                if caller.attempt_id == attempt_id:
                    caller.attempt_id = None
                    await self._attend(caller)

    async def look(self) -> None:
        """Look for agents for all who wait; let go of who has waited too long."""
        if not self._callers:
            return
        async with self._turn:
            longest = timedelta(seconds=self._pairing().settings.caller_wait_seconds)
            for caller in list(self._callers.values()):
                if caller.attempt_id is not None:
                    continue
                if self._clock() - caller.call.at >= longest:
                    await self._dismiss(caller, Missed.NOBODY_FREE, CallerHears.NOBODY)
                else:
                    await self._attend(caller)

    def lose_sight(self) -> None:
        """The link is down: who still waits when it is back is told of again."""
        self._callers.clear()

    def look_back(self) -> None:
        """The link is back: somebody may have rung unseen."""
        self._looks_back.set()

    async def run(self) -> None:
        """Look back whenever that is asked for. Beside everything else: a long log takes its time."""
        while True:
            await self._looks_back.wait()
            self._looks_back.clear()
            try:
                await self.catch_up()
            except Exception:
                log.exception("Who rang unseen could not be written down.", action="catch_up")
                await asyncio.sleep(_AGAIN_SECONDS)
                self.look_back()

    async def catch_up(self) -> None:
        """The link is back: who rang meanwhile and was let go by the telephone system alone is called back.

        By its log, which is told apart from our own tickets; may be done again.
        """
        try:
            gone = await self._telephony.let_go(self._clock() - _LOOKED_BACK)
        except TelephonyError as error:
            log.warning("Who rang unseen cannot be told.", action="catch_up", error=str(error))
            return
        for call in await self._db.read(lambda c: queries.without_ticket(c, gone)):
            # Whom we saw ourselves, and could not write down yet, we know better.
            if call.call_id not in {*self._callers, *self._owed}:
                await self._write_unseen(call)

    async def _write_unseen(self, call: CustomerCalls) -> None:
        now, pairing = self._clock(), self._pairing()
        await self._db.write(lambda c: service.note_unseen(c, pairing, call, now))
        log.info("A customer rang while nobody watched.", action="missed", call=call.call_id)

    async def tidy(self) -> None:
        """Write down whom we owe a call-back: who is gone, and who rang so long ago and was never heard of
        again that he was not put through.
        """
        for caller, why in list(self._owed.values()):
            await self._miss(caller, why)
        longest = timedelta(seconds=self._pairing().settings.caller_wait_seconds) + _FORGOTTEN
        here = {one.ticket_id for one in self._callers.values()}
        for ticket in await self._db.read(queries.ringing):
            if ticket.id not in here and self._clock() - ticket.rang_at > longest:
                await self._write_missed(ticket.id, Missed.LOST)

    async def _attend(self, caller: _Caller) -> None:
        order = None
        try:
            if await self._is_let_in(caller):
                order = await self._find_agent(caller)
        except Exception as error:
            log.exception("A caller cannot be put through now.", action="caller", error=str(error))
        if order is not None:
            caller.attempt_id = order.attempt_id
            if not caller.music:
                await self._tell(caller, CallerHears.RINGING)
            self._place(order)
        elif caller.call.call_id in self._callers and not caller.music:
            caller.music = True
            await self._tell(caller, CallerHears.MUSIC)

    async def _is_let_in(self, caller: _Caller) -> bool:
        if caller.ticket_id is not None:
            return True
        await self._open_ticket(caller)
        is_open = service.is_open(self._pairing(), self._clock())
        if not is_open:
            await self._dismiss(caller, Missed.CLOSED, CallerHears.CLOSED)
        return is_open

    async def _open_ticket(self, caller: _Caller) -> str:
        now = self._clock()
        ticket = await self._db.write(lambda c: service.open_ticket(c, caller.call, now))
        caller.ticket_id = ticket.id
        return ticket.id

    async def _find_agent(self, caller: _Caller) -> CallOrder | None:
        ticket_id = caller.ticket_id
        if ticket_id is None or not self._may_place():
            return None
        now, pairing = self._clock(), self._pairing()

        def work(conn: Connection) -> tuple[Attempt | None, CallOrder | None]:
            ours = self._give_way(conn, pairing, ticket_id, now)
            if ours is None:
                return None, service.put_through(conn, pairing, ticket_id, now)
            if ours.go_at is not None:
                return ours, None
            return ours, service.put_through(conn, pairing, ticket_id, now, wanted=ours.agent_id)

        ours, order = await self._db.write(work)
        if ours is not None and not self._drop(ours.id):
            await self._hang_up(ours.id)
        return order

    async def _dismiss(self, caller: _Caller, why: Missed, hears: CallerHears) -> None:
        del self._callers[caller.call.call_id]
        await self._miss(caller, why)
        await self._tell(caller, hears)

    async def _miss(self, caller: _Caller, why: Missed) -> None:
        self._owed[caller.call.call_id] = caller, why
        try:
            await self._write_missed(caller.ticket_id or await self._open_ticket(caller), why)
        except Exception as error:
            log.exception("That he was missed cannot be written down.", action="missed", error=str(error))
        else:
            self._owed.pop(caller.call.call_id, None)

    async def _write_missed(self, ticket_id: str, why: Missed) -> None:
        now, pairing = self._clock(), self._pairing()
        await self._db.write(lambda c: service.miss(c, pairing, ticket_id, why, now))
        log.info("A customer who rang was not put through.", action="missed", ticket=ticket_id, why=why.value)

    async def _tell(self, caller: _Caller, hears: CallerHears) -> None:
        call_id = caller.call.call_id
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
