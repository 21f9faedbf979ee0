"""Who keeps the data of a segment true, and which of its data are stale (R12)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from dialer.customers.members import WANTED, fields_of, mask_of, set_confirmed
from dialer.customers.queries import root_of
from dialer.customers.tables import customer_segments, customers, segment_members
from dialer.storage.feed import emit
from dialer.storage.rows import fetch, fetch_one

LONGEST_DAYS = 3650
# What is counted beyond this is told as "more than".
COUNTED = 10_000
MOST_SEGMENTS = 200


class NoSuchSegment(LookupError):
    """No customer has ever carried this segment."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment: its keeper's login ("" is nobody), when data are stale, which fields are wanted."""

    name: str
    keeper: str
    stale_days: int
    wanted: Sequence[str]
    set_by: str
    set_at: datetime | None

    def stale_before(self, now: datetime) -> datetime:
        """Data that were confirmed before this time are stale."""
        return now - timedelta(days=self.stale_days)


@dataclass(frozen=True, slots=True)
class Counts:
    """Customers of a segment: all, with stale data, and with wanted fields missing; `COUNTED` at most."""

    all: int
    stale: int
    lacking: int


@dataclass(frozen=True, slots=True)
class StaleRow:
    """A customer whose data need the keeper: not confirmed for long, or with wanted fields missing."""

    id: str
    name: str
    salutation: str
    branch: str
    confirmed_at: datetime
    lacks: int

    def missing(self, segment: Segment) -> tuple[str, ...]:
        """The wanted fields that are not known."""
        return fields_of(self.lacks & mask_of(segment.wanted))


def segments(conn: Connection, keeper: str | None = None) -> list[Segment]:
    """The segments by name; those of one keeper where one is named. `MOST_SEGMENTS` at most."""
    query = select(customer_segments).order_by(customer_segments.c.name).limit(MOST_SEGMENTS)
    if keeper is not None:
        query = query.where(customer_segments.c.keeper == keeper)
    return fetch(conn, query, Segment)


def segment(conn: Connection, name: str) -> Segment | None:
    """The segment of this name."""
    return fetch_one(conn, select(customer_segments).where(customer_segments.c.name == name), Segment)


def set_keeper(
    conn: Connection,
    name: str,
    keeper: str,
    stale_days: int,
    wanted: Collection[str],
    by: str,
    now: datetime,
) -> None:
    """Name who keeps a segment's data true ("" is nobody), and what counts as stale.

    Raises:
        NoSuchSegment: no customer carries it.
        ValueError: the days are none, or a field is not one that can be wanted.
    """
    if not 1 <= stale_days <= LONGEST_DAYS:
        raise ValueError(f"data are stale after 1 to {LONGEST_DAYS} days, not {stale_days}")
    unknown = set(wanted) - set(WANTED)
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))} cannot be wanted of a customer")
    row = {"keeper": keeper, "stale_days": stale_days, "wanted": [one for one in WANTED if one in wanted]}
    change = update(customer_segments).where(customer_segments.c.name == name)
    if conn.execute(change.values(**row, set_by=by, set_at=now)).rowcount != 1:
        raise NoSuchSegment(f"no customer carries the segment {name!r}")
    emit(conn, "segment.keeper_set", name, now, {**row, "by": by})


def confirm(conn: Connection, customer_id: str, by: str, now: datetime) -> None:
    """A person says that the customer's data are true as they are.

    Raises:
        LookupError: there is no such customer.
    """
    found = select(customers.c.id).where(customers.c.id == root_of(conn, customer_id))
    kept = conn.execute(found.where(customers.c.forgotten_at.is_(None))).scalar()
    if kept is None:
        raise LookupError(f"there is no customer {customer_id}")
    set_confirmed(conn, kept, now)
    emit(conn, "customer.confirmed", kept, now, {"by": by})


def counts(conn: Connection, of: Segment, now: datetime) -> Counts:
    """How much of a segment needs its keeper."""
    mine = segment_members.c.segment == of.name
    stale = segment_members.c.confirmed_at < of.stale_before(now)
    return Counts(
        _count(conn, mine),
        _count(conn, and_(mine, stale)),
        _count(conn, and_(mine, _lacking(of))) if of.wanted else 0,
    )


def stale(
    conn: Connection, of: Segment, now: datetime, limit: int, after: tuple[datetime, str] | None = None
) -> list[StaleRow]:
    """The customers whose data are stale or lack what is wanted, the oldest first.

    `after` are the time and id of the last one of the page before.
    """
    at, customer_id = segment_members.c.confirmed_at, segment_members.c.customer_id
    query = (
        select(
            customers.c.id,
            customers.c.name,
            customers.c.salutation,
            customers.c.branch,
            at,
            segment_members.c.lacks,
        )
        .join(customers, customers.c.id == customer_id)
        .where(segment_members.c.segment == of.name, _due(of, now))
        .order_by(at, customer_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(at >= after[0], or_(at > after[0], customer_id > after[1]))
    return fetch(conn, query, StaleRow)


def keeps(conn: Connection, login: str, customer_ids: Collection[str]) -> bool:
    """Whether this user keeps a segment that one of these customers carries."""
    query = (
        select(segment_members.c.segment)
        .join(customer_segments, customer_segments.c.name == segment_members.c.segment)
        .where(segment_members.c.customer_id.in_(list(customer_ids)), customer_segments.c.keeper == login)
        .limit(1)
    )
    return conn.execute(query).first() is not None


def _due(of: Segment, now: datetime) -> ColumnElement[bool]:
    stale_ones = segment_members.c.confirmed_at < of.stale_before(now)
    return or_(stale_ones, _lacking(of)) if of.wanted else stale_ones


def _lacking(of: Segment) -> ColumnElement[bool]:
    return segment_members.c.lacks.bitwise_and(mask_of(of.wanted)) != 0


def _count(conn: Connection, which: ColumnElement[bool]) -> int:
    some = select(segment_members.c.customer_id).where(which).limit(COUNTED + 1).subquery()
    return conn.execute(select(func.count()).select_from(some)).scalar_one()
