"""Which follow-ups will miss their limit with today's people, and what would save them (promise 4). Pure.

The day is played through in steps: in each, the people who are on shift call what may be called then, the
nearest limit first. Calls are counted in shares of a call, so the same values give the same forecast.
Times are in the site's time zone: the history is by its hours.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

STEP_MINUTES = 15
# Where a playbook has no history: half of the customers answer, as hospitals and insurers tell.
REACH = 0.5
# A dial that reaches nobody: ringing, an announcement, the next one.
UNREACHED_SECONDS = 45
# More people than this are not proposed.
MOST_PEOPLE = 50
_LONGER_HOURS = (1, 2, 3, 4)
_NOTHING = 1e-6

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Work:
    """A follow-up as the forecast sees it: not before `due_at`, late after `limit_at`."""

    id: str
    playbook: str
    due_at: datetime
    limit_at: datetime
    seconds: int
    owner_id: str | None = None
    bound: bool = False
    skill: str = ""


@dataclass(frozen=True, slots=True)
class Worker:
    """Someone who calls in these spans of time."""

    id: str
    spans: tuple[Span, ...]
    skills: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hours:
    """When customers of each playbook may be called, today: windows, holidays taken away."""

    spans: Mapping[str, tuple[Span, ...]]


@dataclass(frozen=True, slots=True)
class Reach:
    """The share of dials that reach the customer, by playbook and hour; else what is `assumed`."""

    known: Mapping[tuple[str, int], float] = field(default_factory=dict)
    assumed: float = REACH

    def of(self, playbook: str, hour: int) -> float:
        """The share at this hour, never 0: a call that cannot end is no forecast."""
        return max(self.known.get((playbook, hour), self.assumed), 0.05)


@dataclass(frozen=True, slots=True)
class Rescue:
    """What would save follow-ups: so many more people, or so many hours longer, or a playbook first."""

    kind: str
    amount: int
    playbook: str
    late_then: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """How the day will go. `late` are the ids, the nearest limit first; `minutes` of work wanted by hour."""

    called: int
    late: tuple[str, ...]
    late_by_playbook: Mapping[str, int]
    late_already: int
    minutes_wanted: int
    minutes_there: int
    wanted_by_hour: Mapping[int, int]
    ends_at: datetime | None
    rescues: tuple[Rescue, ...] = ()


def forecast(
    work: Sequence[Work],
    workers: Sequence[Worker],
    hours: Hours,
    reach: Reach,
    now: datetime,
    until: datetime,
) -> Forecast:
    """The day from `now` to `until`, and what would save those that will be late."""
    bare = play(work, workers, hours, reach, now, until)
    if not bare.late:
        return bare
    return replace(bare, rescues=tuple(_rescues(bare, work, workers, hours, reach, now, until)))


def play(
    work: Sequence[Work],
    workers: Sequence[Worker],
    hours: Hours,
    reach: Reach,
    now: datetime,
    until: datetime,
    first: str = "",
) -> Forecast:
    """One run. Every follow-up needs 1 / reach dials on average; the talk itself once."""
    step = timedelta(minutes=STEP_MINUTES)
    past = [one for one in work if one.limit_at <= now]
    # What is late already is called, too, and before the rest.
    waiting = sorted(work, key=lambda one: (one.playbook != first, one.limit_at, one.due_at, one.id))
    desk = _Desk(workers, {one.skill for one in work})
    left: dict[str, float] = {}
    done_at: dict[str, datetime] = {}
    wanted: dict[int, float] = {}
    at = now.replace(minute=now.minute - now.minute % STEP_MINUTES, second=0, microsecond=0)
    still = waiting
    while at < until and still:
        following = at + step
        desk.open({one.id: _overlap(one.spans, max(at, now), following) for one in workers})
        allowed = {name for name, spans in hours.spans.items() if _overlap(spans, at, following) > 0}
        seen = 0
        for one in still if allowed else ():
            if desk.free <= _NOTHING:
                break
            seen += 1
            if one.due_at >= following or one.playbook not in allowed:
                continue
            cost = _cost(one, reach, at.hour)
            needed = left.get(one.id, 1.0) * cost
            used = desk.take(one, needed)
            wanted[at.hour] = wanted.get(at.hour, 0) + used
            left[one.id] = (needed - used) / cost
            if needed - used <= _NOTHING:
                done_at[one.id] = following
        if seen:
            still = [one for one in still[:seen] if one.id not in done_at] + still[seen:]
        at = following
    late = [
        one
        for one in waiting
        if now < one.limit_at <= until and not (one.id in done_at and done_at[one.id] - step < one.limit_at)
    ]
    by_playbook: dict[str, int] = {}
    for one in late:
        by_playbook[one.playbook] = by_playbook.get(one.playbook, 0) + 1
    minutes = sum(_cost(one, reach, max(now, one.due_at).hour) for one in waiting if one.due_at < until) / 60
    return Forecast(
        called=len(done_at),
        late=tuple(one.id for one in sorted(late, key=lambda one: (one.limit_at, one.id))),
        late_by_playbook=by_playbook,
        late_already=len(past),
        minutes_wanted=round(minutes),
        minutes_there=round(desk.there / 60),
        wanted_by_hour={hour: round(seconds / 60) for hour, seconds in sorted(wanted.items())},
        ends_at=max(done_at.values(), default=None),
    )


def _cost(one: Work, reach: Reach, hour: int) -> float:
    """Seconds of an agent until this one is reached and talked to, on average."""
    share = reach.of(one.playbook, hour)
    return one.seconds + (1 / share - 1) * UNREACHED_SECONDS


class _Desk:
    """The seconds that people have left in a step."""

    def __init__(self, workers: Sequence[Worker], skills: Collection[str]) -> None:
        self._able = {
            skill: [one.id for one in workers if not skill or skill in one.skills] for skill in skills
        }
        self._left: dict[str, float] = {}
        self._idle: dict[str, list[str]] = {}
        self.free = 0.0
        self.there = 0.0

    def open(self, seconds: dict[str, float]) -> None:
        """A new step, with so many seconds of each."""
        self._left = seconds
        self._idle = {skill: list(able) for skill, able in self._able.items()}
        self.free = sum(seconds.values())
        self.there += self.free

    def take(self, one: Work, needed: float) -> float:
        """Up to `needed` seconds for a follow-up: of its owner first, and of nobody else where bound."""
        used = 0.0
        if one.owner_id is not None:
            used = self._of(one.owner_id, needed)
            if one.bound:
                return used
        idle = self._idle[one.skill]
        while idle and needed - used > _NOTHING:
            used += self._of(idle[-1], needed - used)
            if self._left[idle[-1]] <= _NOTHING:
                idle.pop()
        return used

    def _of(self, who: str, wanted: float) -> float:
        used = min(wanted, self._left.get(who, 0.0))
        if used > 0:
            self._left[who] -= used
            self.free -= used
        return used


def _overlap(spans: Sequence[Span], start: datetime, end: datetime) -> float:
    return sum(max(0.0, (min(end, to) - max(start, begin)).total_seconds()) for begin, to in spans)


def more_people(
    work: Sequence[Work],
    workers: Sequence[Worker],
    hours: Hours,
    reach: Reach,
    now: datetime,
    until: datetime,
) -> tuple[int, int]:
    """(how many more people save as many as people can save, how many are late all the same)."""
    spans = _widest(workers, hours, now, until)
    skills = frozenset(one.skill for one in work)
    # What has time until another day comes after the rest: it makes nothing late.
    urgent = [one for one in work if one.limit_at <= until]

    def late_with(count: int) -> int:
        more = [Worker(f"+{n}", spans, skills) for n in range(count)]
        return len(play(urgent, [*workers, *more], hours, reach, now, until).late)

    best = late_with(MOST_PEOPLE)
    low, high = 0, MOST_PEOPLE
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if late_with(middle) <= best else (middle + 1, high)
    return low, best


def _rescues(
    bare: Forecast,
    work: Sequence[Work],
    workers: Sequence[Worker],
    hours: Hours,
    reach: Reach,
    now: datetime,
    until: datetime,
) -> list[Rescue]:
    late = len(bare.late)
    found = []
    count, best = more_people(work, workers, hours, reach, now, until)
    if best < late:
        found.append(Rescue("people", count, "", best))
    for longer in _LONGER_HOURS:
        then = play(work, _longer(workers, longer), _open_longer(hours, longer), reach, now, until)
        if len(then.late) < late and (longer == _LONGER_HOURS[-1] or not then.late):
            found.append(Rescue("hours", longer, "", len(then.late)))
            break
    for playbook in sorted(bare.late_by_playbook):
        then = play(work, workers, hours, reach, now, until, first=playbook)
        if len(then.late) < late:
            found.append(Rescue("first", 0, playbook, len(then.late)))
    return found


def _widest(workers: Sequence[Worker], hours: Hours, now: datetime, until: datetime) -> tuple[Span, ...]:
    """A further person works as long as the others together, or as long as calls are allowed."""
    every = [span for worker in workers for span in worker.spans]
    every = every or [span for spans in hours.spans.values() for span in spans] or [(now, until)]
    return ((min(begin for begin, _ in every), max(end for _, end in every)),)


def _longer(workers: Sequence[Worker], hours: int) -> list[Worker]:
    return [replace(worker, spans=_extended(worker.spans, hours)) for worker in workers]


def _open_longer(hours: Hours, more: int) -> Hours:
    return Hours({playbook: _extended(spans, more) for playbook, spans in hours.spans.items()})


def _extended(spans: tuple[Span, ...], hours: int) -> tuple[Span, ...]:
    if not spans:
        return spans
    *before, (begin, end) = sorted(spans)
    return (*before, (begin, end + timedelta(hours=hours)))
