"""The door through which what was heard on a customer's line corrects how the call ended (D3, L7).

Heard after the call, by a machine or by the agent. A secretary or an announcement is not "reached": the talk
leaves the ledger, the follow-up waits again by the rule of what was heard, and the outcome is set right.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, exists, select, update

from dialer.agents import service as agent_service
from dialer.agents.queries import session
from dialer.agents.states import AgentEvent, AgentState
from dialer.calling import ledger
from dialer.calling.queries import Attempt, attempt
from dialer.calling.service import EndRules
from dialer.calling.states import AttemptState
from dialer.calling.tables import attempts
from dialer.followups import queries as follow_up_queries
from dialer.followups import service as follow_up_service
from dialer.followups.queries import FollowUp
from dialer.followups.states import FollowUpState
from dialer.machine import IllegalMove
from dialer.playbooks.library import Library
from dialer.storage.feed import emit
from dialer.telephony.heard import OUTCOME, Heard
from dialer.telephony.outcomes import DialOutcome

HEARD_KIND = "attempt.heard"
_SITE = EndRules()


class Effect(StrEnum):
    """What hearing it changed."""

    # The outcome, and with it the follow-up's next try.
    CORRECTED = "corrected"
    # Only the outcome: the follow-up is called again already, or closed.
    TOO_LATE = "too_late"
    # Nothing: the agent has taken down a talk.
    TALK_KEPT = "talk_kept"
    # Nothing: it is known already, or says nothing against the signalling.
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the correction of an attempt starts from. `signalled` is how it ended as the network had it."""

    signalled: DialOutcome
    state: FollowUpState
    reason: str
    called_since: bool
    talk_recorded: bool


def decide(heard: Heard, standing: Standing) -> Effect:
    """Whether what was heard may change the attempt, and its follow-up with it. Pure."""
    if heard not in OUTCOME:
        return Effect.NOTHING
    answered = standing.signalled is DialOutcome.ANSWERED
    if answered and standing.talk_recorded:
        return Effect.TALK_KEPT
    if answered:
        untouched = standing.state is FollowUpState.WRAP_UP
    else:
        # Still standing where the end of this attempt has put it.
        waits = standing.state in (FollowUpState.WAITING, FollowUpState.EXHAUSTED)
        untouched = waits and standing.reason == standing.signalled
    return Effect.CORRECTED if untouched and not standing.called_since else Effect.TOO_LATE


def correct(
    conn: Connection,
    attempt_id: str,
    heard: Heard,
    library: Library,
    now: datetime,
    *,
    talk_recorded: bool = False,
    by: str = "machine",
    let_agent_go: bool = True,
    site: EndRules = _SITE,
) -> Effect:
    """An attempt that has ended was heard; give what that changed, of which an event row tells.

    `talk_recorded`: the agent has saved answers or a form, which is proof of a talk. `by` is who heard it;
    with `let_agent_go` an agent who still wraps it up is free. Heard a second time it changes nothing.

    Raises:
        IllegalMove: there is no such attempt, or it has not ended.
    """
    current = attempt(conn, attempt_id)
    if current is None or current.state is not AttemptState.ENDED or current.outcome is None:
        raise IllegalMove(f"the attempt {attempt_id} has not ended")
    if current.heard is not None or heard not in OUTCOME:
        return Effect.NOTHING
    owed = follow_up_queries.follow_up(conn, current.follow_up_id)
    assert owed is not None  # the foreign key says so
    signalled = DialOutcome(current.outcome)
    standing = Standing(signalled, owed.state, owed.reason, _called_since(conn, current), talk_recorded)
    effect = decide(heard, standing)
    values: dict[str, object] = {"heard": heard.value}
    if effect in (Effect.CORRECTED, Effect.TOO_LATE):
        values["outcome"] = OUTCOME[heard].value
        _correct_ledger(conn, current, heard)
    if effect is Effect.CORRECTED:
        values["counted"] = _try_again(conn, current, owed, heard, library, now, site)
        if let_agent_go:
            _release(conn, current, now)
    conn.execute(update(attempts).where(attempts.c.id == attempt_id).values(**values))
    told = {"heard": heard.value, "effect": effect.value, "by": by, "agent": current.agent_id}
    told |= {"signalled": signalled.value, "outcome": str(values.get("outcome", signalled.value))}
    emit(conn, HEARD_KIND, attempt_id, now, {**told, "follow_up": owed.id})
    return effect


def _called_since(conn: Connection, current: Attempt) -> bool:
    later = select(attempts.c.id).where(
        attempts.c.follow_up_id == current.follow_up_id, attempts.c.placed_at > current.placed_at
    )
    return bool(conn.execute(select(exists(later))).scalar())


def _correct_ledger(conn: Connection, current: Attempt, heard: Heard) -> None:
    ledger.forget_talk(conn, current.id)
    if heard is Heard.OWN_LINE:
        # Our own line's trouble: no customer's telephone has rung.
        ledger.forget_dial(conn, current.id)


def _try_again(
    conn: Connection,
    current: Attempt,
    owed: FollowUp,
    heard: Heard,
    library: Library,
    now: datetime,
    site: EndRules,
) -> bool:
    playbook = library.find(owed.playbook, owed.playbook_version)
    return follow_up_service.heard_instead(
        conn,
        owed,
        OUTCOME[heard],
        heard=heard.value,
        tried=current.number,
        tries=_tries_before(owed.tries, current),
        ended_at=current.ended_at or now,
        now=now,
        playbook=playbook,
        zone=site.zone,
        max_tries=site.max_tries,
    )


def _tries_before(tries: Mapping[str, int], current: Attempt) -> Mapping[str, int]:
    """The tries that counted, without this attempt's own; a talk has none."""
    cause = current.outcome or ""
    if not current.counted or cause not in tries:
        return tries
    left = tries[cause] - 1
    return {name: count for name, count in tries.items() if name != cause} | ({cause: left} if left else {})


def _release(conn: Connection, current: Attempt, now: datetime) -> None:
    """There is nothing to wrap up."""
    on_it = session(conn, current.agent_id)
    if on_it is not None and on_it.attempt_id == current.id and on_it.state is AgentState.WRAP_UP:
        agent_service.release(conn, on_it, AgentEvent.WRAPPED_UP, now)
