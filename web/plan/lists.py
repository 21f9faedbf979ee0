"""`/plan/list`: the follow-ups, or those left out, behind a number of the plan."""

from datetime import date, timedelta

from aiohttp import web
from sqlalchemy import Connection

from dialer.assigning.queries import not_contacted
from dialer.assigning.service import propose_day
from dialer.daily.outlook import outlook
from dialer.daily.queries import past
from web.auth.guard import requires
from web.auth.rules import Role
from web.panel import PANEL, Panel
from web.plan import queries, view, words
from web.plan.pages import day_of, frame
from web.render import render

PAGE_SIZE = 100


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [web.get("/plan/list", page)]


@requires(Role.SUPERVISOR, Role.ADMIN)
async def page(request: web.Request) -> web.StreamResponse:
    """One list."""
    panel, asked, day = request.app[PANEL], request.query, day_of(request)
    wanted = queries.Wanted(
        left=asked.get("left") == "1",
        playbook=asked.get("playbook", ""),
        agent=asked.get("agent", ""),
        state=tuple(word for word in asked.get("state", "").split(",") if word),
        limit=asked.get("limit", ""),
        reason=asked.get("reason", ""),
        put_off=asked.get("put_off") == "1",
    )
    number = asked.get("page", "1")
    at = int(number) if number.isascii() and number.isdigit() and 0 < len(number) < 7 else 1
    at = max(at, 1)
    tonight, now = view.end_of(day, panel.settings.zone), panel.clock()

    def read(conn: Connection) -> list[queries.PlanRow]:
        which = asked.get("which", "")
        if which:
            return queries.rows_by_id(conn, _ids(conn, panel, which, day), PAGE_SIZE)
        offset = (at - 1) * PAGE_SIZE
        return queries.rows_of(conn, wanted, day, tonight, now, limit=PAGE_SIZE + 1, offset=offset)

    rows = await panel.database.read(read)
    kept = {name: value for name, value in asked.items() if name != "page"}
    return render(
        request,
        "plan/list.html",
        **frame(request),
        rows=rows[:PAGE_SIZE],
        more=len(rows) > PAGE_SIZE,
        page=at,
        wanted=wanted,
        limits=words.LIMIT,
        link=lambda to: request.url.with_path("/plan/list").with_query({**kept, "page": str(to)}).path_qs,
    )


def _ids(conn: Connection, panel: Panel, which: str, day: date) -> list[str]:
    """The follow-ups of a number that is worked out: not tried in time, will be late, cannot be placed."""
    now, zone = panel.clock(), panel.settings.zone
    match which:
        case "not_tried":
            within = timedelta(hours=panel.planning.contact_within_hours)
            return [follow_up_id for follow_up_id, _ in not_contacted(conn, now - within)]
        case "will_miss":
            seen = outlook(conn, panel.library, panel.planning.calendar(), zone, day, now)
            return list(seen.forecast.late)
        case _:
            unplaced = propose_day(conn, panel.library, day, zone, past(conn, now)).unplaced
            return [follow_up_id for follow_up_id, why in unplaced.items() if why == which]
