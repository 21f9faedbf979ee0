"""What holds for every test: the developer's own settings stay outside, and nothing is timed."""

import asyncio
import functools
import inspect
import logging
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from tests.support.folders import remove_folders

# How fast an example runs says nothing about it, and no example is remembered from run to run.
settings.register_profile("house", deadline=None, database=None)
settings.load_profile("house")

for name in [name for name in os.environ if name.startswith("DIALER_")]:
    del os.environ[name]

# Nothing takes half of this, even on a slow machine.
_LONGEST_SECONDS = 300

# What waits for a real Asterisk, a real browser or a real speech engine; whose tests take the longest, first.
_REAL_FOLDERS = ("scenarios", "live_asterisk", "panel")
_REAL_MODULES = frozenset(
    {"test_speech.py", "test_speech_cluster.py", "test_speech_recordings.py", "test_telephony.py"}
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that mostly wait among those that only compute: where several processes share the work, no
    processor is idle while phones ring, and nothing long is left for the end."""
    real = sorted(
        (item for item in items if _rank(item.path) is not None), key=lambda one: _rank(one.path) or 0
    )
    quick = [item for item in items if _rank(item.path) is None]
    share = len(quick) / (len(real) + 1)
    items[:] = [
        one
        for number in range(len(real) + 1)
        for one in (*real[number : number + 1], *quick[round(number * share) : round((number + 1) * share)])
    ]
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            item.obj = _in_time(item.obj)


def pytest_unconfigure() -> None:
    """No folder is left behind."""
    remove_folders()


def _in_time(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """The test with a deadline: a hanging one is cancelled where it waits, which its traceback then shows."""

    @functools.wraps(test)
    async def timed(*args: object, **kwargs: object) -> None:
        async with asyncio.timeout(_LONGEST_SECONDS):
            await test(*args, **kwargs)

    return timed


def _rank(path: Path) -> int | None:
    if path.name in _REAL_MODULES:
        return 0
    return _REAL_FOLDERS.index(path.parent.name) if path.parent.name in _REAL_FOLDERS else None


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command that is run in a test sets up its own logs: the next test has those of before."""
    configured, handlers = structlog.get_config(), logging.root.handlers[:]
    yield
    structlog.configure(**configured)
    logging.root.handlers[:] = handlers
