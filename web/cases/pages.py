"""`/cases`: complaints, question items, tasks with their moves; what calls raise at once (T5, K1, K5)."""

from contextlib import suppress
from functools import partial

from aiohttp import web
from sqlalchemy import Connection

from dialer.agents.queries import all_agents
from dialer.alarms.service import Alarm, clear_alarm, open_alarms
from dialer.cases import service as cases
from dialer.cases.checked import QA, SUPERVISOR, decide_request, title_in
from dialer.cases.queries import Row, list_cases, list_items, list_tasks
from dialer.cases.service import ANSWER_ALARM, COMPLAINT
from dialer.cases.states import CaseEvent, ItemEvent, TaskEvent, TaskKind
from dialer.forms.asides import CUSTOMER_UPSET, release_customer
from dialer.machine import IllegalMove
from dialer.storage.feed import latest_id
from web.agent.words import MEANS
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.cases import tickets
from web.cases.view import LEVEL, MOVE, NAME, STATES, Show, line_of, wanted_states
from web.labels import ROLE, TASK_KIND
from web.panel import PANEL, Panel
from web.render import language_of, render, translator_of
from web.supervisor.alarms import describe
from web.supervisor.queries import CallName, calls_of

_MOST = 200
_LISTS = {Show.CASES: list_cases, Show.ITEMS: list_items}
_ALARMS = (COMPLAINT, ANSWER_ALARM, CUSTOMER_UPSET)


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return [
        web.get("/cases", page),
        web.get("/cases/part/list", part),
        web.post("/cases/{show}/{id}/move", move),
        web.post("/cases/tasks/{id}/request", request_heard),
        web.post("/cases/alarms/{attempt}/seen", seen),
        web.post("/cases/customers/{customer}/release", release),
        *tickets.routes(),
    ]


@requires(Role.SUPERVISOR, Role.ADMIN, Role.AGENT)
async def page(request: web.Request) -> web.StreamResponse:
    """The list; an agent sees his own tasks instead."""
    if not current_user(request).roles & {Role.SUPERVISOR, Role.ADMIN}:
        raise web.HTTPSeeOther("/agent/tasks")
    return await _show(request, "cases/page.html")


@requires(Role.SUPERVISOR, Role.ADMIN)
async def part(request: web.Request) -> web.StreamResponse:
    """The list alone."""
    return await _show(request, "cases/list.html")


@requires(Role.SUPERVISOR, Role.ADMIN)
async def move(request: web.Request) -> web.StreamResponse:
    """Move one of them by its event."""
    panel, by, now = request.app[PANEL], current_user(request).login, request.app[PANEL].clock()
    sent = {name: str(value) for name, value in (await request.post()).items()}
    show, key, note = request.match_info["show"], request.match_info["id"], sent.get("note", "")[:500]
    event = sent.get("event", "")

    def work(conn: Connection) -> None:
        if show == Show.CASES and event in set(CaseEvent):
            level = sent.get("level") if sent.get("level") in LEVEL else None
            department = sent.get("department", "")[:60] or None
            cases.move_case(
                conn, key, CaseEvent(event), by, now, note=note, level=level, department=department
            )
        elif show == Show.ITEMS and event in set(ItemEvent):
            cases.move_item(conn, key, ItemEvent(event), by, now, note=note)
        elif show == Show.TASKS and event == TaskEvent.FINISH:
            cases.finish_task(conn, key, by, sent.get("means", ""), note, now)
        elif show == Show.TASKS and event == TaskEvent.DROP:
            cases.drop_task(conn, key, by, note, now)
        else:
            raise web.HTTPBadRequest

    await panel.database.write(work)
    raise web.HTTPSeeOther(f"/cases?show={show}")


@requires(Role.SUPERVISOR, Role.ADMIN)
async def request_heard(request: web.Request) -> web.StreamResponse:
    """Somebody listened: the customer is never called again, or he did not ask for it (X3)."""
    panel, by, now = request.app[PANEL], current_user(request).login, request.app[PANEL].clock()
    key, decision = request.match_info["id"], (await request.post()).get("decision")
    if decision not in ("stop", "not_asked"):
        raise web.HTTPBadRequest
    decide = partial(decide_request, task_id=key, asked=decision == "stop", by=by, now=now)
    with suppress(IllegalMove):  # somebody was quicker; the list shows how it stands
        await panel.database.write(decide)
    raise web.HTTPSeeOther("/cases?show=tasks")


@requires(Role.SUPERVISOR, Role.ADMIN)
async def seen(request: web.Request) -> web.StreamResponse:
    """An alarm of a call was seen and is dealt with."""
    panel, now, attempt_id = request.app[PANEL], request.app[PANEL].clock(), request.match_info["attempt"]

    def work(conn: Connection) -> None:
        clear_alarm(conn, ANSWER_ALARM, attempt_id, now)
        clear_alarm(conn, COMPLAINT, attempt_id, now)

    await panel.database.write(work)
    raise web.HTTPSeeOther("/cases")


@requires(Role.SUPERVISOR, Role.ADMIN)
async def release(request: web.Request) -> web.StreamResponse:
    """A paused customer may be called again (L7)."""
    panel, by, now = request.app[PANEL], current_user(request).login, request.app[PANEL].clock()
    customer_id = request.match_info["customer"]
    await panel.database.write(lambda conn: release_customer(conn, customer_id, by, now))
    raise web.HTTPSeeOther("/cases")


async def _show(request: web.Request, template: str) -> web.Response:
    panel, language, text = request.app[PANEL], language_of(request), translator_of(request)
    asked = request.query.get("show", "")
    show = Show(asked) if asked in set(Show) else Show.CASES
    state = request.query.get("state", "")
    states = wanted_states(show, state)

    def read(conn: Connection) -> tuple[list[Row], list[Alarm], dict[str, CallName], dict[str, str], int]:
        reader = _LISTS.get(show, list_tasks)
        alarms = [alarm for alarm in open_alarms(conn) if alarm.kind in _ALARMS]
        names = {agent.id: agent.name for agent in all_agents(conn)}
        return reader(conn, states, _MOST), alarms, calls_of(conn, alarms), names, latest_id(conn)

    rows, alarms, calls, names, position = await panel.database.read(read)
    return render(
        request,
        template,
        lines=[line_of(show, row, panel.library, language) for row in rows],
        alarms=[(alarm, describe(alarm, calls.get(alarm.subject), names, text)) for alarm in alarms],
        show=show,
        names=NAME,
        state=state,
        state_names=STATES[show],
        moves=MOVE,
        levels=LEVEL,
        kinds=TASK_KIND,
        means=MEANS,
        people={**names, QA: text(ROLE[Role.QA]), SUPERVISOR: text(ROLE[Role.SUPERVISOR])},
        title_in=title_in,
        lang=language,
        to_decide=TaskKind.QUESTION,
        to_hear=TaskKind.DO_NOT_CALL,
        upset=CUSTOMER_UPSET,
        part=request.url.with_path("/cases/part/list").path_qs,
        feed_position=position,
    )
