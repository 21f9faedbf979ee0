"""`/supervisor`: the live page and its parts, each loaded anew when something of it happened."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from dialer.agents.queries import all_agents, sessions
from dialer.alarms.service import open_alarms
from dialer.calling.lines import carried
from dialer.calling.queries import live, outcomes
from dialer.calling.reach import reached, since_when
from dialer.followups.queries import count_by_state, queue
from dialer.forms.rules import Disposition
from dialer.halts.queries import open_halts
from dialer.phonetests.queries import latest_tests
from dialer.trunks.queries import breakers
from dialer.trunks.reach import marked
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.labels import DISPOSITION, FOLLOW_UP_REASON, FOLLOW_UP_STATE, OUTCOME
from web.panel import PANEL, Panel
from web.plan.pages import in_sight
from web.render import render, translator_of
from web.supervisor import agents, doubts, incall, queries, trunks, view
from web.supervisor.alarms import describe

_QUEUE = 50
_REPAIRS = 20

Values = Mapping[str, object]


def routes(panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    own = [web.get("/supervisor", page), web.get("/supervisor/part/{name}", part)]
    return [*own, *incall.routes(), *doubts.routes(), *agents.routes(panel)]


@requires(Role.SUPERVISOR, Role.ADMIN)
async def page(request: web.Request) -> web.StreamResponse:
    """The whole page."""
    values: dict[str, object] = {}
    for read in PARTS.values():
        values.update(await read(request))
    values.update(await in_sight(request))
    return render(request, "supervisor/page.html", **values)


@requires(Role.SUPERVISOR, Role.ADMIN)
async def part(request: web.Request) -> web.StreamResponse:
    """One part of it."""
    name = request.match_info["name"]
    if name not in PARTS:
        raise web.HTTPNotFound
    return render(request, f"supervisor/{name}.html", **await PARTS[name](request))


async def _link(request: web.Request) -> Values:
    return {"engine": request.app[PANEL].engine_status(), "sentence": translator_of(request).sentence}


async def _figures(request: web.Request) -> Values:
    panel = request.app[PANEL]
    now = panel.clock()
    midnight, tonight = view.day_of(now.astimezone(panel.settings.zone))
    backlog, ended, saved, states = await panel.database.read(
        lambda conn: (
            queries.backlog(conn, now, tonight),
            outcomes(conn, midnight),
            queries.dispositions(conn, midnight),
            count_by_state(conn),
        )
    )
    return {
        "backlog": backlog,
        "attempts_today": sum(ended.values()),
        "by_outcome": view.numbers(ended, OUTCOME),
        "by_disposition": view.numbers(saved, DISPOSITION),
        "completed_today": saved.get(Disposition.COMPLETED, 0),
        "reached": view.reached_percent(ended),
        "by_state": view.numbers(states, FOLLOW_UP_STATE),
    }


async def _agents(request: web.Request) -> Values:
    panel = request.app[PANEL]
    now = panel.clock()
    midnight, _ = view.day_of(now.astimezone(panel.settings.zone))
    people, states, tests = await panel.database.read(
        lambda conn: (all_agents(conn), sessions(conn), latest_tests(conn, midnight))
    )
    reachable = panel.engine_status().pairing.reachable
    rows = view.agent_rows(people, states, reachable, view.test_cells(tests, now))
    return {"agent_rows": rows, "agent_states": view.states_in_numbers(rows)}


async def _calls(request: web.Request) -> Values:
    panel = request.app[PANEL]
    user = current_user(request)
    calls, now_in = await panel.database.read(
        lambda conn: (
            found := live(conn),
            incall.in_progress(conn, [call.id for call in found], user.login),
        )
    )
    return {
        # In those that talk something can be done.
        "calls": [view.call_row(call) for call in sorted(calls, key=lambda call: call.answered_at is None)],
        "now_in": now_in,
        "may_listen": Role.SUPERVISOR in user.roles,
    }


async def _queue(request: web.Request) -> Values:
    panel = request.app[PANEL]
    rows, halts = await panel.database.read(lambda conn: (queue(conn, _QUEUE), open_halts(conn)))
    return {
        "queue": rows,
        "held": {row.id for row in rows if halts.of(row.playbook)},
        "several_playbooks": len({row.playbook for row in rows}) > 1,
        "reasons": FOLLOW_UP_REASON,
    }


async def _alarms(request: web.Request) -> Values:
    panel, text = request.app[PANEL], translator_of(request)
    alarms, calls, people = await panel.database.read(
        lambda conn: (alarms := open_alarms(conn), queries.calls_of(conn, alarms), all_agents(conn))
    )
    names = {agent.id: agent.name for agent in people}
    described = [(alarm, describe(alarm, calls.get(alarm.subject), names, text)) for alarm in alarms]
    described.sort(key=lambda pair: not pair[1].urgent)
    return {"alarms": described}


async def _repairs(request: web.Request) -> Values:
    panel = request.app[PANEL]
    rows = await panel.database.read(lambda conn: queries.latest_repairs(conn, _REPAIRS))
    return {"repairs": rows, "decided": view.DECIDED, "sentence": translator_of(request).sentence}


async def _trunks(request: web.Request) -> Values:
    panel = request.app[PANEL]
    settings = panel.engine_status().pairing.settings
    since, midnight = since_when(settings, panel.clock())
    calls, broken, numbers = await panel.database.read(
        lambda conn: (carried(conn), breakers(conn), reached(conn, since, midnight))
    )
    suspects = {one.caller_id for one in marked(numbers, settings.reach)}
    return {
        "trunk_rows": trunks.trunk_rows(settings.trunks, calls, broken),
        "number_rows": trunks.number_rows(numbers, suspects),
        "reach_days": settings.reach.days,
    }


PARTS: Mapping[str, Callable[[web.Request], Awaitable[Values]]] = {
    "link": _link,
    "figures": _figures,
    "agents": _agents,
    "calls": _calls,
    "queue": _queue,
    "alarms": _alarms,
    "repairs": _repairs,
    "trunks": _trunks,
}
