"""The agent's page and what it can do."""

from datetime import datetime, timedelta

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from dialer.agents import service as agents
from dialer.agents.states import PauseReason
from dialer.calling.idle import IdleReason
from dialer.forms.rules import Satisfaction
from web.agent import calls, results, tasks
from web.agent.calls import agent_id_of, read_body
from web.agent.view import View, call_data, load
from web.agent.words import (
    AFTERWARDS,
    FACT,
    IDLE,
    PAUSES,
    PHASE,
    PLACE,
    SCRIPT_TEXTS,
    STAFF,
    SYSTEM_PAUSE,
)
from web.auth.guard import requires
from web.labels import AGENT_STATE, DISPOSITION, OUTCOME, PAUSE_REASON, SATISFACTION
from web.panel import PANEL, Panel
from web.render import language_of, render, translator_of


class StateBody(BaseModel):
    """What the agent wants to be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: str
    reason: PauseReason | None = None


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return [
        web.get("/agent", page),
        web.get("/agent/view", view),
        web.post("/agent/state", change_state),
        *calls.routes(),
        *tasks.routes(),
    ]


@requires("agent")
async def page(request: web.Request) -> web.StreamResponse:
    """The whole page (R1)."""
    return await _show(request, "agent/page.html")


@requires("agent")
async def view(request: web.Request) -> web.StreamResponse:
    """What changes on the page."""
    return await _show(request, "agent/view.html")


@requires("agent")
async def change_state(request: web.Request) -> web.StreamResponse:
    """Ready, paused, signed in or out (D5)."""
    panel, agent_id, now = request.app[PANEL], agent_id_of(request), request.app[PANEL].clock()
    body = await read_body(request, StateBody)
    match body:
        case StateBody(action="sign_in"):
            await panel.database.write(lambda conn: agents.sign_in(conn, agent_id, now))
        case StateBody(action="ready"):
            await panel.database.write(lambda conn: agents.ready(conn, agent_id, now), urgent=True)
        case StateBody(action="sign_out"):
            await panel.database.write(lambda conn: agents.sign_out(conn, agent_id, now))
        case StateBody(action="pause", reason=reason) if reason in PAUSES:
            await panel.database.write(lambda conn: agents.pause(conn, agent_id, reason, now))
        case _:
            raise web.HTTPBadRequest
    return web.Response(status=204)


async def _show(request: web.Request, template: str) -> web.Response:
    panel, language, now = request.app[PANEL], language_of(request), request.app[PANEL].clock()
    agent_id = agent_id_of(request)
    shown = await panel.database.read(lambda conn: load(conn, panel, agent_id, language, now))
    if shown is None:
        raise web.HTTPForbidden
    return render(request, template, **_context(request, shown, now))


def _context(request: web.Request, shown: View, now: datetime) -> dict[str, object]:
    panel, language, _ = request.app[PANEL], language_of(request), translator_of(request)
    title, advice = IDLE[shown.idle.reason]
    reason = shown.session.reason if shown.session else None
    if reason is not None and reason in SYSTEM_PAUSE and shown.idle.reason is IdleReason.PAUSED:
        title, advice = SYSTEM_PAUSE[reason]
    filled = {"extension": shown.agent.extension, "n": shown.idle.due_in_all}
    zone = panel.settings.zone
    return {
        "view": shown,
        "call": shown.call,
        "why": _(title, **filled),
        "advice": _(advice, **filled),
        "data": {
            "owner": shown.agent.id,
            "words": {name: _(text) for name, text in SCRIPT_TEXTS.items()},
            "call": call_data(shown.call, language, zone) if shown.call else None,
        },
        # Up to the end of that day: midnight itself would name the next one.
        "deadline": shown.call.sheet.limit_at - timedelta(minutes=1) if shown.call else None,
        "site_now": f"{now.astimezone(zone):%Y-%m-%dT%H:%M}",
        "feed_position": shown.position,
        "pauses": PAUSES,
        "phases": PHASE,
        "afterwards": AFTERWARDS,
        "staff_names": STAFF,
        "state_names": AGENT_STATE,
        "pause_names": PAUSE_REASON,
        "outcome_names": OUTCOME,
        "dispositions": results.choices(),
        "disposition_names": DISPOSITION,
        "satisfactions": list(Satisfaction),
        "satisfaction_names": SATISFACTION,
        "fact_names": FACT,
        "place_names": PLACE,
    }
