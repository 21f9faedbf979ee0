"""Writing what taking in a batch has changed, in few statements."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Update, bindparam, update

from dialer.customers.members import write_members
from dialer.customers.person import BLANK, Person, pack
from dialer.customers.tables import customers, identities, occasions, phones, vehicles
from dialer.customers.taking import World
from dialer.storage.bulk import insert_many

# Built once: building a statement costs several times as much as running it.
_CUSTOMERS = (
    update(customers)
    .where(customers.c.id == bindparam("key"))
    .values({name: bindparam(name) for name in (*BLANK, "told", "do_not_call", "merged_into")})
)
_PHONES = (
    update(phones)
    .where(phones.c.customer_id == bindparam("of"), phones.c.number == bindparam("dialled"))
    .values(position=bindparam("position"), told=bindparam("told"))
)
_VEHICLES = (
    update(vehicles)
    .where(vehicles.c.plate == bindparam("key"))
    .values(customer_id=bindparam("customer_id"), told=bindparam("told"), model=bindparam("model"))
)
_TOLD = (
    "happened_at",
    "branch",
    "plate",
    "items",
    "staff",
    "amount_fen",
    "unit",
    "products",
    "facts",
    "taken_in_at",
    "planned_at",
)
_OCCASIONS = (
    update(occasions)
    .where(occasions.c.id == bindparam("key"))
    .values({name: bindparam(name) for name in _TOLD})
)


def store_people(conn: Connection, people: Iterable[Person], now: datetime) -> None:
    """Write the records that are new or changed, with their phones and their places in segments."""
    people = [one for one in people if one.new or one.changed or one.phones_changed]
    new, changed, new_phones, moved_phones = [], [], [], []
    for one in people:
        values = {**one.fields, "told": pack(one.told), "do_not_call": one.do_not_call}
        if one.new:
            new.append({"id": one.id, "created_at": now, "merged_into": one.merged_into, **_NEVER, **values})
        elif one.changed:
            changed.append({"key": one.id, "merged_into": one.merged_into, **values})
        if not one.phones_changed:
            continue
        for position, phone in enumerate(one.phones):
            if phone.stored:
                row = {"of": one.id, "dialled": phone.number, "position": position, "told": phone.told}
                moved_phones.append(row)
            else:
                new_phones.append(_phone_row(one.id, phone.number, position, phone.told))
    insert_many(conn, customers, new)
    insert_many(conn, phones, new_phones)
    _update_many(conn, _CUSTOMERS, changed)
    _update_many(conn, _PHONES, moved_phones)
    write_members(conn, people, now)


_NEVER = {"paused_until": None, "pause_reason": "", "forgotten_at": None, "confirmed_at": None}


def _phone_row(customer_id: str, number: str, position: int, told: str) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "number": number,
        "position": position,
        "invalid_since": None,
        "told": told,
    }


def store_occasions(conn: Connection, world: World) -> None:
    """Write plates, keys and occasions of a world whose people are stored."""
    new_plates, changed_plates = [], []
    for plate in world.changed_plates:
        holder = world.plates[plate]
        row = {"customer_id": holder.customer_id, "told": holder.told, "model": holder.model}
        if holder.stored:
            changed_plates.append({"key": plate, **row})
        else:
            new_plates.append({"plate": plate, **row})
    insert_many(conn, vehicles, new_plates)
    insert_many(conn, identities, [{"key": key, "customer_id": id_} for key, id_ in world.new_keys.items()])
    insert_many(conn, occasions, world.new_occasions)
    _update_many(conn, _VEHICLES, changed_plates)
    _update_many(conn, _OCCASIONS, _changes(world))


def _update_many(conn: Connection, statement: Update, rows: list[dict[str, Any]]) -> None:
    if rows:
        conn.execute(statement, rows)


def _changes(world: World) -> list[dict[str, Any]]:
    """Those changed that were in the database before; of a new one the row itself was changed."""
    new = {row["id"] for row in world.new_occasions}
    return [
        {"key": key, **{name: row[name] for name in _TOLD}}
        for key, row in world.changed_occasions.items()
        if key not in new
    ]
