"""What the QA lead reads: scores by agent, agreement, calibration, training plan, the sheet as XLSX (S2)."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from secrets import token_hex

from aiohttp import web
from sqlalchemy import Connection

from dialer.agents.queries import all_agents
from dialer.storage.feed import emit, latest_id
from qa.reviews import drawing
from qa.reviews.drawing import CannotDraw
from qa.reviews.figures import Summary, summary, workbook
from qa.reviews.scorecards import shipped_scorecard
from qa.rules.schema import RuleSetError
from web.auth.guard import current_user, requires
from web.days import typed_day
from web.i18n import N_, Translator
from web.panel import PANEL
from web.render import language_of, render, translator_of
from web.reviews.draws import LEADS
from web.reviews.loading import RULES
from web.reviews.site import CARD, site_of
from web.reviews.tabs import tabs_of

# One who reads the whole address book of scores has used a right (X1).
FETCHED = "scores.exported"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TITLES = {
    "agent": N_("Agent"),
    "count": N_("Reviews"),
    "score": N_("Score"),
    "fatal": N_("Fatal"),
    "rule": N_("Rule"),
    "faults": N_("Times"),
    "agents": N_("Agents"),
    "training": N_("Training plan"),
}


def routes() -> list[web.RouteDef]:
    """The routes of the figures."""
    return [
        web.get("/reviews/figures", page),
        web.get("/reviews/figures.xlsx", sheet),
        web.post("/reviews/second", second),
    ]


@requires(*LEADS)
async def page(request: web.Request) -> web.StreamResponse:
    """The figures of a time: this week where none is named."""
    panel, user, language = request.app[PANEL], current_user(request), language_of(request)
    since, until = _span(request)
    today = panel.clock().astimezone(panel.settings.zone).date()
    figures, names, position = await _read(request, since, until)
    monday = today - timedelta(days=today.weekday())
    return render(
        request,
        "reviews/figures.html",
        tabs=tabs_of(user.roles),
        here="/reviews/figures",
        figures=figures,
        card=shipped_scorecard(CARD),
        names=names,
        titles=rule_titles(language),
        since=since,
        until=until,
        week=(monday, today),
        month=(today.replace(day=1), today),
        second_look_day=today - timedelta(days=1),
        lang=language,
        feed_position=position,
    )


@requires(*LEADS)
async def sheet(request: web.Request) -> web.StreamResponse:
    """服务质量综合考评表 of the same time."""
    panel, user, language = request.app[PANEL], current_user(request), language_of(request)
    since, until = _span(request)
    figures, names, _ = await _read(request, since, until)
    titles = {**rule_titles(language), **named(translator_of(request))}
    data = await asyncio.to_thread(workbook, figures, shipped_scorecard(CARD), names, titles, language)
    told = {"user": user.id, "login": user.login, "since": since.isoformat(), "until": until.isoformat()}
    await panel.database.write(lambda conn: emit(conn, FETCHED, user.id, panel.clock(), told))
    name = f"service-quality-{since}-{until}.xlsx"
    return as_file(data, name)


def as_file(data: bytes, name: str) -> web.Response:
    """A workbook to keep."""
    return web.Response(
        body=data,
        content_type=_XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@requires(*LEADS)
async def second(request: web.Request) -> web.StreamResponse:
    """The head office's blind second look at a day's reviews (S5)."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    try:
        day = typed_day(str((await request.post()).get("day", "")))
    except ValueError as error:
        raise web.HTTPBadRequest from error
    seed = token_hex(6)
    try:
        await panel.database.write(
            lambda conn: drawing.draw_second(
                conn, site_of(conn, panel.reviews, panel.settings.zone), day, seed, user.login, now
            )
        )
    except CannotDraw as error:
        sentence = translator_of(request).sentence(str(error))
        shown = render(request, "error.html", sentence=sentence, status_code=422)
        shown.set_status(422)
        return shown
    raise web.HTTPSeeOther("/reviews/figures")


def rule_titles(language: str) -> dict[str, str]:
    """The names of all rules there are; where two sets name one differently, either."""
    titles: dict[str, str] = {}
    for one in sorted(RULES.ids()):
        try:
            known = RULES.get(one).rules
        except RuleSetError:
            continue  # the check's alarm says it; the page shows the rules' ids
        titles |= {rule.id: rule.title.get(language) or rule.title["zh"] for rule in known}
    return titles


def named(text: Translator) -> dict[str, str]:
    """The headings of sheets."""
    return {key: text(title) for key, title in TITLES.items()}


async def _read(request: web.Request, since: date, until: date) -> tuple[Summary, dict[str, str], int]:
    panel = request.app[PANEL]
    zone = panel.settings.zone
    begins = datetime.combine(since, time(), zone).astimezone(UTC)
    ends = datetime.combine(until + timedelta(days=1), time(), zone).astimezone(UTC)

    def read(conn: Connection) -> tuple[Summary, dict[str, str], int]:
        names = {agent.id: f"{agent.name} {agent.code}" for agent in all_agents(conn)}
        return summary(conn, begins, ends), names, latest_id(conn)

    return await panel.database.read(read)


def _span(request: web.Request) -> tuple[date, date]:
    panel = request.app[PANEL]
    today = panel.clock().astimezone(panel.settings.zone).date()
    try:
        since = typed_day(request.query.get("since", ""))
        until = typed_day(request.query.get("until", ""))
    except ValueError:
        return today - timedelta(days=today.weekday()), today
    return min(since, until), max(since, until)
