"""The month's roll-up of all reviews, agent by agent: 服务质量综合考评表 (S2, S3)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from qa.reviews import counting
from qa.reviews.counting import AgentFigures, Appealed
from qa.reviews.drawing import bounds_of
from qa.reviews.figures import Summary, summary
from qa.sampling.rules import Pool

# So many of the rules an agent broke most are named.
_WORST = 3


@dataclass(frozen=True, slots=True)
class MonthLine:
    """One agent's month. `weeks`: his mean score in each week of it; `before`: in the month before; both None
    where nothing was reviewed. `worst`: the rules he broke most, with how often, also
    in calls that were handed to him (`figures` are of his own calls)."""

    figures: AgentFigures
    weeks: Sequence[float | None]
    before: float | None
    pools: Mapping[Pool, int]
    appealed: Appealed
    worst: Sequence[tuple[str, int]]

    @property
    def change(self) -> float | None:
        """Points more or less than in the month before."""
        if self.before is None or self.figures.score is None:
            return None
        return round(self.figures.score - self.before, 2)


@dataclass(frozen=True, slots=True)
class MonthSheet:
    """A month, whether it is over or not. `weeks`: first and last day of each, cut to the month."""

    first: date
    last: date
    weeks: Sequence[tuple[date, date]]
    lines: Sequence[MonthLine]
    summary: Summary

    @property
    def count(self) -> int:
        """How many reviews."""
        return sum(one.figures.count for one in self.lines)

    @property
    def score(self) -> float | None:
        """The mean of all reviews, not of the agents' means."""
        scored = [one.figures for one in self.lines if one.figures.score is not None]
        count = sum(one.count for one in scored)
        return round(sum(one.count * (one.score or 0.0) for one in scored) / count, 2) if count else None


def weeks_of(first: date, last: date) -> list[tuple[date, date]]:
    """The weeks of a time, Monday to Sunday, the outer ones cut to it. Pure."""
    found, day = [], first
    while day <= last:
        sunday = min(last, day + timedelta(days=6 - day.weekday()))
        found.append((day, sunday))
        day = sunday + timedelta(days=1)
    return found


def month_sheet(conn: Connection, month: date, zone: ZoneInfo) -> MonthSheet:
    """The roll-up of the month in which this day lies, by the day on which a review was submitted."""
    first = month.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    last, earlier = after - timedelta(days=1), (first - timedelta(days=1)).replace(day=1)
    bounds = bounds_of(first, after, zone)
    weeks = weeks_of(first, last)
    by_week = [
        _scores(counting.agent_figures(conn, *bounds_of(since, until + timedelta(days=1), zone)))
        for since, until in weeks
    ]
    before = _scores(counting.agent_figures(conn, *bounds_of(earlier, first, zone)))
    pools, appealed = counting.by_pool(conn, *bounds), counting.appealed(conn, *bounds)
    worst: dict[str, Counter[str]] = {}
    for fault in counting.faults(conn, *bounds):
        worst.setdefault(fault.agent_id, Counter())[fault.rule_id] += 1
    whole = summary(conn, *bounds)
    reviewed = {one.agent_id for one in whole.agents}
    # Who only spoke in calls of others has no score, but his faults.
    only_spoke = [AgentFigures(one, 0, None, 0, {}) for one in sorted(worst.keys() - reviewed)]
    lines = [
        MonthLine(
            figures=one,
            weeks=[scores.get(one.agent_id) for scores in by_week],
            before=before.get(one.agent_id),
            pools=pools.get(one.agent_id, {}),
            appealed=appealed.get(one.agent_id, Appealed(0, 0)),
            worst=worst.get(one.agent_id, Counter()).most_common(_WORST),
        )
        for one in (*whole.agents, *only_spoke)
    ]
    return MonthSheet(first, last, weeks, lines, whole)


def _scores(figures: Sequence[AgentFigures]) -> dict[str, float | None]:
    return {one.agent_id: one.score for one in figures}
