"""What a supervisor does on the plan: release, plan again, assign, undo, leave, shifts, targets (L6, V2)."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import TypeVar
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import Connection

from dialer.assigning import service as assigning
from dialer.assigning.queries import open_of_agent, open_of_day
from dialer.assigning.rules import Move
from dialer.assigning.service import CannotAssign
from dialer.daily.queries import past
from dialer.daily.service import BadHandOver, make_hand_over
from dialer.planning.morning.run import plan_day, release_all
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.i18n import N_
from web.panel import PANEL, Panel
from web.plan import queries, view
from web.plan.pages import day_of, show
from web.plan.words import TARGET
from web.render import translator_of

T = TypeVar("T")
Act = Callable[[web.Request, "Form"], Awaitable[str]]

_MOST = 2000
_NOTHING_CHOSEN = N_("nothing is chosen: choose agents, or how many")
_NO_DATE = N_("a date or time is missing or is none: enter it as the field shows")


class Form:
    """The fields of a form that was sent."""

    def __init__(self, fields: dict[str, str]) -> None:
        self._fields = fields

    def value(self, name: str) -> str:
        """The field's text, "" where it is missing."""
        return self._fields.get(name, "").strip()

    def number(self, name: str) -> int:
        """The field's number, 0 where it is none."""
        text = self.value(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0

    def day(self, name: str) -> date:
        """The field's date.

        Raises:
            CannotAssign: it is none.
        """
        try:
            return datetime.strptime(self.value(name), "%Y-%m-%d").date()
        except ValueError as error:
            raise CannotAssign(_NO_DATE) from error


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    acts: dict[str, Act] = {
        "release": _release,
        "again": _again,
        "assign": _assign,
        "reassign": _reassign,
        "undo": _undo,
        "leaves": _leave,
        "leaves/end": _end_leave,
        "shifts": _shift,
        "targets": _targets,
        "handover": _hand_over,
    }
    return [
        web.get("/plan/reassign", preview),
        *(web.post(f"/plan/{name}", _act(act)) for name, act in acts.items()),
    ]


def _act(act: Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A form's handler: back to the page when it is done, the page with a sentence when it cannot be."""

    @requires(Role.SUPERVISOR, Role.ADMIN)
    async def handler(request: web.Request) -> web.StreamResponse:
        sent = await request.post()
        form = Form({name: value for name, value in sent.items() if isinstance(value, str)})
        try:
            where = await act(request, form)
        except (CannotAssign, BadHandOver) as error:
            return await show(request, translator_of(request)(str(error)))
        raise web.HTTPSeeOther(where)

    return handler


@requires(Role.SUPERVISOR, Role.ADMIN)
async def preview(request: web.Request) -> web.StreamResponse:
    """What giving work from one agent to another would move; nothing is moved yet."""
    form = Form(dict(request.query))
    panel, day = request.app[PANEL], day_of(request)
    try:
        moves = await panel.database.read(lambda conn: _chosen(conn, panel, day, form))
        if not moves:
            raise CannotAssign(_NOTHING_CHOSEN)
    except CannotAssign as error:
        return await show(request, translator_of(request)(str(error)))
    ids = [move.follow_up_id for move in moves]
    rows = await panel.database.read(lambda conn: queries.rows_by_id(conn, ids, _MOST))
    asked = {name: form.value(name) for name in ("from", "to", "playbook", "count")}
    return await show(request, preview={"rows": rows, "asked": asked})


def _chosen(conn: Connection, panel: Panel, day: date, form: Form) -> list[Move]:
    """The follow-ups that a form names: whose, of which playbook, how many, those with the latest limits."""
    if form.value("from") == "nobody":
        tonight = view.end_of(day, panel.settings.zone)
        rows = [row for row in open_of_day(conn, day, tonight) if row.owner_id is None]
    else:
        rows = open_of_agent(conn, form.value("from"))
    wanted = form.value("playbook")
    chosen = [row.id for row in rows if wanted in ("", row.playbook)]
    count = form.number("count")
    chosen = chosen[-count:] if count else chosen
    return assigning.plan_reassign(conn, panel.library, chosen[:_MOST], form.value("to"))


async def _release(request: web.Request, _form: Form) -> str:
    panel, by = request.app[PANEL], current_user(request).login
    return _done(request, moved=await release_all(panel.database, day_of(request), by, panel.clock))


async def _again(request: web.Request, form: Form) -> str:
    """Plans today; what is planned is then assigned."""
    panel, by = request.app[PANEL], current_user(request).login
    await plan_day(
        panel.database, panel.library, panel.planning, panel.settings.zone, panel.clock, kind="again", by=by
    )
    return await _assign(request, form)


async def _assign(request: web.Request, _form: Form) -> str:
    panel, day, by = request.app[PANEL], day_of(request), current_user(request).login
    now, zone = panel.clock(), panel.settings.zone

    def work(conn: Connection) -> int:
        return assigning.assign_day(conn, panel.library, day, zone, by, now, past(conn, now)).moved

    return _done(request, moved=await _write(request, work))


async def _reassign(request: web.Request, form: Form) -> str:
    panel, day, by = request.app[PANEL], day_of(request), current_user(request).login
    now = panel.clock()

    def work(conn: Connection) -> int:
        moves = _chosen(conn, panel, day, form)
        assigning.move_all(conn, moves, by, now)
        return len(moves)

    return _done(request, moved=await _write(request, work))


async def _undo(request: web.Request, form: Form) -> str:
    by, now = current_user(request).login, request.app[PANEL].clock()
    back = await _write(request, lambda conn: assigning.undo(conn, form.value("batch"), by, now))
    return _done(request, moved=back[0])


async def _leave(request: web.Request, form: Form) -> str:
    by, now = current_user(request).login, request.app[PANEL].clock()
    first = form.day("first_day")
    last = form.day("last_day") if form.value("last_day") else first
    await _write(
        request,
        lambda conn: assigning.add_leave(
            conn,
            agent_id=form.value("agent"),
            first_day=first,
            last_day=last,
            stand_in_id=form.value("stand_in") or None,
            reason=form.value("reason")[:100],
            by=by,
            now=now,
        ),
    )
    return await _assign(request, form)


async def _end_leave(request: web.Request, form: Form) -> str:
    by, now = current_user(request).login, request.app[PANEL].clock()
    await _write(request, lambda conn: assigning.end_leave(conn, form.value("leave"), by, now))
    return _done(request)


async def _shift(request: web.Request, form: Form) -> str:
    day, by = day_of(request), current_user(request).login
    now = request.app[PANEL].clock()
    starts, ends = form.value("starts"), form.value("ends")
    hours = (starts, ends) if starts and ends else None
    await _write(request, lambda conn: assigning.set_shift(conn, form.value("agent"), day, hours, by, now))
    return _done(request)


async def _targets(request: web.Request, form: Form) -> str:
    by, now = current_user(request).login, request.app[PANEL].clock()
    targets = {name: form.number(name) for name in TARGET if form.number(name)}
    await _write(request, lambda conn: assigning.set_targets(conn, form.value("agent"), targets, by, now))
    return _done(request)


async def _hand_over(request: web.Request, form: Form) -> str:
    by, now = current_user(request).login, request.app[PANEL].clock()
    note = await _write(
        request,
        lambda conn: make_hand_over(
            conn, from_id=form.value("from"), to_id=form.value("to"), note=form.value("note"), by=by, now=now
        ),
    )
    return f"/handover/{note}"


async def _write(request: web.Request, work: Callable[[Connection], T]) -> T:
    return await request.app[PANEL].database.write(work)


def _done(request: web.Request, **told: object) -> str:
    query = {"day": day_of(request).isoformat(), **{name: str(value) for name, value in told.items()}}
    return f"/plan?{urlencode(query)}"
