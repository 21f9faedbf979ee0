"""What the pages about stopped calls ask of the database."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from dialer.calling.modes.states import HELD
from dialer.calling.modes.tables import offers
from dialer.calling.states import IN_FLIGHT, CallMode
from dialer.calling.tables import attempts
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.halts.queries import open_halts
from dialer.halts.rules import EVERYTHING
from web.auth.tables import users


@dataclass(frozen=True, slots=True)
class Effect:
    """What a stop would do now. `waiting` are follow-ups, `due` those of them that may be called now,
    `appointments` those that a customer waits for until tonight; `going` calls go on, `ringing` have not
    reached the customer's line yet, `looked_at` lie before an agent.
    """

    waiting: int
    due: int
    appointments: int
    going: int
    ringing: int
    looked_at: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """What is stopped now, with the name of who stopped it; `playbook` is "" where it is everything."""

    id: str
    playbook: str
    by: str
    why: str
    at: datetime


def stopped(conn: Connection) -> tuple[Stopped, ...]:
    """Everything that is stopped now, the widest first; one small look where nothing is."""
    found = open_halts(conn).open
    names = names_of(conn, {one.by for one in found})
    return tuple(Stopped(one.id, one.holds, names.get(one.by, one.by), one.why, one.at) for one in found)


def names_of(conn: Connection, logins: Collection[str]) -> dict[str, str]:
    """The names of these users by login."""
    if not logins:
        return {}
    rows = conn.execute(select(users.c.login, users.c.name).where(users.c.login.in_(logins)))
    return {row.login: row.name for row in rows}


def effect(conn: Connection, playbook: str, now: datetime, tonight: datetime) -> Effect:
    """What stopping this playbook, or `EVERYTHING`, would do."""
    of_it = follow_ups.c.playbook == playbook if playbook != EVERYTHING else follow_ups.c.id.is_not(None)
    at = follow_ups.c.appointment_at
    waiting = conn.execute(
        select(
            func.count(),
            _count(follow_ups.c.due_at <= now),
            _count(and_(at.is_not(None), at <= tonight)),
        ).where(follow_ups.c.state == FollowUpState.WAITING, of_it)
    ).one()
    # Who rang himself is put through: his call needs no go of ours.
    gone = or_(attempts.c.go_at.is_not(None), attempts.c.mode == CallMode.INBOUND)
    calls = conn.execute(
        select(_count(gone), _count(~gone))
        .select_from(attempts)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .where(attempts.c.state.in_(IN_FLIGHT), of_it)
    ).one()
    looked_at = conn.execute(
        select(func.count())
        .select_from(offers)
        .join(follow_ups, follow_ups.c.id == offers.c.follow_up_id)
        .where(offers.c.state.in_(HELD), of_it)
    ).scalar_one()
    return Effect(*waiting, *calls, looked_at)


def due_by_playbook(conn: Connection, now: datetime) -> dict[str, tuple[int, int]]:
    """By playbook how many follow-ups wait, and how many of them may be called now."""
    query = (
        select(follow_ups.c.playbook, func.count(), _count(follow_ups.c.due_at <= now))
        .where(follow_ups.c.state == FollowUpState.WAITING)
        .group_by(follow_ups.c.playbook)
    )
    return {row[0]: (row[1], row[2]) for row in conn.execute(query)}


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
