"""The forecast of a day from the database: its people, hours, history and open work (promise 4)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dialer.agents.queries import sessions
from dialer.agents.states import AgentState
from dialer.assigning.forecast import Forecast, Hours, Span, Work, Worker, forecast
from dialer.assigning.queries import open_of_day, shifts_on
from dialer.assigning.roster import Roster, roster
from dialer.assigning.service import Past, present, seconds_of
from dialer.daily.queries import past as read_past
from dialer.daily.queries import reach as read_reach
from dialer.followups.workdays import WorkCalendar
from dialer.playbooks.form.timing import HolidayRule
from dialer.playbooks.library import Library

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Outlook:
    """How the day will go, what it rests on, and the people it needs. `people` work today."""

    forecast: Forecast
    roster: Roster
    people: int
    reach_known: bool
    reach_assumed: float


def outlook(
    conn: Connection,
    library: Library,
    calendar: WorkCalendar,
    zone: ZoneInfo,
    day: date,
    now: datetime,
    past: Past | None = None,
) -> Outlook:
    """The day's forecast as of `now`; of a later day as of its beginning."""
    begins, ends = (datetime.combine(each, time(0), zone) for each in (day, day + _DAY))
    start = max(now.astimezone(zone), begins)
    known = read_past(conn, now) if past is None else past
    reach = read_reach(conn, zone, now)
    work = [
        Work(
            id=row.id,
            playbook=row.playbook,
            due_at=row.due_at.astimezone(zone),
            limit_at=row.limit_at.astimezone(zone),
            seconds=seconds_of(row, library, known),
            owner_id=row.owner_id,
            bound=row.bound,
            skill=row.skill,
        )
        for row in open_of_day(conn, day, ends)
    ]
    hours = _hours(library, calendar, zone, day)
    workers = _workers(conn, zone, day, today=begins <= now)
    return Outlook(
        forecast=forecast(work, workers, hours, reach, start, ends),
        roster=roster(work, hours, reach, start, ends),
        people=len(workers),
        reach_known=bool(reach.known),
        reach_assumed=reach.assumed,
    )


def _hours(library: Library, calendar: WorkCalendar, zone: ZoneInfo, day: date) -> Hours:
    holiday = calendar.is_holiday(day)
    return Hours(
        {
            playbook.id: tuple(
                (datetime.combine(day, window.start, zone), datetime.combine(day, window.end, zone))
                for window in playbook.windows
            )
            for playbook in library
            if not holiday or playbook.holidays is HolidayRule.CALL
        }
    )


def _workers(conn: Connection, zone: ZoneInfo, day: date, *, today: bool) -> list[Worker]:
    """Who is on shift; where nobody has one, who is signed in, and before anybody is, everyone."""
    shifts: dict[str, list[Span]] = {}
    for row in shifts_on(conn, day):
        begin, end = (datetime.combine(day, time.fromisoformat(at), zone) for at in (row.starts, row.ends))
        shifts.setdefault(row.agent_id, []).append((begin, end))
    people = present(conn, day)
    if not shifts and today:
        here = {one.agent_id for one in sessions(conn) if one.state is not AgentState.OFFLINE}
        people = [person for person in people if person.id in here] or people
    whole = [(datetime.combine(day, time(0), zone), datetime.combine(day + _DAY, time(0), zone))]
    return [Worker(person.id, tuple(shifts.get(person.id, whole)), person.skills) for person in people]
