"""My sample: what waits for me, by pool, and the draw of a day (S1)."""

import asyncio
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from aiohttp import web
from sqlalchemy import Connection

from dialer.storage.feed import latest_id
from qa.reviews import drawing
from qa.reviews import queries as reviews
from qa.reviews.drawing import CannotDraw, bounds_of
from qa.reviews.queries import ReviewRow
from qa.reviews.worker import BY_ITSELF
from qa.sampling.proof import proofs
from qa.sampling.queries import SampleRow, being_checked, is_drawn, samples_of
from qa.sampling.rules import Pool, Tier
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.days import typed_day
from web.panel import PANEL, Panel
from web.quality.queries import CallRow, call
from web.render import language_of, render_form, translator_of
from web.reviews import words
from web.reviews.draws import LEADS
from web.reviews.site import REVIEWERS, site_of
from web.reviews.tabs import tabs_of

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


@dataclass(frozen=True, slots=True)
class Daily:
    """The next draw that the service makes by itself: from the calls of `day`, at `at`.

    `waits_for` calls of that day are still being checked, where that holds it up now.
    """

    day: date
    at: datetime
    waits_for: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows."""

    listed: list[Listed]
    waiting: list[ReviewRow]
    done: list[ReviewRow]
    draws: list[SampleRow]
    daily: Daily | None
    # What reviewers ask a lead to set aside; empty for others.
    unfit: list[Listed]
    position: int


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

    def read(conn: Connection) -> Shown:
        position = latest_id(conn)
        waiting = reviews.open_for(conn, user.login, user.agent_id)
        done = reviews.done_by(conn, user.login, midnight)
        listed = [
            Listed(one, row)
            for one in (*waiting[:_LISTED], *done)
            if (row := call(conn, one.attempt_id)) is not None
        ]
        asked = reviews.to_set_aside(conn) if user.roles.intersection(LEADS) else []
        unfit = [Listed(one, row) for one in asked if (row := call(conn, one.attempt_id)) is not None]
        draws = samples_of(conn, day)
        return Shown(listed, waiting, done, draws, _daily(conn, panel, now), unfit, position)

    found = await panel.database.read(read)
    proven = await asyncio.to_thread(proofs, found.draws)
    waiting = found.waiting
    open_by, done_by = Counter(one.pool for one in waiting), Counter(one.pool for one in found.done)
    return render_form(
        request,
        "reviews/sample.html",
        tabs=tabs_of(user.roles),
        here="/reviews",
        day=day,
        today=today,
        yesterday=today - timedelta(days=1),
        listed=found.listed,
        next_call=waiting[0].id if waiting else None,
        pools=[PoolLine(pool, done_by[pool], done_by[pool] + open_by[pool]) for pool in Pool],
        draws=[(row, proven[row.id]) for row in found.draws],
        daily=found.daily,
        unfit=found.unfit,
        by_itself=BY_ITSELF,
        playbooks={playbook.id: playbook.name for playbook in panel.library},
        plan=panel.reviews.plan(),
        problem=problem,
        words=words,
        lang=language_of(request),
        feed_position=found.position,
    )


@requires(*REVIEWERS)
async def draw(request: web.Request) -> web.StreamResponse:
    """Draw the pools from the calls of a day."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    form = {name: str(value) for name, value in (await request.post()).items()}
    day = _day(form.get("day", ""), now.astimezone(panel.settings.zone).date())
    seed = form.get("seed", "").strip()[:40] or secrets.token_hex(6)

    def work(conn: Connection) -> None:
        site = site_of(conn, panel.reviews, panel.settings.zone)
        drawing.draw_day(conn, site, day, seed, user.login, now)

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
        site = site_of(conn, panel.reviews, panel.settings.zone)
        return drawing.pick(conn, site, attempt_id, user.login, now, own_agent_id=user.agent_id)

    try:
        review_id = await panel.database.write(work)
    except CannotDraw as error:
        return await _page(request, translator_of(request).sentence(str(error)))
    raise web.HTTPSeeOther(f"/reviews/{review_id}")


def _daily(conn: Connection, panel: Panel, now: datetime) -> Daily | None:
    settings, zone = panel.reviews, panel.settings.zone
    if not settings.draw_daily:
        return None
    local = now.astimezone(zone)
    yesterday = local.date() - timedelta(days=1)
    at = datetime.combine(local.date(), settings.draw_at, zone)
    if local < at:
        return Daily(yesterday, at, 0)
    waits = being_checked(conn, *bounds_of(yesterday, local.date(), zone))
    if waits and local.time() < settings.draw_latest and not is_drawn(conn, yesterday, Tier.SITE):
        return Daily(yesterday, datetime.combine(local.date(), settings.draw_latest, zone), waits)
    return Daily(local.date(), at + timedelta(days=1), 0)


def _day(text: str, today: date) -> date:
    """The day that was asked for, else yesterday: that of the usual draw."""
    try:
        return typed_day(text)
    except ValueError:
        return today - timedelta(days=1)
