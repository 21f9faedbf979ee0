"""The plan of the day from rows to what its page shows. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dialer.agents.queries import Agent
from dialer.assigning.queries import LeaveRow, Shift
from dialer.daily.queries import DayFigures
from web.plan.queries import LATE, LATER, TODAY, Cell, Left

NOT_CALLED = ("exhausted", "cancelled")
OPEN = ("planned", "waiting")
RUNNING = ("calling", "wrap_up")
_NOBODY = ""


@dataclass(slots=True)
class Count:
    """What is to be done of one playbook or agent."""

    key: str
    name: str
    open: int = 0
    called: int = 0
    merged: int = 0
    not_called: int = 0
    seconds: int = 0
    limits: dict[str, int] = field(default_factory=lambda: {LATE: 0, TODAY: 0, LATER: 0})
    left: int = 0


@dataclass(frozen=True, slots=True)
class WhyNot:
    """How many are not called for one reason; `query` opens their list."""

    reason: str
    count: int
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Board:
    """The plan in numbers: N will be called, M not, because."""

    called: int
    not_called: int
    why_not: Sequence[WhyNot]
    playbooks: Sequence[Count]
    waits_for_release: int
    done: int
    merged: int


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent's work, day and targets. `here`: works today; `starts`, `ends`: all shifts together."""

    agent: Agent
    count: Count
    here: bool
    hours: str
    leave: LeaveRow | None
    figures: DayFigures
    starts: str = ""
    ends: str = ""


def board(cells: Sequence[Cell], left: Sequence[Left], name: Callable[[str], str]) -> Board:
    """The plan by playbook, with all that is left out and why."""
    by_playbook: dict[str, Count] = {}
    why: dict[tuple[str, str], int] = {}
    for cell in cells:
        count = by_playbook.setdefault(cell.playbook, Count(cell.playbook, name(cell.playbook)))
        _add(count, cell)
        if cell.put_off:
            why["put_off", cell.reason] = why.get(("put_off", cell.reason), 0) + cell.count
        elif cell.state in NOT_CALLED:
            why[cell.state, cell.reason] = why.get((cell.state, cell.reason), 0) + cell.count
    for one in left:
        count = by_playbook.setdefault(one.playbook, Count(one.playbook, name(one.playbook)))
        count.left += one.count
        why["left", one.reason] = why.get(("left", one.reason), 0) + one.count
    rows = sorted(by_playbook.values(), key=lambda count: (-count.limits[LATE], -count.open, count.name))
    return Board(
        called=sum(row.open + row.called + row.merged for row in rows),
        not_called=sum(why.values()),
        why_not=[
            WhyNot(reason, count, _query(kind, reason))
            for (kind, reason), count in sorted(why.items(), key=lambda item: (-item[1], item[0]))
        ],
        playbooks=rows,
        waits_for_release=sum(cell.count for cell in cells if cell.state == "planned"),
        done=sum(cell.count for cell in cells if cell.state == "done"),
        merged=sum(row.merged for row in rows),
    )


def agents_of(
    agents: Sequence[Agent],
    cells: Sequence[Cell],
    shifts: Sequence[Shift],
    leaves: Sequence[LeaveRow],
    figures: Mapping[str, DayFigures],
    day: date,
) -> list[AgentRow]:
    """Every agent with what is assigned to whom."""
    counts: dict[str, Count] = {agent.id: Count(agent.id, agent.name) for agent in agents}
    for cell in cells:
        if cell.owner_id in counts:
            _add(counts[cell.owner_id], cell)
    hours: dict[str, list[Shift]] = {}
    for shift in shifts:
        hours.setdefault(shift.agent_id, []).append(shift)
    away = {leave.agent_id: leave for leave in leaves if leave.first_day <= day <= leave.last_day}
    return [
        AgentRow(
            agent,
            counts[agent.id],
            agent.id not in away and (not hours or agent.id in hours),
            " ".join(f"{shift.starts}–{shift.ends}" for shift in hours.get(agent.id, ())),
            away.get(agent.id),
            figures.get(agent.id, DayFigures()),
            min((shift.starts for shift in hours.get(agent.id, ())), default=""),
            max((shift.ends for shift in hours.get(agent.id, ())), default=""),
        )
        for agent in agents
    ]


def _add(count: Count, cell: Cell) -> None:
    if cell.put_off or cell.state in NOT_CALLED:
        count.not_called += cell.count
    elif cell.state in OPEN:
        count.open += cell.count
        count.seconds += cell.seconds
        count.limits[cell.limit] += cell.count
    elif cell.state == "merged":
        count.merged += cell.count
    else:
        count.called += cell.count


def _query(kind: str, reason: str) -> Mapping[str, str]:
    match kind:
        case "left":
            return {"left": "1", "reason": reason}
        case "put_off":
            return {"put_off": "1", "reason": reason}
        case _:
            return {"state": kind, "reason": reason}


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The end of the site's day."""
    return datetime.combine(day + timedelta(days=1), time(0), zone)
