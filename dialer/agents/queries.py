"""All SQL about agents."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from dialer.agents.states import AgentState
from dialer.agents.tables import agent_sessions, agents
from dialer.storage.rows import fetch, fetch_one

_SESSION = select(agent_sessions).where(agent_sessions.c.agent_id == bindparam("agent"))


_READY = (
    select(agents)
    .join(agent_sessions, agent_sessions.c.agent_id == agents.c.id)
    .where(agent_sessions.c.state == AgentState.READY, agents.c.active)
    .order_by(agent_sessions.c.since)
)
# Everyone who is signed in, ready or not.
ON_DUTY = select(agent_sessions.c.agent_id).where(agent_sessions.c.state != AgentState.OFFLINE)
_ON_DUTY_OF = ON_DUTY.where(agent_sessions.c.agent_id.in_(bindparam("agents", expanding=True)))


@dataclass(frozen=True, slots=True)
class Agent:
    """One person who calls, at one extension."""

    id: str
    code: str
    name: str
    extension: str
    branch: str
    active: bool
    skills: Collection[str] = ()
    head: bool = False
    targets: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgentSession:
    """What an agent is doing now."""

    agent_id: str
    state: AgentState
    reason: str | None
    since: datetime
    attempt_id: str | None
    next_pause: str | None
    wrap_until: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", AgentState(self.state))


def agent(conn: Connection, agent_id: str) -> Agent | None:
    """The agent with this id."""
    return fetch_one(conn, select(agents).where(agents.c.id == agent_id), Agent)


def all_agents(conn: Connection) -> list[Agent]:
    """Every active agent, by code."""
    return fetch(conn, select(agents).where(agents.c.active).order_by(agents.c.code), Agent)


def agent_of_extension(conn: Connection, extension: str) -> Agent | None:
    """The agent who sits at this extension."""
    return fetch_one(conn, select(agents).where(agents.c.extension == extension), Agent)


def session(conn: Connection, agent_id: str) -> AgentSession | None:
    """What this agent is doing now; None before the first sign-in."""
    return fetch_one(conn, _SESSION, AgentSession, agent=agent_id)


def sessions(conn: Connection) -> list[AgentSession]:
    """What everyone is doing now."""
    return fetch(conn, select(agent_sessions), AgentSession)


def ready_agents(conn: Connection, extensions: Collection[str] | None) -> list[Agent]:
    """Agents who wait for a call, the longest waiting first.

    `extensions` are the phones known to be reachable; None where that is not known.
    """
    waiting = fetch(conn, _READY, Agent)
    return waiting if extensions is None else [one for one in waiting if one.extension in extensions]


def on_duty_of(conn: Connection, agent_ids: Collection[str]) -> frozenset[str]:
    """Which of these are signed in, ready or not."""
    return (
        frozenset(conn.execute(_ON_DUTY_OF, {"agents": list(agent_ids)}).scalars())
        if agent_ids
        else frozenset()
    )


def wrap_ups_over(conn: Connection, now: datetime) -> list[AgentSession]:
    """Sessions whose wrap-up time is over."""
    query = select(agent_sessions).where(
        agent_sessions.c.state == AgentState.WRAP_UP, agent_sessions.c.wrap_until <= now
    )
    return fetch(conn, query, AgentSession)
