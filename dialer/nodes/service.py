"""Taking, keeping and giving back a node: each in one transaction, by the database's clock (D8)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, update

from dialer.nodes.queries import lease, wanted
from dialer.nodes.rules import Kept, Lease, may_take
from dialer.nodes.tables import node_leases
from dialer.storage.dialects import database_time
from dialer.storage.feed import emit

TAKEN = "node.taken"
GIVEN_BACK = "node.given_back"


def take(conn: Connection, node: str, *, run_id: str, owner: str, seconds: float, home: bool) -> Lease | None:
    """Have the node for `seconds`, where nobody else has it; None where somebody has.

    Every holder gets a higher token than the one before.
    """
    now = database_time(conn)
    known = lease(conn, node)
    patience = timedelta(seconds=seconds)
    if not may_take(known, owner, now, home=home, patience=patience):
        if known is None:
            # Nobody ever had it: whose it is not may have it after the same patience.
            _note_vacant(conn, node, run_id, now)
        elif home:
            wish = update(node_leases).where(node_leases.c.node == node)
            conn.execute(wish.values(wanted_by=owner))
        return None
    taken = Lease(node, run_id, owner, known.token + 1 if known else 1, now + patience)
    row = {
        "holder": run_id,
        "owner": owner,
        "token": taken.token,
        "until": taken.until,
        "wanted_by": None,
        "told": {},
    }
    if known is None:
        conn.execute(insert(node_leases).values(node=node, **row))
    else:
        conn.execute(update(node_leases).where(node_leases.c.node == node).values(**row))
    emit(conn, TAKEN, node, now, {"owner": owner, "token": taken.token})
    return taken


def _note_vacant(conn: Connection, node: str, run_id: str, now: datetime) -> None:
    row = {"holder": run_id, "owner": "", "token": 0, "until": now, "told": {}}
    conn.execute(insert(node_leases).values(node=node, **row))


def renew(conn: Connection, mine: Lease, seconds: float, said: Mapping[str, Any]) -> Kept:
    """Have it for `seconds` more, and say how its link is; nothing happens where another one has it."""
    until = database_time(conn) + timedelta(seconds=seconds)
    if not _change(conn, mine, {"until": until, "told": dict(said)}):
        return Kept.LOST
    return Kept.WANTED if wanted(conn, mine.node) else Kept.OURS


def give_back(conn: Connection, mine: Lease) -> None:
    """Let others have it at once. Nothing happens where another one has it."""
    now = database_time(conn)
    if _change(conn, mine, {"until": now, "owner": "", "told": {}}):
        emit(conn, GIVEN_BACK, mine.node, now, {"owner": mine.owner})


def _change(conn: Connection, mine: Lease, values: Mapping[str, Any]) -> bool:
    change = update(node_leases).where(
        node_leases.c.node == mine.node,
        node_leases.c.holder == mine.holder,
        node_leases.c.token == mine.token,
    )
    return conn.execute(change.values(**values)).rowcount == 1
