"""All SQL about trunks that failed."""

from sqlalchemy import Connection, bindparam, select

from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch, fetch_one
from dialer.trunks.choosing import Breaker
from dialer.trunks.tables import trunk_states

_ALL = Prepared(select(trunk_states))
_ONE = Prepared(select(trunk_states).where(trunk_states.c.name == bindparam("trunk")))


def breakers(conn: Connection) -> dict[str, Breaker]:
    """Every trunk that failed, by name."""
    return {row.name: row for row in fetch(conn, _ALL, Breaker)}


def breaker(conn: Connection, trunk: str) -> Breaker | None:
    """This trunk's; None: it never failed."""
    return fetch_one(conn, _ONE, Breaker, trunk=trunk)
