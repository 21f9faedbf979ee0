"""The agent's page and what it can do."""

from datetime import datetime, timedelta
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dialer.agents import service as agents
from dialer.agents.states import PauseReason
from dialer.calling.idle import IdleReason
from dialer.forms import service as forms
from web.agent import results
from web.agent.results import NotTaken, Result
from web.agent.view import View, answer_data, call_data, load
from web.agent.words import (
    AFTERWARDS,
    IDLE,
    PAUSES,
    PHASE,
    SCRIPT_TEXTS,
    STAFF,
    SYSTEM_PAUSE,
)
from web.auth.guard import current_user, requires
from web.labels import AGENT_STATE, DISPOSITION, OUTCOME, PAUSE_REASON
from web.panel import PANEL, Panel
from web.render import language_of, render, translator_of

# An answer that waited for the network longer than this counts as given then.
_LONGEST_WAIT = timedelta(hours=12)


Body = TypeVar("Body", bound=BaseModel)


class AnswerBody(BaseModel):
    """One answer; `age_ms` tells how long ago it was given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str
    value: str
    age_ms: float = Field(default=0, ge=0)


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
        web.post("/agent/calls/{attempt}/answers", save_answer),
        web.post("/agent/calls/{attempt}/form", save_form),
        web.post("/agent/calls/{attempt}/finish", finish),
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
    panel, agent_id, now = request.app[PANEL], _agent_id(request), request.app[PANEL].clock()
    body = await _read(request, StateBody)
    match body:
        case StateBody(action="sign_in"):
            await panel.database.write(lambda conn: agents.sign_in(conn, agent_id, now))
        case StateBody(action="ready"):
            await panel.database.write(lambda conn: agents.ready(conn, agent_id, now))
        case StateBody(action="sign_out"):
            await panel.database.write(lambda conn: agents.sign_out(conn, agent_id, now))
        case StateBody(action="pause", reason=reason) if reason in PAUSES:
            await panel.database.write(lambda conn: agents.pause(conn, agent_id, reason, now))
        case _:
            raise web.HTTPBadRequest
    return web.Response(status=204)


@requires("agent")
async def save_answer(request: web.Request) -> web.StreamResponse:
    """Store one answer at once, with the second of the call it was given at (T2)."""
    panel, agent_id, attempt_id = request.app[PANEL], _agent_id(request), request.match_info["attempt"]
    body = await _read(request, AnswerBody)
    waited = min(timedelta(milliseconds=min(body.age_ms, 1e12)), _LONGEST_WAIT)
    given = panel.clock() - waited
    stored = await panel.database.write(
        lambda conn: results.store_answer(conn, panel, agent_id, attempt_id, body.question, body.value, given)
    )
    return web.json_response(answer_data(stored, panel.settings.zone))


@requires("agent")
async def save_form(request: web.Request) -> web.StreamResponse:
    """Close the form of a call that is over; with `finish`, on to the next call (T3)."""
    panel, agent_id, attempt_id = request.app[PANEL], _agent_id(request), request.match_info["attempt"]
    body, now = await _read(request, Result), panel.clock()
    try:
        await panel.database.write(lambda conn: results.save(conn, panel, agent_id, attempt_id, body, now))
    except NotTaken as error:
        sentence = translator_of(request)(error.text, **error.values)
        return web.json_response({"error": sentence}, status=422)
    return web.Response(status=204)


@requires("agent")
async def finish(request: web.Request) -> web.StreamResponse:
    """End the wrap-up of a call whose form is saved."""
    panel, agent_id, now = request.app[PANEL], _agent_id(request), request.app[PANEL].clock()
    await panel.database.write(lambda conn: forms.finish_wrap_up(conn, agent_id, now))
    return web.Response(status=204)


async def _show(request: web.Request, template: str) -> web.Response:
    panel, language, now = request.app[PANEL], language_of(request), request.app[PANEL].clock()
    agent_id = _agent_id(request)
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
    }


def _agent_id(request: web.Request) -> str:
    agent_id = current_user(request).agent_id
    if agent_id is None:
        raise web.HTTPForbidden
    return agent_id


async def _read(request: web.Request, form: type[Body]) -> Body:
    try:
        return form.model_validate_json(await request.read())
    except ValidationError as error:
        raise web.HTTPBadRequest from error
