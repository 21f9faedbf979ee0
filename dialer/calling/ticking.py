"""What time brings about each second, and a clock that jumps."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from dialer.clock import Clock, Steps

log = structlog.get_logger(__name__)

SECOND = 1.0
# Time-outs are kept by the clock of the rows: a step of so much leaves calls waiting for what is long past.
_STEP_SECONDS = 2.0


async def tick(works: Sequence[Callable[[datetime], Awaitable[None]]], clock: Clock) -> None:
    """Do each of these every second, until cancelled; one that waits or fails holds up no other."""
    async with asyncio.TaskGroup() as tasks:
        for work in works:
            tasks.create_task(_repeat(work, clock))


async def _repeat(work: Callable[[datetime], Awaitable[None]], clock: Clock) -> None:
    while True:
        await asyncio.sleep(SECOND)
        try:
            await work(clock())
        except Exception:
            log.exception("Agents could not be looked after.", action="each_second")


class ClockWatch:
    """Sees when this machine's clock is stepped, and has `look_anew` called then."""

    def __init__(self, clock: Clock, look_anew: Callable[[], Awaitable[None]]) -> None:
        self._clock = clock
        self._look_anew = look_anew
        self._steps = Steps()

    async def look(self) -> None:
        """Compare it with a clock that nobody steps."""
        stepped = self._steps.since_last(self._clock(), asyncio.get_running_loop().time())
        if abs(stepped) > _STEP_SECONDS:
            log.warning(
                "The clock of this machine was stepped: every call in flight is looked at anew. "
                "Let it follow a time server (NTP).",
                action="sweep",
                seconds=round(stepped, 1),
            )
            await self._look_anew()
