"""Calls to the moment: what an agent pressed, an appointment's minute, a look that is over (D2).

It sleeps until the next moment that time alone brings about, so that nothing is called late for having been
looked for at the wrong time.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from dialer.calling.committing import Pairing
from dialer.calling.modes import preparing, queries, service
from dialer.calling.modes.service import Taken
from dialer.clock import Clock
from dialer.storage.database import Database

log = structlog.get_logger(__name__)

_KINDS = ("offer.open", "offer.pressed", "engine.nudge")
# Another process may have written, and clocks are set: looked at so often in any case.
_LOOK_SECONDS = 0.5
_RETRY_SECONDS = 1.0
# A timer that fires a little early would find nothing due.
_AFTER = timedelta(milliseconds=1)


class Timetable:
    """Does what is to be done at its moment. `place` takes a call that was committed to.

    `may_place` tells whether calls can be placed now; `nudge` wakes the pairing at the next due moment.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        pairing: Callable[[], Pairing],
        may_place: Callable[[], bool],
        place: Callable[[Taken], None],
        nudge: Callable[[], None],
    ) -> None:
        self._db = database
        self._clock = clock
        self._pairing = pairing
        self._may_place = may_place
        self._place = place
        self._nudge = nudge
        self._next: datetime | None = None

    async def run(self) -> None:
        """Until cancelled; trouble is logged and tried again."""
        while True:
            mark = self._db.feed.mark()
            try:
                seconds = await self.step()
            except Exception as error:
                log.exception("Calls to the moment cannot be placed now.", action="timing", error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            await self._db.feed.wait(seconds, since=mark, kinds=_KINDS)

    async def step(self) -> float:
        """Do what is due; the seconds until the next look."""
        now = self._clock()
        if self._next is not None and self._next <= now:
            self._nudge()
        due, self._next = await self._db.read(lambda conn: self._look(conn, now))
        if due:
            await self._take(now)
        if self._next is None:
            return _LOOK_SECONDS
        left = (self._next - self._clock() + _AFTER).total_seconds()
        return min(_LOOK_SECONDS, max(0.0, left))

    def _look(self, conn: Connection, now: datetime) -> tuple[bool, datetime | None]:
        lead = timedelta(seconds=self._pairing().settings.appointment_lead_seconds)
        due = bool(queries.over(conn, now) or queries.pressed(conn))
        due = due or preparing.appointments_to_watch(conn, now)
        return due, queries.next_moment(conn, now, lead)

    async def _take(self, now: datetime) -> None:
        may_place = self._may_place()

        def work(conn: Connection) -> list[Taken]:
            service.end_times(conn, now)
            taken = service.take_pressed(conn, self._pairing(), now) if may_place else []
            if not may_place:
                service.give_up_pressed(conn, self._pairing(), now)
            preparing.watch_appointments(conn, now)
            return taken

        for taken in await self._db.write(work, urgent=True):
            self._place(taken)
