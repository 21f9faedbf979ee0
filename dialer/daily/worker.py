"""Gives each plan that is made or released to the people who are here (L6)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dialer.assigning.service import assign_day
from dialer.clock import Clock
from dialer.daily.queries import past
from dialer.playbooks.library import Library
from dialer.storage import feed
from dialer.storage.database import Database
from dialer.storage.work import work_through

CONSUMER = "assigning"
# What comes in during the day is assigned as it comes.
_KINDS = ("plan.made", "plan.released", "follow_up.planned")
_LOOK_SECONDS = 5.0


class AssignWorker:
    """Assigns for as long as it runs; each plan once, whichever process made it."""

    def __init__(self, database: Database, library: Library, zone: ZoneInfo, clock: Clock) -> None:
        self._db = database
        self._library = library
        self._zone = zone
        self._clock = clock

    async def run(self) -> None:
        """Assign until cancelled; trouble is logged and tried again."""
        await work_through(
            self._db.feed, self.step, action="assign", longest_sleep=_LOOK_SECONDS, kinds=_KINDS
        )

    async def step(self) -> bool:
        """Assign what is new; whether there was anything."""
        if not await self._db.read(_has_news):
            return False
        return await self._db.write(lambda conn: assign_news(conn, self._library, self._zone, self._clock()))


def assign_news(conn: Connection, library: Library, zone: ZoneInfo, now: datetime) -> bool:
    """Assign where something was planned since the last time; the position moves with it."""
    rows = feed.after(conn, feed.position(conn, CONSUMER), kinds=_KINDS)
    if not rows:
        return False
    day = now.astimezone(zone).date()
    assign_day(conn, library, day, zone, "planner", now, past(conn, now))
    feed.remember(conn, CONSUMER, rows[-1].id)
    return True


def _has_news(conn: Connection) -> bool:
    return bool(feed.after(conn, feed.position(conn, CONSUMER), kinds=_KINDS, limit=1))
