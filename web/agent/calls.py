"""What the agent's page can do during one call: answers, checks, complaints, the form (T2-T5)."""

from datetime import timedelta
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dialer.forms import service as forms
from web.agent import results
from web.agent.results import NotTaken, Result
from web.agent.view import answer_data, branch_data
from web.auth.guard import current_user, requires
from web.panel import PANEL
from web.render import translator_of

# An answer that waited for the network longer than this counts as given then.
_LONGEST_WAIT = timedelta(hours=12)

Body = TypeVar("Body", bound=BaseModel)


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AnswerBody(_Sent):
    """One answer; `age_ms` tells how long ago it was given, `after` is `given` of the one it corrects."""

    question: str
    value: str
    age_ms: float = Field(default=0, ge=0)
    after: float | None = None


class IdentityBody(_Sent):
    """What the customer said when asked for the tail of the document."""

    question: str
    said: str = Field(max_length=40)


class FactBody(_Sent):
    """Something that was missing on record."""

    name: str
    value: str


class ComplaintBody(_Sent):
    """The complaint in the customer's own words."""

    words: str = Field(max_length=2000)


def routes() -> list[web.RouteDef]:
    """The routes of a call."""
    return [
        web.post("/agent/calls/{attempt}/answers", save_answer),
        web.post("/agent/calls/{attempt}/identity", check_identity),
        web.post("/agent/calls/{attempt}/facts", fill_fact),
        web.post("/agent/calls/{attempt}/complaint", complain),
        web.post("/agent/calls/{attempt}/form", save_form),
        web.post("/agent/calls/{attempt}/finish", finish),
    ]


@requires("agent")
async def save_answer(request: web.Request) -> web.StreamResponse:
    """Store one answer at once, with its second of the call; tell what is asked after it (T2)."""
    panel, agent_id, attempt_id = request.app[PANEL], agent_id_of(request), request.match_info["attempt"]
    body = await read_body(request, AnswerBody)
    waited = min(timedelta(milliseconds=min(body.age_ms, 1e12)), _LONGEST_WAIT)
    given = panel.clock() - waited
    stored, topics = await panel.database.write(
        lambda conn: results.store_answer(
            conn, panel, agent_id, attempt_id, body.question, body.value, given, body.after
        )
    )
    return web.json_response({**answer_data(stored, panel.settings.zone), **branch_data(topics)})


@requires("agent")
async def check_identity(request: web.Request) -> web.StreamResponse:
    """Compare what the customer said with the record; the record itself is never shown (T4)."""
    panel, agent_id, attempt_id = request.app[PANEL], agent_id_of(request), request.match_info["attempt"]
    body, now = await read_body(request, IdentityBody), panel.clock()
    stored, topics = await panel.database.write(
        lambda conn: results.check_identity(conn, panel, agent_id, attempt_id, body.question, body.said, now)
    )
    return web.json_response({**answer_data(stored, panel.settings.zone), **branch_data(topics)})


@requires("agent")
async def fill_fact(request: web.Request) -> web.StreamResponse:
    """Fill in what is missing on record (C1)."""
    panel, agent_id, attempt_id = request.app[PANEL], agent_id_of(request), request.match_info["attempt"]
    body, now = await read_body(request, FactBody), panel.clock()
    await panel.database.write(
        lambda conn: forms.fill_fact(
            conn,
            panel.library,
            agent_id=agent_id,
            attempt_id=attempt_id,
            name=body.name,
            value=body.value,
            now=now,
        )
    )
    return web.Response(status=204)


@requires("agent")
async def complain(request: web.Request) -> web.StreamResponse:
    """A complaint with one press, at once to the manager (T5)."""
    panel, agent_id, attempt_id = request.app[PANEL], agent_id_of(request), request.match_info["attempt"]
    body, now = await read_body(request, ComplaintBody), panel.clock()
    await panel.database.write(
        lambda conn: forms.file_complaint(
            conn,
            panel.library,
            agent_id=agent_id,
            attempt_id=attempt_id,
            words=body.words,
            now=now,
            zone=panel.settings.zone,
        )
    )
    return web.Response(status=204)


@requires("agent")
async def save_form(request: web.Request) -> web.StreamResponse:
    """Close the form of a call that is over; with `finish`, on to the next call (T3)."""
    panel, agent_id, attempt_id = request.app[PANEL], agent_id_of(request), request.match_info["attempt"]
    body, now = await read_body(request, Result), panel.clock()
    try:
        await panel.database.write(lambda conn: results.save(conn, panel, agent_id, attempt_id, body, now))
    except NotTaken as error:
        sentence = translator_of(request)(error.text, **error.values)
        return web.json_response({"error": sentence}, status=422)
    return web.Response(status=204)


@requires("agent")
async def finish(request: web.Request) -> web.StreamResponse:
    """End the wrap-up of a call whose form is saved."""
    panel, agent_id, now = request.app[PANEL], agent_id_of(request), request.app[PANEL].clock()
    await panel.database.write(lambda conn: forms.finish_wrap_up(conn, agent_id, now))
    return web.Response(status=204)


def agent_id_of(request: web.Request) -> str:
    """The agent that this user is.

    Raises:
        HTTPForbidden: none.
    """
    agent_id = current_user(request).agent_id
    if agent_id is None:
        raise web.HTTPForbidden
    return agent_id


async def read_body(request: web.Request, form: type[Body]) -> Body:
    """What was sent.

    Raises:
        HTTPBadRequest: it is not what this address takes.
    """
    try:
        return form.model_validate_json(await request.read())
    except ValidationError as error:
        raise web.HTTPBadRequest from error
