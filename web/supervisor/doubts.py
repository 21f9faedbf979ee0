"""`/supervisor/doubts/…`: a supervisor says how a call ended that nothing can prove any more (D7, V2)."""

from aiohttp import web
from sqlalchemy import Connection

from dialer.alarms.service import open_alarms
from dialer.calling.by_hand import CannotSettle, settle_by_hand, waits_for_a_person
from dialer.calling.queries import Attempt, attempt
from dialer.calling.service import UNKNOWN_ALARM, EndRules
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.panel import PANEL
from web.render import render_form, translator_of
from web.supervisor import queries

_ENDED = {"talked": True, "not_reached": False}


def routes() -> list[web.RouteDef]:
    """The routes of this file."""
    return [
        web.get("/supervisor/doubts/{attempt}", page),
        web.post("/supervisor/doubts/{attempt}", settle),
    ]


@requires(Role.SUPERVISOR)
async def page(request: web.Request) -> web.StreamResponse:
    """What is known of the call, and the two ways it can have ended."""
    return await _page(request, "")


async def _page(request: web.Request, problem: str, words: str = "") -> web.Response:
    panel, attempt_id = request.app[PANEL], request.match_info["attempt"]

    def read(conn: Connection) -> tuple[Attempt | None, queries.CallName | None, str]:
        about = [one for one in open_alarms(conn) if (one.kind, one.subject) == (UNKNOWN_ALARM, attempt_id)]
        why = str(about[0].data.get("why", "")) if about else ""
        return attempt(conn, attempt_id), queries.calls_of(conn, about).get(attempt_id), why

    call, name, why = await panel.database.read(read)
    if call is None:
        raise web.HTTPNotFound
    text = translator_of(request)
    return render_form(
        request,
        "supervisor/doubt.html",
        call=call,
        name=name,
        why=text.sentence(why),
        open=waits_for_a_person(call),
        problem=problem,
        words=words,
    )


@requires(Role.SUPERVISOR)
async def settle(request: web.Request) -> web.StreamResponse:
    """It ended as the supervisor says; who said so, and why, is kept."""
    panel, by = request.app[PANEL], current_user(request).login
    form = await request.post()
    talked, words = _ENDED.get(str(form.get("ended", ""))), str(form.get("words", ""))
    attempt_id, now = request.match_info["attempt"], panel.clock()
    site = EndRules(panel.settings.zone, panel.planning.max_tries)
    if talked is None:
        raise web.HTTPBadRequest

    def work(conn: Connection) -> None:
        settle_by_hand(
            conn, attempt_id, talked=talked, by=by, words=words, library=panel.library, now=now, site=site
        )

    try:
        await panel.database.write(work)
    except CannotSettle as error:
        return await _page(request, translator_of(request).sentence(str(error)), words)
    raise web.HTTPSeeOther("/supervisor")
