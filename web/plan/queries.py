"""What the plan's pages ask of the database."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from dialer.agents.tables import agents
from dialer.assigning.queries import OPEN
from dialer.customers.tables import customers, occasions
from dialer.followups.tables import follow_ups
from dialer.planning.tables import exclusions, plan_runs
from dialer.storage.rows import fetch

LATE, TODAY, LATER = "late", "today", "later"


@dataclass(frozen=True, slots=True)
class Cell:
    """How many follow-ups of the plan are of one playbook, agent, state and limit."""

    playbook: str
    owner_id: str | None
    state: str
    limit: str
    put_off: bool
    reason: str
    count: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Left:
    """How many were left out of the plan, for one reason, of one playbook."""

    playbook: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Run:
    """One making of the plan."""

    id: str
    day: date
    at: datetime
    kind: str
    by: str
    released_at: datetime | None
    released_by: str | None


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A follow-up of the plan, or one that was left out, in a list."""

    id: str
    customer_id: str
    name: str
    salutation: str
    number: str
    plate: str | None
    playbook: str
    state: str
    reason: str
    due_at: datetime | None
    limit_at: datetime | None
    agent: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows to list; empty means any. `left`: those left out, not those in the plan."""

    left: bool = False
    playbook: str = ""
    agent: str = ""
    state: tuple[str, ...] = ()
    limit: str = ""
    reason: str = ""
    put_off: bool = False


def cells(conn: Connection, day: date, tonight: datetime, now: datetime) -> list[Cell]:
    """The plan of the day in numbers, what earlier days left over included."""
    # Its own column first: PostgreSQL does not see that two expressions with bound values are the same.
    each = (
        select(
            follow_ups.c.playbook,
            follow_ups.c.owner_id,
            follow_ups.c.state,
            _limit(now, tonight).label("limited"),
            _put_off(tonight).label("put_off"),
            follow_ups.c.reason,
            follow_ups.c.expected_seconds,
        )
        .where(in_plan(day, tonight))
        .subquery()
    )
    keys = (each.c.playbook, each.c.owner_id, each.c.state, each.c.limited, each.c.put_off, each.c.reason)
    query = select(*keys, func.count(), func.sum(each.c.expected_seconds)).group_by(*keys)
    return [
        Cell(row[0], row[1], row[2], row[3], bool(row[4]), row[5], row[6], int(row[7]))
        for row in conn.execute(query)
    ]


def in_plan(day: date, tonight: datetime) -> ColumnElement[bool]:
    """Whether a follow-up belongs to the plan of `day`: its own, or still open from before."""
    still = follow_ups.c.state.in_(OPEN)
    before = or_(
        follow_ups.c.plan_day < day, and_(follow_ups.c.plan_day.is_(None), follow_ups.c.due_at < tonight)
    )
    return or_(follow_ups.c.plan_day == day, and_(still, before))


def _limit(now: datetime, tonight: datetime) -> ColumnElement[str]:
    return case((follow_ups.c.limit_at <= now, LATE), (follow_ups.c.limit_at <= tonight, TODAY), else_=LATER)


def _put_off(tonight: datetime) -> ColumnElement[int]:
    return case((and_(follow_ups.c.state.in_(OPEN), follow_ups.c.due_at >= tonight), 1), else_=0)


def left_out(conn: Connection, day: date) -> list[Left]:
    """How many were left out of the plan of `day`, by playbook and reason."""
    query = (
        select(exclusions.c.playbook, exclusions.c.reason, func.count().label("count"))
        .where(exclusions.c.day == day)
        .group_by(exclusions.c.playbook, exclusions.c.reason)
    )
    return fetch(conn, query, Left)


def latest_run(conn: Connection, day: date) -> Run | None:
    """The last making of the plan of `day`."""
    columns = (
        plan_runs.c.id,
        plan_runs.c.day,
        plan_runs.c.at,
        plan_runs.c.kind,
        plan_runs.c.by,
        plan_runs.c.released_at,
        plan_runs.c.released_by,
    )
    query = select(*columns).where(plan_runs.c.day == day).order_by(plan_runs.c.at.desc()).limit(1)
    return next(iter(fetch(conn, query, Run)), None)


def overdue(conn: Connection, now: datetime, limit: int) -> tuple[int, list[PlanRow]]:
    """What is past its limit and still to be called (L9): how many, and the first of them."""
    return _counted(conn, (follow_ups.c.state.in_(OPEN), follow_ups.c.limit_at <= now), limit)


def unassigned(conn: Connection, tonight: datetime, limit: int) -> tuple[int, list[PlanRow]]:
    """What is due by tonight and nobody's (L9): how many, and the first of them."""
    nobody = (follow_ups.c.state.in_(OPEN), follow_ups.c.owner_id.is_(None), follow_ups.c.due_at < tonight)
    return _counted(conn, nobody, limit)


def _counted(
    conn: Connection, conditions: Collection[ColumnElement[bool]], limit: int
) -> tuple[int, list[PlanRow]]:
    count = conn.execute(select(func.count()).select_from(follow_ups).where(*conditions)).scalar_one()
    rows = _rows().where(*conditions).order_by(follow_ups.c.limit_at, follow_ups.c.id)
    return count, fetch(conn, rows.limit(limit), PlanRow)


def rows_of(
    conn: Connection, wanted: Wanted, day: date, tonight: datetime, now: datetime, *, limit: int, offset: int
) -> list[PlanRow]:
    """The rows behind a number of the plan."""
    if wanted.left:
        return _left_rows(conn, wanted, day, limit=limit, offset=offset)
    query = _rows().where(in_plan(day, tonight))
    if wanted.playbook:
        query = query.where(follow_ups.c.playbook == wanted.playbook)
    if wanted.agent:
        owner = None if wanted.agent == "nobody" else wanted.agent
        query = query.where(follow_ups.c.owner_id.is_not_distinct_from(owner))
    if wanted.state:
        query = query.where(follow_ups.c.state.in_(wanted.state))
    if wanted.limit:
        query = query.where(_limit(now, tonight) == wanted.limit)
    if wanted.reason:
        query = query.where(follow_ups.c.reason == wanted.reason)
    if wanted.put_off:
        query = query.where(_put_off(tonight) == 1)
    query = query.order_by(follow_ups.c.limit_at, follow_ups.c.id).limit(limit).offset(offset)
    return fetch(conn, query, PlanRow)


def rows_by_id(conn: Connection, ids: Collection[str], limit: int) -> list[PlanRow]:
    """These follow-ups, the nearest limit first."""
    query = _rows().where(follow_ups.c.id.in_(list(ids)[:limit]))
    return fetch(conn, query.order_by(follow_ups.c.limit_at, follow_ups.c.id), PlanRow)


def _rows() -> Select[*tuple[object, ...]]:
    return (
        select(
            follow_ups.c.id,
            follow_ups.c.customer_id,
            customers.c.name,
            customers.c.salutation,
            follow_ups.c.number,
            follow_ups.c.plate,
            follow_ups.c.playbook,
            follow_ups.c.state,
            follow_ups.c.reason,
            follow_ups.c.due_at,
            follow_ups.c.limit_at,
            agents.c.name.label("agent"),
        )
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .outerjoin(agents, agents.c.id == follow_ups.c.owner_id)
    )


def _left_rows(conn: Connection, wanted: Wanted, day: date, *, limit: int, offset: int) -> list[PlanRow]:
    query = (
        select(
            exclusions.c.occasion_id,
            exclusions.c.customer_id,
            customers.c.name,
            customers.c.salutation,
            occasions.c.plate,
            exclusions.c.playbook,
            exclusions.c.reason,
        )
        .join(customers, customers.c.id == exclusions.c.customer_id)
        .join(occasions, occasions.c.id == exclusions.c.occasion_id)
        .where(exclusions.c.day == day)
        .order_by(exclusions.c.reason, exclusions.c.id)
    )
    if wanted.playbook:
        query = query.where(exclusions.c.playbook == wanted.playbook)
    if wanted.reason:
        query = query.where(exclusions.c.reason == wanted.reason)
    return [
        PlanRow(row[0], row[1], row[2], row[3], "", row[4], row[5], "excluded", row[6], None, None, None)
        for row in conn.execute(query.limit(limit).offset(offset))
    ]
