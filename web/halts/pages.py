"""`/supervisor/halts`: what is stopped and was, and stopping; `/halts`: the bar that every page shows."""

from aiohttp import web
from sqlalchemy import Connection

from dialer.halts import service
from dialer.halts.queries import past_halts
from dialer.halts.rules import EVERYTHING
from dialer.playbooks.form.schema import Playbook
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.halts import queries
from web.halts.queries import Effect, Stopped
from web.i18n import N_
from web.panel import PANEL, Panel
from web.render import language_of, render, render_form, translator_of
from web.supervisor.view import day_of

_PAST = 20
_SAY_WHY = N_("Say why it is stopped: everybody whose calls stop reads it.")
READERS = (Role.SUPERVISOR, Role.ADMIN)


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [
        web.get("/halts", bar),
        web.get("/supervisor/halts", page),
        web.get("/supervisor/halts/stop", ask),
        web.post("/supervisor/halts/stop", stop),
        web.post("/supervisor/halts/{id}/go-on", go_on),
    ]


@requires()
async def bar(request: web.Request) -> web.StreamResponse:
    """What is stopped now, for the head of the page."""
    return render(request, "halts/bar.html", stopped=await request.app[PANEL].database.read(queries.stopped))


@requires(*READERS)
async def page(request: web.Request) -> web.StreamResponse:
    """What is stopped, what can be, and what was."""
    panel, now = request.app[PANEL], request.app[PANEL].clock()
    _, tonight = day_of(now.astimezone(panel.settings.zone))

    def read(conn: Connection) -> dict[str, object]:
        found, past = queries.stopped(conn), past_halts(conn, _PAST)
        people = {one.by for one in past} | {one.lifted_by for one in past}
        return {
            "shown": [(one, queries.effect(conn, one.playbook, now, tonight)) for one in found],
            "past": past,
            "names": queries.names_of(conn, people),
        }

    values, waiting = await panel.database.read(lambda conn: (read(conn), queries.due_by_playbook(conn, now)))
    language = language_of(request)

    def order(one: Playbook) -> tuple[int, str]:
        # What waits the most is what matters most to stop.
        return -waiting.get(one.id, (0, 0))[0], one.name.in_(language)

    return render(
        request,
        "halts/page.html",
        playbooks=sorted(panel.library, key=order),
        waiting=waiting,
        may_stop=Role.SUPERVISOR in current_user(request).roles,
        **values,
    )


@requires(Role.SUPERVISOR)
async def ask(request: web.Request) -> web.StreamResponse:
    """What the stop would do, before it is done (V2)."""
    return await _ask(request, _known(request, request.query.get("playbook", EVERYTHING)))


async def _ask(request: web.Request, playbook: str, problem: str = "") -> web.StreamResponse:
    panel, now = request.app[PANEL], request.app[PANEL].clock()
    _, tonight = day_of(now.astimezone(panel.settings.zone))

    def read(conn: Connection) -> tuple[Effect, tuple[Stopped, ...]]:
        return queries.effect(conn, playbook, now, tonight), queries.stopped(conn)

    effect, stopped = await panel.database.read(read)
    if any(one.playbook == playbook for one in stopped):
        raise web.HTTPSeeOther("/supervisor/halts")
    return render_form(request, "halts/ask.html", playbook=playbook, effect=effect, problem=problem)


@requires(Role.SUPERVISOR)
async def stop(request: web.Request) -> web.StreamResponse:
    """Stop it; who did and why is kept (V2)."""
    panel, form, by = request.app[PANEL], await request.post(), current_user(request).login
    playbook, why = _known(request, str(form.get("playbook", EVERYTHING))), str(form.get("why", ""))
    now = panel.clock()
    try:
        await panel.database.write(lambda conn: service.stop(conn, playbook, by, why, now), urgent=True)
    except service.NoReason:
        return await _ask(request, playbook, translator_of(request)(_SAY_WHY))
    raise web.HTTPSeeOther("/supervisor/halts")


@requires(Role.SUPERVISOR)
async def go_on(request: web.Request) -> web.StreamResponse:
    """Let it go on; who did is kept (V2)."""
    panel, halt_id, by = request.app[PANEL], request.match_info["id"], current_user(request).login
    now = panel.clock()
    await panel.database.write(lambda conn: service.go_on(conn, halt_id, by, now), urgent=True)
    raise web.HTTPSeeOther("/supervisor/halts")


def _known(request: web.Request, playbook: str) -> str:
    """The playbook that is asked for, or `EVERYTHING`."""
    if playbook != EVERYTHING and request.app[PANEL].library.find(playbook) is None:
        raise web.HTTPNotFound
    return playbook
