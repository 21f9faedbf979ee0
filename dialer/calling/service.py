"""The one door through which an attempt changes, with its agent and its follow-up (D1, D7).

Every function runs inside one unit of work: what belongs together becomes durable together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, insert, update

from dialer.agents import service as agent_service
from dialer.agents.queries import session
from dialer.agents.service import CUSTOMER_ABANDONED
from dialer.agents.states import AgentEvent, AgentState, PauseReason
from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.calling import ledger
from dialer.calling.engaged import Engaged, rings_us
from dialer.calling.inbound import service as tickets
from dialer.calling.incall import service as in_call
from dialer.calling.progress import Ending
from dialer.calling.queries import Attempt, attempt
from dialer.calling.settling import Decision
from dialer.calling.states import MACHINE, AttemptEvent, AttemptState, CallMode
from dialer.calling.tables import attempts, repairs
from dialer.followups import queries as follow_up_queries
from dialer.followups import service as follow_up_service
from dialer.followups.rules import MAX_TRIES
from dialer.followups.states import FollowUpEvent, FollowUpState
from dialer.halts import service as halts
from dialer.halts.queries import open_halts
from dialer.ids import new_id
from dialer.machine import IllegalMove
from dialer.nodes.queries import may_act
from dialer.playbooks.library import Library
from dialer.storage.feed import emit
from dialer.storage.prepared import Prepared
from dialer.storage.transition import apply
from dialer.telephony.outcomes import DialOutcome
from dialer.trunks.choosing import verdict
from dialer.trunks.service import note_call, note_reached
from dialer.trunks.settings import DEFAULT_BREAKER, BreakerSettings

Evidence = Mapping[str, str | None]

UNKNOWN_ALARM = "attempt_unknown"
_RINGS = Prepared(
    update(attempts).where(attempts.c.id == bindparam("of_attempt")), columns=("of_attempt", "ringing_at")
)
# For a follow-up whose playbook was taken away meanwhile.
_WRAP_UP_SECONDS = 60
# He answered; to the latter no agent came.
_ANSWERED = (DialOutcome.ANSWERED, DialOutcome.ABANDONED)


@dataclass(frozen=True, slots=True)
class EndRules:
    """What comes after a call goes by: the site's hours and its most tries (L7), and when a trunk counts as
    broken (D4)."""

    zone: ZoneInfo | None = None
    max_tries: int = MAX_TRIES
    breaker: BreakerSettings = DEFAULT_BREAKER


def note_agent_ringing(conn: Connection, attempt_id: str, now: datetime) -> None:
    """The agent's phone rings."""
    current = _current(conn, attempt_id)
    on_it = session(conn, current.agent_id)
    if on_it is not None and on_it.attempt_id == attempt_id and on_it.state is AgentState.RESERVED:
        agent_service.move_from(conn, on_it, AgentEvent.RING, now)


def grant_go(conn: Connection, attempt_id: str, run_id: str, now: datetime) -> bool:
    """The second commit: from here on the customer may be dialled. False where that is not ours.

    `run_id` fences: a run of the service that has been replaced, or has lost the node, grants nothing.

    Raises:
        Halted: a supervisor has stopped such calls meanwhile, and this one has not begun (V2).
        Engaged: the customer rang meanwhile, and is put through to an agent (D9).
    """
    current = _current(conn, attempt_id)
    if current.run_id != run_id or not MACHINE.allows(current.state, AttemptEvent.GO):
        return False
    if not may_act(conn, current.node, run_id):
        return False
    if current.go_at is None and current.mode != CallMode.INBOUND:
        _refuse_halted(conn, current)
        if rings_us(conn, current.number):
            raise Engaged(f"the customer of attempt {attempt_id} is on the line: he rang himself")
    _move(conn, current, AttemptEvent.GO, now, go_at=current.go_at or now)
    if current.go_at is None and current.mode != CallMode.INBOUND:
        ledger.note_dial(conn, attempt_id, now)
    return True


def _refuse_halted(conn: Connection, current: Attempt) -> None:
    if open_halts(conn).open:
        owed = follow_up_queries.follow_up(conn, current.follow_up_id)
        assert owed is not None  # the foreign key says so
        halts.refuse(conn, owed.playbook)


def note_customer_ringing(conn: Connection, attempt_id: str, now: datetime) -> None:
    """The customer's phone rings."""
    current = _current(conn, attempt_id)
    if current.state is AttemptState.CUSTOMER_GO and current.ringing_at is None:
        _RINGS.run(conn, {"of_attempt": attempt_id, "ringing_at": now})
        if current.trunk is not None:
            note_reached(conn, current.trunk, attempt_id, now)
        emit(conn, "attempt.customer_ringing", attempt_id, now, {"agent": current.agent_id})


def note_answered(
    conn: Connection, attempt_id: str, now: datetime, *, answered_at: datetime | None = None
) -> None:
    """The customer and the agent talk; `answered_at` is given where he answered before, and has waited."""
    current = _current(conn, attempt_id)
    if not MACHINE.allows(current.state, AttemptEvent.ANSWER):
        return
    _move(conn, current, AttemptEvent.ANSWER, now, answered_at=current.answered_at or answered_at or now)
    if current.trunk is not None:
        note_reached(conn, current.trunk, attempt_id, now)
    if current.mode == CallMode.INBOUND:
        tickets.note_talking(conn, attempt_id, now)
    on_it = session(conn, current.agent_id)
    if on_it is not None and on_it.state in (AgentState.RESERVED, AgentState.RINGING):
        agent_service.move_from(conn, on_it, AgentEvent.TALK, now)


def doubt(conn: Connection, attempt_id: str, run_id: str, now: datetime) -> Attempt | None:
    """Put an attempt in doubt and take it over; None where it has ended, or its node was lost, meanwhile."""
    current = _current(conn, attempt_id)
    if not may_act(conn, current.node, run_id):
        return None
    if MACHINE.allows(current.state, AttemptEvent.DOUBT):
        _move(conn, current, AttemptEvent.DOUBT, now, doubted_at=now, absent_at=None, run_id=run_id)
    elif current.state is AttemptState.UNKNOWN:
        conn.execute(update(attempts).where(attempts.c.id == attempt_id).values(run_id=run_id))
    else:
        return None
    return _current(conn, attempt_id)


def end(
    conn: Connection,
    attempt_id: str,
    ending: Ending,
    library: Library,
    now: datetime,
    *,
    answered_at: datetime | None = None,
    ended_at: datetime | None = None,
    site: EndRules = EndRules(),
) -> None:
    """The attempt is over: the follow-up goes on by the outcome, the agent to what comes next.

    `ended_at` is given where it was earlier than now, `answered_at` where the customer answered and nothing
    was written of it; `site` is what the next try goes by. An attempt that has ended is left alone.
    """
    current = _current(conn, attempt_id)
    if current.state is AttemptState.ENDED:
        return
    if current.answered_at is not None and ending.outcome not in _ANSWERED:
        # What was written down of his answer is true, whatever was seen of the end.
        ending = replace(ending, outcome=DialOutcome.ANSWERED, dialled=True)
    answered = ending.outcome is DialOutcome.ANSWERED
    owed = follow_up_queries.follow_up(conn, current.follow_up_id)
    assert owed is not None  # the foreign key says so
    playbook = library.find(owed.playbook, owed.playbook_version)
    if answered:
        if owed.state is FollowUpState.CALLING:  # not where its agent had left the talk to others (D6)
            follow_up_service.move_from(conn, owed, FollowUpEvent.TALKED, now, reason="answered")
        # Whoever rang us was not disturbed by us.
        exempt = current.mode == CallMode.INBOUND or (playbook is not None and playbook.caps.exempt)
        ledger.note_talk(conn, attempt_id, current.answered_at or now, exempt=exempt)
        counted = True
        if current.mode == CallMode.INBOUND:
            tickets.note_over(conn, attempt_id, now)
    elif owed.state is not FollowUpState.CALLING:
        counted = False  # its agent had left the talk to others: the form is owed, whatever became of them
    elif current.mode == CallMode.INBOUND:
        until = tickets.given_back(conn, attempt_id, now)
        if until is None and ending.outcome is DialOutcome.AGENT_UNAVAILABLE:
            # He hung up first: the agent's phone stopped ringing for that.
            ending = replace(ending, outcome=DialOutcome.NO_ANSWER)
        due = {} if until is None else {"due_at": until}
        follow_up_service.move_from(conn, owed, FollowUpEvent.GIVE_BACK, now, **due)
        counted = False
    else:
        if current.go_at is not None and not ending.dialled:
            ledger.forget_dial(conn, attempt_id)
        counted = follow_up_service.not_reached(
            conn,
            owed,
            ending.outcome,
            dialled=ending.dialled,
            now=now,
            # By a clock that was put back meanwhile he would be called again at once.
            since=max(now, ended_at or now, current.placed_at),
            playbook=playbook,
            zone=site.zone,
            max_tries=site.max_tries,
        )
    values = {
        "outcome": ending.outcome.value,
        "cause": ending.cause,
        "dial_status": ending.dial_status,
        "hung_up_by": ending.hung_up_by,
        "counted": counted,
        "ended_at": ended_at or now,
    }
    if current.answered_at is None and (answered or answered_at is not None):
        values["answered_at"] = answered_at or now
    told = {"outcome": ending.outcome.value, "answered": answered, "agent": current.agent_id}
    _move(conn, current, AttemptEvent.END, now, told=told, **values)
    if current.doubted_at is not None:
        clear_alarm(conn, UNKNOWN_ALARM, attempt_id, now)
    _note_trunk(conn, current, ending, site.breaker, now)
    wrap_up = playbook.wrap_up_seconds if playbook else _WRAP_UP_SECONDS
    _let_agent_go(conn, current, ending, wrap_up, now)
    in_call.let_helpers_go(conn, attempt_id, now)


def _note_trunk(
    conn: Connection, current: Attempt, ending: Ending, settings: BreakerSettings, now: datetime
) -> None:
    if current.trunk is None:
        return
    told = verdict(ending.outcome, dialled=ending.dialled, dial_status=ending.dial_status)
    why = f"{ending.dial_status or ending.outcome.value} {ending.cause or ''}".strip()
    note_call(conn, current.trunk, current.id, told, why, settings, now)


def settle_end(
    conn: Connection,
    doubted: Attempt,
    decision: Decision,
    library: Library,
    evidence: Evidence,
    now: datetime,
    *,
    site: EndRules = EndRules(),
) -> None:
    """End an attempt that was in doubt, with the times the log has proven, and tell of it."""
    assert decision.ending is not None
    if _current(conn, doubted.id).state is AttemptState.ENDED:
        return
    if decision.answered_at is not None:
        change = update(attempts).where(attempts.c.id == doubted.id)
        conn.execute(change.values(answered_at=decision.answered_at))
    end(conn, doubted.id, decision.ending, library, now, ended_at=decision.ended_at, site=site)
    _repair(conn, doubted, decision, evidence, now)


def adopt_dialling(
    conn: Connection,
    doubted: Attempt,
    decision: Decision,
    run_id: str,
    evidence: Evidence,
    now: datetime,
) -> bool:
    """The call is alive and on its way to the customer: this run goes on with it, where granted."""
    try:
        granted = grant_go(conn, doubted.id, run_id, now)
    except (halts.Halted, Engaged):
        # Its agent waits at the gate in vain, and the telephone system lets him go.
        return False
    if granted:
        _repair(conn, doubted, decision, evidence, now)
    return granted


def adopt_talking(
    conn: Connection, doubted: Attempt, decision: Decision, evidence: Evidence, now: datetime
) -> None:
    """Both parties are talking: this run goes on with the call, and so does an agent who was let go."""
    note_answered(conn, doubted.id, decision.answered_at or now)
    on_it = session(conn, doubted.agent_id)
    if (
        on_it is not None
        and on_it.attempt_id is None
        and on_it.state in (AgentState.READY, AgentState.PAUSED)
        and not in_call.has_left(conn, doubted.id)
    ):
        agent_service.take_back(conn, on_it, doubted.id, now)
    _repair(conn, doubted, decision, evidence, now)


def keep_unknown(
    conn: Connection, doubted: Attempt, decision: Decision, now: datetime, *, gone: bool = True
) -> None:
    """Nothing is proven yet. Where the call itself is `gone`, its agent need not wait for the proof, and it
    holds no line; a person may say how it ended."""
    current = _current(conn, doubted.id)
    if current.state is not AttemptState.UNKNOWN:
        return  # an event, or a person, was quicker
    raise_alarm(conn, UNKNOWN_ALARM, doubted.id, now, {"why": decision.why, "gone": gone})
    if not gone:
        return
    if current.absent_at is None:
        conn.execute(update(attempts).where(attempts.c.id == doubted.id).values(absent_at=now))
    on_it = session(conn, doubted.agent_id)
    if on_it is not None and on_it.attempt_id == doubted.id and on_it.state is not AgentState.WRAP_UP:
        agent_service.release(conn, on_it, AgentEvent.NOT_REACHED, now)


def _repair(
    conn: Connection, doubted: Attempt, decision: Decision, evidence: Evidence, now: datetime
) -> None:
    """Leave a row that tells what was in doubt, what was decided, and why."""
    row = {
        "id": new_id(),
        "attempt_id": doubted.id,
        "at": now,
        "found": AttemptState.CUSTOMER_GO if doubted.go_at else AttemptState.PLACING_AGENT,
        "decided": decision.ending.outcome if decision.ending else decision.settlement,
        "evidence": {"why": decision.why, **evidence},
    }
    conn.execute(insert(repairs).values(**row))
    clear_alarm(conn, UNKNOWN_ALARM, doubted.id, now)
    emit(conn, "attempt.repaired", doubted.id, now, {"decided": row["decided"], "why": decision.why})


def _let_agent_go(
    conn: Connection, current: Attempt, ending: Ending, wrap_up_seconds: int, now: datetime
) -> None:
    on_it = session(conn, current.agent_id)
    if on_it is None or on_it.attempt_id != current.id or on_it.state is AgentState.WRAP_UP:
        return
    if ending.outcome is DialOutcome.ANSWERED:
        agent_service.start_wrap_up(conn, current.agent_id, wrap_up_seconds, now)
    elif ending.outcome is DialOutcome.AGENT_UNAVAILABLE or ending.agent_missed:
        rang = ending.agent_rang
        reason = PauseReason.DID_NOT_ANSWER if rang else PauseReason.PHONE_UNREACHABLE
        agent_service.fail(conn, current.agent_id, reason, now)
        if ending.agent_missed:
            data = {"number": current.number, "reason": reason}
            raise_alarm(conn, CUSTOMER_ABANDONED, current.agent_id, now, data)
    else:
        agent_service.release(conn, on_it, AgentEvent.NOT_REACHED, now)


def _move(
    conn: Connection,
    current: Attempt,
    event: AttemptEvent,
    now: datetime,
    *,
    told: Mapping[str, object] | None = None,
    **values: object,
) -> None:
    transition = MACHINE.advance(current.state, event, now)
    data = told or {"agent": current.agent_id}
    apply(conn, attempts, current.id, transition, values=values, data=data)


def _current(conn: Connection, attempt_id: str) -> Attempt:
    current = attempt(conn, attempt_id)
    if current is None:
        raise IllegalMove(f"there is no attempt {attempt_id}")
    return current
