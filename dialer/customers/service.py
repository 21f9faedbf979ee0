"""Taking in occasions: customers, phones, plates, and what happened (C1-C3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select, update

from dialer.customers.tables import customers, occasions, phones, vehicles
from dialer.ids import new_id
from dialer.storage.dialects import upsert
from dialer.storage.feed import emit


class Taken(StrEnum):
    """What became of one occasion."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One business record that may make a follow-up due."""

    kind: str
    source: str
    external_id: str
    happened_at: datetime
    branch: str
    name: str
    salutation: str
    numbers: tuple[str, ...]
    plate: str | None = None
    items: Sequence[str] = ()
    staff: Mapping[str, str] = field(default_factory=dict)
    amount_fen: int | None = None


@dataclass(frozen=True, slots=True)
class TakenIn:
    """Ids of what was taken in, and what became of it."""

    occasion_id: str
    customer_id: str
    what: Taken


def take_in(conn: Connection, occasion: Occasion, now: datetime) -> TakenIn:
    """Store an occasion; the same external id again is an update, never a second one."""
    row = {
        "happened_at": occasion.happened_at,
        "branch": occasion.branch,
        "plate": occasion.plate,
        "items": list(occasion.items),
        "staff": dict(occasion.staff),
        "amount_fen": occasion.amount_fen,
    }
    known = conn.execute(
        select(occasions).where(
            occasions.c.kind == occasion.kind,
            occasions.c.source == occasion.source,
            occasions.c.external_id == occasion.external_id,
        )
    ).first()
    if known is not None:
        new_numbers = set(occasion.numbers) - _numbers(conn, known.customer_id)
        if not new_numbers and all(known._mapping[name] == value for name, value in row.items()):
            return TakenIn(known.id, known.customer_id, Taken.UNCHANGED)
        conn.execute(update(occasions).where(occasions.c.id == known.id).values(**row))
        _add_numbers(conn, known.customer_id, occasion.numbers)
        return TakenIn(known.id, known.customer_id, Taken.UPDATED)
    customer_id = _customer(conn, occasion, now)
    occasion_id = new_id()
    keys = {"kind": occasion.kind, "source": occasion.source, "external_id": occasion.external_id}
    conn.execute(insert(occasions).values(id=occasion_id, customer_id=customer_id, **keys, **row))
    return TakenIn(occasion_id, customer_id, Taken.CREATED)


def _customer(conn: Connection, occasion: Occasion, now: datetime) -> str:
    """The customer of this plate or first number, made where there is none."""
    customer_id = _known_customer(conn, occasion)
    if customer_id is None:
        customer_id = new_id()
        conn.execute(
            insert(customers).values(
                id=customer_id,
                name=occasion.name,
                salutation=occasion.salutation,
                branch=occasion.branch,
                do_not_call=False,
                created_at=now,
            )
        )
        emit(conn, "customer.created", customer_id, now)
    _add_numbers(conn, customer_id, occasion.numbers)
    if occasion.plate is not None:
        upsert(conn, vehicles, {"plate": occasion.plate, "customer_id": customer_id, "model": ""}, ["plate"])
    return customer_id


def _known_customer(conn: Connection, occasion: Occasion) -> str | None:
    if occasion.plate is not None:
        query = (
            select(vehicles.c.customer_id)
            .join(customers, customers.c.id == vehicles.c.customer_id)
            .where(vehicles.c.plate == occasion.plate, customers.c.name == occasion.name)
        )
        found: str | None = conn.execute(query).scalar()
        if found is not None:
            return found
    query = (
        select(phones.c.customer_id)
        .join(customers, customers.c.id == phones.c.customer_id)
        .where(phones.c.number.in_(occasion.numbers), customers.c.name == occasion.name)
    )
    return conn.execute(query).scalar()


def _numbers(conn: Connection, customer_id: str) -> set[str]:
    query = select(phones.c.number).where(phones.c.customer_id == customer_id)
    return set(conn.execute(query).scalars())


def _add_numbers(conn: Connection, customer_id: str, numbers: Sequence[str]) -> None:
    for position, number in enumerate(numbers):
        row = {"customer_id": customer_id, "number": number, "position": position}
        upsert(conn, phones, row, ["customer_id", "number"])
