"""All SQL about who calls whom: what is open, who is here, what moved."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Row, Select, and_, func, or_, select

from dialer.agents.tables import agents
from dialer.assigning.rules import Leave
from dialer.assigning.tables import assignment_moves, leaves, shifts
from dialer.customers.tables import customers, occasions
from dialer.followups.tables import follow_ups
from dialer.planning.rules.facts import facts_of
from dialer.playbooks.expressions.conditions import Facts
from dialer.storage.rows import fetch

# Not called yet: still in the plan, or waiting for its turn.
OPEN = ("planned", "waiting")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A follow-up that is still to be called."""

    id: str
    playbook: str
    customer_id: str
    occasion_id: str
    due_at: datetime
    limit_at: datetime
    owner_id: str | None
    bound: bool
    barred: Collection[str]
    skill: str
    expected_seconds: int
    keeper: str
    deputy: str


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One logged move, with the names of people."""

    id: str
    follow_up_id: str
    before_id: str | None
    after_id: str | None
    why: str
    by: str
    at: datetime
    batch: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Moves that were made together."""

    batch: str
    at: datetime
    by: str
    why: str
    count: int


@dataclass(frozen=True, slots=True)
class LeaveRow:
    """A leave as it was entered."""

    id: str
    agent_id: str
    first_day: date
    last_day: date
    stand_in_id: str | None
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift: from `starts` to `ends`, as 09:00, in the site's time zone."""

    agent_id: str
    day: date
    starts: str
    ends: str


def open_of_day(conn: Connection, day: date, tonight: datetime) -> list[OpenRow]:
    """What is to be called on `day`, with what an earlier day left over; `tonight` is the day's end."""
    in_plan = or_(
        follow_ups.c.plan_day <= day,
        and_(follow_ups.c.plan_day.is_(None), follow_ups.c.due_at < tonight),
    )
    return fetch(conn, _open().where(in_plan), OpenRow)


def open_by_id(conn: Connection, ids: Collection[str]) -> list[OpenRow]:
    """Those of these follow-ups that are still to be called."""
    return fetch(conn, _open().where(follow_ups.c.id.in_(list(ids))), OpenRow)


def open_of_agent(conn: Connection, agent_id: str) -> list[OpenRow]:
    """What this agent still has to call, the nearest limit first."""
    query = _open().where(follow_ups.c.owner_id == agent_id)
    return fetch(conn, query.order_by(follow_ups.c.limit_at, follow_ups.c.id), OpenRow)


def _open() -> Select[*tuple[object, ...]]:
    return (
        select(
            follow_ups.c.id,
            follow_ups.c.playbook,
            follow_ups.c.customer_id,
            follow_ups.c.occasion_id,
            follow_ups.c.due_at,
            follow_ups.c.limit_at,
            follow_ups.c.owner_id,
            follow_ups.c.bound,
            follow_ups.c.barred,
            follow_ups.c.skill,
            follow_ups.c.expected_seconds,
            customers.c.owner.label("keeper"),
            customers.c.deputy,
        )
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .where(follow_ups.c.state.in_(OPEN))
    )


def decided_by_hand(conn: Connection) -> set[str]:
    """Open follow-ups that came by hand, hand-over or leave: the balance leaves them alone."""
    latest = (
        select(assignment_moves.c.follow_up_id, func.max(assignment_moves.c.id).label("id"))
        .join(follow_ups, follow_ups.c.id == assignment_moves.c.follow_up_id)
        .where(follow_ups.c.state.in_(OPEN))
        .group_by(assignment_moves.c.follow_up_id)
        .subquery()
    )
    query = select(assignment_moves.c.follow_up_id).join(latest, latest.c.id == assignment_moves.c.id)
    by_hand = assignment_moves.c.why.in_(("by_hand", "hand_over", "leave"))
    return set(conn.execute(query.where(by_hand)).scalars())


def leaves_on(conn: Connection, day: date) -> list[Leave]:
    """Who is away on `day`."""
    query = select(leaves.c.agent_id, leaves.c.first_day, leaves.c.last_day, leaves.c.stand_in_id)
    return fetch(conn, query.where(leaves.c.first_day <= day, leaves.c.last_day >= day), Leave)


def leaves_from(conn: Connection, day: date) -> list[LeaveRow]:
    """Leaves that are not over on `day`, the earliest first."""
    query = select(leaves).where(leaves.c.last_day >= day)
    return fetch(conn, query.order_by(leaves.c.first_day, leaves.c.agent_id), LeaveRow)


def shifts_on(conn: Connection, day: date) -> list[Shift]:
    """Every shift of `day`."""
    return fetch(conn, select(shifts).where(shifts.c.day == day).order_by(shifts.c.starts), Shift)


def moves_of(conn: Connection, follow_up_id: str) -> list[MoveRow]:
    """Every move of a follow-up, oldest first."""
    query = select(assignment_moves).where(assignment_moves.c.follow_up_id == follow_up_id)
    return fetch(conn, query.order_by(assignment_moves.c.id), MoveRow)


def moves_of_batch(conn: Connection, batch: str) -> list[MoveRow]:
    """The moves that were made together."""
    query = select(assignment_moves).where(assignment_moves.c.batch == batch)
    return fetch(conn, query.order_by(assignment_moves.c.id), MoveRow)


def latest_batches(conn: Connection, since: datetime, limit: int = 5) -> list[Batch]:
    """The latest batches of moves, newest first."""
    at = func.max(assignment_moves.c.at)
    query = (
        select(
            assignment_moves.c.batch,
            at.label("at"),
            func.max(assignment_moves.c.by).label("by"),
            func.max(assignment_moves.c.why).label("why"),
            func.count().label("count"),
        )
        .where(assignment_moves.c.at >= since)
        .group_by(assignment_moves.c.batch)
        .order_by(at.desc(), assignment_moves.c.batch.desc())
        .limit(limit)
    )
    return fetch(conn, query, Batch)


def agent_keys(conn: Connection) -> dict[str, str]:
    """Agents' ids by what people write for them: id, number, name. A name that two share names nobody."""
    rows: list[Row[str, str, str]] = list(
        conn.execute(select(agents.c.id, agents.c.code, agents.c.name).where(agents.c.active))
    )
    names = [row[2] for row in rows]
    keys = {row[2]: row[0] for row in rows if names.count(row[2]) == 1}
    return keys | {row[1]: row[0] for row in rows} | {row[0]: row[0] for row in rows}


def facts_by_occasion(conn: Connection, ids: Collection[str]) -> dict[str, Facts]:
    """What conditions ask about these occasions."""
    found: dict[str, Facts] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        rows = conn.execute(select(occasions).where(occasions.c.id.in_(some))).mappings().all()
        known = select(customers).where(customers.c.id.in_({row["customer_id"] for row in rows}))
        people = {row["id"]: row for row in conn.execute(known).mappings()}
        for row in rows:
            found[row["id"]] = facts_of(dict(row), dict(people[row["customer_id"]]))
    return found


def not_contacted(conn: Connection, assigned_before: datetime) -> list[tuple[str, str]]:
    """(follow-up, agent) of what was assigned before that time and was not tried since (L6)."""
    first = (
        select(assignment_moves.c.follow_up_id, func.max(assignment_moves.c.at).label("at"))
        .group_by(assignment_moves.c.follow_up_id)
        .subquery()
    )
    query = (
        select(follow_ups.c.id, follow_ups.c.owner_id, follow_ups.c.tries)
        .join(first, first.c.follow_up_id == follow_ups.c.id)
        .where(follow_ups.c.state.in_(OPEN), follow_ups.c.owner_id.is_not(None), first.c.at < assigned_before)
        .order_by(follow_ups.c.limit_at, follow_ups.c.id)
    )
    return [(row[0], row[1]) for row in conn.execute(query) if not row[2]]
