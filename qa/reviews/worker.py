"""Draws yesterday's sample, gives back reviews nobody works at, hands on those of who left, clears alarms
that people have overturned, tells of late appeals (S1, S4)."""

import secrets
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from dialer.clock import Clock
from dialer.storage.database import Database
from dialer.storage.work import work_through
from qa.reviews import appeals, queries, service
from qa.reviews.drawing import CannotDraw, Site, bounds_of, draw_day
from qa.reviews.handing_on import hand_on
from qa.reviews.in_force import clear_overturned, overturned, told_of_reviewed
from qa.reviews.settings import ReviewSettings
from qa.sampling import queries as samples
from qa.sampling.rules import days_due

log = structlog.get_logger(__name__)

_EACH_SECONDS = 60.0
# Stands where else a user's login does.
BY_ITSELF = "system"


class ReviewWorker:
    """Looks once a minute. Every step may be killed and done again, and by several processes at once.

    A day is drawn once, whoever does it. `site_of` says who reviews now.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        settings: ReviewSettings,
        zone: ZoneInfo,
        site_of: Callable[[Connection], Site],
    ) -> None:
        self._db, self._clock = db, clock
        self._settings, self._zone, self._site_of = settings, zone, site_of

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
        if await self._db.read(lambda conn: queries.open_but_of(conn, self._site_of(conn).logins)):
            done += await self._db.write(lambda conn: hand_on(conn, self._site_of(conn), now))
        if told := await self._db.read(lambda conn: overturned(conn, told_of_reviewed(conn))):
            done += await self._db.write(partial(clear_overturned, attempt_ids=told, now=now))
        if await self._db.read(partial(appeals.overdue, now=now)):
            await self._db.write(partial(appeals.tell_overdue, now=now))
        for day in await self._db.read(self._to_draw):
            done += await self._draw(day)
        return done

    def _to_draw(self, conn: Connection) -> list[date]:
        return to_draw(conn, self._settings, self._zone, self._clock)

    async def _draw(self, day: date) -> int:
        seed = secrets.token_hex(6)

        def work(conn: Connection) -> int:
            return len(draw_day(conn, self._site_of(conn), day, seed, BY_ITSELF, self._clock()))

        try:
            drawn = await self._db.write(work)
        except CannotDraw as error:
            # A person or another process was quicker.
            log.info(str(error), action="draw_sample", day=day.isoformat())
            return 0
        log.info("The sample of a day was drawn.", action="draw_sample", day=day.isoformat(), pools=drawn)
        return drawn


def to_draw(conn: Connection, settings: ReviewSettings, zone: ZoneInfo, clock: Clock) -> list[date]:
    """The days whose sample is to be drawn by itself now.

    Calls that are still being checked are waited for, since the risk pool goes by what is found in them; not
    longer than until `draw_latest`.
    """
    if not settings.draw_daily:
        return []
    now = clock().astimezone(zone)
    bounds = {day: bounds_of(day, day + timedelta(days=1), zone) for day in days_due(now, settings.draw_at)}
    due = samples.undrawn(conn, bounds)
    yesterday = now.date() - timedelta(days=1)
    if yesterday in due and now.time() < settings.draw_latest:
        due = [day for day in due if day != yesterday or not samples.being_checked(conn, *bounds[day])]
    return due
