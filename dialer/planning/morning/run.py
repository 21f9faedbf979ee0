"""The plan of the day, made in small pieces that may be stopped and gone on with (L1)."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, insert, select

from dialer.clock import Clock
from dialer.customers.tables import occasions
from dialer.followups.states import OPEN
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.planning.draws import draw_waiting
from dialer.planning.morning.absence import plan_absences
from dialer.planning.morning.calendar import plan_calendar
from dialer.planning.rules.owed import Site
from dialer.planning.service import plan_new, release
from dialer.planning.settings import PlanningSettings
from dialer.planning.tables import exclusions, plan_runs
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.form.timing import TriggerKind
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.feed import emit

_BATCH = 1000
_Planner = Callable[[Connection, Site, Playbook, str, datetime, int], tuple[Counter[str], str | None]]
_BY_DAY: Mapping[TriggerKind, _Planner] = {
    TriggerKind.ABSENCE: plan_absences,
    TriggerKind.CALENDAR: plan_calendar,
}

Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run did: `to_call` and `left_out` are of the day as it stands now, `counts` of this run."""

    day: date
    to_call: int
    in_other_calls: int
    left_out: Mapping[str, int]
    counts: Mapping[str, int]
    # What a person should know: years without public holidays, imports with a gap.
    warnings: tuple[str, ...] = ()
    finished: bool = True


@dataclass(slots=True)
class _Run:
    counts: Counter[str] = field(default_factory=Counter)
    stopped: bool = False


async def plan_day(
    database: Database,
    library: Library,
    settings: PlanningSettings,
    zone: ZoneInfo,
    clock: Clock,
    *,
    progress: Progress = lambda _stage, _done, _of: None,
    stop: Callable[[], bool] = lambda: False,
    kind: str = "morning",
    by: str = "planner",
) -> Planned:
    """Make the plan of today; again is harmless, and goes on with what was stopped.

    `progress` is told the stage, how much of it is done, and of how much where that is known.
    """
    site = Site.of(library, settings, zone)
    run = _Run()
    await _arrivals(database, site, clock, run, progress, stop)
    for playbook in library:
        planner = _BY_DAY.get(playbook.trigger.kind)
        if planner is not None and not run.stopped:
            await _by_day(database, site, playbook, planner, clock, run, progress, stop)
    await _draw(database, site, clock, run, progress, stop)
    now = clock()
    day = now.astimezone(zone).date()
    warnings = tuple(_warnings(site, day, run.counts))
    planned = await database.write(
        partial(_finish, day=day, kind=kind, by=by, now=now, run=run, warnings=warnings)
    )
    if settings.release == "auto" and planned.finished:
        await release_all(database, day, by, clock)
    return planned


async def release_all(database: Database, day: date, by: str, clock: Clock) -> int:
    """Release the whole plan up to `day`, piece by piece; gives how many follow-ups."""
    released = 0
    while True:
        count = await database.write(partial(release, day=day, by=by, now=clock(), limit=_BATCH))
        released += count
        if count < _BATCH:
            return released


async def _arrivals(
    database: Database, site: Site, clock: Clock, run: _Run, progress: Progress, stop: Callable[[], bool]
) -> None:
    total = await database.read(_count_unplanned)
    done = 0
    while not run.stopped:
        found = await database.write(partial(plan_new, site=site, now=clock(), limit=_BATCH))
        if not found["occasions"]:
            return
        run.counts += found
        done += found["occasions"]
        progress("arrivals", done, max(total, done))
        run.stopped = stop()


async def _by_day(
    database: Database,
    site: Site,
    playbook: Playbook,
    planner: _Planner,
    clock: Clock,
    run: _Run,
    progress: Progress,
    stop: Callable[[], bool],
) -> None:
    after: str | None = ""
    done = 0
    while after is not None and not run.stopped:

        def work(conn: Connection, after: str = after) -> tuple[Counter[str], str | None]:
            return planner(conn, site, playbook, after, clock(), _BATCH)

        found, after = await database.write(work)
        run.counts += found
        done += found["planned"]
        progress(playbook.id, done, None)
        run.stopped = stop()


async def _draw(
    database: Database, site: Site, clock: Clock, run: _Run, progress: Progress, stop: Callable[[], bool]
) -> None:
    while not run.stopped:
        found = await database.write(partial(draw_waiting, site=site, now=clock()))
        if not found:
            return
        run.counts += found
        progress("samples", run.counts["strata"], None)
        run.stopped = stop()


def _count_unplanned(conn: Connection) -> int:
    return conn.execute(select(func.count()).where(occasions.c.planned_at.is_(None))).scalar_one()


def _warnings(site: Site, day: date, counts: Counter[str]) -> Iterator[str]:
    calendar = site.dates.calendar
    for year in sorted({day.year, (day + timedelta(days=60)).year}):
        if not calendar.knows(year):
            yield f"the public holidays of {year} are not known: weekends count; update chinesecalendar"
    if counts["blocked:import_gap"]:
        yield "nobody is taken for lost: no data came in for days (see the alarms)"


def _finish(
    conn: Connection, *, day: date, kind: str, by: str, now: datetime, run: _Run, warnings: tuple[str, ...]
) -> Planned:
    planned = summary(conn, day, run.counts, warnings, finished=not run.stopped)
    row = {
        "id": new_id(),
        "day": day,
        "at": now,
        "kind": kind,
        "by": by,
        "counts": {**run.counts, "to_call": planned.to_call, "warnings": list(warnings)},
    }
    conn.execute(insert(plan_runs).values(**row))
    emit(conn, "plan.made", day.isoformat(), now, {"to_call": planned.to_call})
    return planned


def summary(
    conn: Connection,
    day: date,
    counts: Mapping[str, int] | None = None,
    warnings: tuple[str, ...] = (),
    *,
    finished: bool = True,
) -> Planned:
    """The plan of a day as it stands: N will be called, M not, because..."""
    query = (
        select(follow_ups.c.merged_into.is_not(None), func.count())
        .where(follow_ups.c.plan_day == day, follow_ups.c.state.in_(OPEN))
        .group_by(follow_ups.c.merged_into.is_not(None))
    )
    called = {bool(row[0]): int(row[1]) for row in conn.execute(query)}
    left_out = (
        select(exclusions.c.reason, func.count())
        .where(exclusions.c.day == day)
        .group_by(exclusions.c.reason)
        .order_by(func.count().desc())
    )
    return Planned(
        day,
        called.get(False, 0),
        called.get(True, 0),
        {row[0]: row[1] for row in conn.execute(left_out)},
        dict(counts or {}),
        warnings,
        finished,
    )
