"""The one door through which a month's use of rights is signed (R12)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert

from dialer.storage.feed import emit
from web.rights import queries
from web.rights.rules import Month
from web.rights.tables import rights_reviews
from web.rights.words import NOT_OVER, SIGNED_ALREADY


class CannotSign(ValueError):
    """The month cannot be signed. The message says why."""


def sign(conn: Connection, month: Month, zone: ZoneInfo, note: str, by: str, now: datetime) -> None:
    """Sign that the use of rights in a month was looked through; what it was is kept with it.

    Raises:
        CannotSign: the month is not over, or somebody has signed it.
    """
    if not month.is_over(now, zone):
        raise CannotSign(NOT_OVER)
    if queries.review(conn, str(month)) is not None:
        raise CannotSign(SIGNED_ALREADY)
    used = queries.uses(conn, queries.within(conn, month.begins(zone), month.ends(zone)))
    seen = [[one.who, one.kind, one.times, one.things] for one in used]
    row = {"month": str(month), "by": by, "at": now, "note": note, "seen": seen}
    conn.execute(insert(rights_reviews).values(**row))
    emit(conn, "rights.reviewed", str(month), now, {"by": by})
