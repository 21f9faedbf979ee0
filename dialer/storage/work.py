"""The loop around a worker: one look after the other, news wakes it, trouble does not end it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import structlog

from dialer.storage.feed import Feed

log = structlog.get_logger(__name__)

_PAUSE_AFTER_TROUBLE = 5.0


async def work_through(
    feed: Feed,
    step: Callable[[], Awaitable[object]],
    *,
    action: str,
    longest_sleep: float,
    kinds: Collection[str] = (),
    pause_after_news: float = 0.0,
) -> None:
    """Do `step` until cancelled, again at once for as long as it finds something to do.

    In between it sleeps: until there are event rows of `kinds` (any, where none is named), at most
    `longest_sleep` seconds, since another process may have written. News that come while it works are not
    slept over; `pause_after_news` lets a burst of them be served by one look. Whatever a step raises is
    logged as `action`, and tried again.
    """
    while True:
        mark = feed.mark()
        try:
            found = await step()
        except Exception:
            log.exception("A worker met trouble and goes on.", action=action)
            await asyncio.sleep(_PAUSE_AFTER_TROUBLE)
            continue
        if not found:
            await feed.wait(longest_sleep, since=mark, kinds=kinds)
            await asyncio.sleep(pause_after_news)
