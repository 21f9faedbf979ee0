"""Asks for one call, and deals with each way in which that can be refused."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.calling.progress import NOT_DIALLED, Ending
from dialer.clock import Clock
from dialer.nodes.rules import DEFAULT_NODE, alarm_subject
from dialer.storage.database import Database
from dialer.telephony.port import (
    CallOrder,
    LinkUnavailable,
    RequestRefused,
    RequestUncertain,
    Telephony,
    TelephonyError,
)

log = structlog.get_logger(__name__)

# While the telephone system refuses calls, each try costs one follow-up its place in the queue.
_REFUSED_SECONDS = 10.0
_REFUSED = "calls_refused"


class Placer:
    """Places calls through `telephony`. `end` ends an attempt, `settle` puts one in doubt."""

    def __init__(
        self,
        database: Database,
        telephony: Telephony,
        clock: Clock,
        *,
        lead_seconds: float,
        end: Callable[[str, Ending], Awaitable[None]],
        settle: Callable[[str], Awaitable[object]],
        node: str = DEFAULT_NODE,
    ) -> None:
        self._db = database
        self._telephony = telephony
        self._clock = clock
        self._lead_seconds = lead_seconds
        self._end = end
        self._settle = settle
        self._subject = alarm_subject(node)
        self._refused = False
        self._held_until = 0.0
        # Calls that no channel is known of yet, and those of them that are not wanted any more.
        self._placing: set[str] = set()
        self._dropped: set[str] = set()

    @property
    def held(self) -> bool:
        """Whether calls were refused a moment ago, so that none is asked for now."""
        return time.monotonic() < self._held_until

    async def place(self, order: CallOrder, *, looked: bool = False) -> None:
        """Ask the telephone system to ring the agent, after the page had time to open.

        At once where the agent has `looked` at the page already. Customer first nobody is rung before the
        gate is open.
        """
        attempt_id = order.attempt_id
        self._placing.add(attempt_id)
        try:
            if self._lead_seconds and not looked:
                await asyncio.sleep(self._lead_seconds)
            if attempt_id in self._dropped:
                await self._end(attempt_id, NOT_DIALLED)
                return
            await self._ask(order)
            if attempt_id in self._dropped:
                await self._hang_up(attempt_id)
        finally:
            self._placing.discard(attempt_id)
            self._dropped.discard(attempt_id)

    def drop(self, attempt_id: str) -> bool:
        """Ring nobody for this call any more; False where it has a channel, which has to be hung up."""
        if attempt_id not in self._placing:
            return False
        self._dropped.add(attempt_id)
        return True

    async def withdraw(self, attempt_id: str) -> bool:
        """The same, and the attempt ends: somebody hung up before any phone rang (D6)."""
        dropped = self.drop(attempt_id)
        if dropped:
            await self._end(attempt_id, NOT_DIALLED)
        return dropped

    async def _ask(self, order: CallOrder) -> None:
        attempt_id = order.attempt_id
        try:
            if order.customer_first:
                await self._telephony.call_customer(order)
            else:
                await self._telephony.call_agent(order)
        except LinkUnavailable as error:
            # Certainly without effect: the attempt ends here and burns no try.
            log.warning("The agent was not called.", action="place", attempt=attempt_id, error=str(error))
            await self._end(attempt_id, NOT_DIALLED)
        except RequestRefused as error:
            log.error("A call was refused.", action="place", attempt=attempt_id, error=str(error))
            await self._hold(str(error))
            await self._end(attempt_id, NOT_DIALLED)
        except RequestUncertain as error:
            log.warning("In doubt if it was placed.", action="place", attempt=attempt_id, error=str(error))
            await self._settle(attempt_id)
        else:
            log.info(
                "The call waits at the gate." if order.customer_first else "The agent is being called.",
                action="place",
                attempt=attempt_id,
                extension=order.agent_extension,
            )
            await self._taken()

    async def _hang_up(self, attempt_id: str) -> None:
        try:
            await self._telephony.hang_up(attempt_id)
        except TelephonyError as error:
            # Its gate stays shut: the agent's phone stops by itself.
            log.warning("A phone rings on.", action="hang_up", attempt=attempt_id, error=str(error))

    async def _hold(self, error: str) -> None:
        self._refused = True
        self._held_until = time.monotonic() + _REFUSED_SECONDS
        now = self._clock()
        await self._db.write(lambda c: raise_alarm(c, _REFUSED, self._subject, now, {"error": error}))

    async def _taken(self) -> None:
        if self._refused:
            self._refused = False
            now = self._clock()
            await self._db.write(lambda c: clear_alarm(c, _REFUSED, self._subject, now))
