"""Which facts the open follow-ups of a customer lack: shown and counted, to be asked in the call (C1)."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from dialer.customers.corrections import filled_in
from dialer.customers.rules import is_missing
from dialer.customers.tables import customers, occasions
from dialer.followups.states import OPEN
from dialer.followups.tables import follow_ups
from dialer.planning.rules.facts import facts_of
from dialer.playbooks.library import Library

# Asked of every customer.
_ALWAYS = ("name",)


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that is not known, and the playbooks that ask for it."""

    field: str
    playbooks: tuple[str, ...]


def missing_of(conn: Connection, library: Library, customer_id: str) -> list[Missing]:
    """The facts that a customer's open follow-ups lack."""
    row = conn.execute(select(customers).where(customers.c.id == customer_id)).first()
    if row is None:
        return []
    query = (
        select(follow_ups.c.playbook, follow_ups.c.playbook_version, occasions)
        .join(occasions, occasions.c.id == follow_ups.c.occasion_id)
        .where(follow_ups.c.customer_id == customer_id, follow_ups.c.state.in_(OPEN))
        .order_by(follow_ups.c.limit_at)
    )
    told = filled_in(conn, customer_id)
    lacking: dict[str, list[str]] = {name: [] for name in _ALWAYS if is_missing(row._mapping[name])}
    for owed in conn.execute(query).mappings():
        playbook = library.find(owed["playbook"], owed["playbook_version"])
        if playbook is None:
            continue
        known: dict[str, object] = {**told, **dict(row._mapping), **facts_of(dict(owed), dict(row._mapping))}
        for name in (*playbook.facts, *([playbook.identity] if playbook.identity else [])):
            if is_missing(known.get(name)):
                lacking.setdefault(name, []).append(playbook.id)
    return [Missing(name, tuple(dict.fromkeys(ids))) for name, ids in lacking.items()]
