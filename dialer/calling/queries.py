"""All SQL about attempts and repairs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select

from dialer.agents.tables import agent_sessions, agents
from dialer.calling.states import IN_FLIGHT, AttemptState
from dialer.calling.tables import attempts, repairs
from dialer.customers.tables import customers
from dialer.followups.tables import follow_ups
from dialer.nodes.rules import ALONE, Share
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch, fetch_one

_ATTEMPT = Prepared(select(attempts).where(attempts.c.id == bindparam("key")))
_IN_FLIGHT = Prepared(select(func.count()).where(attempts.c.state.in_(IN_FLIGHT)))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One dial try."""

    id: str
    follow_up_id: str
    agent_id: str
    number: str
    state: AttemptState
    run_id: str
    placed_at: datetime
    go_at: datetime | None
    ringing_at: datetime | None
    answered_at: datetime | None
    doubted_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    cause: int | None
    dial_status: str | None
    hung_up_by: str | None
    counted: bool
    playbook_version: int | None = None
    mode: str = "progressive"
    trunk: str | None = None
    caller_id: str | None = None
    node: str | None = None
    heard: str | None = None
    absent_at: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", AttemptState(self.state))


@dataclass(frozen=True, slots=True)
class LiveRow:
    """A call in progress as the supervisor's page shows it."""

    id: str
    state: str
    agent_id: str
    agent_name: str
    plate: str | None
    name: str
    salutation: str
    number: str
    playbook: str
    placed_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Repair:
    """An attempt that was in doubt: where it was found, what was decided, and the proof."""

    id: str
    attempt_id: str
    at: datetime
    found: str
    decided: str
    evidence: Mapping[str, Any]


def attempt(conn: Connection, attempt_id: str) -> Attempt | None:
    """The attempt with this id."""
    return fetch_one(conn, _ATTEMPT, Attempt, key=attempt_id)


def extension_of(conn: Connection, attempt_id: str) -> str | None:
    """The phone of the agent this attempt was placed for: where he sits now, else his usual one; None where
    there is no such attempt."""
    query = (
        select(func.coalesce(agent_sessions.c.extension, agents.c.extension))
        .join(attempts, attempts.c.agent_id == agents.c.id)
        .outerjoin(agent_sessions, agent_sessions.c.agent_id == agents.c.id)
    )
    extension: str | None = conn.execute(query.where(attempts.c.id == attempt_id)).scalar()
    return extension


def of_node(share: Share) -> ColumnElement[bool]:
    """The attempts of a node; what is no configured node's is the first one's (D8)."""
    node = attempts.c.node
    return or_(node.is_(None), node.not_in(share.others)) if share.first else node == share.name


def in_flight(conn: Connection, share: Share = ALONE) -> list[Attempt]:
    """Every attempt of the node that has not ended, oldest first."""
    query = select(attempts).where(attempts.c.state.in_(IN_FLIGHT), of_node(share))
    query = query.order_by(attempts.c.placed_at)
    return fetch(conn, query, Attempt)


def at_node(conn: Connection, attempt_ids: Collection[str], share: Share) -> list[str]:
    """Those of these attempts that are the node's."""
    query = select(attempts.c.id).where(attempts.c.id.in_(attempt_ids), of_node(share))
    return list(conn.execute(query).scalars())


def count_in_flight(conn: Connection) -> int:
    """How many attempts have not ended."""
    ((count,),) = _IN_FLIGHT.rows(conn)
    return int(count)


def overdue(
    conn: Connection, share: Share = ALONE, *, placed_before: datetime, go_before: datetime
) -> list[str]:
    """Attempts of the node that stand longer than they can, and those in doubt, by id."""
    state = attempts.c.state
    query = select(attempts.c.id).where(
        of_node(share),
        or_(
            state == AttemptState.UNKNOWN,
            and_(state == AttemptState.PLACING_AGENT, attempts.c.placed_at < placed_before),
            and_(state == AttemptState.CUSTOMER_GO, attempts.c.go_at < go_before),
        ),
    )
    return list(conn.execute(query).scalars())


def of_follow_up(conn: Connection, follow_up_id: str) -> list[Attempt]:
    """Every try of a follow-up, oldest first."""
    query = select(attempts).where(attempts.c.follow_up_id == follow_up_id)
    return fetch(conn, query.order_by(attempts.c.placed_at), Attempt)


def live(conn: Connection) -> list[LiveRow]:
    """Calls in progress, oldest first."""
    query = (
        select(
            attempts.c.id,
            attempts.c.state,
            attempts.c.agent_id,
            agents.c.name.label("agent_name"),
            follow_ups.c.plate,
            customers.c.name,
            customers.c.salutation,
            attempts.c.number,
            follow_ups.c.playbook,
            attempts.c.placed_at,
            attempts.c.ringing_at,
            attempts.c.answered_at,
        )
        .join(agents, agents.c.id == attempts.c.agent_id)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .where(attempts.c.state.in_(IN_FLIGHT))
        .order_by(attempts.c.placed_at)
    )
    return fetch(conn, query, LiveRow)


def outcomes(conn: Connection, since: datetime | None = None) -> dict[str, int]:
    """How many attempts ended with each outcome."""
    query = select(attempts.c.outcome, func.count()).where(attempts.c.outcome.is_not(None))
    if since is not None:
        query = query.where(attempts.c.placed_at >= since)
    return {row[0]: row[1] for row in conn.execute(query.group_by(attempts.c.outcome))}


def latest_repairs(conn: Connection, limit: int = 20) -> list[Repair]:
    """The latest repairs, newest first."""
    return fetch(conn, select(repairs).order_by(repairs.c.at.desc()).limit(limit), Repair)
