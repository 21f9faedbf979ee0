"""How late the event loop is: what a telephone call would have waited for it."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from aiohttp import web

_EVERY_SECONDS = 0.5
_REMEMBERED = 120


class LoopLag:
    """The lateness of the event loop over the last minute, in seconds."""

    def __init__(self) -> None:
        self._seen: deque[float] = deque([0.0], maxlen=_REMEMBERED)

    @property
    def worst(self) -> float:
        """The latest it was in the last minute."""
        return max(self._seen)

    async def watch(self) -> None:
        """Look for ever."""
        loop = asyncio.get_running_loop()
        while True:
            wanted = loop.time() + _EVERY_SECONDS
            await asyncio.sleep(_EVERY_SECONDS)
            self._seen.append(max(0.0, loop.time() - wanted))


LAG = web.AppKey("loop_lag", LoopLag)


async def run_lag(app: web.Application) -> AsyncIterator[None]:
    """The look at the loop lives as long as the application."""
    app[LAG] = lag = LoopLag()
    task = asyncio.create_task(lag.watch(), name="loop-lag")
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
