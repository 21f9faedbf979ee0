"""All SQL about agents."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from dialer.agents.states import AgentState
from dialer.agents.tables import agent_history, agent_sessions, agents, desks
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch, fetch_one

_SESSION = Prepared(select(agent_sessions).where(agent_sessions.c.agent_id == bindparam("agent")))


_SESSION_AT = select(agent_sessions).where(agent_sessions.c.extension == bindparam("extension"))
_WRAP_UPS = select(agent_sessions).where(agent_sessions.c.state == AgentState.WRAP_UP)
_STRETCH = (
    "agent_id",
    "state",
    "reason",
    "began_at",
    "ended_at",
    "attempt_id",
    "extension",
    "event",
    "why",
)
_READY = Prepared(
    select(*(column for column in agents.c if column.name != "extension"), agent_sessions.c.extension)
    .join(agent_sessions, agent_sessions.c.agent_id == agents.c.id)
    .where(agent_sessions.c.state == AgentState.READY, agents.c.active)
    .order_by(agent_sessions.c.since)
)
# Everyone who is signed in, ready or not.
ON_DUTY = select(agent_sessions.c.agent_id).where(agent_sessions.c.state != AgentState.OFFLINE)
_ON_DUTY_OF = Prepared(
    ON_DUTY.where(agent_sessions.c.agent_id.in_(bindparam("agents", expanding=True))), lists=("agents",)
)


@dataclass(frozen=True, slots=True)
class Agent:
    """One person who calls.

    `extension` is the phone he usually sits at, "" for none of his own; of those who wait for a call it is
    the one they sit at now.
    """

    id: str
    code: str
    name: str
    extension: str
    branch: str
    active: bool
    skills: Collection[str] = ()
    head: bool = False
    targets: Mapping[str, int] = field(default_factory=dict)
    preview: bool = False


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
    wrap_extended: int = 0
    extension: str | None = None
    login: str | None = None
    shift_done_at: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", AgentState(self.state))


@dataclass(frozen=True, slots=True)
class Desk:
    """A phone that an agent may sit at. `place` says where it stands, `usual` whose phone it usually is."""

    extension: str
    place: str
    usual: Collection[str]
    taken_by: str | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time that an agent was in one state, and what ended it: `event`, and `why` where that is known."""

    agent_id: str
    state: AgentState
    reason: str | None
    began_at: datetime
    ended_at: datetime
    attempt_id: str | None
    extension: str | None
    event: str
    why: str | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", AgentState(self.state))


def agent(conn: Connection, agent_id: str) -> Agent | None:
    """The agent with this id."""
    return fetch_one(conn, select(agents).where(agents.c.id == agent_id), Agent)


def all_agents(conn: Connection) -> list[Agent]:
    """Every active agent, by code."""
    return fetch(conn, select(agents).where(agents.c.active).order_by(agents.c.code), Agent)


def agent_of_code(conn: Connection, code: str) -> Agent | None:
    """The agent with this number."""
    return fetch_one(conn, select(agents).where(agents.c.code == code), Agent)


def agents_of_extension(conn: Connection, extension: str) -> list[Agent]:
    """The active agents who usually sit at this phone, by code: two shifts may share one."""
    query = select(agents).where(agents.c.extension == extension, agents.c.active)
    return fetch(conn, query.order_by(agents.c.code), Agent)


def session(conn: Connection, agent_id: str) -> AgentSession | None:
    """What this agent is doing now; None before the first sign-in."""
    return fetch_one(conn, _SESSION, AgentSession, agent=agent_id)


def session_at(conn: Connection, extension: str) -> AgentSession | None:
    """The session that sits at this phone now."""
    return fetch_one(conn, _SESSION_AT, AgentSession, extension=extension)


def all_desks(conn: Connection) -> list[Desk]:
    """Every phone an agent may sit at: those of agents and those of desks, and who sits there now."""
    people = all_agents(conn)
    names = {one.id: one.name for one in people}
    places = {row.extension: row.place for row in conn.execute(select(desks))}
    taken = {one.extension: names.get(one.agent_id, one.agent_id) for one in sessions(conn) if one.extension}
    usual: dict[str, list[str]] = {}
    for one in people:
        if one.extension:
            usual.setdefault(one.extension, []).append(one.name)
    return [
        Desk(extension, places.get(extension, ""), usual.get(extension, ()), taken.get(extension))
        for extension in sorted({*places, *usual}, key=lambda text: (len(text), text))
    ]


def history(conn: Connection, begin: datetime, end: datetime, agent_id: str | None = None) -> list[Stretch]:
    """What agents did between these times and have left again, oldest first; of one or of all (F7)."""
    query = select(*(agent_history.c[name] for name in _STRETCH)).where(
        agent_history.c.ended_at > begin, agent_history.c.began_at < end
    )
    if agent_id is not None:
        query = query.where(agent_history.c.agent_id == agent_id)
    return fetch(conn, query.order_by(agent_history.c.id), Stretch)


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
    if not agent_ids:
        return frozenset()
    return frozenset(row[0] for row in _ON_DUTY_OF.rows(conn, {"agents": list(agent_ids)}))


def wrap_ups(conn: Connection) -> list[AgentSession]:
    """Sessions in wrap-up."""
    return fetch(conn, _WRAP_UPS, AgentSession)
