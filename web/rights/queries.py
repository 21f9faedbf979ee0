"""All SQL of the review: how often each right was used in a month, by whom; reviews that were signed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, and_, case, func, select

from dialer.agents.tables import agents
from dialer.customers.tables import customers
from dialer.storage.feed import events, latest_id
from dialer.storage.rows import fetch, fetch_one
from web.auth.tables import users
from web.rights.tables import rights_reviews
from web.rights.words import RIGHTS

# Event rows come in the order of their times, but for the clocks of several machines.
_CLOCKS = timedelta(hours=1)
# The panel's pages write `login`, the doors of changes `by`: a login, an agent's id, or a program. Users
# are changed at the command line: the login there is of who was changed.
_BY = events.c.data["by"].as_string()
_LOGIN = case((events.c.kind.not_like("user.%"), events.c.data["login"].as_string()))
_WHO = func.coalesce(_LOGIN, _BY, "")


@dataclass(frozen=True, slots=True)
class Use:
    """How often somebody used a right, and on how many customers, calls or other things."""

    who: str
    kind: str
    times: int
    things: int


@dataclass(frozen=True, slots=True)
class OneUse:
    """One event row: a right was used on `subject`."""

    id: int
    at: datetime
    subject: str


@dataclass(frozen=True, slots=True)
class Review:
    """A month that somebody looked through."""

    month: str
    by: str
    at: datetime
    note: str
    seen: Sequence[Sequence[str | int]]


@dataclass(frozen=True, slots=True)
class Within:
    """The event rows of a time: read by their ids, so that years of others cost nothing."""

    began: datetime
    ended: datetime
    first_id: int
    last_id: int


def within(conn: Connection, began: datetime, ended: datetime) -> Within:
    """Where the event rows of this time lie."""
    newest = latest_id(conn)
    first = _last_before(conn, began - _CLOCKS, newest)
    return Within(began, ended, first, _last_before(conn, ended + _CLOCKS, newest))


def uses(conn: Connection, span: Within) -> list[Use]:
    """How often each right was used, by user and right."""
    found = _of_rights(span).subquery()
    query = (
        select(
            found.c.who,
            found.c.kind,
            func.count().label("times"),
            func.count(found.c.subject.distinct()).label("things"),
        )
        .group_by(found.c.who, found.c.kind)
        .order_by(found.c.who, found.c.kind)
    )
    return fetch(conn, query, Use)


def single_uses(
    conn: Connection, span: Within, who: str, kind: str, limit: int, before: int | None = None
) -> list[OneUse]:
    """When somebody used a right on what, the latest first; `before` is the last id of the page before."""
    found = _of_rights(span).subquery()
    query = select(found.c.id, found.c.at, found.c.subject).where(found.c.who == who, found.c.kind == kind)
    if before is not None:
        query = query.where(found.c.id < before)
    return fetch(conn, query.order_by(found.c.id.desc()).limit(limit), OneUse)


def review(conn: Connection, month: str) -> Review | None:
    """The review of a month, None where nobody signed it."""
    return fetch_one(conn, select(rights_reviews).where(rights_reviews.c.month == month), Review)


def names(conn: Connection) -> dict[str, str]:
    """The names of users by login and of agents by id."""
    found = {row[0]: row[1] for row in conn.execute(select(agents.c.id, agents.c.name))}
    return found | {row[0]: row[1] for row in conn.execute(select(users.c.login, users.c.name))}


def customer_names(conn: Connection, ids: Collection[str]) -> dict[str, str]:
    """The names of these customers, by id."""
    query = select(customers.c.id, customers.c.name, customers.c.salutation).where(customers.c.id.in_(ids))
    return {row.id: f"{row.name}{row.salutation}" for row in conn.execute(query)}


def _of_rights(span: Within) -> Select[*tuple[object, ...]]:
    here = and_(events.c.id > span.first_id, events.c.id <= span.last_id)
    return select(events.c.id, events.c.at, events.c.kind, events.c.subject, _WHO.label("who")).where(
        events.c.kind.in_(list(RIGHTS)), here, events.c.at >= span.began, events.c.at < span.ended
    )


def _last_before(conn: Connection, moment: datetime, newest: int) -> int:
    """The id up to which event rows are older than this moment: found by halving."""
    low, high = 0, newest
    while low < high:
        middle = (low + high) // 2
        following = select(events.c.id, events.c.at).where(events.c.id > middle)
        row = conn.execute(following.order_by(events.c.id).limit(1)).first()
        if row is None or row.at >= moment:
            high = middle
        else:
            low = row.id
    return low
