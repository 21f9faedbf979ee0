"""The month's roll-up on a page and as a sheet to sign: 服务质量综合考评表 (S2, S3)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO

from aiohttp import web
from openpyxl import Workbook
from sqlalchemy import Connection

from dialer.agents.queries import all_agents
from dialer.importing.errors import inert
from dialer.storage.feed import emit, latest_id
from qa.reviews.figures import Row, fill
from qa.reviews.month import MonthSheet, month_sheet
from qa.reviews.scorecards import Scorecard, shipped_scorecard
from qa.training import queries as trainings
from qa.training.queries import Trained, Training
from web.auth.guard import current_user, requires
from web.days import typed_day
from web.i18n import N_, Translator
from web.panel import PANEL
from web.render import language_of, render, translator_of
from web.reviews import words
from web.reviews.draws import LEADS
from web.reviews.figures import FETCHED, as_file, rule_titles
from web.reviews.site import CARD
from web.reviews.tabs import tabs_of

# Who answers for a sheet writes under it.
_SIGNED = (N_("Prepared by"), N_("Reviewed by"), N_("Date"))


@dataclass(frozen=True, slots=True)
class Read:
    """What the month's page and sheet show. `names` of agents by id."""

    sheet: MonthSheet
    held: Sequence[Training]
    there: Mapping[str, Sequence[Trained]]
    names: Mapping[str, str]
    position: int

    def trained(self, agent_id: str) -> int:
        """How many trainings an agent had in this month."""
        return sum(one.agent_id == agent_id for there in self.there.values() for one in there)


def routes() -> list[web.RouteDef]:
    """The routes of the month."""
    return [web.get("/reviews/month", page), web.get("/reviews/month.xlsx", file)]


@requires(*LEADS)
async def page(request: web.Request) -> web.StreamResponse:
    """The month's sheet: this month where none is named."""
    found = await _read(request)
    language = language_of(request)
    return render(
        request,
        "reviews/month.html",
        tabs=tabs_of(current_user(request).roles),
        here="/reviews/month",
        found=found,
        sheet=found.sheet,
        card=shipped_scorecard(CARD),
        titles=rule_titles(language),
        earlier=found.sheet.first - timedelta(days=1),
        later=found.sheet.last + timedelta(days=1),
        today=_today(request),
        words=words,
        lang=language,
        feed_position=found.position,
    )


@requires(*LEADS)
async def file(request: web.Request) -> web.StreamResponse:
    """The same as XLSX, with room for those who sign it."""
    panel, user = request.app[PANEL], current_user(request)
    found, language, text = await _read(request), language_of(request), translator_of(request)
    data = await asyncio.to_thread(
        workbook, found, shipped_scorecard(CARD), rule_titles(language), language, text
    )
    first, last = found.sheet.first, found.sheet.last
    told = {"user": user.id, "login": user.login, "since": first.isoformat(), "until": last.isoformat()}
    await panel.database.write(lambda conn: emit(conn, FETCHED, user.id, panel.clock(), told))
    return as_file(data, f"service-quality-{first:%Y-%m}.xlsx")


def workbook(
    found: Read, card: Scorecard, titles: Mapping[str, str], language: str, text: Translator
) -> bytes:
    """The month as XLSX: the sheet, the training plan, the trainings that were held."""
    sheet, names = found.sheet, found.names
    book = Workbook()
    book.worksheets[0].title = inert(card.title.get(language, card.title["zh"]))[:31]
    weeks = [f"{since:%m-%d}–{until:%m-%d}" for since, until in sheet.weeks]
    items = [item.title.get(language, item.title["zh"]) for item in card.items]
    ending = (N_("Score"), N_("Month before"), N_("Fatal"), N_("Appeals"), N_("Granted"), N_("Trainings"))
    rows: list[Row] = [
        [text("Agent"), text("Reviews"), *items, *weeks, *map(text, ending), text("Broken most")]
    ]
    for line in sheet.lines:
        one = line.figures
        worst = text.listed(f"{titles.get(rule, rule)} {count}" for rule, count in line.worst)
        points = [one.items.get(item.id) for item in card.items]
        tail = (line.before, one.fatal, line.appealed.filed, line.appealed.granted)
        name = names.get(one.agent_id, one.agent_id)
        rows.append(
            [name, one.count, *points, *line.weeks, one.score, *tail, found.trained(one.agent_id), worst]
        )
    blank = [None] * (len(items) + len(weeks))
    rows.append([text("All agents"), sheet.count, *blank, sheet.score])
    rows += [[], [cell for title in _SIGNED for cell in (text(title), None)]]
    fill(book.worksheets[0], rows)
    plan: list[Row] = [[text("Rule"), text("Agent"), text("Times"), text("Agents")]]
    for lesson in sheet.summary.lessons:
        who = names.get(lesson.agent_id, lesson.agent_id) if lesson.agent_id else text("all")
        plan.append([titles.get(lesson.rule_id, lesson.rule_id), who, lesson.count, lesson.agents])
    fill(book.create_sheet(inert(text("Training plan"))), plan)
    headings = (
        N_("Held on"),
        N_("About"),
        N_("Trainer"),
        N_("Minutes"),
        N_("Agents"),
        N_("Confirmed"),
        N_("Note"),
    )
    record: list[Row] = [[text(one) for one in headings]]
    for training in found.held:
        there = found.there.get(training.id, ())
        who = text.listed(names.get(one.agent_id, one.agent_id) for one in there)
        said = sum(one.confirmed_at is not None for one in there)
        record.append(
            [
                training.held_on.isoformat(),
                training.topic or titles.get(training.rule_id or "", training.rule_id),
                training.trainer,
                training.minutes,
                who,
                said,
                training.note,
            ]
        )
    fill(book.create_sheet(inert(text("Training record"))), record)
    kept = BytesIO()
    book.save(kept)
    return kept.getvalue()


async def _read(request: web.Request) -> Read:
    panel = request.app[PANEL]
    month = _month(request)

    def read(conn: Connection) -> Read:
        position = latest_id(conn)
        sheet = month_sheet(conn, month, panel.settings.zone)
        held = trainings.held(conn, sheet.first, sheet.last)
        there = trainings.trained(conn, [one.id for one in held])
        names = {agent.id: f"{agent.name} {agent.code}" for agent in all_agents(conn)}
        return Read(sheet, held, there, names, position)

    return await panel.database.read(read)


def _today(request: web.Request) -> date:
    panel = request.app[PANEL]
    return panel.clock().astimezone(panel.settings.zone).date()


def _month(request: web.Request) -> date:
    try:
        return typed_day(f"{request.query.get('month', '')[:7]}-01")
    except ValueError:
        return _today(request).replace(day=1)
