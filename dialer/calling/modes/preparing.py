"""What is laid before an agent ahead of the call: appointments in time, and previews (D2, L7).

Every function runs inside the unit of work that pairs.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from dialer.agents.queries import Agent, on_duty_of
from dialer.alarms.service import clear_alarm, open_alarms, raise_alarm
from dialer.calling.committing import Pairing, commit_to, judge
from dialer.calling.lines import Lines
from dialer.calling.matching import Named, Unwanted, pairs
from dialer.calling.modes.looking import PREVIEW, day_began, time_to_look
from dialer.calling.modes.queries import appointments, skipped, unkept
from dialer.calling.modes.service import NOT_FOR_HAND, lay_before, not_on_trial
from dialer.calling.modes.states import Then
from dialer.calling.states import CallMode
from dialer.followups import service as follow_up_service
from dialer.followups.queries import FollowUp
from dialer.halts.rules import Halts
from dialer.planning.dialling import decided
from dialer.telephony.port import CallOrder

# An appointment whose minute has come and whom nobody calls: the supervisor sees it.
UNKEPT = "appointment_unkept"
_LOOK_AGAIN = timedelta(days=1)
_CANDIDATES = 4


def keep_appointments(
    conn: Connection,
    pairing: Pairing,
    lines: Lines,
    named: Named,
    free: Sequence[Agent],
    now: datetime,
    stopped: Halts,
) -> dict[str, CallOrder | None]:
    """Keep the agents of appointments that are near; by agent the call, None where it is not yet time (L7).

    The customer's page opens at once, and the engine calls at the minute. Where the agent who agreed on it is
    busy it waits for him five minutes, and then goes to whoever is free. What is `stopped` waits (V2).
    """
    if not free:
        return {}
    lead = timedelta(seconds=pairing.settings.appointment_lead_seconds)
    ready = [agent.id for agent in free]
    near = appointments(conn, ready, now, lead, _CANDIDATES * len(free), stopped.playbooks)
    if not near:
        return {}
    judged = {owed.id: verdict for owed, verdict in judge(conn, pairing, near, now, passing=NOT_FOR_HAND)}
    allowed = []
    for owed in near:
        verdict = judged[owed.id]
        if not verdict.allowed:
            until = verdict.put_off_until or now + _LOOK_AGAIN
            follow_up_service.put_off(conn, owed, until, verdict.reason, now)
        elif not not_on_trial(pairing, owed.number):
            allowed.append(owed)
    on_duty = on_duty_of(conn, {owed.owner_id for owed in allowed if owed.owner_id})
    kept: dict[str, CallOrder | None] = {}
    for agent, owed in pairs(free, allowed, on_duty, now, named):
        at = owed.appointment_at
        if at is not None and at > now:
            lay_before(conn, agent.id, owed, CallMode.APPOINTMENT, now, ends_at=at, then=Then.CALL)
            kept[agent.id] = None
        else:
            order = commit_to(conn, pairing, agent, owed, now, mode=CallMode.APPOINTMENT, lines=lines)
            decided(conn, [(owed, judged[owed.id])], now, {owed.id: order.attempt_id})
            kept[agent.id] = order
    return kept


def show_first(conn: Connection, pairing: Pairing, agent: Agent, owed: FollowUp, now: datetime) -> None:
    """Lay a follow-up before its agent, who calls or skips it within its time."""
    playbook = pairing.library.find(owed.playbook, owed.playbook_version)
    span, then = time_to_look(playbook, pairing.settings)
    lay_before(conn, agent.id, owed, CallMode.PREVIEW, now, ends_at=now + span, then=then)


def skipped_today(conn: Connection, pairing: Pairing, free: Sequence[Agent], now: datetime) -> Unwanted:
    """These agents and what each of them has skipped today; nothing is read where nobody looks first."""
    looking = [agent.id for agent in free if agent.preview]
    if any(playbook.mode == PREVIEW for playbook in pairing.library):
        looking = [agent.id for agent in free]
    return skipped(conn, looking, day_began(now, pairing.zone))


def watch_appointments(conn: Connection, now: datetime) -> None:
    """Show the supervisor each appointment whose minute has come and whom nobody calls."""
    waiting = {owed.id: owed for owed in unkept(conn, now)}
    shown = {alarm.subject for alarm in open_alarms(conn) if alarm.kind == UNKEPT}
    for follow_up_id in shown - waiting.keys():
        clear_alarm(conn, UNKEPT, follow_up_id, now)
    for follow_up_id in waiting.keys() - shown:
        owed = waiting[follow_up_id]
        at = owed.appointment_at
        data = {"agent": owed.owner_id, "at": at.isoformat() if at else "", "number": owed.number}
        raise_alarm(conn, UNKEPT, follow_up_id, now, data)


def appointments_to_watch(conn: Connection, now: datetime) -> bool:
    """Whether `watch_appointments` has anything to do. Cheap: asked before a transaction is opened."""
    waiting = {owed.id for owed in unkept(conn, now)}
    return waiting != {alarm.subject for alarm in open_alarms(conn) if alarm.kind == UNKEPT}
