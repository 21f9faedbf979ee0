"""The ledger of contacts: what the limits over persons, numbers, plates and households are counted from (L4).

Every dial of a customer's phone and every talk is in it, whatever playbook, campaign or person made it, and
messages and visits too.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Connection, Select, String, bindparam, func, insert, select

from dialer.customers.queries import in_chunks
from dialer.customers.tables import contacts, customers
from dialer.ids import new_id


class ContactKind(StrEnum):
    """How the customer was contacted."""

    # The customer's phone was dialled, whatever came of it.
    DIAL = "dial"
    # The customer was talked to.
    TALK = "talk"
    MESSAGE = "message"
    VISIT = "visit"


@dataclass(frozen=True, slots=True)
class Tally:
    """Contacts of one kind by one playbook."""

    kind: ContactKind
    playbook: str
    # Abnormal and special ones do not count in the quarter's limit.
    exempt: bool
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Tallies:
    """The contacts of one person, number, plate or household since a time."""

    rows: tuple[Tally, ...] = ()

    def count(
        self,
        kinds: Collection[ContactKind] = (ContactKind.TALK,),
        *,
        playbook: str | None = None,
        exempt_too: bool = False,
    ) -> int:
        """How many contacts; of one playbook where it is named."""
        return sum(row.count for row in self._chosen(kinds, playbook, exempt_too))

    def last_at(
        self,
        kinds: Collection[ContactKind] = (ContactKind.TALK,),
        *,
        playbook: str | None = None,
        exempt_too: bool = True,
    ) -> datetime | None:
        """When the last of them was."""
        return max((row.last_at for row in self._chosen(kinds, playbook, exempt_too)), default=None)

    def _chosen(
        self, kinds: Collection[ContactKind], playbook: str | None, exempt_too: bool
    ) -> Iterable[Tally]:
        return (
            row
            for row in self.rows
            if row.kind in kinds
            and (playbook is None or row.playbook == playbook)
            and (exempt_too or not row.exempt)
        )


NONE = Tallies()


@dataclass(frozen=True, slots=True)
class Ledger:
    """What many of them have been contacted since a time. Who is not in it was not contacted."""

    customers: dict[str, Tallies] = field(default_factory=dict)
    numbers: dict[str, Tallies] = field(default_factory=dict)
    plates: dict[str, Tallies] = field(default_factory=dict)
    households: dict[str, Tallies] = field(default_factory=dict)

    def of(
        self,
        customer_id: str,
        *,
        numbers: Sequence[str] = (),
        plate: str | None = None,
        household: str | None = None,
    ) -> list[Tallies]:
        """All that a limit of this customer has to look at; the highest count decides."""
        return [
            self.customers.get(customer_id, NONE),
            *(self.numbers.get(number, NONE) for number in numbers),
            *([self.plates.get(plate, NONE)] if plate else []),
            *([self.households.get(household, NONE)] if household else []),
        ]


_NOTE = insert(contacts)
_HOUSEHOLD = select(customers.c.household).where(customers.c.id == bindparam("customer_id"))


def _tallies(column: Column[str]) -> Select[*tuple[object, ...]]:
    return (
        select(
            column.label("of"),
            contacts.c.kind,
            contacts.c.playbook,
            contacts.c.exempt,
            func.count().label("number_of"),
            func.max(contacts.c.at).label("last_at"),
        )
        .where(
            column.in_(bindparam("many", type_=String, expanding=True)), contacts.c.at >= bindparam("since")
        )
        .group_by(column, contacts.c.kind, contacts.c.playbook, contacts.c.exempt)
    )


_BY_CUSTOMER = _tallies(contacts.c.customer_id)
_BY_NUMBER = _tallies(contacts.c.number)
_BY_PLATE = _tallies(contacts.c.plate)
_BY_HOUSEHOLD = _tallies(contacts.c.household)


def record_contact(
    conn: Connection,
    *,
    customer_id: str,
    number: str,
    kind: ContactKind,
    at: datetime,
    plate: str | None = None,
    playbook: str = "",
    exempt: bool = False,
    attempt_id: str | None = None,
) -> str:
    """Note that a customer was contacted; the row's id. The household is the customer's own.

    A call is noted twice: `DIAL` when the phone is dialled, `TALK` when somebody was talked to.
    """
    contact_id = new_id()
    household = conn.execute(_HOUSEHOLD, {"customer_id": customer_id}).scalar()
    row = {
        "id": contact_id,
        "customer_id": customer_id,
        "number": number,
        "plate": plate,
        "household": household,
        "at": at,
        "kind": kind.value,
        "playbook": playbook,
        "exempt": exempt,
        "attempt_id": attempt_id,
    }
    conn.execute(_NOTE, row)
    return contact_id


def contacts_since(
    conn: Connection,
    since: datetime,
    *,
    customer_ids: Iterable[str] = (),
    numbers: Iterable[str] = (),
    plates: Iterable[str] = (),
    households: Iterable[str] = (),
) -> Ledger:
    """How often and when last these were contacted since a time, at once for as many as needed."""
    return Ledger(
        customers=_read(conn, _BY_CUSTOMER, customer_ids, since),
        numbers=_read(conn, _BY_NUMBER, numbers, since),
        plates=_read(conn, _BY_PLATE, plates, since),
        households=_read(conn, _BY_HOUSEHOLD, households, since),
    )


def _read(
    conn: Connection, query: Select[*tuple[object, ...]], values: Iterable[str], since: datetime
) -> dict[str, Tallies]:
    rows: dict[str, list[Tally]] = {}
    for row in in_chunks(conn, query, dict.fromkeys(values), since=since):
        tally = Tally(ContactKind(row.kind), row.playbook, row.exempt, row.number_of, row.last_at)
        rows.setdefault(row.of, []).append(tally)
    return {of: Tallies(tuple(found)) for of, found in rows.items()}
