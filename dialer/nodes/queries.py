"""All SQL that reads who has which node."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select

from dialer.nodes.rules import DEFAULT_NODE, Lease
from dialer.nodes.tables import node_leases
from dialer.storage.dialects import database_time
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch_one

_HOLDER = Prepared(select(node_leases.c.holder).where(node_leases.c.node == bindparam("of_node")))
# Locked, so that of two processes that both find it past one is the later.
_LEASE = (
    select(
        node_leases.c.node,
        node_leases.c.holder,
        node_leases.c.owner,
        node_leases.c.token,
        node_leases.c.until,
    )
    .where(node_leases.c.node == bindparam("of_node"))
    .with_for_update()
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the process that has a node last said of it."""

    node: str
    owner: str
    said: Mapping[str, Any]


def lease(conn: Connection, node: str) -> Lease | None:
    """Who has this node, locked until the transaction ends; None: nobody ever had it."""
    return fetch_one(conn, _LEASE, Lease, of_node=node)


def wanted(conn: Connection, node: str) -> bool:
    """Whether an installation that is at home there waits for this node."""
    query = select(node_leases.c.wanted_by).where(node_leases.c.node == node)
    return conn.execute(query).scalar() is not None


def may_act(conn: Connection, node: str | None, run_id: str) -> bool:
    """Whether this run may still commit to calls of the node: no other has taken it over (D8).

    Where a site has no leases there is one process, and it may.
    """
    rows = _HOLDER.rows(conn, {"of_node": node or DEFAULT_NODE})
    return not rows or rows[0][0] == run_id


def told(conn: Connection) -> dict[str, Told]:
    """What is said of each node, by whoever has it."""
    query = select(node_leases.c.node, node_leases.c.owner, node_leases.c.told)
    return {row.node: Told(row.node, row.owner, row.told) for row in conn.execute(query)}


def owners(conn: Connection) -> frozenset[str]:
    """The installations that have a node now, or wait for one."""
    query = select(node_leases.c.owner, node_leases.c.wanted_by).where(
        node_leases.c.until > database_time(conn)
    )
    return frozenset(name for row in conn.execute(query) for name in row if name)
