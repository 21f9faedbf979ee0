"""The SQL that only the agent's page needs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, func, select

from dialer.calling.states import AttemptState
from dialer.calling.tables import attempts
from dialer.customers.tables import customers
from dialer.followups.tables import follow_ups
from dialer.forms.rules import Disposition
from dialer.forms.tables import result_forms
from dialer.storage.rows import fetch_one
from dialer.telephony.outcomes import DialOutcome

_LONGEST_CALL = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class LastCall:
    """The agent's latest call that is over: what came of it, and what its follow-up waits for."""

    attempt_id: str
    follow_up_id: str
    plate: str | None
    name: str
    salutation: str
    outcome: str
    disposition: str | None
    ended_at: datetime
    follow_up_state: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Day:
    """What an agent has done so far today: tries, talks, and forms closed as complete."""

    tries: int
    talks: int
    completed: int


def last_call(conn: Connection, agent_id: str, since: datetime) -> LastCall | None:
    """The agent's latest call that ended after `since`."""
    query = (
        select(
            attempts.c.id.label("attempt_id"),
            attempts.c.follow_up_id,
            follow_ups.c.plate,
            customers.c.name,
            customers.c.salutation,
            attempts.c.outcome,
            result_forms.c.disposition,
            attempts.c.ended_at,
            follow_ups.c.state.label("follow_up_state"),
            follow_ups.c.due_at,
        )
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .outerjoin(result_forms, result_forms.c.attempt_id == attempts.c.id)
        .where(
            attempts.c.agent_id == agent_id,
            attempts.c.state == AttemptState.ENDED,
            # The longest talk is shorter; with it the index on placed_at bounds the search.
            attempts.c.placed_at >= since - _LONGEST_CALL,
            attempts.c.ended_at >= since,
        )
        .order_by(attempts.c.placed_at.desc(), attempts.c.id.desc())
        .limit(1)
    )
    return fetch_one(conn, query, LastCall)


def day(conn: Connection, agent_id: str, since: datetime) -> Day:
    """What the agent has done since this time."""
    talked = attempts.c.outcome == DialOutcome.ANSWERED
    complete = result_forms.c.disposition == Disposition.COMPLETED
    query = (
        select(
            func.count(attempts.c.id).label("tries"),
            func.coalesce(func.sum(case((talked, 1), else_=0)), 0).label("talks"),
            func.coalesce(func.sum(case((complete, 1), else_=0)), 0).label("completed"),
        )
        .outerjoin(result_forms, result_forms.c.attempt_id == attempts.c.id)
        .where(attempts.c.agent_id == agent_id, attempts.c.placed_at >= since)
    )
    found = fetch_one(conn, query, Day)
    assert found is not None  # an aggregate always has a row
    return found
