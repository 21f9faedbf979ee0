"""What closing a broken connection raises must not hide that its task was told to stop (D8).

A loop that tries again after any trouble would go on, and who waits for its end would wait for ever: so a
service that had been halted never gave its node up.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from dialer.storage.server import Cancellable

# Never connected: only what opening and closing raise matters here.
_CONNECTION = AsyncConnection(create_async_engine("postgresql+asyncpg://nobody@localhost/none"))


class _Broken(Exception):
    pass


@asynccontextmanager
async def _breaks_while_it_closes() -> AsyncIterator[AsyncConnection]:
    """As SQLAlchemy closes: to the end, whatever happens to the task, and what that raises goes first."""
    try:
        yield _CONNECTION
    finally:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        raise _Broken


async def _for_ever(*, in_the_work: bool) -> None:
    while True:
        with suppress(_Broken):
            async with Cancellable(_breaks_while_it_closes()):
                if in_the_work:
                    with suppress(asyncio.CancelledError):
                        await asyncio.sleep(60)
                    raise _Broken


@pytest.mark.parametrize("in_the_work", [True, False])
async def test_a_cancelled_task_ends(in_the_work: bool) -> None:
    task = asyncio.create_task(_for_ever(in_the_work=in_the_work))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.sleep(0.01)
    if in_the_work:
        task.cancel()
    done, _ = await asyncio.wait([task], timeout=5)
    assert done
    assert task.cancelled()


async def test_without_a_cancellation_the_trouble_is_told() -> None:
    with pytest.raises(_Broken):
        async with Cancellable(_at_once()):
            pass


@asynccontextmanager
async def _at_once() -> AsyncIterator[AsyncConnection]:
    yield _CONNECTION
    raise _Broken
