"""Records of one person become one, and can be parted again (C3)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, delete, insert, select, update

from dialer.customers.identity import Match
from dialer.customers.person import BLANK, Person, Phone
from dialer.customers.queries import load_people
from dialer.customers.storing import store_people
from dialer.customers.tables import customers, identities, merges, occasions, phones, vehicles
from dialer.customers.taking import Joined, World, join
from dialer.storage.base import metadata
from dialer.storage.feed import emit

_OWN = (customers, identities, merges, phones)
_GONE_PHONES = delete(phones).where(phones.c.customer_id == bindparam("gone"))
_NOTE = insert(merges)


class NotMerged(ValueError):
    """Two records cannot be merged, or a merge not undone. The message says why."""


def write_joined(conn: Connection, joined: Sequence[Joined], by: str, now: datetime) -> None:
    """Move what other tables hold of the records that are gone, and keep what was moved."""
    for one in joined:
        if one.stored:
            _move_rows(conn, one)
    if joined:
        rows = [
            {
                "id": one.id,
                "kept_id": one.kept_id,
                "gone_id": one.gone_id,
                "at": now,
                "by": by,
                "why": one.why,
                "moved": one.moved,
                "undone_at": None,
            }
            for one in joined
        ]
        conn.execute(_NOTE, rows)


def note_late(conn: Connection, late: Mapping[str, Sequence[str]]) -> None:
    """Occasions that merged records brought since: they go with them when they are parted again."""
    query = select(merges.c.id, merges.c.gone_id, merges.c.moved).where(
        merges.c.gone_id.in_(late), merges.c.undone_at.is_(None)
    )
    for row in conn.execute(query).all():
        moved = {**row.moved, "occasions": [*row.moved.get("occasions", ()), *late[row.gone_id]]}
        conn.execute(update(merges).where(merges.c.id == row.id).values(moved=moved))


def merge(conn: Connection, kept_id: str, gone_id: str, by: str, now: datetime) -> str:
    """Make `gone_id` part of `kept_id` because a person says so; the merge's id.

    Raises:
        NotMerged: one of them is not there, is part of another already, was forgotten, or both are one.
    """
    people = load_people(conn, [kept_id, gone_id])
    for one in (kept_id, gone_id):
        if one not in people:
            raise NotMerged(f"there is no customer {one}")
        if people[one].merged_into or people[one].forgotten:
            raise NotMerged(f"customer {one} is part of another one already, or was forgotten")
    if kept_id == gone_id:
        raise NotMerged("a customer cannot be merged with itself")
    kept, gone = people[kept_id], people[gone_id]
    names = [kept.fields["name"], gone.fields["name"]]
    world = World(people=people)
    joined = join(world, kept, gone, {"match": Match.BY_HAND.value, "names": names})
    write_joined(conn, [joined], by, now)
    store_people(conn, [kept, gone], now)
    emit(conn, "customer.merged", kept_id, now, {"gone": gone_id, "by": by, "merge": joined.id})
    return joined.id


def undo_merge(conn: Connection, merge_id: str, by: str, now: datetime) -> None:
    """Part the two records again: exactly what was moved goes back, with what came of it since.

    They are not merged by themselves again.

    Raises:
        NotMerged: there is no such merge, it was undone, or a later merge has to be undone first.
    """
    row = conn.execute(select(merges).where(merges.c.id == merge_id)).first()
    if row is None or row.undone_at is not None:
        raise NotMerged(f"there is no merge {merge_id} that could be undone")
    people = load_people(conn, [row.kept_id, row.gone_id])
    kept, gone = people[row.kept_id], people[row.gone_id]
    if kept.merged_into or kept.forgotten:
        raise NotMerged("what was kept became part of another record, or was forgotten: undo the later merge")
    _move_back(conn, row.kept_id, row.gone_id, row.moved)
    _part(kept, gone, row.moved)
    conn.execute(delete(phones).where(phones.c.customer_id.in_((kept.id, gone.id))))
    for phone in (*kept.phones, *gone.phones):
        phone.stored = False
    store_people(conn, [kept, gone], now)
    _part_plates(conn, gone.id, kept.id)
    conn.execute(update(merges).where(merges.c.id == merge_id).values(undone_at=now))
    emit(conn, "customer.parted", kept.id, now, {"gone": gone.id, "by": by, "merge": merge_id})


def _naming() -> list[Table]:
    """Every table that names a customer, of whatever layer: a new one is found by its foreign key."""
    return [
        table
        for table in metadata.sorted_tables
        if table not in _OWN
        and any(key.column is customers.c.id for key in table.foreign_keys)
        and "customer_id" in table.c
    ]


def _key(table: Table) -> Column[Any]:
    (key,) = table.primary_key.columns
    return key


def _move_rows(conn: Connection, one: Joined) -> None:
    for table in _naming():
        key = _key(table)
        moved = list(conn.execute(select(key).where(table.c.customer_id == one.gone_id)).scalars())
        if moved:
            conn.execute(
                update(table).where(table.c.customer_id == one.gone_id).values(customer_id=one.kept_id)
            )
        known = one.moved.get(table.name, [])
        if moved or known:
            one.moved[table.name] = sorted({*known, *moved})
    conn.execute(_GONE_PHONES, {"gone": one.gone_id})


def _move_back(conn: Connection, kept_id: str, gone_id: str, moved: dict[str, Any]) -> None:
    for table in _naming():
        back = [_key(table).in_(moved.get(table.name, []))]
        # What was made of the moved occasions since: follow-ups, exclusions.
        if "occasion_id" in table.c:
            back.append(table.c.occasion_id.in_(moved.get("occasions", [])))
        for which in back:
            conn.execute(
                update(table).where(which, table.c.customer_id == kept_id).values(customer_id=gone_id)
            )


def _part(kept: Person, gone: Person, moved: dict[str, Any]) -> None:
    before, told = moved["fields"], moved["told"]
    for name, told_by in gone.told.items():
        if kept.told.get(name) == told_by and told.get(name) != told_by:
            kept.fields[name] = _value(name, before.get(name, BLANK[name]))
            if name in told:
                kept.told[name] = told[name]
            else:
                del kept.told[name]
    gone.merged_into = None
    mine = dict(moved["kept_phones"])
    theirs = dict(moved["gone_phones"])
    kept.phones = [
        Phone(phone.number, mine[phone.number] if phone.told == theirs.get(phone.number) else phone.told)
        for phone in kept.phones
        if phone.number in mine or phone.told != theirs.get(phone.number)
    ]
    gone.phones = [Phone(number, told_by) for number, told_by in moved["gone_phones"]]
    for one in (kept, gone):
        one.changed = one.phones_changed = True
    kept.phones.sort(key=lambda phone: phone.told, reverse=True)


def _value(name: str, value: Any) -> Any:
    return date.fromisoformat(value) if name == "birthday" and value else value


def _part_plates(conn: Connection, *customer_ids: str) -> None:
    """Each plate is held by the customer of its latest occasion."""
    plates = select(occasions.c.plate).where(occasions.c.customer_id.in_(customer_ids)).distinct()
    for plate in conn.execute(plates).scalars().all():
        latest = (
            select(occasions.c.customer_id)
            .where(occasions.c.plate == plate)
            .order_by(occasions.c.happened_at.desc(), occasions.c.source.desc(), occasions.c.id)
            .limit(1)
        )
        holder = conn.execute(latest).scalar()
        if holder in customer_ids:
            conn.execute(update(vehicles).where(vehicles.c.plate == plate).values(customer_id=holder))
