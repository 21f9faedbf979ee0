"""`/segments`: who keeps the data of each segment true, and which of them need it (R12)."""

from datetime import datetime
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import Connection

from dialer.customers import keepers
from dialer.customers.corrections import correct
from dialer.customers.keepers import COUNTED, Counts, NoSuchSegment, Segment
from dialer.customers.members import WANTED
from dialer.customers.tables import customers
from dialer.storage.feed import emit
from web.auth.guard import current_user, requires
from web.auth.queries import User, all_accounts
from web.auth.rules import Role
from web.customers import words
from web.panel import PANEL, Panel
from web.render import render, render_form, translator_of
from web.rights.words import SEGMENT_READ

PAGE_SIZE = 50
_LONGEST_VALUE = 200
SETTERS = (Role.SUPERVISOR, Role.ADMIN)


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [
        web.get("/segments", page),
        web.post("/segments", set_keeper),
        web.get("/segments/stale", stale_page),
        web.post("/segments/stale", confirm),
        web.post("/customers/{customer}/correct", mend),
    ]


def may_keep(conn: Connection, user: User, customer_ids: tuple[str, ...]) -> bool:
    """Whether this user may say that these records' data are true."""
    return bool(user.roles.intersection(SETTERS)) or keepers.keeps(conn, user.login, customer_ids)


@requires()
async def page(request: web.Request) -> web.StreamResponse:
    """The segments with how much of them needs its keeper; a keeper sees his own."""
    return await _page(request, "")


async def _page(request: web.Request, problem: str) -> web.Response:
    panel, user = request.app[PANEL], current_user(request)
    sets, now = bool(user.roles.intersection(SETTERS)), panel.clock()

    def read(conn: Connection) -> tuple[list[tuple[Segment, Counts]], list[tuple[str, str]]]:
        found = keepers.segments(conn, None if sets else user.login)
        users = [(one.login, one.name) for one in all_accounts(conn) if one.active] if sets else []
        return [(one, keepers.counts(conn, one, now)) for one in found], users

    rows, users = await panel.database.read(read)
    return render_form(
        request,
        "customers/segments.html",
        rows=rows,
        users=users,
        names=dict(users) | {user.login: user.name},
        sets=sets,
        counted=COUNTED,
        wanted=WANTED,
        fields=words.FIELD,
        link=link,
        problem=problem,
    )


@requires(*SETTERS)
async def set_keeper(request: web.Request) -> web.StreamResponse:
    """Name the keeper of a segment, when its data are stale, and what is wanted."""
    panel, by, now = request.app[PANEL], current_user(request).login, request.app[PANEL].clock()
    form = await request.post()
    name, keeper, days = (str(form.get(key, "")).strip() for key in ("name", "keeper", "stale_days"))
    wanted = [str(value) for value in form.getall("wanted", [])]

    def work(conn: Connection) -> None:
        known = {one.login for one in all_accounts(conn) if one.active}
        if keeper and keeper not in known:
            raise ValueError(f"there is no user {keeper!r}")
        keepers.set_keeper(conn, name, keeper, int(days), wanted, by, now)

    try:
        await panel.database.write(work)
    except NoSuchSegment as error:
        raise web.HTTPNotFound from error
    except ValueError:
        return await _page(request, translator_of(request)(words.NO_KEEPER))
    raise web.HTTPSeeOther("/segments")


@requires()
async def stale_page(request: web.Request) -> web.StreamResponse:
    """The customers of a segment whose data are stale or lack what is wanted, the oldest first."""
    panel, user = request.app[PANEL], current_user(request)
    now, after = panel.clock(), _after(request.query.get("after", ""))
    found = await _segment(request, request.query.get("name", ""))

    def work(conn: Connection) -> tuple[list[keepers.StaleRow], Counts]:
        told = {"user": user.id, "login": user.login}
        emit(conn, SEGMENT_READ, found.name, now, told)
        return keepers.stale(conn, found, now, PAGE_SIZE + 1, after), keepers.counts(conn, found, now)

    rows, counts = await panel.database.write(work)
    more = len(rows) > PAGE_SIZE
    last = rows[PAGE_SIZE - 1] if more else None
    return render(
        request,
        "customers/stale.html",
        segment=found,
        rows=rows[:PAGE_SIZE],
        counts=counts,
        counted=COUNTED,
        stale_before=found.stale_before(now),
        fields=words.FIELD,
        link=link,
        begun=after is not None,
        here=request.query.get("after", ""),
        further=link(found.name, f"{last.confirmed_at.isoformat()} {last.id}") if last else "",
    )


@requires()
async def confirm(request: web.Request) -> web.StreamResponse:
    """The keeper says that a customer's data are true, from the list or from the customer's page."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    form = {name: str(value) for name, value in (await request.post()).items()}
    customer_id = form.get("customer", "")

    def work(conn: Connection) -> None:
        if not may_keep(conn, user, (customer_id,)):
            raise web.HTTPForbidden
        keepers.confirm(conn, customer_id, user.login, now)

    try:
        await panel.database.write(work)
    except LookupError as error:
        raise web.HTTPNotFound from error
    name = form.get("name", "")
    raise web.HTTPSeeOther(link(name, form.get("after", "")) if name else f"/customers/{customer_id}")


@requires()
async def mend(request: web.Request) -> web.StreamResponse:
    """The keeper fills in or corrects a field of a customer (C1)."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    form = {name: str(value) for name, value in (await request.post()).items()}
    customer_id, field, value = request.match_info["customer"], form.get("field", ""), form.get("value", "")
    if field not in words.MENDED:
        raise web.HTTPBadRequest

    def work(conn: Connection) -> None:
        if not may_keep(conn, user, (customer_id,)):
            raise web.HTTPForbidden
        correct(conn, customer_id, field, fitting(field, value), user.login, "panel", now)

    wrong = ""
    try:
        await panel.database.write(work)
    except LookupError as error:
        raise web.HTTPNotFound from error
    except ValueError:
        wrong = "?wrong=1#missing"
    raise web.HTTPSeeOther(f"/customers/{customer_id}{wrong}")


def fitting(field: str, value: str) -> str:
    """What was typed, as it can be kept.

    Raises:
        ValueError: it is empty or too long.
    """
    kept = " ".join(value.split())
    longest = getattr(customers.c[field].type, "length", None) if field in customers.c else None
    if not kept or len(kept) > (longest or _LONGEST_VALUE):
        raise ValueError(f"{field} is empty or too long")
    return kept.replace("，", ",") if field == "segments" else kept


def link(name: str, after: str = "") -> str:
    """The address of a segment's list."""
    return f"/segments/stale?{urlencode({'name': name} | ({'after': after} if after else {}))}"


async def _segment(request: web.Request, name: str) -> Segment:
    panel, user = request.app[PANEL], current_user(request)
    found = await panel.database.read(lambda conn: keepers.segment(conn, name))
    if found is None:
        raise web.HTTPNotFound
    if not user.roles.intersection(SETTERS) and found.keeper != user.login:
        raise web.HTTPForbidden
    return found


def _after(text: str) -> tuple[datetime, str] | None:
    """Where the page before ended; the beginning where that is nothing that a link of ours says."""
    at, _, customer_id = text.partition(" ")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (moment, customer_id[:26]) if moment.tzinfo is not None and customer_id else None
