"""Which customers carry a segment, since when their data hold, and what they lack (R12)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, select, update

from dialer.customers.person import Person
from dialer.customers.rules import is_missing
from dialer.customers.tables import customer_segments, customers, segment_members
from dialer.storage.bulk import insert_many

STALE_DAYS = 180
"""After how many days data are stale where nobody has set another number."""

# In the order of their bits: add at the end only.
WANTED = (
    "name",
    "number",
    "salutation",
    "grade",
    "member_number",
    "document_tail",
    "language",
    "birthday",
    "household",
    "means",
    "frequency",
    "owner",
    "deputy",
    "slot_from",
    "promotion_consent",
)
"""The fields that a segment may ask of its customers."""

_CHUNK = 5_000
_MANY: BindParameter[str] = bindparam("many", expanding=True)
_GONE = delete(segment_members).where(segment_members.c.customer_id.in_(_MANY))
_SINCE = select(customers.c.id, func.coalesce(customers.c.confirmed_at, customers.c.created_at)).where(
    customers.c.id.in_(_MANY)
)
_KNOWN = select(customer_segments.c.name).where(customer_segments.c.name.in_(_MANY))
_CUSTOMER = update(customers).where(customers.c.id == bindparam("key")).values(confirmed_at=bindparam("now"))
_MEMBER = (
    update(segment_members)
    .where(segment_members.c.customer_id == bindparam("key"))
    .values(confirmed_at=bindparam("now"))
)


def mask_of(fields: Iterable[str]) -> int:
    """The bits of these fields, of those that a segment may ask for."""
    wanted = set(fields)
    return sum(1 << place for place, name in enumerate(WANTED) if name in wanted)


def fields_of(mask: int) -> tuple[str, ...]:
    """The fields of these bits."""
    return tuple(name for place, name in enumerate(WANTED) if mask & 1 << place)


def write_members(conn: Connection, people: Sequence[Person], now: datetime) -> None:
    """Put these stored people where their segments say; who is part of another or forgotten, nowhere."""
    known = [one.id for one in people if not one.new]
    for some in _chunks(known):
        conn.execute(_GONE, {"many": some})
    standing = [one for one in people if one.fields["segments"] and not (one.merged_into or one.forgotten)]
    if not standing:
        return
    since: dict[str, datetime] = {}
    for some in _chunks([one.id for one in standing if not one.new]):
        since.update((row[0], row[1]) for row in conn.execute(_SINCE, {"many": some}))
    rows = [
        {
            "segment": segment,
            "customer_id": one.id,
            "confirmed_at": since.get(one.id, now),
            "lacks": _lacks(one),
        }
        for one in standing
        for segment in _names(one)
    ]
    insert_many(conn, segment_members, rows)
    _note_segments(conn, {segment for one in standing for segment in _names(one)})


def set_confirmed(conn: Connection, customer_id: str, now: datetime) -> None:
    """The customer's data are true as of now."""
    for statement in (_CUSTOMER, _MEMBER):
        conn.execute(statement, {"key": customer_id, "now": now})


def _lacks(one: Person) -> int:
    missing = [name for name in WANTED if name != "number" and is_missing(one.fields[name])]
    return mask_of(missing if one.phones else [*missing, "number"])


def _names(one: Person) -> list[str]:
    names = (str(segment).strip()[:60] for segment in one.fields["segments"])
    return list(dict.fromkeys(name for name in names if name))


def _note_segments(conn: Connection, names: set[str]) -> None:
    known: set[str] = set()
    for some in _chunks(sorted(names)):
        known.update(conn.execute(_KNOWN, {"many": some}).scalars())
    blank = {"keeper": "", "stale_days": STALE_DAYS, "wanted": [], "set_by": "", "set_at": None}
    insert_many(conn, customer_segments, [{"name": name, **blank} for name in sorted(names - known)])


def _chunks(values: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(values)
    while some := list(islice(rest, _CHUNK)):
        yield some
