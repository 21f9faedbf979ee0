"""A database in which very much waits, made by the database itself: a row at a time would take an hour."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnDefault,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    String,
    Table,
    case,
    cast,
    column,
    insert,
    literal,
    select,
    values,
)

from dialer.customers.tables import customers, occasions, phones
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.storage.base import UtcDateTime

OPEN, SHUT = "open", "shut"
"""The playbooks of what waits: one keeps hours that are open, the other such that are shut."""

# So many different times.
_MOMENTS = 1000
_DAY = timedelta(days=1)


def fill(conn: Connection, count: int, now: datetime) -> None:
    """Let `count` follow-ups of as many customers wait: half due since up to a day, half from an hour on.

    Of those that are due every other one is of the playbook that is shut, and their limits are the nearest:
    in the order of the queue they stand before all others.
    """
    number, moment = _numbers(count), _moments(now)
    shut = number.c.i % 4 == 0
    name = cast(number.c.i, String)
    customer, occasion = literal("C").concat(name), literal("O").concat(name)
    phone = literal("13").concat(cast(number.c.i + 100_000_000, String))
    is_due = number.c.i % 2 == 0
    limit = case((shut, moment.c.nearest), (is_due, moment.c.soon), else_=moment.c.after)
    both = number.join(moment, moment.c.k == number.c.i % _MOMENTS)
    made = literal(now, UtcDateTime)
    common: dict[str, ColumnElement[Any]] = {"branch": literal("bench"), "created_at": made}
    _insert(conn, customers, number, {"id": customer, "name": name, **common})
    _insert(conn, phones, number, {"customer_id": customer, "number": phone, "position": literal(0)})
    _insert(
        conn,
        occasions,
        number,
        {
            "id": occasion,
            "kind": literal("order"),
            "source": literal("bench"),
            "external_id": name,
            "happened_at": literal(now - _DAY, UtcDateTime),
            "branch": literal("bench"),
            "customer_id": customer,
            "items": literal([], occasions.c["items"].type),
            "staff": literal({}, occasions.c.staff.type),
            "planned_at": literal(now, UtcDateTime),
        },
    )
    _insert(
        conn,
        follow_ups,
        both,
        {
            "id": literal("F").concat(name),
            "playbook": case((shut, literal(SHUT)), else_=literal(OPEN)),
            "hours": case((shut, literal(SHUT)), else_=literal(OPEN)),
            "playbook_version": literal(1),
            "customer_id": customer,
            "occasion_id": occasion,
            "number": phone,
            "state": literal(FollowUpState.WAITING.value),
            "due_at": case((is_due, moment.c.since), else_=moment.c.later),
            "target_at": limit,
            "limit_at": limit,
            "tries": literal({}, follow_ups.c.tries.type),
            "reason": literal("new"),
            "released_at": literal(now, UtcDateTime),
            **common,
        },
    )


def _numbers(count: int) -> CTE:
    first = select(literal(0, Integer).label("i")).cte("numbers", recursive=True)
    return first.union_all(select(first.c.i + 1).where(first.c.i + 1 < count))


def _moments(now: datetime) -> CTE:
    """For each of so many places in the day: since when due, or from when on, and the limits: two days after
    it is due, in the playbook that is shut as soon as it opens.
    """
    times = [column(name, UtcDateTime) for name in ("since", "later", "soon", "after", "nearest")]
    rows = []
    for place in range(_MOMENTS):
        shift = place * _DAY / _MOMENTS
        since, later = now - _DAY + shift, now + timedelta(hours=1) + shift
        nearest = now + timedelta(minutes=1) + shift / 100
        rows.append((place, since, later, since + 2 * _DAY, later + 2 * _DAY, nearest))
    return values(column("k", Integer), *times, name="moments").data(rows).cte("moments")


def _insert(
    conn: Connection, table: Table, source: FromClause, given: Mapping[str, ColumnElement[Any]]
) -> None:
    cells = dict(given)
    for one in table.columns:
        # The defaults are Python's: the database does not know them.
        if one.name not in cells and isinstance(one.default, ColumnDefault):
            value = one.default.arg
            cells[one.name] = literal(value({}) if callable(value) else value, one.type)
    conn.execute(insert(table).from_select(list(cells), select(*cells.values()).select_from(source)))
