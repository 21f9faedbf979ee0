"""The one door through which cases, question items and tasks are made and moved (T3, T5, L8, K1, K5)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, insert, select

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.cases.happening import CASE_CLOSED, QUESTION_EXPLAINED, happened
from dialer.cases.heard import take_over
from dialer.cases.queries import Task, case_of, item_of, task_of
from dialer.cases.reopening import open_again, verified_case
from dialer.cases.rules import DueEffect, due_by
from dialer.cases.states import (
    CASE,
    QUESTION_ITEM,
    TASK,
    CaseEvent,
    CaseState,
    ItemEvent,
    ItemState,
    TaskEvent,
    TaskKind,
    TaskState,
)
from dialer.cases.tables import cases, question_items, tasks
from dialer.followups.queries import FollowUp
from dialer.followups.workdays import WorkCalendar
from dialer.ids import new_id
from dialer.machine import IllegalMove
from dialer.playbooks.form.questions import EffectKind
from dialer.storage.feed import emit
from dialer.storage.transition import apply

# What the manager sees at once: an answer that must be acted on, and a complaint (T5).
ANSWER_ALARM = "answer_alarm"
COMPLAINT = "complaint"
_TITLE = 200
# The task kinds that a playbook names in the department of an effect; all others are `other`.
_TASK_KINDS = frozenset(kind.value for kind in TaskKind)


@dataclass(frozen=True, slots=True)
class Bearing:
    """The call that something comes from: of which follow-up, by whom, and how the site counts days."""

    owed: FollowUp
    attempt_id: str | None
    by: str
    zone: ZoneInfo
    calendar: WorkCalendar = field(default_factory=WorkCalendar)


def apply_effects(
    conn: Connection, due: Collection[DueEffect], bearing: Bearing, answers: Mapping[str, str], now: datetime
) -> list[str]:
    """Make what the answers bring about, each effect once for a follow-up; give the new ids.

    Alarms are not made here: see `show_answer_alarm`.
    """
    return [made for one in due if (made := _make(conn, one, bearing, answers, now)) is not None]


def _make(
    conn: Connection, due: DueEffect, bearing: Bearing, answers: Mapping[str, str], now: datetime
) -> str | None:
    effect = due.effect
    by_when = due_by(effect.within, now, bearing.zone, bearing.calendar) if effect.within else None
    match effect.do:
        case EffectKind.CASE:
            said = {"answers": dict(answers), "question": due.question_id}
            return open_case(
                conn,
                bearing,
                title=effect.title.zh,
                level=effect.level,
                department=effect.department,
                said=said,
                effect=due.key,
                due_at=by_when,
                now=now,
            )
        case EffectKind.QUESTION_ITEM:
            return open_item(
                conn,
                bearing,
                question_id=due.question_id,
                title=effect.title.zh,
                answer=due.answer,
                department=effect.department,
                effect=due.key,
                due_at=by_when,
                now=now,
            )
        case EffectKind.TASK:
            kind, owner = kind_and_owner(effect.department, bearing.by)
            return make_task(
                conn,
                bearing,
                kind=kind,
                title=effect.title.zh,
                owner=owner,
                effect=due.key,
                due_at=by_when,
                now=now,
            )
        case EffectKind.ALARM:
            return None


def kind_and_owner(department: str, otherwise: str) -> tuple[TaskKind, str]:
    """The kind of a task and who has to do it: a playbook writes either of them as its department."""
    if department in _TASK_KINDS:
        return TaskKind(department), otherwise
    return TaskKind.OTHER, department or otherwise


def open_case(
    conn: Connection,
    bearing: Bearing,
    *,
    title: str,
    level: str,
    department: str,
    said: Mapping[str, object],
    effect: str,
    due_at: datetime | None,
    now: datetime,
    source: str = "call",
) -> str | None:
    """Open a complaint, or again the one that this call checks (K4); None where it is open already."""
    row = {
        "branch": bearing.owed.branch,
        "source": source,
        "title": title[:_TITLE],
        "level": level,
        "department": department,
        "state": CaseState.NEW,
        "said": dict(said),
        "opened_at": now,
        "opened_by": bearing.by,
        "due_at": due_at,
    }
    if (checked := verified_case(conn, bearing.owed)) is not None:
        return open_again(conn, checked, bearing.attempt_id, row, now)
    return _insert(conn, cases, bearing, effect, row, now)


def open_item(
    conn: Connection,
    bearing: Bearing,
    *,
    question_id: str,
    title: str,
    answer: str,
    department: str,
    effect: str,
    due_at: datetime | None,
    now: datetime,
) -> str | None:
    """Open a question item (K5); None where this follow-up has it already."""
    row = {
        "question_id": question_id,
        "title": title[:_TITLE],
        "answer": answer,
        "department": department,
        "state": ItemState.OPEN,
        "opened_at": now,
        "due_at": due_at,
    }
    return _insert(conn, question_items, bearing, effect, row, now)


def make_task(
    conn: Connection,
    bearing: Bearing,
    *,
    kind: TaskKind,
    title: str,
    owner: str,
    effect: str,
    due_at: datetime | None,
    now: datetime,
) -> str | None:
    """Give somebody a task; None where this follow-up has it already."""
    return _insert(conn, tasks, bearing, effect, _task(kind, title, owner, due_at, now), now)


def _task(
    kind: TaskKind, title: str, owner: str, due_at: datetime | None, now: datetime
) -> dict[str, object]:
    return {
        "kind": kind,
        "title": title[:_TITLE],
        "owner": owner,
        "due_at": due_at,
        "state": TaskState.OPEN,
        "made_at": now,
        "done_by": "",
        "evidence": {},
    }


def make_task_without_call(
    conn: Connection,
    customer_id: str,
    follow_up_id: str | None,
    *,
    kind: TaskKind,
    title: str,
    owner: str,
    effect: str,
    due_at: datetime | None,
    now: datetime,
) -> str:
    """Give somebody a task that no call brought about: the plan did (P18, P23). Each one is another task."""
    made = new_id()
    keys = {"id": made, "customer_id": customer_id, "follow_up_id": follow_up_id, "effect": effect}
    conn.execute(insert(tasks).values(**keys, **_task(kind, title, owner, due_at, now)))
    emit(
        conn, f"task.{TaskState.OPEN}", made, now, {"follow_up": follow_up_id, "by": "plan", "effect": effect}
    )
    return made


def _insert(
    conn: Connection, table: Table, bearing: Bearing, effect: str, row: Mapping[str, object], now: datetime
) -> str | None:
    owed = bearing.owed
    same = (table.c.follow_up_id == owed.id, table.c.effect == effect)
    if conn.execute(select(table.c.id).where(*same)).first() is not None:
        return None
    told = {"follow_up": owed.id, "attempt": bearing.attempt_id, "by": bearing.by, "effect": effect}
    mine = {**row, "follow_up_id": owed.id, "effect": effect}
    if (made := take_over(conn, table, bearing.attempt_id, mine)) is not None:
        emit(conn, f"{table.name.removesuffix('s')}.taken_over", made, now, told)
        return made
    made = new_id()
    keys = {"id": made, "customer_id": owed.customer_id, "attempt_id": bearing.attempt_id}
    conn.execute(insert(table).values(**keys, **mine))
    emit(conn, f"{table.name.removesuffix('s')}.{row['state']}", made, now, told)
    return made


def show_answer_alarm(
    conn: Connection, due: Collection[DueEffect], attempt_id: str, agent_id: str, now: datetime
) -> None:
    """Show the manager at once what the answers of a call raise; take it back where they were corrected."""
    titles = [
        {"zh": one.effect.title.zh, "en": one.effect.title.en}
        for one in due
        if one.effect.do is EffectKind.ALARM
    ]
    if titles:
        raise_alarm(conn, ANSWER_ALARM, attempt_id, now, {"titles": titles, "agent": agent_id})
    else:
        clear_alarm(conn, ANSWER_ALARM, attempt_id, now)


def complain(
    conn: Connection, bearing: Bearing, words: str, now: datetime, *, source: str = "call"
) -> str | None:
    """A complaint with one press: a case, and the manager sees it at once (T5). None where there is one."""
    assert bearing.attempt_id is not None
    made = open_case(
        conn,
        bearing,
        title=words.split("\n", 1)[0] or "客户投诉",
        level="ordinary",
        department="",
        said={"words": words},
        effect=f"complaint:{bearing.attempt_id}",
        due_at=None,
        now=now,
        source=source,
    )
    if made is not None:
        raise_alarm(
            conn, COMPLAINT, bearing.attempt_id, now, {"words": words, "agent": bearing.by, "case": made}
        )
    return made


def move_case(
    conn: Connection,
    case_id: str,
    event: CaseEvent,
    by: str,
    now: datetime,
    *,
    note: str = "",
    level: str | None = None,
    department: str | None = None,
) -> None:
    """Move a complaint; closing it makes the occasion of the call that verifies it (P7).

    Raises:
        IllegalMove: not legal in its state, or there is no such case.
    """
    current = case_of(conn, case_id)
    if current is None:
        raise IllegalMove(f"there is no case {case_id}")
    values = {name: value for name, value in (("level", level), ("department", department)) if value}
    apply(
        conn,
        cases,
        case_id,
        CASE.advance(current.state, event, now),
        values=values,
        data=_told(by, note, values),
    )
    if event is CaseEvent.JUDGE and current.attempt_id is not None:
        clear_alarm(conn, COMPLAINT, current.attempt_id, now)
    if event is CaseEvent.CLOSE:
        level = values.get("level", current.level)
        facts = {"complaint": current.title, "complaint_level": level, "case": case_id}
        happened(conn, CASE_CLOSED, current, facts, now)


def move_item(
    conn: Connection, item_id: str, event: ItemEvent, by: str, now: datetime, *, note: str = ""
) -> None:
    """Move a question item; an explained one makes the occasion of its second call (K5).

    Raises:
        IllegalMove: not legal in its state, or there is no such item.
    """
    if (current := item_of(conn, item_id)) is None:
        raise IllegalMove(f"there is no question item {item_id}")
    move = QUESTION_ITEM.advance(current.state, event, now)
    apply(conn, question_items, item_id, move, data=_told(by, note))
    if event is ItemEvent.EXPLAIN:
        about = current.title if current.question_id else current.answer or current.title
        facts = {"question_item": item_id, "question": current.question_id, "content": about}
        happened(conn, QUESTION_EXPLAINED, current, {**facts, "explained": note}, now)


def finish_task(
    conn: Connection, task_id: str, by: str, means: str, note: str, now: datetime, *, form: bool = False
) -> Task:
    """A task is done, with its proof: by which means, and what shows it. `form`: with the same form (L8).

    Raises:
        IllegalMove: it is not open.
    """
    evidence = {"means": means, "note": note, "form": form}
    return _move_task(conn, task_id, TaskEvent.FINISH, by, now, {"evidence": evidence})


def drop_task(conn: Connection, task_id: str, by: str, why: str, now: datetime) -> None:
    """A task is not done any more, for a reason.

    Raises:
        IllegalMove: it is not open.
    """
    _move_task(conn, task_id, TaskEvent.DROP, by, now, {"evidence": {"why": why}})


def withdraw_task(conn: Connection, task_id: str, by: str, why: str, now: datetime) -> None:
    """A task that nobody did is not owed any more; it may come to be owed anew.

    Raises:
        IllegalMove: it is not open.
    """
    _move_task(conn, task_id, TaskEvent.DROP, by, now, {"evidence": {"why": why}, "effect": None})


def drop_other_means(conn: Connection, follow_up_id: str, by: str, why: str, now: datetime) -> None:
    """The follow-up is owed by telephone again: its task, where nobody has done it yet, is not (L8)."""
    found = select(tasks.c.id).where(
        tasks.c.follow_up_id == follow_up_id,
        tasks.c.kind == TaskKind.OTHER_MEANS,
        tasks.c.state == TaskState.OPEN,
    )
    for task_id in conn.execute(found).scalars().all():
        withdraw_task(conn, task_id, by, why, now)


def _move_task(
    conn: Connection, task_id: str, event: TaskEvent, by: str, now: datetime, values: Mapping[str, object]
) -> Task:
    current = task_of(conn, task_id)
    if current is None:
        raise IllegalMove(f"there is no task {task_id}")
    move = TASK.advance(current.state, event, now)
    apply(
        conn,
        tasks,
        task_id,
        move,
        values={**values, "done_at": now, "done_by": by},
        data={"by": by, "kind": current.kind.value, **values},
    )
    return current


def _told(by: str, note: str, values: Mapping[str, str] | None = None) -> dict[str, str]:
    return {"by": by, "note": note, **(values or {})}
