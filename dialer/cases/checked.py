"""What a checked call brings about: question items, complaints no form has, and what people listen to and
decide: whether there was a question, whether the customer wants no more calls (Q3, K5, T5, X3).

The check is of a layer above; it tells by the event "call.checked":
`question_item` (needed, for_person, not_needed or none), `signals` (as {"dissatisfied": true}), and in `said`
the places that show it. What people decided stays, whatever a later check says (Q5).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, update

from dialer.alarms.service import raise_alarm
from dialer.calling.queries import Attempt, attempt
from dialer.cases.heard import Proof, attach, effect_of
from dialer.cases.queries import Task, open_requests, question_task, task_of, task_to_hear
from dialer.cases.rules import due_by, item_effect
from dialer.cases.service import (
    COMPLAINT,
    Bearing,
    finish_task,
    make_task,
    open_case,
    open_item,
    withdraw_task,
)
from dialer.cases.states import TaskKind, TaskState
from dialer.cases.tables import cases, question_items, tasks
from dialer.customers.blocks import ASKED, CUSTOMER_BLOCKED, block
from dialer.customers.queries import family
from dialer.customers.tables import customers
from dialer.followups.queries import follow_up
from dialer.followups.workdays import WorkCalendar
from dialer.machine import IllegalMove
from dialer.playbooks.base import Text
from dialer.playbooks.library import Library
from dialer.playbooks.spans import Span
from dialer.storage.feed import EventRow

CALL_CHECKED = "call.checked"
# Whose task it is to listen: nobody's in particular, QA's or the supervisors'.
QA, SUPERVISOR = "qa", "supervisor"
_BY = "check"
_NEEDED, _FOR_PERSON = "needed", "for_person"
# An ordinary question is dealt with within a day (K2), where the playbook says nothing else.
_WITHIN = Span.parse("24h")
# An old call that is checked anew makes no complaint of today.
_NO_NEWS = timedelta(days=14)
_COMPLAINTS = {
    "complains": Text(zh="客户在通话中要投诉", en="The customer complained in the call"),
    "dissatisfied": Text(zh="客户在通话中表示不满意", en="The customer sounded dissatisfied in the call"),
}
_QUESTION = Text(zh="客户有疑问，或没有明确肯定", en="The customer had a question, or gave no clear yes")
_LISTEN = Text(zh="听一听：客户是否有疑问，要不要立问题件", en="Listen: did the customer have a question?")
_STOP = Text(zh="听一听：客户是否要求不再来电", en="Listen: did the customer ask not to be called any more?")
_TITLES = {one.zh: one for one in (*_COMPLAINTS.values(), _QUESTION, _LISTEN, _STOP)}
# What the check calls it.
_STOP_CALLING = "stop_calling"


def title_in(title: str, language: str) -> str:
    """A title as it is stored, in this language where it is one of those given here."""
    known = _TITLES.get(title)
    return known.in_(language) if known else title


def act_on_check(
    conn: Connection, library: Library, told: EventRow, zone: ZoneInfo, calendar: WorkCalendar
) -> None:
    """Do what this check asks for; the same check a second time changes nothing."""
    call = attempt(conn, told.subject)
    owed = follow_up(conn, call.follow_up_id) if call else None
    if call is None or owed is None:
        return
    bearing = Bearing(owed, call.id, _BY, zone, calendar)
    said: Mapping[str, Sequence[Proof]] = told.data.get("said") or {}
    _heed_question(
        conn, library, bearing, str(told.data.get("question_item")), said.get("question_item", ()), told.at
    )
    signals = told.data.get("signals") or {}
    _heed_signals(conn, call, bearing, signals, said, told.at)
    asked = signals.get(_STOP_CALLING) is True
    _heed_request(conn, bearing, said.get(_STOP_CALLING, ()) if asked else None, told.at)


def decide_question(
    conn: Connection,
    library: Library,
    attempt_id: str,
    *,
    needed: bool,
    by: str,
    note: str,
    zone: ZoneInfo,
    calendar: WorkCalendar | None = None,
    now: datetime,
) -> None:
    """QA has listened: the customer had a question, which is now explained and called again; or had none.

    Raises:
        IllegalMove: there is nothing to decide, or somebody was quicker.
    """
    task, call = question_task(conn, attempt_id), attempt(conn, attempt_id)
    owed = follow_up(conn, call.follow_up_id) if call else None
    if task is None or owed is None:
        raise IllegalMove(f"nobody asks whether the call {attempt_id} makes a question item")
    proofs = task.evidence.get("heard", ())
    _decided(conn, task, by, note, now, needed=needed)
    if needed and not attach(conn, question_items, attempt_id, proofs):
        bearing = Bearing(owed, attempt_id, by, zone, calendar or WorkCalendar())
        _open(conn, library, bearing, proofs, note, now)


def decide_request(conn: Connection, task_id: str, *, asked: bool, by: str, now: datetime) -> None:
    """A person has listened: the customer asked not to be called any more, and from now on never is; or he
    did not. Nothing else sets it on the check's word: a machine mishears, and a block holds everywhere (X3).

    Raises:
        IllegalMove: there is nothing to decide, or somebody was quicker.
    """
    task = task_of(conn, task_id)
    if task is None or task.kind is not TaskKind.DO_NOT_CALL:
        raise IllegalMove(f"the task {task_id} does not ask whether somebody wants no more calls")
    _decided(conn, task, by, "", now, asked=asked)
    if asked:
        block(conn, task.customer_id, by, ASKED, now)


def settle_requests(conn: Connection, customer_id: str, now: datetime) -> None:
    """This customer is not called any more, whoever set it: nobody has to listen for it."""
    for task_id in open_requests(conn, family(conn, customer_id)):
        withdraw_task(conn, task_id, _BY, CUSTOMER_BLOCKED, now)


def _decided(conn: Connection, task: Task, by: str, note: str, now: datetime, **decision: bool) -> None:
    finish_task(conn, task.id, by, "listened", note, now)
    heard = task.evidence.get("heard", ())
    finished = {"means": "listened", "note": note, **decision, "heard": heard}
    conn.execute(update(tasks).where(tasks.c.id == task.id).values(evidence=finished))


def _heed_request(conn: Connection, bearing: Bearing, proofs: Sequence[Proof] | None, now: datetime) -> None:
    """`proofs`: where the customer asked for no more calls; None where he did not."""
    assert bearing.attempt_id is not None
    task = task_to_hear(conn, bearing.attempt_id, TaskKind.DO_NOT_CALL)
    if proofs is None:
        if task is not None and task.state is TaskState.OPEN:
            withdraw_task(conn, task.id, _BY, "not heard", now)
    elif task is not None and task.state is TaskState.OPEN:
        conn.execute(update(tasks).where(tasks.c.id == task.id).values(evidence={"heard": list(proofs)}))
    elif task is None and not _is_blocked(conn, bearing.owed.customer_id):
        _ask(conn, bearing, TaskKind.DO_NOT_CALL, _STOP, SUPERVISOR, proofs, now)


def _is_blocked(conn: Connection, customer_id: str) -> bool:
    return bool(conn.execute(select(customers.c.do_not_call).where(customers.c.id == customer_id)).scalar())


def _heed_question(
    conn: Connection, library: Library, bearing: Bearing, need: str, proofs: Sequence[Proof], now: datetime
) -> None:
    attempt_id = bearing.attempt_id
    assert attempt_id is not None
    task = question_task(conn, attempt_id)
    has_item = need in (_NEEDED, _FOR_PERSON) and attach(conn, question_items, attempt_id, proofs)
    if need == _FOR_PERSON and not has_item:
        if task is None:
            _ask(conn, bearing, TaskKind.QUESTION, _LISTEN, QA, proofs, now)
        elif task.state is TaskState.OPEN:
            conn.execute(update(tasks).where(tasks.c.id == task.id).values(evidence={"heard": list(proofs)}))
        return
    if task is not None and task.state is TaskState.OPEN:
        withdraw_task(conn, task.id, _BY, need, now)
        task = None
    if need == _NEEDED and not has_item and task is None:
        _open(conn, library, bearing, proofs, "", now)


def _ask(
    conn: Connection,
    bearing: Bearing,
    kind: TaskKind,
    title: Text,
    owner: str,
    proofs: Sequence[Proof],
    now: datetime,
) -> None:
    """Somebody has to listen to this call."""
    made = make_task(
        conn,
        bearing,
        kind=kind,
        title=title.zh,
        owner=owner,
        effect=f"{kind}:{bearing.attempt_id}",
        due_at=due_by(_WITHIN, now, bearing.zone, bearing.calendar),
        now=now,
    )
    conn.execute(update(tasks).where(tasks.c.id == made).values(evidence={"heard": list(proofs)}))


def _open(
    conn: Connection, library: Library, bearing: Bearing, proofs: Sequence[Proof], note: str, now: datetime
) -> None:
    """An item of no question in particular; its department and date are those of the playbook's own items."""
    playbook = library.find(bearing.owed.playbook, bearing.owed.playbook_version)
    known = item_effect(playbook) if playbook else None
    within = (known.within if known else None) or _WITHIN
    words = "；".join(str(proof["words"]) for proof in proofs if proof["words"])
    assert bearing.attempt_id is not None
    open_item(
        conn,
        bearing,
        question_id="",
        title=_QUESTION.zh,
        answer=note or words,
        department=known.department if known else "",
        effect=effect_of(bearing.attempt_id),
        due_at=due_by(within, now, bearing.zone, bearing.calendar),
        now=now,
    )
    attach(conn, question_items, bearing.attempt_id, proofs)


def _heed_signals(
    conn: Connection,
    call: Attempt,
    bearing: Bearing,
    signals: Mapping[str, bool | None],
    said: Mapping[str, Sequence[Proof]],
    now: datetime,
) -> None:
    """What the customer said is a complaint, although no answer of the form says so (T5)."""
    heard = next((name for name in _COMPLAINTS if signals.get(name) is True), None)
    if heard is None:
        return
    proofs = said.get(heard, ())
    if attach(conn, cases, call.id, proofs) or now - call.placed_at > _NO_NEWS:
        return
    made = open_case(
        conn,
        # Who received it first owns it to the end (K0).
        Bearing(bearing.owed, call.id, call.agent_id, bearing.zone, bearing.calendar),
        title=_COMPLAINTS[heard].zh,
        level="ordinary",
        department="",
        said={"heard": list(proofs)},
        effect=effect_of(call.id),
        due_at=None,
        now=now,
    )
    if made is not None and heard == "complains":
        words = "；".join(str(proof["words"]) for proof in proofs)
        raise_alarm(conn, COMPLAINT, call.id, now, {"words": words, "agent": call.agent_id, "case": made})
