"""Holds each finished form against what was heard: one dull step, and a loop around it."""

import asyncio
from functools import partial

import structlog

from dialer.clock import Clock
from dialer.machine import IllegalMove
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.work import work_through
from qa.falsity import service
from qa.falsity.rules import judge
from qa.falsity.settings import DoubtSettings, shipped_settings

log = structlog.get_logger(__name__)


class DoubtWorker:
    """Scores a call when it was checked and when its form was saved, whichever comes last.

    A step that is killed is done again: a score takes the place of the one before.
    """

    def __init__(
        self, db: Database, library: Library, clock: Clock, settings: DoubtSettings | None = None
    ) -> None:
        self._db, self._library, self._clock = db, library, clock
        self._settings = settings or shipped_settings()

    async def run(self) -> None:
        """Work until cancelled; trouble of any kind is logged and tried again."""
        await work_through(
            self._db.feed, self.step, action="score_form", longest_sleep=5.0, pause_after_news=0.2
        )

    async def step(self) -> int:
        """Score the calls of which something came; give how many."""
        calls, last = await self._db.read(service.news)
        for attempt_id in calls:
            try:
                await self._score(attempt_id)
            except IllegalMove:
                log.info("A person was quicker.", action="score_form", attempt=attempt_id)
            except Exception:
                # One call's trouble holds up no other.
                log.exception("A form could not be scored.", action="score_form", attempt=attempt_id)
        if calls:
            await self._db.write(partial(service.remember, last=last))
        return len(calls)

    async def _score(self, attempt_id: str) -> None:
        call = await self._db.read(partial(service.gather, library=self._library, attempt_id=attempt_id))
        if call is None:
            return
        judged = await asyncio.to_thread(judge, call, self._settings)
        keep = partial(service.keep, attempt_id=attempt_id, judged=judged, settings=self._settings)
        await self._db.write(partial(keep, now=self._clock()))
