"""A core for each: what is measured is what a program needs, and not who was moved where (D7)."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def apart(other_pid: int) -> Iterator[None]:
    """This process on one core, the other on another, if there are two; both with all that they start."""
    allowed = os.sched_getaffinity(0)
    if len(allowed) < 2:
        yield
        return
    ours, theirs, *_ = sorted(allowed)
    _move(os.getpid(), {ours})
    _move(other_pid, {theirs})
    try:
        yield
    finally:
        _move(os.getpid(), allowed)


def anywhere() -> None:
    """This process, which one that is pinned has started, wherever there is room."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))


def _move(pid: int, cores: Collection[int]) -> None:
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(ProcessLookupError):  # it has just ended
            os.sched_setaffinity(int(thread.name), cores)
