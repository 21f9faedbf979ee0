"""The training record: who was trained on what, when, by which calls, and whether it helped (S3, T8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from aiohttp import web
from sqlalchemy import Connection

from dialer.agents.queries import all_agents
from dialer.storage.feed import latest_id
from qa.reviews import queries as reviews
from qa.reviews.drawing import bounds_of
from qa.reviews.service import TRAINING
from qa.training import queries as trainings
from qa.training import service
from qa.training.queries import Broken, Trained, Training
from qa.training.service import CannotNote, Held
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.days import typed_day
from web.panel import PANEL, Panel
from web.quality.queries import CallRow, call
from web.render import language_of, render, render_form, translator_of
from web.reviews.draws import LEADS
from web.reviews.figures import rule_titles
from web.reviews.tabs import tabs_of

# Cases that are offered, beside those the training plan names.
_OFFERED = 20
# A training shows in the calls of so many days after it, against as many before.
_EFFECT = timedelta(days=30)
_LATEST = timedelta(days=92)
_USUAL_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Line:
    """One training as the page shows it; `effect` is how often its rule was broken before and after."""

    training: Training
    there: Sequence[Trained]
    cases: Sequence[CallRow]
    effect: tuple[Broken, Broken] | None


def routes() -> list[web.RouteDef]:
    """The routes of trainings."""
    return [
        web.get("/reviews/trainings", page),
        web.post("/reviews/trainings", note),
        web.post("/reviews/trainings/{training:[0-9A-Z]{26}}/confirm", confirm),
    ]


@requires(*LEADS)
async def page(request: web.Request) -> web.StreamResponse:
    """The record of the last three months, and a new training: filled in by the training plan's link."""
    query, user = request.query, current_user(request)
    filled = Held(
        held_on=_today(request.app[PANEL]),
        topic="",
        rule_id=query.get("rule") or None,
        trainer=user.name,
        minutes=_USUAL_MINUTES,
        agents=query.getall("agent", []),
        calls=query.getall("call", []),
    )
    return await _page(request, filled, "")


async def _page(request: web.Request, filled: Held, problem: str) -> web.Response:
    panel, language = request.app[PANEL], language_of(request)
    today = _today(panel)

    def read(conn: Connection) -> tuple[list[Line], dict[str, str], list[CallRow], int]:
        position = latest_id(conn)
        held = trainings.held(conn, today - _LATEST, today)
        there = trainings.trained(conn, [one.id for one in held])
        by = trainings.cases(conn, [one.id for one in held])
        lines = []
        for one in held:
            after, _ = bounds_of(one.held_on + timedelta(days=1), today, panel.settings.zone)
            agents = [person.agent_id for person in there.get(one.id, ())]
            effect = trainings.before_and_after(conn, one, agents, after, _EFFECT)
            lines.append(Line(one, there.get(one.id, ()), _calls(conn, by.get(one.id, ())), effect))
        clips = [clip.attempt_id for clip in reviews.clips_of(conn, purpose=TRAINING, limit=_OFFERED)]
        offered = _calls(conn, dict.fromkeys((*filled.calls, *clips)))
        return (
            lines,
            {agent.id: f"{agent.name} {agent.code}" for agent in all_agents(conn)},
            offered,
            position,
        )

    lines, names, offered, position = await panel.database.read(read)
    return render_form(
        request,
        "reviews/trainings.html",
        tabs=tabs_of(current_user(request).roles),
        here="/reviews/trainings",
        lines=lines,
        names=names,
        offered=offered,
        filled=filled,
        titles=rule_titles(language),
        today=today,
        effect_days=_EFFECT.days,
        problem=problem,
        lang=language,
        feed_position=position,
    )


@requires(*LEADS)
async def note(request: web.Request) -> web.StreamResponse:
    """Note a training that was held."""
    panel, user = request.app[PANEL], current_user(request)
    form, now = await request.post(), panel.clock()
    try:
        held_on, minutes = typed_day(str(form.get("held_on", ""))), int(str(form.get("minutes", "")))
    except ValueError as error:
        raise web.HTTPBadRequest from error
    held = Held(
        held_on=held_on,
        topic=str(form.get("topic", "")),
        rule_id=str(form.get("rule", "")) or None,
        trainer=str(form.get("trainer", "")),
        minutes=minutes,
        agents=[str(one) for one in form.getall("agent", [])],
        calls=[str(one) for one in form.getall("call", [])],
        note=str(form.get("note", ""))[:1000],
    )
    try:
        await panel.database.write(
            lambda conn: service.note_training(conn, held, user.login, _today(panel), now)
        )
    except CannotNote as error:
        return await _page(request, held, translator_of(request).sentence(str(error)))
    raise web.HTTPSeeOther("/reviews/trainings")


@requires(Role.AGENT)
async def confirm(request: web.Request) -> web.StreamResponse:
    """The agent says that he was there."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    training_id = request.match_info["training"]
    try:
        await panel.database.write(lambda conn: service.confirm(conn, training_id, user.agent_id or "", now))
    except CannotNote as error:
        shown = render(
            request, "error.html", sentence=translator_of(request).sentence(str(error)), status_code=409
        )
        shown.set_status(409)
        return shown
    raise web.HTTPSeeOther("/reviews/mine#trained")


def _calls(conn: Connection, attempt_ids: Sequence[str] | Mapping[str, None]) -> list[CallRow]:
    return [row for one in attempt_ids if (row := call(conn, one)) is not None]


def _today(panel: Panel) -> date:
    return panel.clock().astimezone(panel.settings.zone).date()
