"""What only the live page asks of the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from dialer.agents.tables import agents
from dialer.alarms.service import Alarm
from dialer.calling.tables import attempts, repairs
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.forms.tables import result_forms
from dialer.storage.rows import fetch


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits, in numbers: due to be called now, to be done by `until`, past its limit."""

    due: int
    by_tonight: int
    overdue: int


@dataclass(frozen=True, slots=True)
class RepairRow:
    """A call that was in doubt and what became of it, with its agent and plate."""

    id: str
    attempt_id: str
    at: datetime
    found: str
    decided: str
    evidence: Mapping[str, Any]
    agent_name: str
    plate: str | None


@dataclass(frozen=True, slots=True)
class CallName:
    """By which a person knows a call: who called whose car."""

    agent: str
    plate: str | None


def backlog(conn: Connection, now: datetime, tonight: datetime) -> Backlog:
    """How much waits at `now`; `tonight` is the end of the site's day."""

    def count(*conditions: ColumnElement[bool]) -> int:
        waiting = select(func.count()).where(follow_ups.c.state == FollowUpState.WAITING)
        return conn.execute(waiting.where(*conditions)).scalar_one()

    return Backlog(
        due=count(follow_ups.c.due_at <= now),
        by_tonight=count(follow_ups.c.limit_at > now, follow_ups.c.limit_at <= tonight),
        overdue=count(follow_ups.c.limit_at <= now),
    )


def dispositions(conn: Connection, since: datetime) -> dict[str, int]:
    """How many result forms were saved since then, by disposition."""
    query = (
        select(result_forms.c.disposition, func.count())
        .where(result_forms.c.saved_at >= since)
        .group_by(result_forms.c.disposition)
    )
    return {row[0]: row[1] for row in conn.execute(query)}


def latest_repairs(conn: Connection, limit: int) -> list[RepairRow]:
    """The latest repairs, newest first."""
    query = (
        select(
            repairs.c.id,
            repairs.c.attempt_id,
            repairs.c.at,
            repairs.c.found,
            repairs.c.decided,
            repairs.c.evidence,
            agents.c.name.label("agent_name"),
            follow_ups.c.plate,
        )
        .join(attempts, attempts.c.id == repairs.c.attempt_id)
        .join(agents, agents.c.id == attempts.c.agent_id)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .order_by(repairs.c.at.desc())
        .limit(limit)
    )
    return fetch(conn, query, RepairRow)


def calls_of(conn: Connection, alarms: list[Alarm]) -> dict[str, CallName]:
    """The calls that these alarms are about, by attempt."""
    query = (
        select(attempts.c.id, agents.c.name, follow_ups.c.plate)
        .join(agents, agents.c.id == attempts.c.agent_id)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .where(attempts.c.id.in_({alarm.subject for alarm in alarms}))
    )
    return {row.id: CallName(row.name, row.plate) for row in conn.execute(query)}
