"""What the agent does with a customer who lies before him, and calls by hand (D2)."""

from collections.abc import Mapping

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, update

from dialer.agents.tables import agents
from dialer.calling.modes import manual, service
from dialer.calling.modes.manual import NotNow
from dialer.calling.modes.service import NO_LINK, BadSkip
from dialer.calling.status import EngineStatus
from dialer.machine import IllegalMove
from dialer.storage.feed import emit
from web.agent.calls import agent_id_of, read_body
from web.agent.dial_words import GONE, REFUSED, REFUSED_OTHERWISE, SKIP_WHY, UNTIL
from web.auth.guard import requires
from web.panel import PANEL
from web.plan.words import clock
from web.render import translator_of


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OfferBody(_Sent):
    """What the agent does with a customer who lies before him."""

    action: str = Field(pattern="^(call|skip)$")
    reason: str | None = None


class DialBody(_Sent):
    """Whom the agent wants to call: a follow-up again, or a number."""

    follow_up: str = Field(default="", max_length=26)
    number: str = Field(default="", max_length=40)


class LookBody(_Sent):
    """Whether the agent looks at each customer before the call."""

    action: str = Field(pattern="^(on|off)$")
    reason: None = None


def routes() -> list[web.RouteDef]:
    """The routes of looking first and of calls by hand."""
    return [
        web.post("/agent/offers/{offer}", decide),
        web.post("/agent/dial", dial),
        web.post("/agent/look-first", look_first),
    ]


@requires("agent")
async def decide(request: web.Request) -> web.StreamResponse:
    """Call the customer who lies before the agent, or skip him with a reason."""
    panel, agent_id, now = request.app[PANEL], agent_id_of(request), request.app[PANEL].clock()
    offer_id, body = request.match_info["offer"], await read_body(request, OfferBody)
    status = panel.engine_status()
    if body.action == "call" and not _can_place(status):
        return _no(request, REFUSED[NO_LINK])

    def work(conn: Connection) -> None:
        if body.action == "call":
            service.press(conn, agent_id, offer_id, now)
        else:
            service.skip(conn, agent_id, offer_id, body.reason or "", status.pairing, now)

    try:
        await panel.database.write(work, urgent=True)
    except BadSkip:
        return _no(request, SKIP_WHY)
    except IllegalMove:
        return _no(request, GONE, status=409)
    return web.Response(status=204)


@requires("agent")
async def dial(request: web.Request) -> web.StreamResponse:
    """Call a follow-up again, or a number, through the same gates as every other call."""
    panel, agent_id, now = request.app[PANEL], agent_id_of(request), request.app[PANEL].clock()
    body, status = await read_body(request, DialBody), panel.engine_status()
    if not _can_place(status):
        return _no(request, REFUSED[NO_LINK])

    def work(conn: Connection) -> None:
        if body.follow_up:
            manual.call_again(conn, status.pairing, agent_id, body.follow_up, now)
        else:
            manual.call_number(conn, status.pairing, agent_id, body.number, now, branch=panel.branch)

    try:
        await panel.database.write(work)
    except NotNow as error:
        _ = translator_of(request)
        sentence = _(REFUSED.get(error.reason, REFUSED_OTHERWISE), gate=error.reason)
        if error.gate is not None and error.gate.until is not None:
            sentence += _(UNTIL, time=clock(error.gate.until, panel.settings.zone, now))
        return web.json_response({"error": sentence}, status=422)
    except IllegalMove:
        return _no(request, GONE, status=409)
    return web.Response(status=204)


@requires("agent")
async def look_first(request: web.Request) -> web.StreamResponse:
    """The agent's own setting: look at each customer before the call, or not."""
    panel, agent_id, now = request.app[PANEL], agent_id_of(request), request.app[PANEL].clock()
    body = await read_body(request, LookBody)

    def work(conn: Connection) -> None:
        conn.execute(update(agents).where(agents.c.id == agent_id).values(preview=body.action == "on"))
        emit(conn, "agent_session.look_first", agent_id, now, {"on": body.action == "on"})

    await panel.database.write(work)
    return web.Response(status=204)


def skip_reasons(status: EngineStatus, language: str) -> Mapping[str, str]:
    """What the agent may choose from, by id."""
    return {one.id: one.zh if language == "zh" else one.en for one in status.pairing.settings.skip_reasons}


def _can_place(status: EngineStatus) -> bool:
    return status.link_up and status.settled and not status.stopping


def _no(request: web.Request, text: str, *, status: int = 422) -> web.Response:
    return web.json_response({"error": translator_of(request)(text)}, status=status)
