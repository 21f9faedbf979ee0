"""Agents and follow-ups for tests of assignment."""

from sqlalchemy import Connection, update

from dialer.agents.service import add_agent
from dialer.agents.tables import agents
from dialer.assigning.service import (
    Assigned,
    assign_day,
)
from dialer.daily.queries import past
from dialer.followups.tables import follow_ups
from tests.support.core import (
    BRANCH,
    LIBRARY,
    NOW,
    SHANGHAI,
    add_follow_up,
    follow_up_of,
)

DAY = NOW.astimezone(SHANGHAI).date()


def agent_named(conn: Connection, code: str, *, skills: tuple[str, ...] = (), head: bool = False) -> str:
    """An agent with this number; the id."""
    agent_id = add_agent(conn, code=code, name=f"坐席{code}", extension=code, branch=BRANCH)
    conn.execute(update(agents).where(agents.c.id == agent_id).values(skills=list(skills), head=head))
    return agent_id


def owed(conn: Connection, number: int = 1, **values: object) -> str:
    """A follow-up that is due at NOW, with these columns; its id."""
    follow_up_id = add_follow_up(conn, f"1380000{number:04}")
    if values:
        conn.execute(update(follow_ups).where(follow_ups.c.id == follow_up_id).values(**values))
    return follow_up_id


def assign(conn: Connection) -> Assigned:
    """Assign the day of NOW."""
    return assign_day(conn, LIBRARY, DAY, SHANGHAI, "chen", NOW, past(conn, NOW))


def owner(conn: Connection, follow_up_id: str) -> str | None:
    """Whose a follow-up is."""
    return follow_up_of(conn, follow_up_id).owner_id
