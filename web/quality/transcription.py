"""`/qa/transcription`: what waits, until when, what was set aside, and the buttons for it (Q1)."""

from collections.abc import Callable, Mapping
from functools import partial

from aiohttp import web
from sqlalchemy import Connection

from dialer.machine import IllegalMove
from dialer.storage.feed import latest_id
from qa.transcripts import queries, rules, service
from qa.transcripts.rules import Urgency
from qa.transcripts.states import Failure
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.i18n import N_
from web.panel import PANEL, Panel
from web.quality.transcription_queries import lines
from web.render import render, translator_of

READERS = (Role.QA, Role.SUPERVISOR, Role.ADMIN)

URGENCY: Mapping[str, str] = {
    Urgency.ASKED: N_("asked for"),
    Urgency.COMPLAINT: N_("complaint"),
    Urgency.ALARM: N_("alarm"),
    Urgency.SHORT_TALK: N_("short talk"),
}
FAILURE: Mapping[str, str] = {
    Failure.UNREADABLE: N_("The file is no sound recording"),
    Failure.CRASHED: N_("It ends the program that decodes it"),
    Failure.HUNG: N_("Its decoding does not come to an end"),
    Failure.OTHER: N_("Another error"),
}


def routes() -> list[web.RouteDef]:
    """The routes of this file."""
    return [
        web.get("/qa/transcription", page),
        web.get("/qa/transcription/part", part),
        web.post("/qa/transcription/again", again_all),
        web.post("/qa/transcription/{attempt}/again", again),
        web.post("/qa/transcription/{attempt}/first", first),
        web.post("/qa/transcription/{attempt}/legs", settle_legs),
    ]


@requires(*READERS)
async def page(request: web.Request) -> web.StreamResponse:
    """The queue with its forecast."""
    return await _show(request, "quality/transcription/page.html")


@requires(*READERS)
async def part(request: web.Request) -> web.StreamResponse:
    """The same, without the page around it."""
    return await _show(request, "quality/transcription/lists.html")


@requires(*READERS)
async def again(request: web.Request) -> web.StreamResponse:
    """One that was set aside, or is done, with all tries and before all others."""
    return await _do(request, partial(service.again, attempt_id=request.match_info["attempt"]))


@requires(*READERS)
async def again_all(request: web.Request) -> web.StreamResponse:
    """Everything that was set aside."""
    return await _do(request, service.again_all_failed)


@requires(*READERS)
async def first(request: web.Request) -> web.StreamResponse:
    """Before all others."""
    return await _do(request, partial(service.first, attempt_id=request.match_info["attempt"]))


@requires(*READERS)
async def settle_legs(request: web.Request) -> web.StreamResponse:
    """Somebody listened: the channels are exchanged, or they are right."""
    answer = (await request.post()).get("answer")
    if answer not in ("exchanged", "right"):
        raise web.HTTPBadRequest
    settle = partial(service.settle_swap, attempt_id=request.match_info["attempt"])
    return await _do(request, partial(settle, swapped=answer == "exchanged"))


async def _do(request: web.Request, work: Callable[..., object]) -> web.StreamResponse:
    panel, login = request.app[PANEL], current_user(request).login
    now = panel.clock()

    def write(conn: Connection) -> None:
        work(conn, now=now, by=login)

    try:
        await panel.database.write(write)
    except service.NoTranscript as error:
        raise web.HTTPNotFound from error
    except IllegalMove:
        pass  # somebody was quicker; the page shows how it stands
    raise web.HTTPSeeOther("/qa/transcription")


async def _show(request: web.Request, template: str) -> web.Response:
    panel = request.app[PANEL]
    now = panel.clock()
    shown = await panel.database.read(
        lambda conn: (
            lines(conn, now),
            queries.count_by_state(conn),
            queries.load(conn),
            queries.measured_factor(conn),
            latest_id(conn),
        )
    )
    found, counts, load, factor, position = shown
    workers = panel.transcribed_at_once()
    hours = _hours(panel)
    return render(
        request,
        template,
        lines=found,
        counts=counts,
        load=load,
        workers=workers,
        hours=hours,
        at_work=rules.least_priority(now, hours, panel.settings.zone) is rules.Priority.BACKLOG,
        forecast=rules.forecast(load, factor, workers, hours, panel.settings.zone, now),
        urgencies=URGENCY,
        failures=FAILURE,
        sentence=translator_of(request).sentence,
        feed_position=position,
    )


def _hours(panel: Panel) -> rules.Hours | None:
    return panel.transcription.hours if panel.transcription else None
