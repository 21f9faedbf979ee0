"""My sample: what waits for me, by pool, and the draw of a day (S1)."""

import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy import Connection

from dialer.storage.feed import latest_id
from qa.reviews import drawing
from qa.reviews import queries as reviews
from qa.reviews.drawing import CannotDraw, Site, is_reproducible
from qa.reviews.queries import ReviewRow
from qa.sampling.queries import SampleRow, samples_of
from qa.sampling.rules import Plan, Pool, Reviewer
from web.auth.guard import current_user, requires
from web.auth.queries import all_accounts
from web.auth.rules import Role
from web.panel import PANEL
from web.quality.queries import CallRow, call
from web.render import language_of, render, translator_of
from web.reviews import words
from web.reviews.loading import card_of
from web.reviews.screen import REVIEWERS
from web.reviews.tabs import tabs_of

CARD = "service-quality"
_LISTED = 100


@dataclass(frozen=True, slots=True)
class PoolLine:
    """How far I am with a pool."""

    pool: Pool
    done: int
    all: int


@dataclass(frozen=True, slots=True)
class Listed:
    """One review with its call."""

    review: ReviewRow
    call: CallRow


def routes() -> list[web.RouteDef]:
    """The routes of the sample."""
    return [
        web.get("/reviews", page),
        web.post("/reviews/draw", draw),
        web.post("/reviews/pick", pick),
    ]


@requires(*REVIEWERS)
async def page(request: web.Request) -> web.StreamResponse:
    """What waits for me."""
    return await _page(request, "")


async def _page(request: web.Request, problem: str) -> web.Response:
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    today = now.astimezone(panel.settings.zone).date()
    day = _day(request.query.get("day", ""), today)
    midnight = datetime.combine(today, time(), panel.settings.zone).astimezone(UTC)

    def read(conn: Connection) -> tuple[list[Listed], list[ReviewRow], list[ReviewRow], list[SampleRow], int]:
        position = latest_id(conn)
        waiting = reviews.open_for(conn, user.login, user.agent_id)
        done = reviews.done_by(conn, user.login, midnight)
        listed = [
            Listed(one, row)
            for one in (*waiting[:_LISTED], *done)
            if (row := call(conn, one.attempt_id)) is not None
        ]
        return listed, waiting, done, samples_of(conn, day), position

    listed, waiting, done, samples, position = await panel.database.read(read)
    open_by, done_by = Counter(one.pool for one in waiting), Counter(one.pool for one in done)
    shown = render(
        request,
        "reviews/sample.html",
        tabs=tabs_of(user.roles),
        here="/reviews",
        day=day,
        today=today,
        listed=listed,
        next_call=waiting[0].id if waiting else None,
        pools=[PoolLine(pool, done_by[pool], done_by[pool] + open_by[pool]) for pool in Pool],
        samples=[(one, is_reproducible(one)) for one in samples],
        playbooks={playbook.id: playbook.name for playbook in panel.library},
        plan=Plan(),
        problem=problem,
        words=words,
        lang=language_of(request),
        feed_position=position,
    )
    if problem:
        shown.set_status(422)
    return shown


@requires(*REVIEWERS)
async def draw(request: web.Request) -> web.StreamResponse:
    """Draw the pools from the calls of a day."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    form = {name: str(value) for name, value in (await request.post()).items()}
    day = _day(form.get("day", ""), now.astimezone(panel.settings.zone).date())
    seed = form.get("seed", "").strip()[:40] or secrets.token_hex(6)

    def work(conn: Connection) -> None:
        drawing.draw_day(conn, site_of(conn, panel.settings.zone), day, seed, user.login, now)

    try:
        await panel.database.write(work)
    except CannotDraw as error:
        return await _page(request, translator_of(request).sentence(str(error)))
    raise web.HTTPSeeOther(f"/reviews?day={day}")


@requires(Role.QA_LEAD, Role.SUPERVISOR)
async def pick(request: web.Request) -> web.StreamResponse:
    """A spot-check of one call, for whoever picks it (S5)."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    attempt_id = str((await request.post()).get("attempt", ""))

    def work(conn: Connection) -> str:
        return drawing.pick(conn, site_of(conn, panel.settings.zone), attempt_id, user.login, user.login, now)

    try:
        review_id = await panel.database.write(work)
    except CannotDraw as error:
        return await _page(request, translator_of(request).sentence(str(error)))
    raise web.HTTPSeeOther(f"/reviews/{review_id}")


def site_of(conn: Connection, zone: ZoneInfo) -> Site:
    """What every draw goes by: the plan, the scorecard, the zone of its days, who reviews now."""
    reviewers = [
        Reviewer(one.login, one.agent_id) for one in all_accounts(conn) if one.active and Role.QA in one.roles
    ]
    return Site(Plan(), card_of(CARD), zone, reviewers)


def _day(text: str, today: date) -> date:
    """The day that was asked for, else yesterday: that of the usual draw."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return today - timedelta(days=1)
