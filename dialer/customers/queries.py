"""All SQL that reads what is known of the customers of a batch."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Row, Select, String, bindparam, select

from dialer.customers.person import BLANK, Person, Phone, unpack
from dialer.customers.tables import customers, identities, merges, occasions, phones, vehicles
from dialer.customers.taking import Holder, OccasionKey, World
from dialer.customers.values import Occasion

# Below what either database takes as parameters of one statement.
_CHUNK = 5_000

_MANY = bindparam("many", type_=String, expanding=True)
_OCCASIONS = select(occasions).where(
    occasions.c.kind == bindparam("kind"),
    occasions.c.source == bindparam("source"),
    occasions.c.external_id.in_(_MANY),
)
_OWNERS = select(identities.c.key, identities.c.customer_id).where(identities.c.key.in_(_MANY))
_PEOPLE = select(customers).where(customers.c.id.in_(_MANY))
_PHONES = (
    select(phones.c.customer_id, phones.c.number, phones.c.told)
    .where(phones.c.customer_id.in_(_MANY))
    .order_by(phones.c.customer_id, phones.c.position)
)
_PLATES = select(vehicles).where(vehicles.c.plate.in_(_MANY))
_PARTED = select(merges.c.kept_id, merges.c.gone_id).where(
    merges.c.undone_at.is_not(None), merges.c.gone_id.in_(_MANY)
)
_MERGED_INTO = select(customers.c.merged_into).where(customers.c.id == bindparam("key"))
_FAMILY = select(customers.c.id).where(customers.c.merged_into.in_(_MANY))


def in_chunks(
    conn: Connection,
    query: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]],
    values: Iterable[str],
    **more: object,
) -> Iterator[Row[*tuple[Any, ...]]]:
    """The rows of `query` for many values, which it takes as the parameter `many`."""
    for chunk in chunks(values):
        yield from conn.execute(query, {"many": chunk, **more}).all()


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """The values in lists that one statement can take."""
    rest = iter(values)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def load_world(conn: Connection, batch: Sequence[Occasion], keys: set[str]) -> World:
    """Everything in the database that taking in this batch, with these identity keys, may depend on."""
    world = World(occasions=_known_occasions(conn, batch))
    world.owners = {row.key: row.customer_id for row in in_chunks(conn, _OWNERS, sorted(keys))}
    plates = {one.plate for one in batch if one.plate}
    for row in in_chunks(conn, _PLATES, sorted(plates)):
        world.plates[row.plate] = Holder(row.customer_id, row.told, row.model, stored=True)
    wanted = {row["customer_id"] for row in world.occasions.values()} | set(world.owners.values())
    world.people = load_people(conn, wanted)
    world.apart = {
        frozenset((row.kept_id, row.gone_id)) for row in in_chunks(conn, _PARTED, sorted(world.people))
    }
    return world


def load_people(conn: Connection, wanted: Collection[str]) -> dict[str, Person]:
    """These customers with their phones, and whoever they became part of."""
    people: dict[str, Person] = {}
    missing = set(wanted)
    while missing:
        for row in in_chunks(conn, _PEOPLE, sorted(missing)):
            people[row.id] = _person(row)
        missing = {one.merged_into for one in people.values() if one.merged_into} - people.keys()
    for row in in_chunks(conn, _PHONES, sorted(people)):
        people[row.customer_id].phones.append(Phone(row.number, row.told, stored=True))
    return people


def root_of(conn: Connection, customer_id: str) -> str:
    """The record that this one became part of; itself where it is none's."""
    while (onward := conn.execute(_MERGED_INTO, {"key": customer_id}).scalar()) is not None:
        customer_id = onward
    return customer_id


def family(conn: Connection, customer_id: str) -> list[str]:
    """All records of this person, the one that stands for it first."""
    newest = [root_of(conn, customer_id)]
    found = list(newest)
    while newest:
        newest = [row.id for row in in_chunks(conn, _FAMILY, newest)]
        found.extend(newest)
    return found


def _known_occasions(conn: Connection, batch: Sequence[Occasion]) -> dict[OccasionKey, dict[str, Any]]:
    wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in batch:
        wanted[one.kind, one.source].add(one.external_id)
    return {
        (kind, source, row.external_id): dict(row._mapping)
        for (kind, source), ids in wanted.items()
        for row in in_chunks(conn, _OCCASIONS, sorted(ids), kind=kind, source=source)
    }


def _person(row: Row[*tuple[Any, ...]]) -> Person:
    values = row._mapping
    return Person(
        row.id,
        {name: values[name] for name in BLANK},
        unpack(row.told),
        do_not_call=row.do_not_call,
        merged_into=row.merged_into,
        forgotten=row.forgotten_at is not None,
    )
