"""Storing answers as they are given, and the result form at the end."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from dialer.agents.queries import session
from dialer.agents.service import release
from dialer.agents.states import AgentEvent, AgentState
from dialer.alarms.service import clear_alarm
from dialer.calling.queries import Attempt, attempt
from dialer.followups.queries import FollowUp, follow_up
from dialer.followups.service import move
from dialer.followups.states import FollowUpState
from dialer.forms.queries import answers_of, form_of
from dialer.forms.rules import MEANING, BadAnswer, Disposition, check_answer, check_form
from dialer.forms.tables import answers, result_forms
from dialer.playbooks.library import Library
from dialer.storage.dialects import upsert
from dialer.storage.feed import emit
from dialer.telephony.outcomes import DialOutcome

# Raised while a wrap-up is over and its form is not saved.
OVER_TIME = "agent_over_time"
# A talk that was cut off is taken up again soon, by default.
_CUT_OFF_AGAIN = timedelta(minutes=15)


def save_answer(
    conn: Connection,
    library: Library,
    *,
    agent_id: str,
    attempt_id: str,
    question_id: str,
    value: str,
    now: datetime,
) -> float:
    """Store one answer with the second of the call; returns that second (T2).

    Raises:
        BadAnswer: it does not fit, or the call is not this agent's, or its form is closed.
    """
    current, owed = _own_call(conn, agent_id, attempt_id)
    check_answer(library.get(owed.playbook), question_id, value)
    began = current.answered_at or now
    second = max(0.0, round((min(now, current.ended_at or now) - began).total_seconds(), 1))
    row = {
        "follow_up_id": owed.id,
        "question_id": question_id,
        "attempt_id": attempt_id,
        "playbook_version": owed.playbook_version,
        "value": value,
        "second": second,
        "at": now,
    }
    upsert(conn, answers, row, ["follow_up_id", "question_id"])
    emit(conn, "answer.saved", attempt_id, now, {"question": question_id, "agent": agent_id})
    return second


def save_form(
    conn: Connection,
    library: Library,
    *,
    agent_id: str,
    attempt_id: str,
    disposition: Disposition,
    wishes: str,
    call_again_at: datetime | None,
    now: datetime,
) -> None:
    """Close the call's form: the follow-up goes on by its disposition (T3).

    Raises:
        BadAnswer: the form is not complete, the call is not over, or not this agent's.
    """
    current, owed = _own_call(conn, agent_id, attempt_id)
    if current.ended_at is None:
        raise BadAnswer("the call is still going on: save the result after it has ended")
    playbook = library.get(owed.playbook)
    check_form(playbook, disposition, answers_of(conn, owed.id), has_time=call_again_at is not None)
    row = {
        "attempt_id": attempt_id,
        "follow_up_id": owed.id,
        "disposition": disposition,
        "wishes": wishes.strip(),
        "call_again_at": call_again_at,
        "saved_at": now,
    }
    upsert(conn, result_forms, row, ["attempt_id"])
    emit(conn, "form.saved", attempt_id, now, {"disposition": disposition, "agent": agent_id})
    clear_alarm(conn, OVER_TIME, attempt_id, now)
    meaning = MEANING[disposition]
    values: dict[str, str | datetime] = {"reason": disposition.value}
    if disposition in (Disposition.CALL_AGAIN, Disposition.CUT_OFF):
        values["due_at"] = call_again_at or now + _CUT_OFF_AGAIN
    move(conn, owed.id, meaning.event, now, **values)


def finish_wrap_up(conn: Connection, agent_id: str, now: datetime) -> None:
    """On to the next call, once the form is saved: never a next call over an unsaved form.

    Raises:
        BadAnswer: the form is not saved.
    """
    on_it = session(conn, agent_id)
    if on_it is None or on_it.state is not AgentState.WRAP_UP or on_it.attempt_id is None:
        return
    if form_of(conn, on_it.attempt_id) is None:
        raise BadAnswer("save the result of this call first")
    release(conn, on_it, AgentEvent.WRAPPED_UP, now)


def _own_call(conn: Connection, agent_id: str, attempt_id: str) -> tuple[Attempt, FollowUp]:
    current = attempt(conn, attempt_id)
    if current is None or current.agent_id != agent_id:
        raise BadAnswer("this call is not yours: open your own call's page")
    owed = follow_up(conn, current.follow_up_id)
    if owed is None or owed.state not in (FollowUpState.CALLING, FollowUpState.WRAP_UP):
        raise BadAnswer("the form of this call is closed")
    # A try that reached nobody has no form: what is open now is somebody's later call.
    reached_nobody = current.outcome not in (None, DialOutcome.ANSWERED)
    if reached_nobody or form_of(conn, attempt_id) is not None:
        raise BadAnswer("the form of this call is closed")
    return current, owed
