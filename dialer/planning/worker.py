"""Plans by itself: what comes in at once, next steps when one is done, the day at its time (L1)."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, select, update

from dialer.clock import Clock
from dialer.customers.tables import occasions
from dialer.planning.draws import draw_waiting, replace_unreached
from dialer.planning.morning.run import plan_day
from dialer.planning.next_steps import after_done, after_signals
from dialer.planning.rules.owed import Site
from dialer.planning.service import plan_again, plan_new
from dialer.planning.settings import PlanningSettings
from dialer.planning.tables import plan_runs
from dialer.playbooks.library import Library
from dialer.storage import feed
from dialer.storage.database import Database
from dialer.storage.work import work_through

log = structlog.get_logger(__name__)

CONSUMER = "planner"
_LOOK_SECONDS = 2.0
_BATCH = 500

_DONE, _GIVEN_UP, _SIGNAL, _BLOCKED = (
    "follow_up.done",
    "follow_up.exhausted",
    "signal.given",
    "customer.blocked",
)
# After these, what a customer's occasions make due may be another than before.
_LOOK_AGAIN = ("customer.unblocked", "customer.corrected", "customer.merged", "customer.parted")
_KINDS = (_DONE, _GIVEN_UP, _SIGNAL, _BLOCKED, *_LOOK_AGAIN)
_TAKEN_IN = "customers.taken_in"


class PlannerWorker:
    """Plans for as long as it runs. Everything is in rows: what a killed process left is done by the next."""

    def __init__(
        self,
        database: Database,
        library: Callable[[], Library],
        settings: PlanningSettings,
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self._db = database
        self._library = library
        self._settings = settings
        self._zone = zone
        self._clock = clock
        self._stopping = False

    async def run(self) -> None:
        """Plan until cancelled; trouble is logged and tried again."""
        kinds = (_TAKEN_IN, *_KINDS)
        try:
            await work_through(
                self._db.feed, self.step, action="plan", longest_sleep=_LOOK_SECONDS, kinds=kinds
            )
        finally:
            self._stopping = True

    async def step(self) -> bool:
        """One look at what is to be planned; whether there was anything."""
        found = await self._arrivals()
        found = await self._news() or found
        if await self._db.read(self._is_time):
            await self._day()
            found = True
        return found

    def _site(self) -> Site:
        return Site.of(self._library(), self._settings, self._zone)

    async def _arrivals(self) -> bool:
        if not await self._db.read(_has_unplanned):
            return False
        site = self._site()
        counts = await self._db.write(partial(plan_new, site=site, now=self._clock(), limit=_BATCH))
        if not await self._db.read(_has_unplanned):
            # All of a file is there: what it is sampled from is known.
            while await self._db.write(partial(draw_waiting, site=site, now=self._clock())):
                pass
        log.info("What came in was planned.", action="plan", **counts)
        return True

    async def _news(self) -> bool:
        if not await self._db.read(_has_news):
            return False
        await self._db.write(partial(take_news, site=self._site(), now=self._clock()))
        return True

    async def _day(self) -> None:
        planned = await plan_day(
            self._db,
            self._library(),
            self._settings,
            self._zone,
            self._clock,
            stop=lambda: self._stopping,
        )
        log.info(
            "The plan of the day is made.",
            action="plan_day",
            to_call=planned.to_call,
            left_out=sum(planned.left_out.values()),
            warnings=planned.warnings,
        )

    def _is_time(self, conn: Connection) -> bool:
        now = self._clock().astimezone(self._zone)
        if now.time() < self._settings.plan_at:
            return False
        made = select(plan_runs.c.id).where(plan_runs.c.day == now.date(), plan_runs.c.kind == "morning")
        return conn.execute(made.limit(1)).first() is None


def take_news(conn: Connection, site: Site, now: datetime) -> int:
    """Deal with what happened to follow-ups, exactly once: the position moves in the same transaction."""
    latest = feed.latest_id(conn)
    rows = feed.after(conn, feed.position(conn, CONSUMER), kinds=_KINDS, limit=_BATCH)
    done = {row.subject: row.at for row in rows if row.kind == _DONE}
    if done:
        after_done(conn, site, done, now)
    for row in rows:
        if row.kind == _GIVEN_UP:
            replace_unreached(conn, site, row.subject, now)
    signalled = [row.subject for row in rows if row.kind == _SIGNAL]
    if signalled:
        after_signals(conn, site, signalled, now)
    blocked = sorted({row.subject for row in rows if row.kind == _BLOCKED})
    if blocked:
        plan_again(conn, site, blocked, now)
    changed = sorted({row.subject for row in rows if row.kind in _LOOK_AGAIN})
    if changed:
        theirs = update(occasions).where(occasions.c.customer_id.in_(changed))
        conn.execute(theirs.values(planned_at=None))
    if rows:
        feed.remember(conn, CONSUMER, rows[-1].id if len(rows) == _BATCH else latest)
    return len(rows)


def _has_news(conn: Connection) -> bool:
    return bool(feed.after(conn, feed.position(conn, CONSUMER), kinds=_KINDS, limit=1))


def _has_unplanned(conn: Connection) -> bool:
    query = select(occasions.c.id).where(occasions.c.planned_at.is_(None)).limit(1)
    return conn.execute(query).first() is not None
