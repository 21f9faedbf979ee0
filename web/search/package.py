"""`/packages`: the examiner's packages, asked for in one press, made apart from the page (Q7)."""

from contextlib import suppress

from aiohttp import web
from sqlalchemy import Connection

from dialer.calling.queries import attempt
from dialer.machine import IllegalMove
from dialer.storage.feed import latest_id
from qa.examiner import orders, queries
from qa.examiner.queries import Package, Wanted
from qa.examiner.service import NothingToPack
from qa.examiner.states import PackageEvent, PackageState
from qa.reviews.queries import blind_reviews
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.i18n import N_
from web.panel import PANEL, Panel
from web.render import render_form, translator_of
from web.search import words

READERS = (Role.QA, Role.SUPERVISOR, Role.AUDITOR)
_SHOWN = 30
_LONGEST = 100
# A package tells all verdicts of its calls (S4).
_BLIND = N_("You have yet to judge a call of this package by yourself: submit your review first.")
_MOVES = {"stop": PackageEvent.STOP, "again": PackageEvent.AGAIN}


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [
        web.get("/packages", page),
        web.get("/packages/part", part),
        web.post("/packages", ask),
        web.post("/packages/{package}/{step:stop|again}", move),
        web.get("/packages/{package}/file", fetch),
        web.post("/qa/calls/{attempt}/package", ask_of_call),
    ]


@requires(*READERS)
async def page(request: web.Request) -> web.StreamResponse:
    """The latest packages, and a field for the number of a policy or order."""
    return await _show(request, "packages/page.html")


@requires(*READERS)
async def part(request: web.Request) -> web.StreamResponse:
    """The list alone."""
    return await _show(request, "packages/list.html")


@requires(*READERS)
async def ask(request: web.Request) -> web.StreamResponse:
    """Order the package of a policy or an order."""
    policy = str((await request.post()).get("policy", "")).strip()[:_LONGEST]
    if not policy:
        raise web.HTTPSeeOther("/packages")
    return await _ask(request, Wanted(policy=policy))


@requires(*READERS)
async def ask_of_call(request: web.Request) -> web.StreamResponse:
    """Order the package of a call's follow-up."""
    key = request.match_info["attempt"]
    call = await request.app[PANEL].database.read(lambda conn: attempt(conn, key))
    if call is None:
        raise web.HTTPNotFound
    return await _ask(request, Wanted(follow_up_id=call.follow_up_id))


@requires(*READERS)
async def move(request: web.Request) -> web.StreamResponse:
    """Stop it, or order it anew."""
    panel, event = request.app[PANEL], _MOVES[request.match_info["step"]]
    package, now = await _package(request), panel.clock()
    with suppress(IllegalMove):  # it is over, or somebody was quicker; the page shows how it stands
        await panel.database.write(lambda conn: orders.move(conn, package, event, now))
    raise web.HTTPSeeOther("/packages")


@requires(*READERS)
async def fetch(request: web.Request) -> web.StreamResponse:
    """The file; who takes it along is in the audit trail before the first byte goes (X1)."""
    panel, package = request.app[PANEL], await _package(request)
    file = panel.packages / package.file_name
    if package.state is not PackageState.READY or not file.is_file():
        raise web.HTTPNotFound
    login, now = current_user(request).login, panel.clock()
    if await panel.database.read(lambda conn: _is_blind(conn, package.wanted, login)):
        return await _refuse(request, translator_of(request)(_BLIND))
    await panel.database.write(lambda conn: orders.note_fetched(conn, package, login, now))
    name = f'attachment; filename="examiner-{package.follow_up_id or package.id}.zip"'
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": name,
        "Cache-Control": "private, no-store",
    }
    return web.FileResponse(file, headers=headers)


async def _ask(request: web.Request, wanted: Wanted) -> web.StreamResponse:
    panel, text = request.app[PANEL], translator_of(request)
    by, now = current_user(request).login, panel.clock()
    if await panel.database.read(lambda conn: _is_blind(conn, wanted, by)):
        return await _refuse(request, text(_BLIND), wanted.policy)
    try:
        made = await panel.database.write(lambda conn: orders.ask(conn, wanted, by, now))
    except NothingToPack as error:
        return await _refuse(request, text.sentence(str(error)), wanted.policy)
    raise web.HTTPSeeOther(f"/packages#{made}")


async def _refuse(request: web.Request, problem: str, policy: str = "") -> web.Response:
    return await _show(request, "packages/page.html", problem, policy)


def _is_blind(conn: Connection, wanted: Wanted, login: str) -> bool:
    """Whether a call of this package has yet to be judged by this user, who must not see the verdicts."""
    blind = [call for one in blind_reviews(conn, login) if (call := attempt(conn, one)) is not None]
    if not blind:
        return False
    owed = {
        follow_up["id"]
        for occasion in queries.issued(conn, wanted, ())
        for follow_up in queries.follow_ups_of(conn, occasion["id"], "")
    }
    return any(call.follow_up_id in owed for call in blind)


async def _package(request: web.Request) -> Package:
    key = request.match_info["package"]
    found = await request.app[PANEL].database.read(lambda conn: queries.package_of(conn, key))
    if found is None:
        raise web.HTTPNotFound
    return found


async def _show(request: web.Request, template: str, problem: str = "", policy: str = "") -> web.Response:
    def read(conn: Connection) -> tuple[list[Package], dict[str, str], int]:
        found = queries.latest_packages(conn, _SHOWN)
        return found, queries.names_of(conn, [one.follow_up_id for one in found]), latest_id(conn)

    packages, names, position = await request.app[PANEL].database.read(read)
    return render_form(
        request,
        template,
        packages=packages,
        names=names,
        problem=problem,
        policy=policy,
        under_way=any(one.state in orders.UNDER_WAY for one in packages),
        words=words,
        sentence=translator_of(request).sentence,
        feed_position=position,
    )
