"""`/plan`: the day by playbook, limit and agent, its forecast; overdue and unassigned on top (L9)."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta

from aiohttp import web
from sqlalchemy import Connection

from dialer.agents.queries import all_agents
from dialer.assigning import queries as assigning
from dialer.assigning.service import propose_day
from dialer.daily.outlook import outlook
from dialer.daily.queries import figures_of_day, hand_overs_of, past
from web.auth.guard import requires
from web.auth.rules import Role
from web.days import typed_day
from web.labels import FOLLOW_UP_STATE
from web.panel import PANEL, Panel
from web.plan import queries, view, words
from web.render import language_of, playbook_names, render, render_form, translator_of

_SHOWN = 8
_BATCHES = 6
_NOTES = 8

Values = Mapping[str, object]


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [web.get("/plan", page), web.get("/plan/part/{name}", part)]


@requires(Role.SUPERVISOR, Role.ADMIN)
async def page(request: web.Request) -> web.StreamResponse:
    """The whole page."""
    return await show(request)


async def show(request: web.Request, problem: str = "", **more: object) -> web.Response:
    """The page, with the sentence of what could not be done."""
    values: dict[str, object] = {**frame(request), "problem": problem, **more}
    for read in PARTS.values():
        values.update(await read(request))
    return render_form(request, "plan/page.html", **values)


@requires(Role.SUPERVISOR, Role.ADMIN)
async def part(request: web.Request) -> web.StreamResponse:
    """One part of it."""
    name = request.match_info["name"]
    if name not in PARTS:
        raise web.HTTPNotFound
    values = {**frame(request), **await PARTS[name](request)}
    return render(request, f"plan/{name}.html", **values)


async def in_sight(request: web.Request) -> Values:
    """What is overdue and what is nobody's, for this page and the live page (L9)."""
    panel = request.app[PANEL]
    now = panel.clock()
    tonight = view.end_of(today_of(panel), panel.settings.zone)
    late, alone = await panel.database.read(
        lambda conn: (queries.overdue(conn, now, _SHOWN), queries.unassigned(conn, tonight, _SHOWN))
    )
    return {
        "overdue_count": late[0],
        "overdue": late[1],
        "unassigned_count": alone[0],
        "unassigned": alone[1],
        "say_reason": lambda word: words.reason(word, translator_of(request)),
    }


async def _numbers(request: web.Request) -> Values:
    panel, day = request.app[PANEL], day_of(request)
    now, tonight = panel.clock(), view.end_of(day, panel.settings.zone)
    cells, left, run = await panel.database.read(
        lambda conn: (
            queries.cells(conn, day, tonight, now),
            queries.left_out(conn, day),
            queries.latest_run(conn, day),
        )
    )
    return {"board": view.board(cells, left, _playbook_name(request)), "run": run}


async def _agents(request: web.Request) -> Values:
    panel, day = request.app[PANEL], day_of(request)
    zone = panel.settings.zone
    now, tonight = panel.clock(), view.end_of(day, zone)
    midnight = tonight - timedelta(days=1)
    within = timedelta(hours=panel.planning.contact_within_hours)

    def read(conn: Connection) -> Values:
        cells = queries.cells(conn, day, tonight, now)
        people = all_agents(conn)
        rows = view.agents_of(
            people,
            cells,
            assigning.shifts_on(conn, day),
            assigning.leaves_from(conn, day),
            figures_of_day(conn, midnight),
            day,
        )
        proposed = propose_day(conn, panel.library, day, zone, past(conn, now))
        return {
            "agent_rows": rows,
            "agents": people,
            "proposed": proposed,
            "batches": assigning.latest_batches(conn, midnight, _BATCHES),
            "waiting_long": len(assigning.not_contacted(conn, now - within)),
        }

    return await panel.database.read(read)


async def _forecast(request: web.Request) -> Values:
    panel, day = request.app[PANEL], day_of(request)
    now, calendar = panel.clock(), panel.planning.calendar()
    seen = await panel.database.read(
        lambda conn: outlook(conn, panel.library, calendar, panel.settings.zone, day, now)
    )
    text, name = translator_of(request), _playbook_name(request)
    late = len(seen.forecast.late)
    return {
        "outlook": seen,
        "rescues": [words.rescue(one, late, name(one.playbook), text) for one in seen.forecast.rescues],
    }


async def _people(request: web.Request) -> Values:
    panel, day = request.app[PANEL], day_of(request)
    leaves, notes, people = await panel.database.read(
        lambda conn: (
            assigning.leaves_from(conn, day),
            hand_overs_of(conn, None, _NOTES),
            all_agents(conn),
        )
    )
    return {"leaves": leaves, "notes": notes, "agents": people, "agent_names": {a.id: a.name for a in people}}


PARTS: Mapping[str, Callable[[web.Request], Awaitable[Values]]] = {
    "part": in_sight,
    "numbers": _numbers,
    "agents": _agents,
    "forecast": _forecast,
    "people": _people,
}


def frame(request: web.Request) -> dict[str, object]:
    """What every part of the page knows."""
    panel, day = request.app[PANEL], day_of(request)
    return {
        "day": day,
        "today": today_of(panel),
        "day_before": day - timedelta(days=1),
        "day_after": day + timedelta(days=1),
        "words": words,
        "states": FOLLOW_UP_STATE,
        "contact_within": panel.planning.contact_within_hours,
        "manual_release": panel.planning.release == "manual",
        "say_reason": lambda word: words.reason(word, translator_of(request)),
        "preview": None,
        "moved": request.query.get("moved", ""),
    }


def today_of(panel: Panel) -> date:
    """The site's day now."""
    return panel.clock().astimezone(panel.settings.zone).date()


def day_of(request: web.Request) -> date:
    """The day that the page is about: today, unless the address names another."""
    asked = request.query.get("day", "")
    try:
        return typed_day(asked)
    except ValueError:
        return today_of(request.app[PANEL])


def _playbook_name(request: web.Request) -> Callable[[str], str]:
    return playbook_names(request.app[PANEL].library, language_of(request))
