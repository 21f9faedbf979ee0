"""`/playbooks`: every kind of follow-up in force, and one of them as people read it."""

from collections import Counter

from aiohttp import web
from sqlalchemy import Connection, func, select

from dialer.agents.queries import all_agents
from dialer.followups.states import OPEN
from dialer.followups.tables import follow_ups
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.library import Library
from dialer.playbooks.queries import SavedVersion, saved_versions
from dialer.playbooks.service import library_of
from dialer.playbooks.spans import Span
from web.auth.guard import requires
from web.auth.rules import Role
from web.facts import fact_name
from web.i18n import N_
from web.labels import OCCASION
from web.panel import PANEL, Panel
from web.playbooks import words
from web.render import language_of, playbook_names, render, translator_of


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [web.get("/playbooks", list_page), web.get("/playbooks/{playbook}", show_page)]


@requires(Role.SUPERVISOR, Role.ADMIN)
async def list_page(request: web.Request) -> web.StreamResponse:
    """All of them, with what is open."""
    library, saved, waiting = await request.app[PANEL].database.read(
        lambda conn: (
            library_of(conn, request.app[PANEL].library),
            saved_versions(conn),
            _open_by_playbook(conn),
        )
    )
    by = {(one.playbook, one.version): one for one in saved}
    rows = sorted(library, key=lambda one: one.id)
    return render(request, "playbooks/list.html", rows=rows, saved=by, waiting=waiting, **common(request))


@requires(Role.SUPERVISOR, Role.ADMIN)
async def show_page(request: web.Request) -> web.StreamResponse:
    """One, in the version in force or an older one."""
    playbook_id, wanted = request.match_info["playbook"], request.query.get("version", "")
    library, saved, agents = await request.app[PANEL].database.read(
        lambda conn: (
            library_of(conn, request.app[PANEL].library),
            saved_versions(conn, playbook_id),
            {agent.code: agent.name for agent in all_agents(conn)},
        )
    )
    current = in_force(library, playbook_id)
    number = int(wanted) if wanted.isdecimal() and wanted.isascii() and len(wanted) < 9 else current.version
    if number not in library.versions(playbook_id):
        raise web.HTTPNotFound
    playbook = library.get(playbook_id, number)
    return render(
        request,
        "playbooks/show.html",
        playbook=playbook,
        callers=[f"{code} {agents.get(code, '')}".strip() for code in playbook.callers],
        current=current,
        versions=library.versions(playbook_id),
        saved={one.version: one for one in saved},
        asked={question.id for question in playbook.questionnaire},
        name_of=playbook_names(library, language_of(request)),
        published=request.query.get("published") == "1",
        moved=request.query.get("moved", ""),
        **common(request),
    )


def in_force(library: Library, playbook_id: str) -> Playbook:
    """The playbook with this id.

    Raises:
        HTTPNotFound: there is none.
    """
    playbook = library.find(playbook_id)
    if playbook is None:
        raise web.HTTPNotFound
    return playbook


def common(request: web.Request) -> dict[str, object]:
    """What every template of this area uses."""
    text = translator_of(request)

    def span(value: Span | None) -> str:
        return words.span(value, text)

    return {
        "words": words,
        "occasions": OCCASION,
        "lang": text.language,
        "span": span,
        "hours": words.hours,
        "fact_name": lambda name: fact_name(name, text),
        "fact_names": lambda names: text(N_(", ")).join(fact_name(name, text) for name in names),
    }


def _open_by_playbook(conn: Connection) -> Counter[str]:
    query = (
        select(follow_ups.c.playbook, func.count())
        .where(follow_ups.c.state.in_(OPEN))
        .group_by(follow_ups.c.playbook)
    )
    return Counter({row[0]: row[1] for row in conn.execute(query)})


__all__ = ["SavedVersion", "common", "in_force", "routes"]
