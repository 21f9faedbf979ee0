"""All SQL that reads what planning a batch must know: people, what they are owed already, contacts."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, select

from dialer.agents.tables import agents
from dialer.customers.blocks import barred_numbers
from dialer.customers.tables import contacts, customers, occasions, phones
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.planning.rules.gates import Contact
from dialer.planning.rules.limits import contact_keys
from dialer.planning.rules.owed import Person, Row
from dialer.planning.rules.reasons import SOFT
from dialer.planning.tables import exclusions
from dialer.storage.dialects import only_filters

# Below what either database takes as parameters of one statement.
_CHUNK = 5_000
_ROUNDS = 5

_MANY: BindParameter[str] = bindparam("many", expanding=True)
# In no order: to sort all that waits for each batch would make many batches dear.
_UNPLANNED = (
    select(occasions)
    .where(occasions.c.planned_at.is_(None))
    .limit(bindparam("most", type_=occasions.c.amount_fen.type))
)
_OCCASIONS = select(occasions).where(occasions.c.id.in_(_MANY))
_CUSTOMERS = select(customers).where(customers.c.id.in_(_MANY))
_PHONES = (
    select(phones.c.customer_id, phones.c.number)
    .where(phones.c.customer_id.in_(_MANY), phones.c.invalid_since.is_(None))
    .order_by(phones.c.customer_id, phones.c.position)
)
_HOUSEHOLDS_OF = select(customers.c.household).where(
    customers.c.id.in_(_MANY), customers.c.household.is_not(None)
)
_HOUSEHOLDS = select(customers.c.id).where(customers.c.household.in_(_MANY))
_PLATES = select(occasions.c.customer_id).where(occasions.c.plate.in_(_MANY)).distinct()
_PLATES_OF = (
    select(occasions.c.plate)
    .where(occasions.c.customer_id.in_(_MANY), occasions.c.plate.is_not(None))
    .distinct()
)
_OWED = select(follow_ups).where(
    follow_ups.c.customer_id.in_(_MANY),
    follow_ups.c.state.not_in((FollowUpState.DONE, FollowUpState.EXHAUSTED)),
)
_OVER = select(follow_ups.c.playbook, follow_ups.c.occasion_id, follow_ups.c.step, follow_ups.c.cycle).where(
    follow_ups.c.customer_id.in_(_MANY),
    only_filters(follow_ups.c.state).in_((FollowUpState.DONE, FollowUpState.EXHAUSTED)),
)
_LEFT_OUT = select(exclusions).where(exclusions.c.customer_id.in_(_MANY))
_CONTACTS = select(contacts).where(
    contacts.c.customer_id.in_(_MANY),
    contacts.c.at >= bindparam("since"),
    contacts.c.kind.in_(("talk", "visit")),
)
_AGENTS = select(agents.c.id, agents.c.name, agents.c.code).where(agents.c.active)


@dataclass(slots=True)
class Known:
    """What is known of everyone whom a batch concerns."""

    people: Mapping[str, Person]
    staff: Mapping[str, Collection[str]]
    owed: list[Row] = field(default_factory=list)
    left_out: list[Row] = field(default_factory=list)
    # Keys of what was done or given up.
    over: set[tuple[str, str, str, str]] = field(default_factory=set)
    occasions: dict[str, Row] = field(default_factory=dict)
    contacts: list[tuple[tuple[str, ...], Contact]] = field(default_factory=list)


def unplanned(conn: Connection, limit: int) -> list[Row]:
    """Occasions that the planner has not looked at since they came in or changed."""
    return list(_rows(conn, _UNPLANNED, most=limit))


def occasions_of(conn: Connection, ids: Iterable[str]) -> dict[str, Row]:
    """These occasions by id."""
    return {row["id"]: row for row in in_chunks(conn, _OCCASIONS, ids)}


def known_of(conn: Connection, batch: Iterable[Row], since: datetime) -> Known:
    """Everything that deciding on these occasions may depend on; contacts from `since` on."""
    at_hand = {row["id"]: row for row in batch}
    ids = related(conn, {row["customer_id"] for row in at_hand.values()})
    known = Known(people_of(conn, ids), staff_of(conn))
    known.owed = list(in_chunks(conn, _OWED, ids))
    known.over = {
        (row["playbook"], row["occasion_id"], row["step"], row["cycle"])
        for row in in_chunks(conn, _OVER, ids)
    }
    known.left_out = [
        row
        for row in in_chunks(conn, _LEFT_OUT, ids)
        if row["occasion_id"] in at_hand or row["reason"] in SOFT
    ]
    missing = {row["occasion_id"] for row in (*known.owed, *known.left_out)} - at_hand.keys()
    known.occasions = at_hand | occasions_of(conn, missing)
    known.contacts = [_contact(row) for row in in_chunks(conn, _CONTACTS, ids, since=since)]
    return known


def related(conn: Connection, ids: Collection[str]) -> list[str]:
    """These customers, and all who share a household or a plate with one of them."""
    found, newest = set(ids), set(ids)
    for _ in range(_ROUNDS):
        households = {row["household"] for row in in_chunks(conn, _HOUSEHOLDS_OF, newest) if row["household"]}
        plates = {row["plate"] for row in in_chunks(conn, _PLATES_OF, newest)}
        others = {row["id"] for row in in_chunks(conn, _HOUSEHOLDS, households)}
        others |= {row["customer_id"] for row in in_chunks(conn, _PLATES, plates)}
        newest = others - found
        if not newest:
            break
        found |= newest
    return sorted(found)


def people_of(conn: Connection, ids: Iterable[str]) -> dict[str, Person]:
    """These customers with the numbers that can be dialled, and whether one of those is blocked."""
    ids = list(ids)
    numbers: dict[str, list[str]] = {}
    for row in in_chunks(conn, _PHONES, ids):
        numbers.setdefault(row["customer_id"], []).append(row["number"])
    every = {number for mine in numbers.values() for number in mine}
    barred = barred_numbers(conn, every)
    return {
        row["id"]: Person(row, mine := numbers.get(row["id"], []), any(number in barred for number in mine))
        for row in in_chunks(conn, _CUSTOMERS, ids)
    }


def staff_of(conn: Connection) -> dict[str, list[str]]:
    """Ids of agents by their names and by their codes."""
    staff: dict[str, list[str]] = {}
    for row in _rows(conn, _AGENTS):
        for name in {row["name"], row["code"]}:
            staff.setdefault(name, []).append(row["id"])
    return staff


def _contact(row: Row) -> tuple[tuple[str, ...], Contact]:
    keys = contact_keys(row["customer_id"], row["plate"], row["household"])
    return keys, Contact(row["at"], row["playbook"], row["exempt"])


def in_chunks(
    conn: Connection, query: Select[*tuple[Any, ...]], values: Iterable[str], **more: object
) -> Iterator[Row]:
    """The rows of `query` for many values, which it takes as the parameter `many`."""
    rest = iter(values)
    while chunk := list(islice(rest, _CHUNK)):
        yield from _rows(conn, query, many=chunk, **more)


def _rows(conn: Connection, query: Select[*tuple[Any, ...]], **values: object) -> Iterator[Row]:
    result = conn.execute(query, values)
    names = tuple(result.keys())
    for row in result:
        yield dict(zip(names, row, strict=True))


def since_of(now: datetime, longest_gap_days: int) -> datetime:
    """From when on contacts matter: a quarter's begin and the longest gap are both within it."""
    return now - timedelta(days=max(93, longest_gap_days + 1))
