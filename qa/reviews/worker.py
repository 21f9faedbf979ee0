"""Gives back reviews that nobody works at, and tells of appeals that wait too long (S4)."""

from functools import partial

from dialer.clock import Clock
from dialer.storage.database import Database
from dialer.storage.work import work_through
from qa.reviews import appeals, queries, service

_EACH_SECONDS = 60.0


class ReviewWorker:
    """Looks once a minute. Both steps may be killed and done again."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def run(self) -> None:
        """Work until cancelled; trouble of any kind is logged and tried again."""
        await work_through(
            self._db.feed,
            self.step,
            action="tidy_reviews",
            longest_sleep=_EACH_SECONDS,
            pause_after_news=_EACH_SECONDS,
        )

    async def step(self) -> int:
        """Do what is due; give how much was changed."""
        now = self._clock()
        held = await self._db.read(partial(queries.left_alone, now=now, limit=1))
        done = await self._db.write(partial(service.let_go, now=now)) if held else 0
        if await self._db.read(partial(appeals.overdue, now=now)):
            await self._db.write(partial(appeals.tell_overdue, now=now))
        return done
