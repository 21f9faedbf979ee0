"""Committing to one call: the first of the two commits, whoever wanted the call (D7).

Every function runs inside one unit of work: what belongs together becomes durable together.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, String, bindparam, insert, not_, or_, select

from dialer.agents import service as agent_service
from dialer.agents.queries import Agent
from dialer.agents.states import AgentEvent
from dialer.calling.engaged import Engaged, is_engaged, shut_for
from dialer.calling.lines import Line, Lines
from dialer.calling.matching import Named
from dialer.calling.settings import CallingSettings, Mode
from dialer.calling.states import AttemptState, CallMode
from dialer.calling.tables import attempts
from dialer.followups import service as follow_up_service
from dialer.followups.queries import FollowUp
from dialer.followups.rules import in_window
from dialer.followups.states import FollowUpEvent
from dialer.halts import service as halts
from dialer.ids import new_id
from dialer.machine import IllegalMove
from dialer.nodes.queries import may_act
from dialer.nodes.rules import ALONE, Share
from dialer.planning.dialling import Verdict, verdicts
from dialer.planning.rules.gates import Gate
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.library import Library
from dialer.storage.feed import emit
from dialer.storage.prepared import Prepared
from dialer.telephony.port import CallOrder
from dialer.trunks.choosing import NoLine

_HOURS = "window"
# Whom somebody has on the line already is looked at again so late.
_CALL_GOES_ON = timedelta(minutes=1)
_ROW = (
    "id",
    "follow_up_id",
    "agent_id",
    "number",
    "state",
    "run_id",
    "placed_at",
    "counted",
    "playbook_version",
    "mode",
    "trunk",
    "caller_id",
    "node",
)
_NEW = {name: bindparam(f"new_{name}", type_=attempts.c[name].type) for name in _ROW}
# Who rang is on the line himself: nobody is dialled for him.
_PLACE = Prepared(
    insert(attempts).from_select(
        list(_ROW),
        select(*_NEW.values()).where(
            or_(
                _NEW["mode"] == CallMode.INBOUND,
                not_(is_engaged(_NEW["number"], bindparam("of_customer", type_=String))),
            )
        ),
    )
)


class NodeLost(IllegalMove):
    """This run of the service has the node no more: whoever has it calls (D8)."""


class NoFreeLine(IllegalMove):
    """No trunk takes a call now; `reason` says why."""

    def __init__(self, reason: NoLine) -> None:
        super().__init__(f"no trunk takes a call now: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Pairing:
    """What dispatching goes by: the settings, the playbooks, and the phones that can ring.

    `share` is what the node has that is dialled through; `allowed` are the calls that the rates of trunks
    still allow, by trunk.
    """

    settings: CallingSettings
    library: Library
    run_id: str
    reachable: Collection[str] | None
    planning: PlanningSettings = field(default_factory=PlanningSettings)
    share: Share = ALONE
    allowed: Mapping[str, int] = field(default_factory=dict)

    def lines(self, conn: Connection, now: datetime) -> Lines:
        """The trunks as they stand in this unit of work (D4)."""
        node, first = self.share.name, self.share.first
        return Lines(conn, self.settings, now, allowed=self.allowed, node=node, first=first)

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


def judge(
    conn: Connection,
    pairing: Pairing,
    due: Sequence[FollowUp],
    now: datetime,
    *,
    passing: Collection[str] = (),
) -> list[tuple[FollowUp, Verdict]]:
    """Each with whether it may be dialled now (L3, L4, L7); gates `passing` are told, and hold up nobody."""
    if not due:
        return []
    found = verdicts(conn, due, pairing.library, pairing.planning, pairing.zone, now)
    if open_to_us := passed_over(pairing, passing):
        found = [_without(verdict, open_to_us) for verdict in found]
    if shut := shut_for(conn, due):
        found = [_shut(verdict, shut.get(verdict.follow_up_id), now) for verdict in found]
    return list(zip(due, found, strict=True))


def passed_over(pairing: Pairing, passing: Collection[str] = ()) -> frozenset[str]:
    """The gates that are looked at and told, and hold up nobody: those `passing`, and in a trial at night the
    hours."""
    return frozenset((*passing, *(() if pairing.settings.keep_hours else (_HOURS,))))


def _without(verdict: Verdict, passing: Collection[str]) -> Verdict:
    shut = {gate.name for gate in verdict.gates if not gate.passed}
    return replace(verdict, allowed=True) if shut and shut <= set(passing) else verdict


def _shut(verdict: Verdict, gate: str | None, now: datetime) -> Verdict:
    """What else is in the way comes first: it may be so for longer."""
    if gate is None:
        return verdict
    gates = (*verdict.gates, Gate(gate, "yes", "no", False))
    if not verdict.allowed:
        return replace(verdict, gates=gates)
    return replace(verdict, allowed=False, gates=gates, put_off_until=now + _CALL_GOES_ON, reason=gate)


def commit_to(
    conn: Connection,
    pairing: Pairing,
    agent: Agent,
    owed: FollowUp,
    now: datetime,
    *,
    mode: CallMode = CallMode.PROGRESSIVE,
    held: bool = False,
    caller: str = "",
    lines: Lines | None = None,
) -> CallOrder:
    """Commit to a call to this customer by this agent, both of whom are held from here on.

    `held`: the follow-up lies before the agent already; `caller`: the customer is on the line already (D9).

    Raises:
        IllegalMove: one of them is not to be had any more.
        Engaged, NodeLost: see there.
        Halted: a supervisor has stopped calls of its playbook; who rings himself is put through (V2).
        NoFreeLine: no trunk takes a call now. `lines` are given where several calls are committed to at once.
    """
    if not may_act(conn, pairing.share.name, pairing.run_id):
        raise NodeLost(f"node {pairing.share.name} was taken over by another service")
    if not caller:
        halts.refuse(conn, owed.playbook)
    lines = lines or pairing.lines(conn, now)
    # Who rang is on the line: none of ours is taken for him.
    line = Line("", owed.number, "", False) if caller else lines.take(owed.number, owed.branch)
    if isinstance(line, NoLine):
        raise NoFreeLine(line)
    attempt_id = new_id()
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
        "mode": mode,
        "trunk": line.trunk or None,
        "caller_id": line.caller_id or None,
        "node": pairing.share.name,
    }
    values = {f"new_{name}": value for name, value in row.items()}
    if _PLACE.run(conn, {**values, "of_customer": owed.customer_id}) != 1:
        raise Engaged(f"somebody has the number or the customer of follow-up {owed.id} on the line already")
    if not held:
        follow_up_service.move_from(conn, owed, FollowUpEvent.DIAL, now)
        agent_service.reserve(conn, agent.id, attempt_id, now)
    else:
        agent_service.move(conn, agent.id, AgentEvent.RESERVE, now, attempt_id=attempt_id)
    if not caller:
        lines.begin(line, attempt_id)
    emit(
        conn,
        "attempt.placing_agent",
        attempt_id,
        now,
        {"agent": agent.id, "follow_up": owed.id},
    )
    settings, first = pairing.settings, mode is CallMode.CUSTOMER_FIRST
    return CallOrder(
        attempt_id=attempt_id,
        agent_extension=agent.extension,
        customer_number=line.number,
        caller_id=line.caller_id,
        trunk=line.trunk,
        caller=caller,
        customer_first=first,
        agent_ring_seconds=settings.connect_seconds if first else settings.agent_ring_seconds,
        customer_ring_seconds=settings.customer_ring_seconds,
    )
