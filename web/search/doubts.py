"""`/doubts`: follow-ups that may be false, with their reasons; a person decides."""

from collections.abc import Collection

from aiohttp import web
from sqlalchemy import Connection

from dialer.machine import IllegalMove
from dialer.playbooks.library import Library
from qa.falsity import queries, service
from qa.falsity.states import DoubtEvent, DoubtState
from qa.reviews.queries import blind_reviews
from web.auth.guard import current_user, requires
from web.panel import PANEL, Panel
from web.render import language_of, render_form, translator_of
from web.search import words

PAGE_SIZE = 30
_MOVES = {"clear": DoubtEvent.CLEAR, "confirm": DoubtEvent.CONFIRM, "reopen": DoubtEvent.REOPEN}


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [web.get("/doubts", page), web.post("/doubts/{attempt}", decide)]


@requires("qa", "supervisor")
async def page(request: web.Request) -> web.StreamResponse:
    """Those in one state, the most doubtful first."""
    return await _page(request, "", request.query.get("state", ""))


async def _page(request: web.Request, problem: str, state: str) -> web.Response:
    panel, number = request.app[PANEL], request.query.get("page", "1")
    at = int(number) if number.isascii() and number.isdigit() and 0 < int(number) < 10_000 else 1
    state = state if state in words.DOUBT_STATE else DoubtState.SUSPECTED
    login, offset = current_user(request).login, (at - 1) * PAGE_SIZE

    def read(conn: Connection) -> tuple[list[queries.ListRow], Collection[str]]:
        hidden = blind_reviews(conn, login)
        return queries.listed(conn, [state], hidden=hidden, limit=PAGE_SIZE + 1, offset=offset), hidden

    rows, hidden = await panel.database.read(read)
    return render_form(
        request,
        "search/doubts.html",
        rows=rows[:PAGE_SIZE],
        more=len(rows) > PAGE_SIZE,
        hidden=hidden,
        page=at,
        state=state,
        problem=problem,
        asks=_asks(panel.library, language_of(request)),
        playbooks={one.id: one.name for one in panel.library},
        words=words,
        lang=language_of(request),
    )


@requires("qa", "supervisor")
async def decide(request: web.Request) -> web.StreamResponse:
    """A person clears or confirms, with a note."""
    panel, user = request.app[PANEL], current_user(request)
    form = {name: str(value) for name, value in (await request.post()).items()}
    event = _MOVES.get(form.get("decision", ""))
    attempt_id, now = request.match_info["attempt"], panel.clock()
    if event is None:
        raise web.HTTPBadRequest
    note, state = form.get("note", ""), form.get("state", "")

    def work(conn: Connection) -> None:
        service.decide(conn, attempt_id, event, note, user.login, now)

    text = translator_of(request)
    try:
        await panel.database.write(work)
    except service.CannotDecide as error:
        return await _page(request, text(str(error)), state)
    except IllegalMove:
        return await _page(request, text("Somebody else decided before you: load the page again."), state)
    raise web.HTTPSeeOther(f"/doubts?state={state}" if state in words.DOUBT_STATE else "/doubts")


def _asks(library: Library, language: str) -> dict[tuple[str, str], str]:
    return {
        (playbook.id, question.id): question.ask.in_(language)
        for playbook in library
        for question in playbook.questionnaire
    }
