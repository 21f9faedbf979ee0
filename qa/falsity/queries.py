"""All SQL of doubtful follow-ups."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from dialer.agents.tables import agents, desks
from dialer.calling.tables import attempts
from dialer.customers.tables import customers
from dialer.followups.tables import follow_ups
from dialer.forms.rules import Disposition
from dialer.forms.tables import answers, result_forms
from dialer.storage.rows import fetch, fetch_one
from qa.falsity.rules import Habit
from qa.falsity.states import DoubtState
from qa.falsity.tables import doubts

_IDS_A_QUERY = 500
_LOOK_BACK = timedelta(days=30)
_FORMS = 2000


@dataclass(frozen=True, slots=True)
class DoubtRow:
    """How doubtful a call's form is, and what a person decided."""

    attempt_id: str
    state: DoubtState
    score: float
    reasons: Sequence[Mapping[str, Any]]
    scored_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", DoubtState(self.state))


@dataclass(frozen=True, slots=True)
class ListRow:
    """A doubtful call on the list."""

    attempt_id: str
    state: str
    score: float
    reasons: Sequence[Mapping[str, Any]]
    decided_by: str | None
    note: str | None
    placed_at: datetime
    plate: str | None
    name: str
    salutation: str
    agent_code: str
    agent_name: str
    playbook: str


def doubt_of(conn: Connection, attempt_id: str) -> DoubtRow | None:
    """The doubt about a call; None before it was scored."""
    return fetch_one(conn, select(doubts).where(doubts.c.attempt_id == attempt_id), DoubtRow)


def doubts_of(conn: Connection, attempt_ids: Sequence[str]) -> dict[str, float]:
    """The scores (0 to 100) of these calls, for the pool of risks; those that a person cleared count 0."""
    found: dict[str, float] = {}
    for start in range(0, len(attempt_ids), _IDS_A_QUERY):
        some = attempt_ids[start : start + _IDS_A_QUERY]
        query = select(doubts.c.attempt_id, doubts.c.score, doubts.c.state).where(
            doubts.c.attempt_id.in_(some)
        )
        for row in conn.execute(query):
            found[row.attempt_id] = 0.0 if row.state == DoubtState.CLEARED else row.score
    return found


def listed(
    conn: Connection, states: Sequence[str], *, hidden: Collection[str] = (), limit: int, offset: int
) -> list[ListRow]:
    """Doubtful calls in these states, the highest score first, without those `hidden` from who reads (S4)."""
    query = (
        select(
            doubts.c.attempt_id,
            doubts.c.state,
            doubts.c.score,
            doubts.c.reasons,
            doubts.c.decided_by,
            doubts.c.note,
            attempts.c.placed_at,
            follow_ups.c.plate,
            customers.c.name,
            customers.c.salutation,
            agents.c.code.label("agent_code"),
            agents.c.name.label("agent_name"),
            follow_ups.c.playbook,
        )
        .join(attempts, attempts.c.id == doubts.c.attempt_id)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .join(agents, agents.c.id == attempts.c.agent_id)
        .where(doubts.c.state.in_(states), doubts.c.attempt_id.not_in(hidden))
        .order_by(doubts.c.score.desc(), doubts.c.attempt_id.desc())
    )
    return fetch(conn, query.limit(limit).offset(offset), ListRow)


def add(conn: Connection, attempt_id: str, values: Mapping[str, Any]) -> None:
    """A new row, noted."""
    conn.execute(insert(doubts).values(attempt_id=attempt_id, state=DoubtState.NOTED, **values))


def rescore(conn: Connection, attempt_id: str, values: Mapping[str, Any]) -> None:
    """Another score and its reasons."""
    conn.execute(update(doubts).where(doubts.c.attempt_id == attempt_id).values(**values))


def is_own_number(conn: Connection, number: str) -> bool:
    """Whether this is one of our phones."""
    ours = select(agents.c.id).where(agents.c.extension == number).limit(1)
    desk = select(desks.c.extension).where(desks.c.extension == number).limit(1)
    return conn.execute(ours).first() is not None or conn.execute(desk).first() is not None


def customers_of_number(conn: Connection, agent_id: str, number: str, before: datetime) -> int:
    """With how many customers this agent has talked under this number in the last month."""
    query = (
        select(func.count(follow_ups.c.customer_id.distinct()))
        .select_from(attempts)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .where(attempts.c.agent_id == agent_id, attempts.c.number == number)
        .where(attempts.c.placed_at > before - _LOOK_BACK, attempts.c.placed_at <= before)
    )
    return conn.execute(query).scalar_one()


def habit(conn: Connection, attempt_id: str, questions: Sequence[str]) -> Habit:
    """How usual this form's answers are: with this agent, and with the others of the branch."""
    this = conn.execute(
        select(attempts.c.agent_id, attempts.c.placed_at, follow_ups.c.playbook, follow_ups.c.branch)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .where(attempts.c.id == attempt_id)
    ).one()
    forms = (
        select(attempts.c.id, attempts.c.agent_id)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .join(result_forms, result_forms.c.attempt_id == attempts.c.id)
        .where(
            follow_ups.c.playbook == this.playbook,
            or_(follow_ups.c.branch == this.branch, attempts.c.agent_id == this.agent_id),
            result_forms.c.disposition == Disposition.COMPLETED,
            attempts.c.placed_at > this.placed_at - _LOOK_BACK,
            attempts.c.placed_at <= this.placed_at,
        )
        .order_by(attempts.c.placed_at.desc(), attempts.c.id.desc())
        .limit(_FORMS)
    )
    rows = conn.execute(forms).all()
    given = _given(conn, [row.id for row in rows], questions)
    mine = given.get(attempt_id, ())
    row, unbroken = 0, True
    others: Counter[bool] = Counter()
    for one in rows:
        same = given.get(one.id, ()) == mine
        if one.agent_id == this.agent_id:
            unbroken = unbroken and same
            row += unbroken
        else:
            others[same] += 1
    return Habit(row, others[True], others.total())


def _given(
    conn: Connection, attempt_ids: Sequence[str], questions: Sequence[str]
) -> dict[str, tuple[tuple[str, str], ...]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for start in range(0, len(attempt_ids), _IDS_A_QUERY):
        some = attempt_ids[start : start + _IDS_A_QUERY]
        query = select(answers.c.attempt_id, answers.c.question_id, answers.c.value).where(
            answers.c.attempt_id.in_(some), answers.c.question_id.in_(questions)
        )
        for row in conn.execute(query):
            found.setdefault(row.attempt_id, []).append((row.question_id, row.value))
    return {attempt_id: tuple(sorted(pairs)) for attempt_id, pairs in found.items()}


def who(conn: Connection, attempt_id: str) -> dict[str, str]:
    """The agent and the plate (or the customer's name) of a call, for its alarm."""
    query = (
        select(agents.c.name, follow_ups.c.plate, customers.c.name.label("customer"))
        .select_from(attempts)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .join(agents, agents.c.id == attempts.c.agent_id)
        .where(attempts.c.id == attempt_id)
    )
    row = conn.execute(query).one()
    return {"agent": row.name, "plate": row.plate or row.customer}
