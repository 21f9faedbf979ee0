"""All SQL about halts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from dialer.halts.rules import Halt, Halts
from dialer.halts.tables import halts
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch

# Asked before each call: answered by the index of what is open, which is nearly always empty.
_OPEN = Prepared(
    select(halts.c.id, halts.c.holds, halts.c.by, halts.c.why, halts.c.at)
    .where(halts.c.lifted_at.is_(None))
    .order_by(halts.c.holds)
)


@dataclass(frozen=True, slots=True)
class PastHalt:
    """A stop that is over: who stopped what and why, and who let it go on."""

    id: str
    holds: str
    by: str
    why: str
    at: datetime
    lifted_at: datetime
    lifted_by: str


def open_halts(conn: Connection) -> Halts:
    """What is stopped now."""
    return Halts(tuple(fetch(conn, _OPEN, Halt)))


def past_halts(conn: Connection, limit: int) -> list[PastHalt]:
    """The latest stops that are over, newest first."""
    query = select(halts).where(halts.c.lifted_at.is_not(None)).order_by(halts.c.at.desc()).limit(limit)
    return fetch(conn, query, PastHalt)
