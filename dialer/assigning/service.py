"""The one door through which follow-ups change hands, and leave and shifts are entered (L6, R9, R12)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from dialer.agents.queries import Agent, all_agents
from dialer.agents.tables import agents
from dialer.assigning import queries
from dialer.assigning.queries import OpenRow, Shift
from dialer.assigning.rules import (
    Move,
    Owed,
    Person,
    Proposal,
    Unplaced,
    Why,
    assign,
    spread,
    stand_in,
)
from dialer.assigning.tables import assignment_moves, leaves, shifts
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.playbooks.library import Library
from dialer.storage.feed import emit

_SECONDS_A_DAY = 24 * 3600

_GIVE = (
    update(follow_ups)
    .where(
        follow_ups.c.id == bindparam("moved"),
        follow_ups.c.state.in_(queries.OPEN),
        follow_ups.c.owner_id.is_not_distinct_from(bindparam("was")),
    )
    .values(owner_id=bindparam("becomes"))
)
_LOG = insert(assignment_moves)
_BATCH_ROWS = 500


class CannotAssign(ValueError):
    """A person's wish cannot be done. The message says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class Past:
    """What past calls teach: median seconds (talk, wrap-up) by playbook, who talked to a customer last."""

    seconds: Mapping[str, int] = field(default_factory=dict)
    last_agent: Mapping[str, str] = field(default_factory=dict)


NOTHING_KNOWN = Past()


@dataclass(frozen=True, slots=True)
class Assigned:
    """What a run did. `batch` is None where nothing moved; `spreads` by skill, as a share of the mean."""

    batch: str | None
    moved: int
    proposal: Proposal
    spreads: Mapping[str, float]
    people: tuple[Person, ...]

    @property
    def unplaced(self) -> Mapping[str, Unplaced]:
        """The follow-ups that nobody can call today, and why."""
        return self.proposal.unplaced


def assign_day(
    conn: Connection,
    library: Library,
    day: date,
    zone: ZoneInfo,
    by: str,
    now: datetime,
    past: Past = NOTHING_KNOWN,
) -> Assigned:
    """Give the day's follow-ups to the people who are here (L6). A second run moves nothing.

    `past` is what `dialer.daily.queries.past` knows.
    """
    proposed = propose_day(conn, library, day, zone, past)
    batch = move_all(conn, proposed.proposal.moves, by, now)
    return Assigned(batch, proposed.moved, proposed.proposal, proposed.spreads, proposed.people)


def propose_day(
    conn: Connection, library: Library, day: date, zone: ZoneInfo, past: Past = NOTHING_KNOWN
) -> Assigned:
    """The preview: what `assign_day` would do. Changes nothing."""
    tonight = datetime.combine(day + timedelta(days=1), time(0), zone)
    people = present(conn, day)
    away = queries.leaves_on(conn, day)
    keys, by_hand = queries.agent_keys(conn), queries.decided_by_hand(conn)
    rows = queries.open_of_day(conn, day, tonight)
    to_head, named = _to_head(conn, library, rows), named_callers(library, keys)
    owed = [
        _owed(
            row,
            library,
            past,
            keys,
            fixed=row.id in by_hand,
            to_head=row.id in to_head,
            named=named.get(row.playbook),
        )
        for row in rows
    ]
    proposal = assign(people, owed, {one.agent_id: stand_in(one.agent_id, day, away) for one in away})
    spreads = {skill: spread(proposal.load, people, skill) for skill in {one.skill for one in owed}}
    return Assigned(None, len(proposal.moves), proposal, spreads, tuple(people))


def seconds_of(row: OpenRow, library: Library, past: Past) -> int:
    """How long a follow-up takes: the median of its playbook's talks, once known; else as planned."""
    playbook = library.find(row.playbook)
    if playbook is not None:
        planned = int(playbook.expected_minutes * 60) + playbook.wrap_up_seconds
        # One that others are merged into is longer than its playbook's median.
        if row.expected_seconds != planned:
            return min(row.expected_seconds, _SECONDS_A_DAY)
    return min(past.seconds.get(row.playbook, row.expected_seconds), _SECONDS_A_DAY)


def present(conn: Connection, day: date) -> list[Person]:
    """Who calls on `day`: those with a shift (everyone, where the day has none at all), without leave."""
    away = {one.agent_id for one in queries.leaves_on(conn, day)}
    minutes = shift_minutes(queries.shifts_on(conn, day))
    longest = max(minutes.values(), default=1)
    return [
        _person(agent, minutes.get(agent.id, longest) / longest)
        for agent in all_agents(conn)
        if agent.id not in away and (not minutes or agent.id in minutes)
    ]


def shift_minutes(rows: Collection[Shift]) -> dict[str, int]:
    """The minutes each agent works, all shifts of the day together."""
    minutes: dict[str, int] = {}
    for row in rows:
        minutes[row.agent_id] = minutes.get(row.agent_id, 0) + _minute(row.ends) - _minute(row.starts)
    return minutes


def reassign(
    conn: Connection, library: Library, follow_up_ids: Collection[str], to_id: str, by: str, now: datetime
) -> str | None:
    """A supervisor gives follow-ups to an agent; returns the batch, None where nothing moves.

    Raises:
        CannotAssign: one of them may not be called by that agent, or is not open any more.
    """
    return move_all(conn, plan_reassign(conn, library, follow_up_ids, to_id), by, now)


def plan_reassign(
    conn: Connection, library: Library, follow_up_ids: Collection[str], to_id: str
) -> list[Move]:
    """The preview of `reassign`. Raises as it does."""
    to = next((agent for agent in all_agents(conn) if agent.id == to_id), None)
    if to is None:
        raise CannotAssign("there is no such agent: choose another one")
    rows = queries.open_by_id(conn, follow_up_ids)
    if len(rows) != len(set(follow_up_ids)):
        raise CannotAssign("some of them are being called or are done: load the page again")
    named = named_callers(library, queries.agent_keys(conn))
    for row in rows:
        if to_id not in named.get(row.playbook, (to_id,)):
            raise CannotAssign("its playbook names who may call, and not this agent: choose another one")
        if to_id in row.barred:
            raise CannotAssign("this agent served the customer and must not call: choose another one")
        if row.bound and row.owner_id not in (None, to_id):
            raise CannotAssign("its playbook names who must call: enter a leave with a stand-in instead")
        if row.skill and row.skill not in to.skills:
            raise CannotAssign("this agent does not have the skill it needs: choose another one")
    return [Move(row.id, row.owner_id, to_id, Why.BY_HAND) for row in rows if row.owner_id != to_id]


def move_all(conn: Connection, moves: Sequence[Move], by: str, now: datetime) -> str | None:
    """Apply and log moves as one batch; what has moved or been called meanwhile is left out."""
    batch = new_id()
    done = [move for move in moves if _give(conn, move)]
    for start in range(0, len(done), _BATCH_ROWS):
        rows = [
            {
                "id": new_id(),
                "follow_up_id": move.follow_up_id,
                "before_id": move.before_id,
                "after_id": move.after_id,
                "why": move.why.value,
                "by": by,
                "at": now,
                "batch": batch,
            }
            for move in done[start : start + _BATCH_ROWS]
        ]
        conn.execute(_LOG, rows)
    for move in done:
        told = {"agent": move.after_id, "before": move.before_id, "why": move.why.value, "batch": batch}
        emit(conn, "follow_up.assigned", move.follow_up_id, now, told)
    return batch if done else None


def undo(conn: Connection, batch: str, by: str, now: datetime) -> tuple[int, int]:
    """Take a batch back: (given back, left because somebody moved or called them since)."""
    made = queries.moves_of_batch(conn, batch)
    back = [Move(move.follow_up_id, move.after_id, move.before_id, Why.UNDO) for move in made]
    undone = move_all(conn, back, by, now)
    count = len(queries.moves_of_batch(conn, undone)) if undone else 0
    return count, len(made) - count


def add_leave(
    conn: Connection,
    *,
    agent_id: str,
    first_day: date,
    last_day: date,
    stand_in_id: str | None,
    reason: str,
    by: str,
    now: datetime,
) -> str:
    """Enter a leave; the stand-in gets the agent's list with the next assignment. Returns its id.

    Raises:
        CannotAssign: it ends before it begins, or the agent stands in for himself.
    """
    if last_day < first_day:
        raise CannotAssign("a leave cannot end before it begins")
    if stand_in_id == agent_id:
        raise CannotAssign("an agent cannot stand in for himself: choose another one")
    row = {"id": new_id(), "agent_id": agent_id, "first_day": first_day, "last_day": last_day}
    row |= {"stand_in_id": stand_in_id, "reason": reason, "by": by, "at": now}
    conn.execute(insert(leaves).values(**row))
    emit(conn, "leave.entered", agent_id, now, {"leave": row["id"], "stand_in": stand_in_id, "by": by})
    return str(row["id"])


def end_leave(conn: Connection, leave_id: str, by: str, now: datetime) -> None:
    """Take a leave out again."""
    agent_id = conn.execute(select(leaves.c.agent_id).where(leaves.c.id == leave_id)).scalar()
    if agent_id is not None:
        conn.execute(delete(leaves).where(leaves.c.id == leave_id))
        emit(conn, "leave.ended", agent_id, now, {"leave": leave_id, "by": by})


def set_shift(
    conn: Connection, agent_id: str, day: date, hours: tuple[str, str] | None, by: str, now: datetime
) -> None:
    """One shift of an agent on a day, as ("09:00", "17:30"); None takes it away.

    Raises:
        CannotAssign: it does not end after it begins.
    """
    if hours is not None and not _minute(hours[0]) < _minute(hours[1]):
        raise CannotAssign("a shift must end after it begins")
    conn.execute(delete(shifts).where(shifts.c.agent_id == agent_id, shifts.c.day == day))
    if hours is not None:
        row = {"agent_id": agent_id, "day": day, "starts": hours[0], "ends": hours[1]}
        conn.execute(insert(shifts).values(**row))
    emit(conn, "shift.entered", agent_id, now, {"day": day.isoformat(), "hours": list(hours or ()), "by": by})


def set_targets(conn: Connection, agent_id: str, targets: Mapping[str, int], by: str, now: datetime) -> None:
    """An agent's daily targets: calls, talk_minutes, completed (L6)."""
    conn.execute(update(agents).where(agents.c.id == agent_id).values(targets=dict(targets)))
    emit(conn, "agent.targets", agent_id, now, {**targets, "by": by})


def _give(conn: Connection, move: Move) -> bool:
    values = {"moved": move.follow_up_id, "was": move.before_id, "becomes": move.after_id}
    return conn.execute(_GIVE, values).rowcount == 1


def _to_head(conn: Connection, library: Library, rows: Sequence[OpenRow]) -> set[str]:
    """The major checks, which are the head's own."""
    conditions = {playbook.id: playbook.to_head for playbook in library if playbook.to_head is not None}
    asked = [row for row in rows if row.playbook in conditions]
    facts = queries.facts_by_occasion(conn, {row.occasion_id for row in asked})
    return {row.id for row in asked if conditions[row.playbook].holds(facts[row.occasion_id])}


def named_callers(library: Library, keys: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """The ids of the only ones who may call for a playbook, of those that name them (R12)."""
    return {
        playbook.id: frozenset(keys[code] for code in playbook.callers if code in keys)
        for playbook in library
        if playbook.callers
    }


def _owed(
    row: OpenRow,
    library: Library,
    past: Past,
    keys: Mapping[str, str],
    *,
    fixed: bool,
    to_head: bool,
    named: frozenset[str] | None,
) -> Owed:
    return Owed(
        id=row.id,
        seconds=seconds_of(row, library, past),
        limit_at=row.limit_at,
        skill=row.skill,
        owner_id=row.owner_id,
        bound=row.bound,
        fixed=fixed,
        barred=frozenset(row.barred),
        to_head=to_head,
        keepers=tuple(keys[name] for name in (row.keeper, row.deputy) if name in keys),
        last_agent=past.last_agent.get(row.customer_id),
        named=named,
    )


def _person(agent: Agent, share: float) -> Person:
    return Person(agent.id, frozenset(agent.skills), agent.head, share or 1.0)


def _minute(text: str) -> int:
    try:
        at = time.fromisoformat(text)
    except ValueError as error:
        raise CannotAssign(f"{text!r} is not a time such as 09:00") from error
    return at.hour * 60 + at.minute
