"""`/rights`: how often each right was used in a month, by whom and on what; and its signature (R12)."""

from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import Connection

from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.panel import PANEL, Panel
from web.render import render, render_form, translator_of
from web.rights import queries
from web.rights.queries import OneUse, Review, Use
from web.rights.rules import Month
from web.rights.service import CannotSign, sign
from web.rights.words import RIGHTS

PAGE_SIZE = 100
READERS = (Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR)
_LONGEST_NOTE = 500
# Where what a right was used on has a page.
_PAGES = {
    "customer": "/customers/",
    "call": "/qa/calls/",
    "recording": "/qa/calls/",
    "playbook": "/playbooks/",
}


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [
        web.get("/rights", page),
        web.post("/rights", sign_month),
        web.get("/rights/uses", uses_page),
    ]


@requires(*READERS)
async def page(request: web.Request) -> web.StreamResponse:
    """A month by user and right."""
    return await _page(request, _month(request, request.query.get("month", "")), "")


async def _page(request: web.Request, month: Month, problem: str) -> web.Response:
    panel, zone, now = request.app[PANEL], request.app[PANEL].settings.zone, request.app[PANEL].clock()

    def read(conn: Connection) -> tuple[list[Use], Review | None, dict[str, str]]:
        span = queries.within(conn, month.begins(zone), month.ends(zone))
        return queries.uses(conn, span), queries.review(conn, str(month)), queries.names(conn)

    used, review, names = await panel.database.read(read)
    by_user: dict[str, dict[str, Use]] = {}
    for one in used:
        by_user.setdefault(one.who, {})[one.kind] = one
    return render_form(
        request,
        "rights/page.html",
        month=month,
        before=month.moved(-1),
        after=month.moved(1) if month < Month.of(now, zone) else None,
        by_user=sorted(by_user.items(), key=lambda item: (not item[0], names.get(item[0], item[0]))),
        rights=RIGHTS,
        names=names,
        review=review,
        over=month.is_over(now, zone),
        may_sign=Role.SUPERVISOR in current_user(request).roles,
        link=_link,
        problem=problem,
    )


@requires(Role.SUPERVISOR)
async def sign_month(request: web.Request) -> web.StreamResponse:
    """Sign that a month was looked through."""
    panel, zone, now = request.app[PANEL], request.app[PANEL].settings.zone, request.app[PANEL].clock()
    form = {name: str(value) for name, value in (await request.post()).items()}
    month, by = _month(request, form.get("month", "")), current_user(request).login
    note = form.get("note", "").strip()[:_LONGEST_NOTE]
    try:
        await panel.database.write(lambda conn: sign(conn, month, zone, note, by, now))
    except CannotSign as error:
        return await _page(request, month, translator_of(request)(str(error)))
    raise web.HTTPSeeOther(f"/rights?month={month}")


@requires(*READERS)
async def uses_page(request: web.Request) -> web.StreamResponse:
    """When one user used one right, and on what."""
    panel, query, zone = request.app[PANEL], request.query, request.app[PANEL].settings.zone
    month, who, kind = _month(request, query.get("month", "")), query.get("who", ""), query.get("kind", "")
    if kind not in RIGHTS:
        raise web.HTTPNotFound
    told = query.get("before", "")
    before = int(told) if told.isascii() and told.isdigit() and len(told) < 19 else None

    place = _place(kind, current_user(request).roles)

    def read(conn: Connection) -> tuple[list[OneUse], dict[str, str], dict[str, str]]:
        span = queries.within(conn, month.begins(zone), month.ends(zone))
        found = queries.single_uses(conn, span, who, kind, PAGE_SIZE + 1, before)
        # An auditor, who may not open a customer's page, is not told the name either.
        named = [one.subject for one in found] if place == _PAGES["customer"] else []
        return found, queries.names(conn), queries.customer_names(conn, named) if named else {}

    rows, names, customers = await panel.database.read(read)
    more = len(rows) > PAGE_SIZE
    return render(
        request,
        "rights/uses.html",
        month=month,
        who=who,
        kind=kind,
        rows=rows[:PAGE_SIZE],
        names=names,
        rights=RIGHTS,
        place=place,
        customers=customers,
        begun=before is not None,
        link=_link,
        further=_link(month, who, kind, rows[PAGE_SIZE - 1].id) if more else "",
    )


def _month(request: web.Request, text: str) -> Month:
    panel = request.app[PANEL]
    if not text:
        return Month.of(panel.clock(), panel.settings.zone)
    try:
        return Month.parse(text)
    except ValueError as error:
        raise web.HTTPNotFound from error


def _place(kind: str, roles: frozenset[str]) -> str:
    """Where the pages are of what a right was used on; "" where there are none that an auditor may open."""
    return _PAGES.get(kind.partition(".")[0], "") if roles.intersection((Role.SUPERVISOR, Role.ADMIN)) else ""


def _link(month: Month, who: str, kind: str, before: int | None = None) -> str:
    values = {"month": str(month), "who": who, "kind": kind}
    return f"/rights/uses?{urlencode(values | ({'before': str(before)} if before else {}))}"
