"""The drill's agents and its supervisor, with what their browsers have."""

import secrets
from datetime import timedelta

from sqlalchemy import Connection, update

from dialer.agents.service import add_agent
from dialer.agents.tables import agents
from dialer.app.chaos.steps import SUPERVISOR, Key
from dialer.clock import system_clock
from web.auth.queries import add_session
from web.auth.service import add_user, hash_token

EXTENSIONS = tuple(str(number) for number in range(1001, 1013))
DESK = "1090"
"""A phone without an agent, by which the supervisor takes part."""
PHONES = (*EXTENSIONS, DESK)

# So many of the agents look at each customer first (D2).
_LOOK_FIRST = 2
# A clock that is stepped by a day ends no login.
_LOGGED_IN = timedelta(days=30)


def add_people(conn: Connection) -> dict[str, Key]:
    """The agents and a supervisor, and what their browsers have: all are logged in."""
    now, found = system_clock(), {}
    for number, login in enumerate((*EXTENSIONS, SUPERVISOR)):
        agent_id, role = None, "supervisor"
        if login != SUPERVISOR:
            role = "agent"
            agent_id = add_agent(conn, code=login, name=f"坐席{login}", extension=login, branch="drill")
            conn.execute(update(agents).where(agents.c.id == agent_id).values(preview=number < _LOOK_FIRST))
        user_id = add_user(
            conn, login=login, name=login, password_hash="", roles=[role], agent_id=agent_id, now=now
        )
        found[login] = key = Key(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
        add_session(conn, hash_token(key.cookie), user_id, key.csrf, now, now + _LOGGED_IN)
    return found
