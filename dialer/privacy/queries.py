"""What there is of a person, in whatever table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from dialer.calling.tables import attempts
from dialer.customers.tables import occasions
from dialer.followups.tables import follow_ups


@dataclass(frozen=True, slots=True)
class Called:
    """A follow-up of the person, with the end of its last call, if it was called."""

    id: str
    playbook: str
    playbook_version: int
    state: str
    occasion_id: str
    facts: Mapping[str, Any]
    ended_at: datetime | None
    answered: int


def follow_ups_of(conn: Connection, customer_ids: Sequence[str]) -> list[Called]:
    """Every follow-up of these customers."""
    query = (
        select(
            follow_ups.c.id,
            follow_ups.c.playbook,
            follow_ups.c.playbook_version,
            follow_ups.c.state,
            follow_ups.c.occasion_id,
            func.max(attempts.c.ended_at).label("ended_at"),
            func.count(attempts.c.answered_at).label("answered"),
        )
        .outerjoin(attempts, attempts.c.follow_up_id == follow_ups.c.id)
        .where(follow_ups.c.customer_id.in_(customer_ids))
        .group_by(follow_ups.c.id)
        .order_by(follow_ups.c.id)
    )
    of_occasions = select(occasions.c.id, occasions.c.facts).where(occasions.c.customer_id.in_(customer_ids))
    facts = dict(conn.execute(of_occasions).all())
    return [Called(facts=facts.get(row.occasion_id, {}), **row._mapping) for row in conn.execute(query)]


def attempts_of(conn: Connection, follow_up_ids: Sequence[str]) -> list[str]:
    """Their attempts."""
    query = select(attempts.c.id).where(attempts.c.follow_up_id.in_(follow_up_ids))
    return list(conn.execute(query).scalars())
