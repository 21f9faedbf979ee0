"""All SQL about the people's day: what past calls teach, what each did today, what each still holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, func, or_, select

from dialer.agents.queries import Agent
from dialer.assigning.forecast import Reach
from dialer.assigning.queries import OPEN
from dialer.assigning.service import Past
from dialer.assigning.tables import hand_overs
from dialer.calling.tables import attempts
from dialer.cases.tables import cases, question_items, tasks
from dialer.customers.tables import customers
from dialer.followups.tables import follow_ups
from dialer.forms.tables import result_forms
from dialer.storage.rows import fetch, fetch_one
from dialer.telephony.outcomes import DialOutcome

# A median of fewer talks than this says little; nor does what is older than this.
_FEW = 10
_MOST = 200
_DAYS_BACK = timedelta(days=60)
# A wrap-up that lasted longer was a meal.
_LONGEST_WRAP = timedelta(minutes=30)
_FEW_DIALS = 20
_CLOSED = ("closed", "done", "dropped")


@dataclass(frozen=True, slots=True)
class Item:
    """One open thing that somebody holds. `kind`: follow_up, appointment, task, case, question_item."""

    kind: str
    id: str
    title: str
    customer: str
    plate: str
    due_at: datetime | None

    def as_json(self) -> dict[str, str | None]:
        """As a hand-over note keeps it."""
        return {
            "kind": self.kind,
            "id": self.id,
            "title": self.title,
            "customer": self.customer,
            "plate": self.plate,
            "due_at": self.due_at.isoformat() if self.due_at else None,
        }


@dataclass(frozen=True, slots=True)
class HandOver:
    """A hand-over note (交接班表). Signed by the giver at `given_at`, by the taker at `taken_at`."""

    id: str
    branch: str
    from_id: str
    to_id: str
    items: list[Mapping[str, str | None]]
    note: str
    made_at: datetime
    given_at: datetime | None
    taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What an agent did today, against the targets of the day."""

    calls: int = 0
    talk_seconds: int = 0
    completed: int = 0


def past(conn: Connection, now: datetime) -> Past:
    """What past calls teach the assignment: lengths by playbook, and who talked to whom last (L6)."""
    talks: dict[str, list[float]] = {}
    query = (
        select(
            follow_ups.c.playbook,
            attempts.c.answered_at,
            attempts.c.ended_at,
            result_forms.c.saved_at,
        )
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .outerjoin(result_forms, result_forms.c.attempt_id == attempts.c.id)
        .where(attempts.c.outcome == DialOutcome.ANSWERED, attempts.c.placed_at >= now - _DAYS_BACK)
        .where(attempts.c.answered_at.is_not(None), attempts.c.ended_at.is_not(None))
        .order_by(attempts.c.placed_at.desc())
        .limit(50 * _MOST)
    )
    for playbook, answered, ended, saved in conn.execute(query):
        seconds = talks.setdefault(playbook, [])
        if len(seconds) < _MOST:
            wrap = saved - ended if saved is not None else timedelta(0)
            seconds.append((ended - answered + max(timedelta(0), min(wrap, _LONGEST_WRAP))).total_seconds())
    medians = {name: round(median(each)) for name, each in talks.items() if len(each) >= _FEW}
    return Past({name: seconds for name, seconds in medians.items() if seconds > 0}, _last_agents(conn))


def _last_agents(conn: Connection) -> dict[str, str]:
    """Who talked last to each customer who is still to be called."""
    waiting = select(follow_ups.c.customer_id).where(follow_ups.c.state.in_(OPEN))
    query = (
        select(follow_ups.c.customer_id, attempts.c.agent_id)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .where(attempts.c.outcome == DialOutcome.ANSWERED, follow_ups.c.customer_id.in_(waiting))
        .order_by(attempts.c.placed_at)
    )
    return {row[0]: row[1] for row in conn.execute(query)}


def reach(conn: Connection, zone: ZoneInfo, now: datetime) -> Reach:
    """The share of dials that were answered, by playbook and hour of the site's day."""
    ours = (DialOutcome.AGENT_UNAVAILABLE, DialOutcome.FAILED, DialOutcome.CONGESTION)
    query = (
        select(follow_ups.c.playbook, attempts.c.placed_at, attempts.c.outcome)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .where(attempts.c.outcome.is_not(None), attempts.c.outcome.not_in(ours))
        .where(attempts.c.placed_at >= now - _DAYS_BACK)
        .order_by(attempts.c.placed_at.desc())
        .limit(20_000)
    )
    dials: dict[tuple[str, int], list[bool]] = {}
    for playbook, placed, outcome in conn.execute(query):
        hour = placed.astimezone(zone).hour
        answered = outcome in (DialOutcome.ANSWERED, DialOutcome.ABANDONED)
        dials.setdefault((playbook, hour), []).append(answered)
    return Reach({key: sum(each) / len(each) for key, each in dials.items() if len(each) >= _FEW_DIALS})


def figures_of_day(conn: Connection, since: datetime) -> dict[str, DayFigures]:
    """What each agent did since then: calls, talk time, completed follow-ups."""
    calls: dict[str, list[int]] = {}
    query = select(attempts.c.agent_id, attempts.c.answered_at, attempts.c.ended_at, attempts.c.outcome)
    for agent_id, answered, ended, outcome in conn.execute(query.where(attempts.c.placed_at >= since)):
        numbers = calls.setdefault(agent_id, [0, 0])
        numbers[0] += 1
        # A customer who was rung first and met no agent has answered, and nobody talked.
        if answered is not None and ended is not None and outcome != DialOutcome.ABANDONED:
            numbers[1] += int((ended - answered).total_seconds())
    forms = (
        select(attempts.c.agent_id, func.count())
        .join(result_forms, result_forms.c.attempt_id == attempts.c.id)
        .where(result_forms.c.saved_at >= since, result_forms.c.disposition == "completed")
        .group_by(attempts.c.agent_id)
    )
    completed = {row[0]: row[1] for row in conn.execute(forms)}
    nothing = [0, 0]
    return {
        who: DayFigures(calls.get(who, nothing)[0], calls.get(who, nothing)[1], completed.get(who, 0))
        for who in calls.keys() | completed.keys()
    }


def open_items(conn: Connection, agent: Agent) -> list[Item]:
    """Each open item of an agent: follow-ups, appointments, tasks, cases, question items (R9)."""
    return [
        *_follow_ups(conn, agent),
        *_tasks(conn, agent),
        *_held(conn, agent, "case"),
        *_held(conn, agent, "question_item"),
    ]


def _follow_ups(conn: Connection, agent: Agent) -> list[Item]:
    query = (
        select(follow_ups, customers.c.name, customers.c.salutation)
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .where(follow_ups.c.owner_id == agent.id, follow_ups.c.state.in_(OPEN))
        .order_by(follow_ups.c.limit_at, follow_ups.c.id)
    )
    return [
        Item(
            "appointment" if row["appointment_at"] else "follow_up",
            row["id"],
            row["playbook"],
            row["name"] + row["salutation"],
            row["plate"] or "",
            row["appointment_at"] or row["limit_at"],
        )
        for row in conn.execute(query).mappings()
    ]


def _tasks(conn: Connection, agent: Agent) -> list[Item]:
    query = (
        select(tasks, customers.c.name, customers.c.salutation)
        .join(customers, customers.c.id == tasks.c.customer_id)
        .where(tasks.c.state == "open", tasks.c.owner.in_((agent.id, agent.code, agent.name)))
        .order_by(tasks.c.due_at, tasks.c.id)
    )
    return [
        Item("task", row["id"], row["title"], row["name"] + row["salutation"], "", row["due_at"])
        for row in conn.execute(query).mappings()
    ]


def _held(conn: Connection, agent: Agent, kind: str) -> list[Item]:
    """Cases or question items: of this agent's own calls, with those taken over, without those given away."""
    table = cases if kind == "case" else question_items
    taken: set[str] = set()
    given: set[str] = set()
    signed = select(hand_overs).where(hand_overs.c.taken_at.is_not(None)).order_by(hand_overs.c.taken_at)
    about = signed.where(or_(hand_overs.c.from_id == agent.id, hand_overs.c.to_id == agent.id))
    for note in conn.execute(about).mappings():
        ids = {item["id"] for item in note["items"] if item["kind"] == kind}
        if note["to_id"] == agent.id:
            taken, given = taken | ids, given - ids
        else:
            taken, given = taken - ids, given | ids
    own = and_(attempts.c.agent_id == agent.id, table.c.id.not_in(given))
    query = (
        select(table, customers.c.name, customers.c.salutation)
        .join(customers, customers.c.id == table.c.customer_id)
        .outerjoin(attempts, attempts.c.id == table.c.attempt_id)
        .where(table.c.state.not_in(_CLOSED), or_(own, table.c.id.in_(taken)))
        .order_by(table.c.opened_at, table.c.id)
    )
    return [
        Item(kind, row["id"], row["title"], row["name"] + row["salutation"], "", row["due_at"])
        for row in conn.execute(query).mappings()
    ]


def hand_over(conn: Connection, note_id: str) -> HandOver | None:
    """The hand-over note with this id."""
    return fetch_one(conn, select(hand_overs).where(hand_overs.c.id == note_id), HandOver)


def hand_overs_of(conn: Connection, agent_id: str | None, limit: int = 20) -> list[HandOver]:
    """The latest notes, of one agent or of all: those not signed by both first."""
    query = select(hand_overs).order_by(hand_overs.c.taken_at.is_not(None), hand_overs.c.made_at.desc())
    if agent_id is not None:
        query = query.where(or_(hand_overs.c.from_id == agent_id, hand_overs.c.to_id == agent_id))
    return fetch(conn, query.limit(limit), HandOver)
