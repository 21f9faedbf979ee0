"""What time alone brings about: wrap-ups that are over."""

from datetime import datetime

from sqlalchemy import Connection

from dialer.agents.queries import wrap_ups_over
from dialer.agents.service import release
from dialer.agents.states import AgentEvent
from dialer.alarms.service import raise_alarm
from dialer.forms.queries import form_of
from dialer.forms.service import OVER_TIME
from dialer.storage.database import Database


async def sweep(database: Database, now: datetime) -> None:
    """End the wrap-ups whose time is over and whose form is saved."""
    if await database.read(lambda conn: bool(wrap_ups_over(conn, now))):
        await database.write(lambda conn: end_wrap_ups(conn, now))


def end_wrap_ups(conn: Connection, now: datetime) -> int:
    """On to the next call for everyone whose wrap-up is over and whose form is saved.

    An unsaved form keeps its agent in wrap-up: no call ever comes over it (D5).
    """
    ended = 0
    for current in wrap_ups_over(conn, now):
        if current.attempt_id is not None and form_of(conn, current.attempt_id) is None:
            raise_alarm(conn, OVER_TIME, current.attempt_id, now)
            continue
        release(conn, current, AgentEvent.WRAPPED_UP, now)
        ended += 1
    return ended
