"""Finding customers, and a customer's head: who, phones, plates, merges, contacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from dialer.calling.tables import attempts
from dialer.customers.blocks import blocked_numbers
from dialer.customers.contacts import contacts_since
from dialer.customers.queries import family
from dialer.customers.rules import BadValue, normalise_number, normalise_plate
from dialer.customers.tables import customers, merges, phones, vehicles
from dialer.followups.tables import follow_ups

# An agent sees the customers of so many calls back.
LAST_CALLS = 10
_SHORTEST_TAIL = 4


@dataclass(frozen=True, slots=True)
class Found:
    """A customer in the list."""

    id: str
    name: str
    salutation: str
    branch: str
    grade: str
    do_not_call: bool
    numbers: tuple[str, ...]
    plates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhoneRow:
    """A number, and what is known of it."""

    number: str
    invalid_since: datetime | None
    blocked: str


@dataclass(frozen=True, slots=True)
class MergeRow:
    """Two records that became one."""

    id: str
    at: datetime
    by: str
    why: Mapping[str, Any]
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Cap:
    """How often contacted this quarter, of how often at most."""

    of: str
    value: str
    count: int
    limit: int


@dataclass(frozen=True, slots=True)
class Head:
    """Who a customer is."""

    row: Mapping[str, Any]
    records: tuple[str, ...]
    phones: tuple[PhoneRow, ...]
    vehicles: tuple[tuple[str, str], ...]
    merges: tuple[MergeRow, ...]
    caps: tuple[Cap, ...]
    last_contact: datetime | None


def search(conn: Connection, text: str, limit: int) -> list[Found]:
    """Customers by plate, number or its tail (4 digits and more), name's beginning, member number or id."""
    query = (
        select(customers)
        .where(customers.c.merged_into.is_(None), customers.c.forgotten_at.is_(None), or_(*_like(text)))
        .order_by(customers.c.name, customers.c.id)
        .limit(limit)
    )
    rows = conn.execute(query).all()
    ids = [row.id for row in rows]
    numbers: dict[str, list[str]] = {}
    of_phones = select(phones).where(phones.c.customer_id.in_(ids)).order_by(phones.c.position)
    for phone in conn.execute(of_phones):
        numbers.setdefault(phone.customer_id, []).append(phone.number)
    plates: dict[str, list[str]] = {}
    for vehicle in conn.execute(select(vehicles).where(vehicles.c.customer_id.in_(ids))):
        plates.setdefault(vehicle.customer_id, []).append(vehicle.plate)
    return [
        Found(
            row.id,
            row.name,
            row.salutation,
            row.branch,
            row.grade,
            row.do_not_call,
            tuple(numbers.get(row.id, ())),
            tuple(sorted(plates.get(row.id, ()))),
        )
        for row in rows
    ]


def _like(text: str) -> list[ColumnElement[bool]]:
    wanted = [
        customers.c.name.startswith(text, autoescape=True),
        customers.c.member_number == text,
        customers.c.id == text.upper(),
    ]
    holders = select(vehicles.c.customer_id)
    try:
        wanted.append(customers.c.id.in_(holders.where(vehicles.c.plate == normalise_plate(text))))
    except BadValue:
        part = text.upper()
        if len(part) >= _SHORTEST_TAIL:
            wanted.append(customers.c.id.in_(holders.where(vehicles.c.plate.contains(part, autoescape=True))))
    called = select(phones.c.customer_id)
    digits = "".join(text.split())
    if digits.isascii() and digits.isdigit() and len(digits) >= _SHORTEST_TAIL:
        try:
            exact = phones.c.number == normalise_number(digits)
        except BadValue:
            exact = phones.c.number.endswith(digits, autoescape=True)
        # A whole number is found by its index, a tail by looking through all.
        tail = exact if len(digits) >= 11 else phones.c.number.endswith(digits, autoescape=True)
        wanted.append(customers.c.id.in_(called.where(or_(exact, tail))))
    return wanted


def head(conn: Connection, customer_id: str, quarter_began: datetime, limit: int) -> Head | None:
    """Who this customer is; of a merged record, the one it became part of."""
    records = family(conn, customer_id)
    row = conn.execute(select(customers).where(customers.c.id == records[0])).first()
    if row is None:
        return None
    of_phones = select(phones).where(phones.c.customer_id == row.id).order_by(phones.c.position)
    dialled = conn.execute(of_phones).all()
    blocked = blocked_numbers(conn, [phone.number for phone in dialled])
    held = conn.execute(select(vehicles).where(vehicles.c.customer_id == row.id).order_by(vehicles.c.plate))
    cars = tuple((vehicle.plate, vehicle.model) for vehicle in held)
    joined = (
        select(merges.c.id, merges.c.at, merges.c.by, merges.c.why, merges.c.undone_at)
        .where(merges.c.kept_id.in_(records))
        .order_by(merges.c.at.desc())
    )
    caps, last = _caps(conn, row._mapping, [plate for plate, _model in cars], quarter_began, limit)
    return Head(
        row=dict(row._mapping),
        records=tuple(records),
        phones=tuple(
            PhoneRow(phone.number, phone.invalid_since, blocked.get(phone.number, "")) for phone in dialled
        ),
        vehicles=cars,
        merges=tuple(MergeRow(**merged._mapping) for merged in conn.execute(joined)),
        caps=tuple(caps),
        last_contact=last,
    )


def _caps(
    conn: Connection, row: Mapping[Any, Any], plates: Sequence[str], since: datetime, limit: int
) -> tuple[list[Cap], datetime | None]:
    households = [row["household"]] if row["household"] else []
    ledger = contacts_since(conn, since, customer_ids=[row["id"]], plates=plates, households=households)
    mine = ledger.of(row["id"])[0]
    caps = [Cap("person", "", mine.count(), limit)]
    caps.extend(
        Cap("plate", plate, ledger.plates[plate].count(), limit) for plate in plates if plate in ledger.plates
    )
    caps.extend(Cap("household", one, tallies.count(), limit) for one, tallies in ledger.households.items())
    return caps, mine.last_at()


def called_by(conn: Connection, agent_id: str) -> set[str]:
    """The customers of an agent's current and last calls: whom he may look at."""
    query = (
        select(follow_ups.c.customer_id)
        .join(attempts, attempts.c.follow_up_id == follow_ups.c.id)
        .where(attempts.c.agent_id == agent_id)
        .order_by(attempts.c.placed_at.desc())
        .limit(LAST_CALLS)
    )
    return set(conn.execute(query).scalars())


def quarter_of(day: date) -> date:
    """The first day of the calendar quarter."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def count_customers(conn: Connection) -> int:
    """How many customers there are."""
    standing = (customers.c.merged_into.is_(None), customers.c.forgotten_at.is_(None))
    return conn.execute(select(func.count()).select_from(customers).where(*standing)).scalar_one()
