"""A client that is halted in the middle of a transaction holds up nobody for long (D8)."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from dialer.storage import server
from dialer.storage.database import Database
from dialer.storage.feed import emit, latest_id
from tests.support.core import NOW
from tests.support.stores import MakeUrl


@pytest.fixture
def url(make_url: MakeUrl) -> str:
    """Only a server has several clients."""
    return make_url("postgresql", True)


async def test_a_halted_session_that_others_wait_for_is_ended(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_KEEP_SECONDS", 0.2)
    monkeypatch.setattr(server, "_LONGEST_HALT_SECONDS", 0.5)
    # Without the product's own time-out for idle transactions, which a halt inside a statement escapes.
    others = create_async_engine(url)
    database = Database(url)
    await database.start()
    try:
        async with others.connect() as halted, others.connect() as watched:
            await halted.execute(text("LOCK TABLE events IN ACCESS EXCLUSIVE MODE"))
            await watched.execute(text("SELECT 1"))
            async with asyncio.timeout(20):
                await database.write(lambda conn: emit(conn, "went.on", "one", NOW))
            assert await database.read(latest_id) > 0
            with pytest.raises(DBAPIError):
                await halted.execute(text("SELECT 1"))
            # Whom nobody waits for is left alone.
            assert (await watched.execute(text("SELECT 1"))).scalar() == 1
    finally:
        await database.stop()
        await others.dispose()
