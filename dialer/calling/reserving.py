"""Pairing ready agents with due follow-ups: the first of the two commits of a call (D1, D4, D7).

Every function runs inside one unit of work: what belongs together becomes durable together.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert

from dialer.agents import service as agent_service
from dialer.agents.queries import ON_DUTY, Agent, on_duty_of, ready_agents
from dialer.calling.matching import Named, pairs, shut_to
from dialer.calling.queries import count_in_flight
from dialer.calling.settings import CallingSettings, Mode
from dialer.calling.states import AttemptState
from dialer.calling.tables import attempts
from dialer.followups import queries as follow_up_queries
from dialer.followups import service as follow_up_service
from dialer.followups.queries import Callers, FollowUp
from dialer.followups.rules import in_window
from dialer.followups.states import FollowUpEvent
from dialer.ids import new_id
from dialer.planning.dialling import Verdict, decided, verdicts
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.library import Library
from dialer.storage.feed import emit
from dialer.telephony.port import CallOrder

_PLACE = insert(attempts)
# So many follow-ups are looked at for each ready agent, and then so many more for who is left without
# one: some may be for another, or have to wait.
_CANDIDATES = (1, 4)
_HOURS = "window"
# For a gate that time alone does not open: a person has to.
_LOOK_AGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pairing:
    """What dispatching goes by: the settings, the playbooks, and the phones that can ring."""

    settings: CallingSettings
    library: Library
    run_id: str
    reachable: Collection[str] | None
    planning: PlanningSettings = field(default_factory=PlanningSettings)

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.settings.time_zone)

    @property
    def numbers(self) -> frozenset[str] | None:
        """The numbers that may be dialled; None when all may (D10)."""
        return self.settings.trial_numbers if self.settings.mode is Mode.TRIAL else None

    @property
    def named(self) -> Named:
        """Who may call for the playbooks that name their callers, as they are in force (R12)."""
        return {playbook.id: playbook.callers for playbook in self.library if playbook.callers}

    def open_playbooks(self, now: datetime) -> tuple[str, ...]:
        """The playbooks whose calling hours include `now` (L3)."""
        zone = self.zone
        return tuple(
            playbook.id
            for playbook in self.library
            if not self.settings.keep_hours or in_window(playbook.windows, now, zone)
        )


def could_reserve(conn: Connection, pairing: Pairing) -> bool:
    """Whether any agent waits for a call. Cheap: asked before a transaction is opened."""
    return bool(ready_agents(conn, pairing.reachable))


class Reserved(NamedTuple):
    """The calls that were committed to, and whether agents still wait for one."""

    orders: list[CallOrder]
    agents_left: bool


def reserve(conn: Connection, pairing: Pairing, now: datetime) -> Reserved:
    """Pair ready agents with due follow-ups, and commit to each pair: the first of two commits.

    Never more calls than ready agents (D4).
    """
    waiting = ready_agents(conn, pairing.reachable)
    if not waiting:
        return Reserved([], agents_left=False)
    room = pairing.settings.max_calls - count_in_flight(conn)
    free = waiting[: max(room, 0)]
    orders: list[CallOrder] = []
    named, playbooks = pairing.named, pairing.open_playbooks(now)
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
            shut=shut_to(free, named),
        )
        if not due:
            break
        taken = _reserve_of(conn, pairing, named, free, due, now)
        orders += taken.values()
        free = [agent for agent in free if agent.id not in taken]
    return Reserved(orders, agents_left=len(orders) < len(waiting))


def _reserve_of(
    conn: Connection,
    pairing: Pairing,
    named: Named,
    free: Sequence[Agent],
    due: Sequence[FollowUp],
    now: datetime,
) -> dict[str, CallOrder]:
    """Commit to the pairs among these, put off what a gate is shut for; the calls by agent."""
    judged = _judge(conn, pairing, due, now)
    allowed = [owed for owed, verdict in judged if verdict.allowed]
    on_duty = on_duty_of(conn, {owed.owner_id for owed in allowed if owed.owner_id})
    chosen = [
        (owed, _commit_to(conn, pairing, agent, owed, now), agent)
        for agent, owed in pairs(free, allowed, on_duty, now, named)
    ]
    for owed, verdict in judged:
        if not verdict.allowed:
            until = verdict.put_off_until or now + _LOOK_AGAIN
            follow_up_service.put_off(conn, owed, until, verdict.reason, now)
    attempt_of = {owed.id: order.attempt_id for owed, order, _ in chosen}
    told = [pair for pair in judged if pair[0].id in attempt_of or not pair[1].allowed]
    decided(conn, told, now, attempt_of)
    return {agent.id: order for _, order, agent in chosen}


def _judge(
    conn: Connection, pairing: Pairing, due: Sequence[FollowUp], now: datetime
) -> list[tuple[FollowUp, Verdict]]:
    """Each with whether it may be dialled now (L3, L4, L7)."""
    if not due:
        return []
    found = verdicts(conn, due, pairing.library, pairing.planning, pairing.zone, now)
    if not pairing.settings.keep_hours:
        found = [_at_any_hour(verdict) for verdict in found]
    return list(zip(due, found, strict=True))


def _at_any_hour(verdict: Verdict) -> Verdict:
    # A trial at night: the hours are looked at and told, and hold up nobody.
    shut = {gate.name for gate in verdict.gates if not gate.passed}
    return replace(verdict, allowed=True) if shut == {_HOURS} else verdict


def _commit_to(conn: Connection, pairing: Pairing, agent: Agent, owed: FollowUp, now: datetime) -> CallOrder:
    attempt_id = new_id()
    follow_up_service.move_from(conn, owed, FollowUpEvent.DIAL, now)
    agent_service.reserve(conn, agent.id, attempt_id, now)
    row = {
        "id": attempt_id,
        "follow_up_id": owed.id,
        "agent_id": agent.id,
        "number": owed.number,
        "state": AttemptState.PLACING_AGENT,
        "run_id": pairing.run_id,
        "placed_at": now,
        "counted": False,
        "playbook_version": owed.playbook_version,
    }
    conn.execute(_PLACE, row)
    emit(
        conn,
        "attempt.placing_agent",
        attempt_id,
        now,
        {"agent": agent.id, "follow_up": owed.id},
    )
    settings = pairing.settings
    return CallOrder(
        attempt_id=attempt_id,
        agent_extension=agent.extension,
        customer_number=owed.number,
        caller_id=settings.caller_id,
        agent_ring_seconds=settings.agent_ring_seconds,
        customer_ring_seconds=settings.customer_ring_seconds,
    )
