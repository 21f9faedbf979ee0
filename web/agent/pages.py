"""The agent's page and what it can do."""

from datetime import datetime, timedelta

from aiohttp import web

from dialer.forms.rules import Satisfaction
from web.agent import calls, offers, phonetest, results, session, steps, tasks, tickets
from web.agent.calls import agent_id_of
from web.agent.dial_words import REFUSED, REFUSED_OTHERWISE, TICKET
from web.agent.session import is_elsewhere, phone_words, why_no_call
from web.agent.view import View, call_data, load
from web.agent.words import (
    AFTERWARDS,
    FACT,
    PAUSES,
    PHASE,
    PLACE,
    SCRIPT_TEXTS,
    STAFF,
)
from web.auth.guard import current_user, requires
from web.labels import AGENT_STATE, DISPOSITION, OUTCOME, PAUSE_REASON, SATISFACTION
from web.panel import PANEL, Panel
from web.render import language_of, render, translator_of


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return [
        web.get("/agent", page),
        web.get("/agent/view", view),
        web.post("/agent/state", session.change_state),
        *calls.routes(),
        *steps.routes(),
        *offers.routes(),
        *phonetest.routes(),
        *tickets.routes(),
        *tasks.routes(),
    ]


@requires("agent")
async def page(request: web.Request) -> web.StreamResponse:
    """The whole page (R1)."""
    return await _show(request, "agent/page.html")


@requires("agent")
async def view(request: web.Request) -> web.StreamResponse:
    """What changes on the page."""
    return await _show(request, "agent/view.html")


async def _show(request: web.Request, template: str) -> web.Response:
    panel, language, now = request.app[PANEL], language_of(request), request.app[PANEL].clock()
    agent_id = agent_id_of(request)
    shown = await panel.database.read(lambda conn: load(conn, panel, agent_id, language, now))
    if shown is None:
        raise web.HTTPForbidden
    return render(request, template, **_context(request, shown, now))


def _context(request: web.Request, shown: View, now: datetime) -> dict[str, object]:
    panel, language, _ = request.app[PANEL], language_of(request), translator_of(request)
    title, advice, loud = why_no_call(shown)
    filled = phone_words(shown)
    zone = panel.settings.zone
    # Another browser works the session: this page shows nothing that could be worked on.
    moved = is_elsewhere(shown.session, current_user(request).token_hash)
    call = None if moved else shown.call
    return {
        "view": shown,
        "moved": moved,
        "call": call,
        "why": _(title, **filled),
        "advice": _(advice, **filled),
        "loud": loud,
        "extension": filled["extension"],
        "reaches": panel.engine_status().reaches,
        "data": {
            "owner": shown.agent.id,
            "words": {name: _(text) for name, text in SCRIPT_TEXTS.items()},
            "call": call_data(call, language, zone) if call else None,
        },
        # Up to the end of that day: midnight itself would name the next one.
        "deadline": call.sheet.limit_at - timedelta(minutes=1) if call else None,
        "shown": shown.offer,
        "test": phonetest.shown_test(shown, now),
        "ticket_kinds": TICKET,
        "skip_reasons": offers.skip_reasons(panel.engine_status(), language),
        "refusal": _(REFUSED.get(shown.refused, REFUSED_OTHERWISE), gate=shown.refused)
        if shown.refused
        else "",
        "site_now": f"{now.astimezone(zone):%Y-%m-%dT%H:%M}",
        "feed_position": shown.position,
        "pauses": PAUSES,
        "phases": {phase: PHASE[phase] for phase in call.phases} if call else PHASE,
        "afterwards": AFTERWARDS,
        "staff_names": STAFF,
        "state_names": AGENT_STATE,
        "pause_names": PAUSE_REASON,
        "outcome_names": OUTCOME,
        "dispositions": results.choices(),
        "disposition_names": DISPOSITION,
        "satisfactions": list(Satisfaction),
        "satisfaction_names": SATISFACTION,
        "fact_names": FACT,
        "place_names": PLACE,
    }
