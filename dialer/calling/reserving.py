"""Pairing ready agents with due follow-ups: the first of the two commits of a call (D1, D4, D7).

Every function runs inside one unit of work: what belongs together becomes durable together.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from dialer.agents.queries import ON_DUTY, Agent, on_duty_of, ready_agents
from dialer.calling.committing import Pairing, commit_to, judge
from dialer.calling.lines import Lines
from dialer.calling.matching import Named, Unwanted, pairs, shut_to
from dialer.calling.modes.looking import looks_first, mode_of, unwanted_by_all
from dialer.calling.modes.preparing import keep_appointments, show_first, skipped_today
from dialer.followups import queries as follow_up_queries
from dialer.followups import service as follow_up_service
from dialer.followups.queries import Callers, FollowUp
from dialer.halts.queries import open_halts
from dialer.planning.dialling import decided
from dialer.telephony.port import CallOrder

__all__ = ["Pairing", "Reserved", "could_reserve", "reserve"]

# So many follow-ups are looked at for each ready agent, and then so many more for who is left without
# one: some may be for another, or have to wait.
_CANDIDATES = (1, 4)
# For a gate that time alone does not open: a person has to.
_LOOK_AGAIN = timedelta(days=1)


def could_reserve(conn: Connection, pairing: Pairing, now: datetime) -> bool:
    """Whether any agent waits for a call and a line is free. Cheap: asked before a transaction is opened."""
    if not _waiting(conn, pairing) or open_halts(conn).everything:
        return False
    return pairing.lines(conn, now).room > 0


def _waiting(conn: Connection, pairing: Pairing) -> list[Agent]:
    ready = ready_agents(conn, pairing.reachable)
    return [agent for agent in ready if pairing.share.has_phone(agent.extension)]


class Reserved(NamedTuple):
    """The calls that were committed to, and whether agents still wait for one."""

    orders: list[CallOrder]
    agents_left: bool


def reserve(conn: Connection, pairing: Pairing, now: datetime, *, spare: int = 0) -> Reserved:
    """Pair ready agents with due follow-ups, and commit to each pair: the first of two commits.

    Never more calls than ready agents, and than the trunks may take (D4); none that is stopped (V2).
    """
    # So many are spared for customers who wait on the line (D9).
    waiting = _waiting(conn, pairing)[spare:]
    stopped = open_halts(conn)
    if not waiting or stopped.everything:
        return Reserved([], agents_left=False)
    lines = pairing.lines(conn, now)
    free = waiting[: lines.room]
    named, playbooks = pairing.named, pairing.open_playbooks(now)
    kept = keep_appointments(conn, pairing, lines, named, free, now, stopped)
    orders = [order for order in kept.values() if order is not None]
    looking = len(kept)
    free = [agent for agent in free if agent.id not in kept]
    # Whoever was shown a follow-up and did not want it is not shown it again that day.
    unwanted = skipped_today(conn, pairing, free, now)
    for candidates in _CANDIDATES:
        if not free:
            break
        due = follow_up_queries.due(
            conn,
            now,
            playbooks=playbooks,
            numbers=pairing.numbers,
            limit=candidates * len(free),
            callers=Callers([agent.id for agent in free], ON_DUTY),
            shut=(*shut_to(free, named), *stopped.playbooks),
            unwanted=unwanted_by_all(unwanted, free),
        )
        if not due:
            break
        taken = _reserve_of(conn, pairing, lines, named, free, due, now, unwanted)
        orders += [order for order in taken.values() if order is not None]
        free = [agent for agent in free if agent.id not in taken]
        looking += len(taken)
    return Reserved(orders, agents_left=looking < len(waiting))


def _reserve_of(
    conn: Connection,
    pairing: Pairing,
    lines: Lines,
    named: Named,
    free: Sequence[Agent],
    due: Sequence[FollowUp],
    now: datetime,
    unwanted: Unwanted,
) -> dict[str, CallOrder | None]:
    """Commit to the pairs among these, put off what a gate is shut for; the calls by agent.

    None where the agent looks at the customer first.
    """
    judged = judge(conn, pairing, due, now)
    allowed = [owed for owed, verdict in judged if verdict.allowed]
    on_duty = on_duty_of(conn, {owed.owner_id for owed in allowed if owed.owner_id})
    chosen = [
        (owed, _begin(conn, pairing, lines, agent, owed, now), agent)
        for agent, owed in pairs(free, allowed, on_duty, now, named, unwanted)
    ]
    for owed, verdict in judged:
        if not verdict.allowed:
            until = verdict.put_off_until or now + _LOOK_AGAIN
            follow_up_service.put_off(conn, owed, until, verdict.reason, now)
    attempt_of = {owed.id: order.attempt_id for owed, order, _ in chosen if order is not None}
    told = [pair for pair in judged if pair[0].id in attempt_of or not pair[1].allowed]
    decided(conn, told, now, attempt_of)
    return {agent.id: order for _, order, agent in chosen}


def _begin(
    conn: Connection, pairing: Pairing, lines: Lines, agent: Agent, owed: FollowUp, now: datetime
) -> CallOrder | None:
    playbook = pairing.library.find(owed.playbook, owed.playbook_version)
    if looks_first(playbook, agent):
        show_first(conn, pairing, agent, owed, now)
        return None
    return commit_to(conn, pairing, agent, owed, now, mode=mode_of(playbook), lines=lines)
