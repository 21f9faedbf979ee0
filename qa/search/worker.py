"""Keeps the index of words in step with the transcripts: one dull step, and a loop around it."""

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection

from dialer.storage.database import Database
from dialer.storage.work import work_through
from qa.search import queries, service

_BATCH = 20
_AT_ONCE = 5


class SearchWorker:
    """Indexes what was transcribed or corrected. Every step may be killed and done again."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def run(self) -> None:
        """Work until cancelled; trouble of any kind is logged and tried again."""
        await work_through(
            self._db.feed, self.step, action="index_words", longest_sleep=5.0, pause_after_news=0.2
        )

    async def step(self) -> int:
        """Queue what was transcribed, index what waits; give how much was done."""
        done = 0
        if await self._db.read(service.has_news):
            done += await self._db.write(service.take_in_news)
        return done + await self.index_waiting(_BATCH)

    async def index_waiting(
        self, most: int | None = None, told: Callable[[int], None] = lambda _n: None
    ) -> int:
        """Index calls that wait, a few in each transaction, `most` or all; give how many."""
        done = 0
        while most is None or done < most:
            some = await self._db.read(partial(queries.next_waiting, limit=_AT_ONCE))
            if not some:
                break
            await self._db.write(partial(_index, attempt_ids=some))
            done += len(some)
            told(done)
        return done


def _index(conn: Connection, attempt_ids: list[str]) -> None:
    for attempt_id in attempt_ids:
        service.index(conn, attempt_id)
