"""What holds for every test: the developer's own settings stay outside, and nothing is timed."""

import asyncio
import functools
import gc
import inspect
import logging
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from dialer.pace import keep_pace
from tests.fixtures_asterisk import asterisk_binary, asterisk_server, short_tmp
from tests.support.folders import remove_folders

# One Asterisk for all who take it from here: whoever imports the fixture by himself has one of his own.
__all__ = ["asterisk_binary", "asterisk_server", "short_tmp"]

# Until everything is collected: see `pytest_runtestloop`.
gc.disable()

# How fast an example runs says nothing about it, and no example is remembered from run to run.
settings.register_profile("house", deadline=None, database=None)
settings.load_profile("house")

for name in [name for name in os.environ if name.startswith("DIALER_")]:
    del os.environ[name]

# An error's traceback as the product writes it: to draw frames around it takes a quarter of a second.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

# Nothing takes half of this, even on a slow machine.
_LONGEST_SECONDS = 300

# What waits for a real Asterisk, a real browser or a real speech engine.
_REAL_FOLDERS = frozenset({"live_asterisk", "panel", "scenarios"})
_REAL_MODULES = frozenset({"test_speech.py", "test_telephony.py"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that wait for something real take the longest, and come first: where several processes share the
    work, the many quick ones fill up what is left."""
    items.sort(key=lambda item: not _is_real(item.path))
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            item.obj = _in_time(item.obj)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """What is imported and collected stays: to look for garbage in it would be an eighth of the time."""
    gc.enable()
    keep_pace()


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


def _is_real(path: Path) -> bool:
    return path.parent.name in _REAL_FOLDERS or path.name in _REAL_MODULES


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command that is run in a test sets up its own logs: the next test has those of before."""
    configured, handlers = structlog.get_config(), logging.root.handlers[:]
    yield
    structlog.configure(**configured)
    logging.root.handlers[:] = handlers
