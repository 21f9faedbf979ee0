"""What the engine says of itself, and why an agent has no call (promise 2)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from dialer.agents import queries as agent_queries
from dialer.agents.states import AgentState
from dialer.calling.idle import Gates, IdleReason, why_idle
from dialer.calling.matching import shut_to
from dialer.calling.reserving import Pairing
from dialer.followups import queries as follow_up_queries
from dialer.halts.queries import open_halts


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The engine now. `link_reason` and `link_advice` say what is wrong while the link is down.

    Of several nodes it is down where one is, and the reason is that one's.
    """

    pairing: Pairing
    link_up: bool = False
    link_reason: str = ""
    link_advice: str = ""
    settled: bool = False
    stopping: bool = False
    # By name, where there are several.
    nodes: Mapping[str, "EngineStatus"] = field(default_factory=dict)

    def at(self, extension: str) -> "EngineStatus":
        """How it stands for a phone: at the node where it registers (D8)."""
        here = (one for one in self.nodes.values() if one.pairing.share.has_phone(extension))
        return next(here, self)

    def reaches(self, extension: str) -> bool:
        """Whether this phone can ring, as far as is known."""
        reachable: Collection[str] | None = self.pairing.reachable
        return reachable is None or extension in reachable


@dataclass(frozen=True, slots=True)
class Idle:
    """Why no call comes to an agent, and when the next follow-up becomes due."""

    reason: IdleReason
    due_in_all: int
    due_allowed: int
    next_due_at: datetime | None


def idle(conn: Connection, agent_id: str, status: EngineStatus, *, form_saved: bool, now: datetime) -> Idle:
    """Why no call comes to this agent now."""
    agent = agent_queries.agent(conn, agent_id)
    current = agent_queries.session(conn, agent_id)
    status = status.at((current and current.extension) or (agent.extension if agent else ""))
    open_playbooks = status.pairing.open_playbooks(now)
    every = tuple(playbook.id for playbook in status.pairing.library)
    # What others are named for is nothing that waits for this one (R12).
    shut = shut_to([agent], status.pairing.named) if agent else ()
    in_all = follow_up_queries.count_due(conn, now, every, None, shut)
    stopped = open_halts(conn)
    shut = (*shut, *stopped.playbooks)
    # All that waits is stopped, or nothing waits and everything would be (V2).
    halted = stopped.everything is not None or (
        in_all > 0 and bool(stopped.open) and follow_up_queries.count_due(conn, now, every, None, shut) == 0
    )
    in_hours = follow_up_queries.count_due(conn, now, open_playbooks, None, shut)
    allowed = follow_up_queries.count_due(conn, now, open_playbooks, status.pairing.numbers, shut)
    next_due = follow_up_queries.next_due_at(conn, now)
    gates = Gates(
        state=current.state if current else AgentState.OFFLINE,
        form_saved=form_saved,
        stopping=status.stopping,
        link_up=status.link_up,
        settled=status.settled,
        phone_reachable=agent is not None
        and status.reaches((current.extension if current else None) or agent.extension),
        due_in_all=in_all,
        due_in_hours=in_hours,
        due_allowed=allowed,
        next_due_at=next_due,
        no_line=status.pairing.lines(conn, now).refusal,
        halted=halted,
    )
    return Idle(why_idle(gates), in_all, allowed, next_due)
