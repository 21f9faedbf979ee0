"""Storing answers as they are given, and the result form at the end (T2-T5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dialer.agents.queries import session
from dialer.agents.service import release
from dialer.agents.states import AgentEvent, AgentState
from dialer.alarms.service import clear_alarm
from dialer.calling.hearing import correct
from dialer.calling.incall.service import has_left
from dialer.calling.queries import Attempt, attempt
from dialer.calling.service import EndRules
from dialer.cases.queries import cases_of_call
from dialer.cases.rules import effects_of, may_alarm
from dialer.cases.service import Bearing, apply_effects, complain, make_task, open_case, show_answer_alarm
from dialer.cases.states import TaskKind
from dialer.followups.queries import FollowUp, follow_up
from dialer.followups.rules import MAX_TRIES
from dialer.followups.service import move
from dialer.followups.states import FollowUpState
from dialer.followups.tables import OWN_HOURS
from dialer.followups.workdays import WorkCalendar
from dialer.forms.asides import fill_in, stop_calling, upset
from dialer.forms.queries import form_of
from dialer.forms.rules import (
    DISSATISFIED,
    MAX_IDENTITY_TRIES,
    MAX_TEXT,
    MEANING,
    BadAnswer,
    Disposition,
    Satisfaction,
    check_answer,
    check_form,
    check_promise,
    same_tail,
)
from dialer.forms.tables import answers, result_forms
from dialer.forms.topics import Topic, find, topics_of
from dialer.playbooks.asking import IDENTITY
from dialer.playbooks.library import Library
from dialer.storage.dialects import upsert
from dialer.storage.feed import emit, of_subject
from dialer.telephony.heard import Heard
from dialer.telephony.outcomes import DialOutcome

# Raised while a wrap-up is over and its form is not saved.
OVER_TIME = "agent_over_time"
_IDENTITY_CHECKED = "identity.checked"
# A talk that was cut off is taken up again soon, by default.
_CUT_OFF_AGAIN = timedelta(minutes=15)
_CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class _Form:
    """The result form as the agent fills it in. `promise` and `promise_at` go together."""

    disposition: Disposition
    wishes: str
    call_again_at: datetime | None
    satisfaction: Satisfaction | None
    next_step: str
    promise: str
    promise_at: datetime | None


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

    `question_id` is the question's name in the call (see `topics`). An answer that fills in a field of the
    customer corrects it; what its answers raise is shown to the manager at once.

    Raises:
        BadAnswer: it does not fit, or the call is not this agent's, or its form is closed.
    """
    current, topics = _own_call(conn, library, agent_id, attempt_id)
    topic, question_id = find(topics, question_id)
    kept = check_answer(topic.playbook, question_id, value)
    second = _keep(conn, current, topic, question_id, kept, agent_id, now)
    question = topic.playbook.question(question_id)
    if question is not None and question.fills and kept:
        fill_in(conn, topic.owed, question.fills, kept, agent_id, attempt_id, now)
    _raise_alarms(conn, library, current, topics, now)
    return second


def check_identity(
    conn: Connection,
    library: Library,
    *,
    agent_id: str,
    attempt_id: str,
    said: str,
    now: datetime,
    question_id: str = IDENTITY,
) -> bool:
    """Compare what the customer said with the tail on record, which nobody is shown (T4).

    Only the result is kept: as the answer `identity`, yes or no.

    Raises:
        BadAnswer: too little was said, too many tries, no check here, or the call is not this agent's.
    """
    current, topics = _own_call(conn, library, agent_id, attempt_id)
    topic, question_id = find(topics, question_id)
    if not topic.standing.identity or question_id != IDENTITY:
        raise BadAnswer("there is no identity check in this call")
    tries = sum(row.kind == _IDENTITY_CHECKED for row in of_subject(conn, attempt_id))
    if tries >= MAX_IDENTITY_TRIES:
        raise BadAnswer(f"the identity was checked {MAX_IDENTITY_TRIES} times: end the call politely")
    matches = same_tail(said, str(topic.facts[topic.playbook.identity]))
    _keep(conn, current, topic, IDENTITY, "yes" if matches else "no", agent_id, now)
    emit(conn, _IDENTITY_CHECKED, attempt_id, now, {"matches": matches, "agent": agent_id})
    _raise_alarms(conn, library, current, topics, now)
    return matches


def fill_fact(
    conn: Connection,
    library: Library,
    *,
    agent_id: str,
    attempt_id: str,
    name: str,
    value: str,
    now: datetime,
) -> None:
    """Fill in something that must be known and is missing on record (C1, 信息补录).

    Raises:
        BadAnswer: nobody asks for it here, it is empty, or the call is not this agent's.
    """
    _, topics = _own_call(conn, library, agent_id, attempt_id)
    topic = next((one for one in topics if name in one.playbook.facts), None)
    if topic is None:
        raise BadAnswer(f"this call does not ask for {name}")
    if not value.strip() or len(value) > MAX_TEXT:
        raise BadAnswer("type what is missing, then save it")
    fill_in(conn, topic.owed, name, value.strip(), agent_id, attempt_id, now)


def file_complaint(
    conn: Connection,
    library: Library,
    *,
    agent_id: str,
    attempt_id: str,
    words: str,
    now: datetime,
    zone: ZoneInfo = _CHINA,
) -> str | None:
    """A complaint with one press; gives the case's id, None where this call has one already (T5).

    Raises:
        BadAnswer: the call is not this agent's, or its form is closed.
    """
    _, topics = _own_call(conn, library, agent_id, attempt_id)
    return complain(conn, Bearing(topics[0].owed, attempt_id, agent_id, zone), words.strip(), now)


def save_form(
    conn: Connection,
    library: Library,
    *,
    agent_id: str,
    attempt_id: str,
    disposition: Disposition,
    now: datetime,
    wishes: str = "",
    call_again_at: datetime | None = None,
    satisfaction: Satisfaction | None = None,
    next_step: str = "",
    promise: str = "",
    promise_at: datetime | None = None,
    zone: ZoneInfo = _CHINA,
    calendar: WorkCalendar | None = None,
    max_tries: int = MAX_TRIES,
) -> None:
    """Close the call's form: the follow-up goes on by its disposition, and the answers have effect (T3, T5).

    `zone` and `calendar` are the site's, by which the dates of what is owed are counted; `max_tries` too.

    Raises:
        BadAnswer: the form is not complete, the call is not over, or not this agent's.
    """
    current, topics = _own_call(conn, library, agent_id, attempt_id)
    if current.ended_at is None and not has_left(conn, attempt_id):
        raise BadAnswer("the call is still going on: save the result after it has ended")
    form = _Form(
        disposition,
        wishes.strip(),
        call_again_at,
        satisfaction,
        next_step.strip(),
        promise.strip(),
        promise_at,
    )
    for topic in topics:
        check_form(topic.standing, disposition, has_time=call_again_at is not None)
    check_promise(form.promise, has_time=promise_at is not None)
    owed = topics[0].owed
    row = {
        "attempt_id": attempt_id,
        "follow_up_id": owed.id,
        "saved_at": now,
        **{name: getattr(form, name) for name in _Form.__slots__},
        "satisfaction": satisfaction or "",
    }
    upsert(conn, result_forms, row, ["attempt_id"])
    emit(conn, "form.saved", attempt_id, now, {"disposition": disposition, "agent": agent_id})
    clear_alarm(conn, OVER_TIME, attempt_id, now)
    for topic in topics:
        bearing = Bearing(topic.owed, attempt_id, agent_id, zone, calendar or WorkCalendar())
        due = effects_of(topic.playbook, topic.standing)
        apply_effects(conn, due, bearing, topic.standing.answers, now)
    _bring_about(conn, form, Bearing(owed, attempt_id, agent_id, zone), topics[0].standing.answers, now)
    if disposition is Disposition.MACHINE:
        # The same as when it is heard in the recording; nothing is heard in it after that.
        site = EndRules(zone, max_tries)
        heard = Heard.SECRETARY
        correct(conn, attempt_id, heard, library, now, by="agent", let_agent_go=False, site=site)
    else:
        _go_on(conn, owed, agent_id, attempt_id, form, now)


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


def _keep(
    conn: Connection,
    current: Attempt,
    topic: Topic,
    question_id: str,
    value: str,
    agent_id: str,
    now: datetime,
) -> float:
    began = current.answered_at or now
    second = max(0.0, round((min(now, current.ended_at or now) - began).total_seconds(), 1))
    row = {
        "follow_up_id": topic.owed.id,
        "question_id": question_id,
        "attempt_id": current.id,
        "playbook_version": topic.owed.playbook_version,
        "value": value,
        "second": second,
        "at": now,
    }
    upsert(conn, answers, row, ["follow_up_id", "question_id"])
    told = {"question": topic.named(question_id), "agent": agent_id}
    emit(conn, "answer.saved", current.id, now, told)
    return second


def _raise_alarms(
    conn: Connection, library: Library, current: Attempt, before: Sequence[Topic], now: datetime
) -> None:
    """Show what the answers raise, as they are now; `before` is how the call stood before the last one."""
    if not any(may_alarm(topic.playbook) for topic in before):
        return
    topics = topics_of(conn, library, before[0].owed)
    due = [effect for topic in topics for effect in effects_of(topic.playbook, topic.standing)]
    show_answer_alarm(conn, due, current.id, current.agent_id, now)


def _bring_about(
    conn: Connection, form: _Form, bearing: Bearing, answered: Mapping[str, str], now: datetime
) -> None:
    """What the form itself brings about besides the answers."""
    attempt_id = bearing.attempt_id
    assert attempt_id is not None
    if form.satisfaction in DISSATISFIED and not cases_of_call(conn, attempt_id):
        open_case(
            conn,
            bearing,
            title=form.wishes.split("\n", 1)[0] or "客户总体不满意",
            level="ordinary",
            department="",
            said={"answers": dict(answered), "words": form.wishes},
            effect="satisfaction",
            due_at=None,
            now=now,
        )
    if form.promise:
        make_task(
            conn,
            bearing,
            kind=TaskKind.PROMISE,
            title=form.promise,
            owner=bearing.by,
            effect=f"promise:{attempt_id}",
            due_at=form.promise_at,
            now=now,
        )


def _go_on(
    conn: Connection, owed: FollowUp, agent_id: str, attempt_id: str, form: _Form, now: datetime
) -> None:
    """The follow-up's next state, its time, and what the customer asked for besides."""
    values: dict[str, str | datetime] = {"reason": form.disposition.value}
    match form.disposition:
        case Disposition.CALL_AGAIN if form.call_again_at is not None:
            # The customer's own time: the same agent keeps it (L7).
            at = form.call_again_at
            values |= {"due_at": at, "appointment_at": at, "hours": OWN_HOURS, "owner_id": agent_id}
        case Disposition.CUT_OFF:
            values["due_at"] = form.call_again_at or now + _CUT_OFF_AGAIN
        case Disposition.UPSET:
            values["due_at"] = upset(conn, owed, attempt_id, agent_id, now)
        case Disposition.DO_NOT_CALL:
            stop_calling(conn, owed, agent_id, now)
    move(conn, owed.id, MEANING[form.disposition].event, now, **values)


def _own_call(
    conn: Connection, library: Library, agent_id: str, attempt_id: str
) -> tuple[Attempt, tuple[Topic, ...]]:
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
    return current, topics_of(conn, library, owed)
