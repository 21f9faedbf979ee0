"""All SQL about cases, question items and tasks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, case, func, select

from dialer.cases.states import CaseState, ItemState, TaskKind, TaskState
from dialer.cases.tables import cases, question_items, tasks
from dialer.customers.tables import customers, occasions
from dialer.followups.tables import follow_ups
from dialer.storage.rows import fetch, fetch_one


@dataclass(frozen=True, slots=True)
class Case:
    """A complaint."""

    id: str
    customer_id: str
    follow_up_id: str | None
    attempt_id: str | None
    branch: str
    source: str
    title: str
    level: str
    department: str
    state: CaseState
    said: Mapping[str, Any]
    opened_at: datetime
    opened_by: str
    due_at: datetime | None
    effect: str | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", CaseState(self.state))


@dataclass(frozen=True, slots=True)
class QuestionItem:
    """A question of the customer, or an answer that was no clear yes: to be explained, then called again."""

    id: str
    customer_id: str
    follow_up_id: str
    attempt_id: str | None
    question_id: str
    title: str
    answer: str
    department: str
    state: ItemState
    opened_at: datetime
    due_at: datetime | None
    effect: str | None
    # What the check heard in the call: [{channel, start, end, words}, ...].
    evidence: Sequence[Mapping[str, Any]] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", ItemState(self.state))


@dataclass(frozen=True, slots=True)
class Task:
    """Something that a person has to do for a customer."""

    id: str
    kind: TaskKind
    customer_id: str
    follow_up_id: str | None
    attempt_id: str | None
    title: str
    owner: str
    due_at: datetime | None
    state: TaskState
    made_at: datetime
    done_at: datetime | None
    done_by: str
    evidence: Mapping[str, Any]
    effect: str | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", TaskKind(self.kind))
        object.__setattr__(self, "state", TaskState(self.state))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: a case, a question item or a task, with its customer."""

    id: str
    title: str
    state: str
    due_at: datetime | None
    since: datetime
    customer_id: str
    name: str
    salutation: str
    attempt_id: str | None
    follow_up_id: str | None
    effect: str | None
    plate: str | None
    playbook: str | None
    # Level of a case, kind of a task, answer of a question item.
    what: str
    # Department, or the owner of a task.
    whose: str
    kept: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None

    @property
    def again(self) -> Sequence[Mapping[str, Any]]:
        """Why a complaint was opened again, each time: [{at, attempt, title, ...}, ...] (K4)."""
        return self.kept.get("again", ()) if isinstance(self.kept, Mapping) else ()

    @property
    def heard(self) -> Sequence[Mapping[str, Any]]:
        """Where the check heard it: [{channel, start, end, words}, ...]."""
        found = self.kept.get("heard") if isinstance(self.kept, Mapping) else self.kept
        return [proof for proof in found or () if proof["words"]]


def case_of(conn: Connection, case_id: str) -> Case | None:
    """The case with this id."""
    return fetch_one(conn, select(cases).where(cases.c.id == case_id), Case)


def item_of(conn: Connection, item_id: str) -> QuestionItem | None:
    """The question item with this id."""
    return fetch_one(conn, select(question_items).where(question_items.c.id == item_id), QuestionItem)


def task_of(conn: Connection, task_id: str) -> Task | None:
    """The task with this id."""
    return fetch_one(conn, select(tasks).where(tasks.c.id == task_id), Task)


def cases_of_call(conn: Connection, attempt_id: str) -> list[Case]:
    """The cases that this call opened, oldest first."""
    query = select(cases).where(cases.c.attempt_id == attempt_id).order_by(cases.c.opened_at)
    return fetch(conn, query, Case)


def items_of_call(conn: Connection, attempt_id: str) -> list[QuestionItem]:
    """The question items of this call, whoever opened them, oldest first."""
    mine = select(question_items).where(question_items.c.attempt_id == attempt_id)
    return fetch(conn, mine.order_by(question_items.c.opened_at, question_items.c.id), QuestionItem)


def question_task(conn: Connection, attempt_id: str) -> Task | None:
    """QA's task to decide whether this call makes a question item, in whatever state."""
    return task_to_hear(conn, attempt_id, TaskKind.QUESTION)


def task_to_hear(conn: Connection, attempt_id: str, kind: TaskKind) -> Task | None:
    """The task of this kind to listen to this call and decide, in whatever state; not one taken back."""
    mine = (tasks.c.attempt_id == attempt_id, tasks.c.kind == kind, tasks.c.effect.is_not(None))
    return fetch_one(conn, select(tasks).where(*mine), Task)


def open_requests(conn: Connection, customer_ids: Collection[str]) -> list[str]:
    """The open tasks that ask whether these customers want no more calls."""
    asked = (tasks.c.kind == TaskKind.DO_NOT_CALL, tasks.c.state == TaskState.OPEN)
    return list(
        conn.execute(select(tasks.c.id).where(tasks.c.customer_id.in_(customer_ids), *asked)).scalars()
    )


def item_explained_by(conn: Connection, occasion_id: str) -> str | None:
    """The question item whose explanation is this occasion."""
    found: str | None = conn.execute(
        select(occasions.c.facts["question_item"].as_string()).where(
            occasions.c.id == occasion_id, occasions.c.kind == "question-explained"
        )
    ).scalar()
    return found


def count_open_tasks(conn: Connection, owner: str) -> int:
    """How many tasks this person still has to do."""
    query = select(func.count()).where(tasks.c.owner == owner, tasks.c.state == TaskState.OPEN)
    return conn.execute(query).scalar_one()


def list_cases(conn: Connection, states: Collection[str], limit: int) -> list[Row]:
    """Cases in these states, what is due first."""
    return _list(conn, cases, states, limit, "opened_at", "level", "department", "said")


def list_items(conn: Connection, states: Collection[str], limit: int) -> list[Row]:
    """Question items in these states, what is due first."""
    return _list(conn, question_items, states, limit, "opened_at", "answer", "department", "evidence")


def list_tasks(conn: Connection, states: Collection[str], limit: int, owner: str | None = None) -> list[Row]:
    """Tasks in these states, what is due first; of one owner where one is named."""
    return _list(conn, tasks, states, limit, "made_at", "kind", "owner", "evidence", owner)


def _list(
    conn: Connection,
    table: Table,
    states: Collection[str],
    limit: int,
    since: str,
    what: str,
    whose: str,
    kept: str,
    owner: str | None = None,
) -> list[Row]:
    query: Select[*tuple[object, ...]] = (
        select(
            table.c.id,
            table.c.title,
            table.c.state,
            table.c.due_at,
            table.c[since].label("since"),
            table.c.customer_id,
            customers.c.name,
            customers.c.salutation,
            table.c.attempt_id,
            table.c.follow_up_id,
            table.c.effect,
            follow_ups.c.plate,
            follow_ups.c.playbook,
            table.c[what].label("what"),
            table.c[whose].label("whose"),
            table.c[kept].label("kept"),
        )
        .join(customers, customers.c.id == table.c.customer_id)
        .outerjoin(follow_ups, follow_ups.c.id == table.c.follow_up_id)
        .where(table.c.state.in_(states))
        .order_by(case((table.c.due_at.is_(None), 1), else_=0), table.c.due_at, table.c[since])
        .limit(limit)
    )
    if owner is not None:
        query = query.where(table.c.owner == owner)
    return fetch(conn, query, Row)
