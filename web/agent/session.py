"""The agent's session: at which phone, ready, paused or away; and which browser works it (D5)."""

from collections.abc import Mapping

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from dialer.agents import service as agents
from dialer.agents.queries import AgentSession, session
from dialer.agents.states import AgentState, PauseReason
from dialer.calling.idle import IdleReason
from web.agent.calls import agent_id_of, read_body
from web.agent.view import View
from web.agent.words import COMES_BACK, IDLE, PAUSES, SYSTEM_PAUSE, THEN_READY
from web.auth.guard import current_user, requires
from web.i18n import N_
from web.panel import PANEL
from web.render import translator_of

_ELSEWHERE = N_("Your work goes on in another browser. Press Continue here to bring it to this one.")
# What nobody may miss: calls do not come, and the agent did not ask for that.
_LOUD = frozenset(
    {
        PauseReason.DID_NOT_ANSWER,
        PauseReason.PHONE_UNREACHABLE,
        PauseReason.BY_SUPERVISOR,
        PauseReason.CALL_IN_DOUBT,
    }
)


class StateBody(BaseModel):
    """What the agent wants to be, and at which phone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: str
    reason: PauseReason | None = None
    extension: str | None = Field(default=None, max_length=20)


class _Elsewhere(Exception):
    """Another browser login works the session."""


def is_elsewhere(current: AgentSession | None, login: str) -> bool:
    """Whether another browser login than this one works the session."""
    return current is not None and current.login not in (None, login)


@requires("agent")
async def change_state(request: web.Request) -> web.StreamResponse:
    """Ready, paused, signed in or out; or the session is brought to this browser (D5)."""
    panel, agent_id, now = request.app[PANEL], agent_id_of(request), request.app[PANEL].clock()
    body, login = await read_body(request, StateBody), current_user(request).token_hash
    status = panel.engine_status()

    def change(conn: Connection) -> None:
        if body.action == "take_over":
            agents.take_over(conn, agent_id, login, now)
            return
        current = session(conn, agent_id)
        if is_elsewhere(current, login):
            raise _Elsewhere
        phone = (current.extension if current else None) or ""
        match body:
            case StateBody(action="sign_in", extension=extension):
                agents.sign_in(conn, agent_id, now, extension=extension, login=login)
            case StateBody(action="ready"):
                agents.ready(conn, agent_id, now, reachable=status.at(phone).pairing.reachable)
            case StateBody(action="sign_out"):
                agents.sign_out(conn, agent_id, now)
            case StateBody(action="pause", reason=reason) if reason in PAUSES:
                agents.pause(conn, agent_id, reason, now)
            case _:
                raise web.HTTPBadRequest

    text = translator_of(request)
    try:
        await panel.database.write(change, urgent=body.action == "ready")
    except (agents.CannotSit, agents.CannotBeReady) as error:
        return web.json_response({"error": text.sentence(str(error))}, status=422)
    except _Elsewhere:
        return web.json_response({"error": text(_ELSEWHERE)}, status=409)
    return web.Response(status=204)


def why_no_call(shown: View) -> tuple[str, str, bool]:
    """Why no call comes, what to do about it, and whether it must not be missed."""
    reason, paused = shown.session.reason if shown.session else None, shown.state is AgentState.PAUSED
    title, advice = IDLE[shown.idle.reason]
    if paused and shown.idle.reason is IdleReason.PHONE_UNREACHABLE:
        advice = COMES_BACK if reason == PauseReason.PHONE_UNREACHABLE else THEN_READY
    elif reason is not None and reason in SYSTEM_PAUSE and shown.idle.reason is IdleReason.PAUSED:
        title, advice = SYSTEM_PAUSE[reason]
    loud = (paused and reason in _LOUD) or shown.idle.reason is IdleReason.PHONE_UNREACHABLE
    return title, advice, loud


def phone_words(shown: View) -> Mapping[str, object]:
    """What sentences are filled in with."""
    extension = (shown.session.extension if shown.session else None) or shown.agent.extension
    return {"extension": extension or "–", "n": shown.idle.due_in_all}
