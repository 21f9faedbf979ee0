"""One ordered, bounded queue of events for one reader."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Generic, TypeVar

from dialer.figures import QueueFigures

T = TypeVar("T")


class Outbox(Generic[T]):
    """Events in the order they were put. Full is said, never solved by dropping."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.figures = QueueFigures()
        # Each with the moment at which it was put.
        self._items: deque[tuple[T, float]] = deque()
        self._changed = asyncio.Event()
        self._eased = asyncio.Event()
        self._eased.set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> bool:
        """Add an event; False when the queue is full: the event was not taken and somebody must act."""
        if len(self._items) >= self.limit:
            self._eased.clear()
            return False
        self.put_anyway(item)
        return True

    def put_anyway(self, item: T) -> None:
        """Add news of the link itself, for which there is always room."""
        self._items.append((item, perf_counter()))
        self.figures.waiting = len(self._items)
        self._changed.set()

    async def eased(self) -> None:
        """Wait, after the queue was full, until half of it was taken."""
        await self._eased.wait()

    def close(self) -> None:
        """Let the reader end after what is here."""
        self._closed = True
        self._changed.set()

    async def read(self) -> AsyncIterator[T]:
        """All events for one reader; ends after `close`."""
        while True:
            while self._items:
                item, put_at = self._items.popleft()
                self.figures.waiting = len(self._items)
                self.figures.waited.add(perf_counter() - put_at)
                if len(self._items) <= self.limit // 2:
                    self._eased.set()
                yield item
            if self._closed:
                return
            self._changed.clear()
            await self._changed.wait()
