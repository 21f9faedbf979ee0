"""How many customers answer each number they see, and the alarm when one falls far under the others (D4)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, case, func, select

from dialer.alarms.service import clear_alarm, open_alarms, raise_alarm
from dialer.calling.settings import CallingSettings
from dialer.calling.tables import attempts
from dialer.clock import Clock
from dialer.storage.database import Database
from dialer.telephony.outcomes import DialOutcome
from dialer.trunks.reach import Marked, Reached, marked

log = structlog.get_logger(__name__)

ALARM = "caller_id_marked"
_LOOK_SECONDS = 60.0
# What a customer's phone decided; congestion and failures say nothing of the number.
_ANSWERED = (DialOutcome.ANSWERED, DialOutcome.ABANDONED)
_CUSTOMERS = (*_ANSWERED, DialOutcome.BUSY, DialOutcome.NO_ANSWER, DialOutcome.REJECTED)


def reached(conn: Connection, since: datetime, midnight: datetime) -> list[Reached]:
    """By caller id, calls placed since then and since `midnight`; "" is the trunk's own number."""
    answered = attempts.c.outcome.in_(_ANSWERED)
    today = attempts.c.placed_at >= midnight
    number = func.coalesce(attempts.c.caller_id, "")
    query = (
        select(
            number,
            func.count(),
            func.sum(case((answered, 1), else_=0)),
            func.sum(case((today, 1), else_=0)),
            func.sum(case((today & answered, 1), else_=0)),
        )
        .where(attempts.c.placed_at >= since, attempts.c.outcome.in_(_CUSTOMERS))
        .group_by(number)
        .order_by(number)
    )
    return [Reached(*row) for row in conn.execute(query)]


def since_when(settings: CallingSettings, now: datetime) -> tuple[datetime, datetime]:
    """From when calls count, and the site's midnight."""
    here = now.astimezone(ZoneInfo(settings.time_zone))
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=settings.reach.days - 1), midnight


def tell(conn: Connection, found: Sequence[Marked], now: datetime) -> None:
    """Raise the alarm of each number that looks marked, end that of others."""
    for one in found:
        data = {"number": one.caller_id, "share": round(100 * one.share), "others": round(100 * one.others)}
        raise_alarm(conn, ALARM, one.caller_id, now, data)
    names = {one.caller_id for one in found}
    for alarm in open_alarms(conn):
        if alarm.kind == ALARM and alarm.subject not in names:
            clear_alarm(conn, ALARM, alarm.subject, now)


class ReachWatch:
    """Looks once a minute whether a number looks marked."""

    def __init__(self, database: Database, settings: CallingSettings, clock: Clock) -> None:
        self._db = database
        self._settings = settings
        self._clock = clock
        self._told: list[Marked] | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.step()
            except Exception:
                log.exception("Reached rates could not be looked at.", action="reach_watch")
            await asyncio.sleep(_LOOK_SECONDS)

    async def step(self) -> None:
        """Look once; the database is written to only where something changed."""
        now = self._clock()
        since, midnight = since_when(self._settings, now)
        numbers = await self._db.read(lambda conn: reached(conn, since, midnight))
        found = marked(numbers, self._settings.reach)
        if found != self._told:
            await self._db.write(lambda conn: tell(conn, found, now))
            self._told = found
