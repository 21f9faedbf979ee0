"""`/handover`: an agent's hand-over notes, each with its open items, signed by both (R9)."""

from datetime import datetime

from aiohttp import web

from dialer.agents.queries import all_agents
from dialer.daily.queries import HandOver, hand_over, hand_overs_of
from dialer.daily.service import BadHandOver, make_hand_over, sign
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.panel import PANEL, Panel
from web.plan import words
from web.render import render, translator_of


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [
        web.get("/handover", notes),
        web.post("/handover", make),
        web.get("/handover/{id}", note),
        web.post("/handover/{id}/sign", sign_it),
    ]


@requires(Role.AGENT)
async def notes(request: web.Request) -> web.StreamResponse:
    """The agent's own notes, those to be signed first."""
    return await _list(request)


@requires(Role.AGENT)
async def make(request: web.Request) -> web.StreamResponse:
    """The agent hands everything over to another one."""
    panel, sent = request.app[PANEL], await request.post()
    user, now = current_user(request), panel.clock()
    to, words_for = str(sent.get("to", "")), str(sent.get("note", ""))
    try:
        made = await panel.database.write(
            lambda conn: make_hand_over(
                conn, from_id=user.agent_id or "", to_id=to, note=words_for, by=user.login, now=now
            )
        )
    except BadHandOver as error:
        return await _list(request, translator_of(request)(str(error)))
    raise web.HTTPSeeOther(f"/handover/{made}")


@requires(Role.AGENT, Role.SUPERVISOR, Role.ADMIN)
async def note(request: web.Request) -> web.StreamResponse:
    """One note."""
    return await _show(request)


@requires(Role.AGENT)
async def sign_it(request: web.Request) -> web.StreamResponse:
    """The agent signs: gives, or takes over."""
    panel, user = request.app[PANEL], current_user(request)
    await _note(request)
    now, note_id = panel.clock(), request.match_info["id"]
    try:
        await panel.database.write(lambda conn: sign(conn, note_id, user.agent_id or "", now))
    except BadHandOver as error:
        return await _show(request, translator_of(request)(str(error)))
    raise web.HTTPSeeOther(f"/handover/{note_id}")


async def _list(request: web.Request, problem: str = "") -> web.Response:
    panel, user = request.app[PANEL], current_user(request)
    mine = user.agent_id or ""
    rows, agents = await panel.database.read(lambda conn: (hand_overs_of(conn, mine), all_agents(conn)))
    return render(
        request,
        "plan/handovers.html",
        notes=rows,
        agents=[agent for agent in agents if agent.id != mine],
        names={agent.id: agent.name for agent in agents},
        mine=mine,
        problem=problem,
    )


async def _show(request: web.Request, problem: str = "") -> web.Response:
    panel, user = request.app[PANEL], current_user(request)
    found = await _note(request)
    agents = await panel.database.read(all_agents)
    items = [
        {**item, "due_at": datetime.fromisoformat(item["due_at"]) if item["due_at"] else None}
        for item in found.items
    ]
    return render(
        request,
        "plan/handover.html",
        note=found,
        items=items,
        names={agent.id: agent.name for agent in agents},
        mine=user.agent_id or "",
        words=words,
        problem=problem,
    )


async def _note(request: web.Request) -> HandOver:
    """The note, for its two people and for supervisors."""
    panel, user = request.app[PANEL], current_user(request)
    found = await panel.database.read(lambda conn: hand_over(conn, request.match_info["id"]))
    if found is None:
        raise web.HTTPNotFound
    if user.agent_id not in (found.from_id, found.to_id) and not user.roles & {Role.SUPERVISOR, Role.ADMIN}:
        raise web.HTTPForbidden
    return found
