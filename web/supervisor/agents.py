"""What a supervisor does with an agent, and what each agent's day was made of (V2, F7)."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy import Connection

from dialer.agents import service as agents
from dialer.agents.attendance import Attendance, attendance, open_stretch
from dialer.agents.queries import Agent, Stretch, agent, all_agents, history, session, sessions
from dialer.agents.states import AgentEvent, AgentState, PauseReason
from dialer.calling.watchdog import Finding
from dialer.importing.errors import inert
from dialer.storage.feed import emit
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.days import typed_day
from web.i18n import N_, Translator
from web.labels import AGENT_STATE, PAUSE_REASON
from web.panel import PANEL, Panel
from web.render import duration, render, translator_of

READERS = (Role.SUPERVISOR, Role.ADMIN)
# Event rows of the use of a right.
PAUSED, SENT_HOME, EXPORTED = "agent.paused", "agent.signed_out", "attendance.exported"

# Why a state ended, where it was neither the call nor the agent.
WHY: Mapping[str, str] = {
    Finding.NO_ATTEMPT: N_("Let go: there was no call to it"),
    Finding.ATTEMPT_ENDED: N_("Let go: the call was over"),
    Finding.TALK_ENDED: N_("The talk was over: on to the form"),
    Finding.NOT_RUNG: N_("Let go: the phone never rang"),
    Finding.RUNG_TOO_LONG: N_("Let go: the phone rang longer than it can"),
    Finding.DIALLED_TOO_LONG: N_("Let go: the dialling took longer than it can"),
    Finding.IN_DOUBT_TOO_LONG: N_("Let go: the call was in doubt for too long"),
    Finding.FORM_OWED: N_("A talk was proven later: its form is owed"),
    Finding.PHONE_GONE: N_("The phone could not be reached"),
    Finding.PHONE_BACK: N_("The phone was back"),
    Finding.SHIFT_OVER: N_("The shift was over"),
    "logged_out": N_("Logged out of the panel"),
}
ENDED_BY: Mapping[str, str] = {
    AgentEvent.AGENT_FAILED: N_("The agent's phone failed"),
    AgentEvent.NOT_REACHED: N_("The customer was not reached"),
    AgentEvent.CALL_ENDED: N_("The call ended"),
    AgentEvent.SIGN_OUT: N_("Signed out"),
}


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [
        web.post("/supervisor/agents/{id}", act),
        web.get("/supervisor/attendance", day_page),
        web.get("/supervisor/attendance.csv", day_file),
        web.get("/supervisor/attendance/{id}", agent_page),
    ]


@requires(Role.SUPERVISOR)
async def act(request: web.Request) -> web.StreamResponse:
    """Pause an agent, or end his work; in a call it is done after it (V2)."""
    panel, agent_id, by = request.app[PANEL], request.match_info["id"], current_user(request).login
    action, now = str((await request.post()).get("action", "")), request.app[PANEL].clock()

    def change(conn: Connection) -> None:
        current = session(conn, agent_id)
        if current is None or current.state is AgentState.OFFLINE:
            return
        if action == "sign_out" and current.state in (AgentState.READY, AgentState.PAUSED):
            agents.sign_out(conn, agent_id, now, why=by)
        else:
            agents.pause(conn, agent_id, PauseReason.BY_SUPERVISOR, now, why=by)
        kind = SENT_HOME if action == "sign_out" else PAUSED
        emit(conn, kind, agent_id, now, {"by": by, "agent": agent_id})

    if action not in ("pause", "sign_out"):
        raise web.HTTPBadRequest
    await panel.database.write(change)
    raise web.HTTPSeeOther("/supervisor")


@requires(*READERS)
async def day_page(request: web.Request) -> web.StreamResponse:
    """Every agent's day: times by state and reason (F7)."""
    day, people, found = await _read(request)
    days = [(one, found[one.id]) for one in people if one.id in found]
    return render(
        request,
        "supervisor/attendance.html",
        days=days,
        state_names=AGENT_STATE,
        pause_names=PAUSE_REASON,
        **_frame(request, day),
    )


@requires(*READERS)
async def agent_page(request: web.Request) -> web.StreamResponse:
    """One agent's day, state by state, and what ended each (F7)."""
    panel, agent_id = request.app[PANEL], request.match_info["id"]
    day, begin, end = _day(request)
    who, rows = await panel.database.read(
        lambda conn: (agent(conn, agent_id), _stretches(conn, begin, end, panel.clock(), agent_id))
    )
    if who is None:
        raise web.HTTPNotFound
    return render(
        request,
        "supervisor/attendance_agent.html",
        who=who,
        rows=rows,
        summary=attendance(rows, begin, end).get(agent_id),
        state_names=AGENT_STATE,
        pause_names=PAUSE_REASON,
        why=WHY,
        ended_by=ENDED_BY,
        **_frame(request, day),
    )


@requires(*READERS)
async def day_file(request: web.Request) -> web.StreamResponse:
    """The day as a table for a spreadsheet; who fetched it is kept (X1, X2)."""
    panel, text, now = request.app[PANEL], translator_of(request), request.app[PANEL].clock()
    day, people, found = await _read(request)
    told = {"login": current_user(request).login, "rows": len(found)}
    await panel.database.write(lambda conn: emit(conn, EXPORTED, day.isoformat(), now, told))
    sheet = io.StringIO()
    days = [(one, found[one.id]) for one in people if one.id in found]
    csv.writer(sheet).writerows(
        [inert(str(cell)) for cell in row] for row in _table(days, text, panel.settings.zone)
    )
    name = f"attendance-{day.isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    # With a byte order mark, by which spreadsheets know the encoding.
    body = sheet.getvalue().encode("utf-8-sig")
    return web.Response(body=body, content_type="text/csv", charset="utf-8", headers=headers)


def _table(
    days: Iterable[tuple[Agent, Attendance]], text: Translator, zone: ZoneInfo
) -> Iterable[list[str | int]]:
    def clock(at: datetime | None) -> str:
        return "" if at is None else f"{at.astimezone(zone):%H:%M:%S}"

    states = [state for state in AGENT_STATE if state != AgentState.OFFLINE]
    yield [
        text(N_("Agent's number")),
        text(N_("Agent")),
        text(N_("Branch")),
        text(N_("Begin")),
        text(N_("End")),
        text(N_("On duty (s)")),
        *(f"{text(AGENT_STATE[state])} (s)" for state in states),
        *(f"{text(AGENT_STATE[AgentState.PAUSED])}: {text(name)} (s)" for name in PAUSE_REASON.values()),
        text(N_("Not reached at the phone")),
    ]
    for who, day in days:
        yield [
            who.code,
            who.name,
            who.branch,
            clock(day.began_at),
            clock(day.ended_at),
            round(day.on_duty),
            *(round(day.by_state.get(AgentState(state), 0)) for state in states),
            *(round(day.by_reason.get(reason, 0)) for reason in PAUSE_REASON),
            day.missed,
        ]


async def _read(request: web.Request) -> tuple[date, list[Agent], Mapping[str, Attendance]]:
    panel = request.app[PANEL]
    day, begin, end = _day(request)
    people, rows = await panel.database.read(
        lambda conn: (all_agents(conn), _stretches(conn, begin, end, panel.clock()))
    )
    return day, people, attendance(rows, begin, end)


def _stretches(
    conn: Connection, begin: datetime, end: datetime, now: datetime, agent_id: str | None = None
) -> list[Stretch]:
    """What agents were doing between these times, with what they still do."""
    kept = history(conn, begin, end, agent_id)
    present = [
        open_stretch(one, now)
        for one in sessions(conn)
        if agent_id in (None, one.agent_id) and one.state is not AgentState.OFFLINE and one.since < end
    ]
    return [*kept, *present]


def _day(request: web.Request) -> tuple[date, datetime, datetime]:
    """The day that is asked for, its beginning and its end in the site's time."""
    zone = request.app[PANEL].settings.zone
    asked = request.query.get("day", "")
    try:
        day = typed_day(asked) if asked else request.app[PANEL].clock().astimezone(zone).date()
    except ValueError as error:
        raise web.HTTPNotFound from error
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    return day, begin, begin + timedelta(days=1)


def _frame(request: web.Request, day: date) -> dict[str, object]:
    zone = request.app[PANEL].settings.zone
    today = request.app[PANEL].clock().astimezone(zone).date()
    return {
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1) if day < today else None,
        "duration": duration,
        "link": lambda path, one: f"{path}?{urlencode({'day': one.isoformat()})}",
    }
