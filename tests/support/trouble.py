"""A database that cannot be written for a while."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from dialer.storage.database import Database

T = TypeVar("T")


class Trouble:
    """Lets writes through, or fails them as a full disk does."""

    def __init__(self, database: Database) -> None:
        self._write = database.write
        self.on = False
        self.failed = asyncio.Event()

    async def write(self, work: Callable[[Connection], T], *, urgent: bool = False) -> T:
        if self.on:
            self.failed.set()
            raise OperationalError("COMMIT", {}, Exception("disk I/O error"))
        return await self._write(work, urgent=urgent)


@pytest.fixture
def trouble(database: Database, monkeypatch: pytest.MonkeyPatch) -> Trouble:
    """The writes of the test's database, which go well until it says otherwise."""
    trouble = Trouble(database)
    monkeypatch.setattr(database, "write", trouble.write)
    return trouble
