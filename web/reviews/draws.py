"""A draw and its history: what was drawn, set aside and put in its place (S1)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from sqlalchemy import Connection

from dialer.storage.feed import latest_id
from qa.reviews import queries as reviews
from qa.reviews import service
from qa.reviews.drawing import Site
from qa.reviews.handing_on import give
from qa.reviews.queries import OPEN, ReviewRow
from qa.reviews.rules import Unfit
from qa.reviews.service import ReviewRefused
from qa.reviews.setting_aside import set_aside
from qa.reviews.worker import BY_ITSELF
from qa.sampling.proof import proofs
from qa.sampling.queries import SampleRow, sample, samples_of
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.panel import PANEL, Panel
from web.quality.queries import CallRow, call
from web.render import render, render_form, translator_of
from web.reviews import words
from web.reviews.site import REVIEWERS, site_of
from web.reviews.tabs import tabs_of

# Who may take a call out of a sample: not those who review, or hard calls would be dropped from it.
LEADS = (Role.QA_LEAD, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class Taken:
    """One call of a draw; `instead_of` is the call it stands in for."""

    review: ReviewRow
    call: CallRow
    instead_of: CallRow | None


@dataclass(frozen=True, slots=True)
class Replaced:
    """A call that was set aside; `instead` is None where no other was left."""

    gone: CallRow | None
    instead: CallRow | None
    reason: str
    note: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """A draw from first to last."""

    row: SampleRow
    taken: list[Taken]
    replaced: list[Replaced]
    # Everybody who may review.
    staff: list[str]
    position: int


def routes() -> list[web.RouteDef]:
    """The routes of a draw."""
    return [
        web.get("/reviews/samples/{sample:[0-9A-Z]{26}}", page),
        web.post("/reviews/{review:[0-9A-Z]{26}}/aside", aside),
        web.post("/reviews/{review:[0-9A-Z]{26}}/give", hand_over),
        web.post("/reviews/{review:[0-9A-Z]{26}}/unfit", ask),
    ]


@requires(*REVIEWERS)
async def page(request: web.Request) -> web.StreamResponse:
    """One draw."""
    return await _page(request, request.match_info["sample"], "")


async def _page(request: web.Request, sample_id: str, problem: str) -> web.Response:
    panel, user = request.app[PANEL], current_user(request)
    found, of_the_day = await panel.database.read(lambda conn: _read(conn, panel, sample_id))
    proven = await asyncio.to_thread(proofs, of_the_day)
    return render_form(
        request,
        "reviews/draw.html",
        tabs=tabs_of(user.roles),
        here="/reviews",
        found=found,
        sample=found.row,
        proof=proven[sample_id],
        by_itself=BY_ITSELF,
        is_lead=bool(user.roles.intersection(LEADS)),
        own_agent=user.agent_id,
        open_states=OPEN,
        problem=problem,
        words=words,
        feed_position=found.position,
    )


@requires(*LEADS)
async def aside(request: web.Request) -> web.StreamResponse:
    """Set a drawn call aside; its stand-in is drawn at once."""
    user, now, form = current_user(request), request.app[PANEL].clock(), await request.post()
    reason, review_id = _reason(form.get("reason")), request.match_info["review"]
    note = str(form.get("note", ""))[:500]

    def work(conn: Connection, site: Site) -> None:
        set_aside(conn, site, review_id, reason, note, user.login, now, own_agent_id=user.agent_id)

    return await _change(request, work, "replaced")


@requires(*LEADS)
async def hand_over(request: web.Request) -> web.StreamResponse:
    """Give an open review to another person (S1)."""
    by, now, form = current_user(request).login, request.app[PANEL].clock(), await request.post()
    to, review_id = str(form.get("to", "")), request.match_info["review"]
    return await _change(request, lambda conn, site: give(conn, site, review_id, to, by, now), review_id)


async def _change(
    request: web.Request, work: Callable[[Connection, Site], None], place: str
) -> web.StreamResponse:
    """Change a review of a draw; then that draw is shown at `place`."""
    panel, review_id = request.app[PANEL], request.match_info["review"]
    row = await panel.database.read(lambda conn: reviews.review(conn, review_id))
    if row is None:
        raise web.HTTPNotFound
    try:
        await panel.database.write(lambda conn: work(conn, site_of(conn, panel.reviews, panel.settings.zone)))
    except ReviewRefused as error:
        return await _page(request, row.sample_id, translator_of(request).sentence(str(error)))
    raise web.HTTPSeeOther(f"/reviews/samples/{row.sample_id}#{place}")


@requires(*REVIEWERS)
async def ask(request: web.Request) -> web.StreamResponse:
    """Whoever works at a review asks a lead to set its call aside, and goes on with the next."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    form, review_id = await request.post(), request.match_info["review"]
    reason = _reason(form.get("reason"))

    def work(conn: Connection) -> str:
        note = str(form.get("note", ""))[:500]
        service.ask_aside(conn, review_id, reason, note, user.login, now)
        following = [one for one in reviews.open_for(conn, user.login, user.agent_id) if one.unfit is None]
        return f"/reviews/{following[0].id}" if following else "/reviews"

    try:
        following = await panel.database.write(work)
    except ReviewRefused as error:
        shown = render(
            request, "error.html", sentence=translator_of(request).sentence(str(error)), status_code=422
        )
        shown.set_status(422)
        return shown
    raise web.HTTPSeeOther(following)


def _reason(given: object) -> Unfit:
    try:
        return Unfit(str(given))
    except ValueError as error:
        raise web.HTTPBadRequest from error


def _read(conn: Connection, panel: Panel, sample_id: str) -> tuple[History, list[SampleRow]]:
    """A draw, and all those of its day: together they prove themselves."""
    position, row = latest_id(conn), sample(conn, sample_id)
    if row is None:
        raise web.HTTPNotFound
    by_attempt = {one.attempt_id: one for one in reviews.of_sample(conn, sample_id)}
    calls = {one: found for one in row.taken if (found := call(conn, one)) is not None}
    stands_for = {entry[1]: entry[0] for entry in row.replaced if entry[1] is not None}
    taken = [
        Taken(by_attempt[one], calls[one], calls.get(stands_for.get(one) or ""))
        for one in row.taken
        if one in by_attempt and one in calls
    ]
    replaced = [
        Replaced(
            calls.get(gone or ""),
            calls.get(instead or ""),
            reason or "",
            note or "",
            by or "",
            datetime.fromisoformat(at or ""),
        )
        for gone, instead, reason, by, at, note in row.replaced
    ]
    staff = site_of(conn, panel.reviews, panel.settings.zone).logins
    return History(row, taken, replaced, staff, position), samples_of(conn, row.day)
