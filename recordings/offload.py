"""Runs what takes time on the executor the service was composed with."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Offload:
    """Keeps file and audio work out of the event loop."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        """The result of `work`, which with its arguments must be picklable for a process pool."""
        return await asyncio.wrap_future(self._executor.submit(work, *args))
