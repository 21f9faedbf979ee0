"""What a call, a page or a person corrects or fills in of a customer: 信息补录 (C1)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import Connection, bindparam, insert, select

from dialer.customers.members import set_confirmed
from dialer.customers.person import BLANK, Person
from dialer.customers.queries import load_people
from dialer.customers.rules import is_missing, normalise_number
from dialer.customers.storing import store_people
from dialer.customers.tables import corrections, phones, vehicles
from dialer.ids import new_id
from dialer.storage.feed import emit

NUMBER = "number"
CONSENT = "promotion_consent"
_YES, _NO = ("yes", "true", "1", "是", "同意"), ("no", "false", "0", "否", "不同意")

_NOTE = insert(corrections)
_LATEST = (
    select(corrections.c.field, corrections.c.after)
    .where(corrections.c.customer_id == bindparam("customer_id"))
    .order_by(corrections.c.at, corrections.c.id)
)


def correct(
    conn: Connection, customer_id: str, field: str, value: str, by: str, source: str, now: datetime
) -> bool:
    """Take over what was learned of a customer, with who and when; False where it was known already.

    Either way the customer's data are confirmed (R12).
    `field` is a column such as `birthday`, or `number` for one more telephone number, dialled first from
    now on; any other name is a fact that only the corrections keep. `source` is the attempt, the import
    or the page. It holds until a record tells it that is later than `now`.

    Raises:
        ValueError: the value is no number or date, or too long.
        LookupError: there is no such customer.
    """
    person = _customer(conn, customer_id)
    told_by = f"{now.astimezone(UTC).isoformat(timespec='microseconds')} correction {by} {source}"
    if field == NUMBER:
        before = person.phones[0].number if person.phones else ""
        value = normalise_number(value)
        person.hear_numbers(told_by, [value])
    elif field in BLANK:
        before = _written(person.fields[field])
        person.hear(told_by, {field: _read(field, value)}, by_hand=True)
    else:
        before = filled_in(conn, person.id).get(field, "")
    if before == value:
        set_confirmed(conn, person.id, now)
        emit(conn, "customer.confirmed", person.id, now, {"by": by})
        return False
    store_people(conn, [person], now)
    set_confirmed(conn, person.id, now)
    _note(conn, person.id, field, before, value, by, source, now)
    return True


def set_consent(
    conn: Connection, customer_id: str, consent: bool, by: str, source: str, now: datetime
) -> None:
    """Whether promotions may be sent; apart from being called for care (X3).

    A withdrawal (退订) holds whatever a later file says, until the customer agrees again.

    Raises:
        LookupError: there is no such customer.
    """
    person = _customer(conn, customer_id)
    before = _written(person.fields[CONSENT])
    # Sorts behind every record.
    person.hear(f"9999 consent {by} {source}", {CONSENT: consent}, by_hand=True)
    store_people(conn, [person], now)
    _note(conn, person.id, CONSENT, before, _written(consent), by, source, now)


def filled_in(conn: Connection, customer_id: str) -> dict[str, str]:
    """The latest correction of each field."""
    return {row.field: row.after for row in conn.execute(_LATEST, {"customer_id": customer_id})}


def missing_fields(conn: Connection, customer_id: str, wanted: Sequence[str]) -> list[str]:
    """Those of the wanted fields that nobody has told: shown in the call, and counted (C1).

    `wanted` are names of columns, `number`, `plate`, or facts: what a playbook needs of the customer and
    the occasion did not bring.
    """
    person = _customer(conn, customer_id)
    known: dict[str, object] = {**filled_in(conn, person.id), **person.fields}
    known[NUMBER] = conn.execute(select(phones.c.number).where(phones.c.customer_id == person.id)).scalar()
    known["plate"] = conn.execute(
        select(vehicles.c.plate).where(vehicles.c.customer_id == person.id)
    ).scalar()
    return [name for name in wanted if is_missing(known.get(name))]


def count_missing(rows: Sequence[Mapping[str, object]], wanted: Sequence[str]) -> dict[str, int]:
    """Of how many rows each wanted field is missing."""
    return {name: sum(is_missing(row.get(name)) for row in rows) for name in wanted}


def _customer(conn: Connection, customer_id: str) -> Person:
    people = load_people(conn, [customer_id])
    if customer_id not in people:
        raise LookupError(f"there is no customer {customer_id}")
    person = people[customer_id]
    while person.merged_into is not None:
        person = people[person.merged_into]
    return person


def _note(
    conn: Connection,
    customer_id: str,
    field: str,
    before: str,
    after: str,
    by: str,
    source: str,
    now: datetime,
) -> None:
    row = {"id": new_id(), "customer_id": customer_id, "field": field, "before": before, "after": after}
    conn.execute(_NOTE, {**row, "at": now, "by": by, "source": source})
    emit(conn, "customer.corrected", customer_id, now, {"field": field, "by": by})


def _read(field: str, value: str) -> object:
    if field == "birthday":
        return date.fromisoformat(value)
    if field == CONSENT:
        if value.lower() not in (*_YES, *_NO):
            raise ValueError(f"{value!r} is neither yes nor no")
        return value.lower() in _YES
    if field == "segments":
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(value)
    return value.isoformat() if isinstance(value, date) else str(value)
