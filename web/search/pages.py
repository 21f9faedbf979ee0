"""`/search`: calls by words said, each hit played from its word (A4)."""

import asyncio
import unicodedata
from collections.abc import Collection, Mapping
from datetime import datetime, time, timedelta
from functools import cache

from aiohttp import web

from dialer.agents.queries import all_agents
from qa.changing.library import rule_library
from qa.reviews.queries import blind_reviews
from qa.search.queries import Filter
from qa.search.rules import NothingToFind
from qa.search.service import Results, note_search, search
from web.auth.guard import current_user, requires
from web.days import typed_day
from web.labels import DISPOSITION
from web.panel import PANEL, Panel
from web.quality.words import CHANNEL, VERDICT
from web.render import language_of, render, translator_of
from web.search import words

PAGE_SIZE = 30
_LONGEST = 100


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [web.get("/search", page)]


@requires("qa", "supervisor")
async def page(request: web.Request) -> web.StreamResponse:
    """The words looked for and what was found."""
    panel, query = request.app[PANEL], request.query
    typed = query.get("words", "").strip()[:_LONGEST]
    number = query.get("page", "1")
    at = int(number) if number.isascii() and number.isdigit() and 0 < len(number) < 5 else 1
    login = current_user(request).login
    hidden = await panel.database.read(lambda conn: blind_reviews(conn, login))
    wanted = _filter(request, hidden)
    offset = (max(at, 1) - 1) * PAGE_SIZE
    results: Results | None = None
    problem = ""
    agents = await panel.database.read(all_agents)
    if typed:
        try:
            results = await panel.database.read(
                lambda conn: search(conn, typed, wanted, limit=PAGE_SIZE, offset=offset)
            )
        except NothingToFind as error:
            problem = translator_of(request)(str(error))
        else:
            now = panel.clock()
            await panel.database.write(lambda conn: note_search(conn, login, typed, now))
    kept = {name: value for name, value in query.items() if name != "page" and value}
    return render(
        request,
        "search/page.html",
        typed=typed,
        wanted=wanted,
        query=query,
        results=results,
        problem=problem,
        page=max(at, 1),
        more=results is not None and offset + PAGE_SIZE < results.total,
        link=lambda to: request.url.with_path("/search").with_query({**kept, "page": str(to)}).path_qs,
        agents=agents,
        playbooks={one.id: one.name for one in panel.library},
        disposition_names=DISPOSITION,
        verdict_names=VERDICT,
        rules=await asyncio.to_thread(_rule_titles),
        channel_names=CHANNEL,
        words=words,
        lang=language_of(request),
    )


@cache
def _rule_titles() -> Mapping[str, Mapping[str, str]]:
    """The rules of the product by id, for choosing one by its title; a site's own ids can be typed."""
    shipped = rule_library()
    return {rule.id: rule.title for one in sorted(shipped.ids()) for rule in shipped.get(one).rules}


def _filter(request: web.Request, hidden: Collection[str]) -> Filter:
    query = request.query
    plate = "".join(unicodedata.normalize("NFKC", query.get("plate", "")).upper().split())
    until = _day(request, "until")
    return Filter(
        agent_id=query.get("agent", ""),
        plate=plate,
        since=_day(request, "since"),
        until=until + timedelta(days=1) if until else None,
        disposition=query.get("disposition", ""),
        playbook=query.get("playbook", ""),
        channel=query.get("channel", ""),
        rule=query.get("rule", "").strip(),
        verdict=query.get("verdict", ""),
        hidden=hidden,
    )


def _day(request: web.Request, name: str) -> datetime | None:
    try:
        day = typed_day(request.query.get(name, ""))
    except ValueError:
        return None
    return datetime.combine(day, time(), request.app[PANEL].settings.zone)
