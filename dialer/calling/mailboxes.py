"""Work in order for each key, at the same time for different keys."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger(__name__)
M = TypeVar("M")


class Mailboxes(Generic[M]):
    """One mailbox a call: its events are dealt with one after another, calls side by side."""

    def __init__(self, handle: Callable[[str, M], Awaitable[None]]) -> None:
        self._handle = handle
        self._boxes: dict[str, deque[M]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, key: str, message: M) -> None:
        """Deal with `message` after all earlier ones of `key`."""
        box = self._boxes.get(key)
        if box is not None:
            box.append(message)
            return
        self._boxes[key] = deque([message])
        task = asyncio.create_task(self._empty(key), name=f"mailbox-{key}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _empty(self, key: str) -> None:
        box = self._boxes[key]
        try:
            while box:
                message = box.popleft()
                try:
                    await self._handle(key, message)
                except Exception:
                    # One event that cannot be dealt with must not stop those after it.
                    log.exception("An event could not be dealt with.", action="handle_event", attempt=key)
        finally:
            del self._boxes[key]

    async def stop(self) -> None:
        """Finish what is being dealt with."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
