"""`/explain?key=`: why each call of a customer is made or not, one line a gate (promise 2)."""

from aiohttp import web

from dialer.explaining.service import explain
from web.auth.guard import requires
from web.auth.rules import Role
from web.facts import facts_told
from web.labels import FOLLOW_UP_STATE, OCCASION, OUTCOME
from web.panel import PANEL, Panel
from web.plan import words
from web.render import render, translator_of

_LONGEST_KEY = 60


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [web.get("/explain", page)]


@requires(Role.SUPERVISOR, Role.ADMIN, Role.QA)
async def page(request: web.Request) -> web.StreamResponse:
    """The answer for a plate, a phone number or an id."""
    panel, key = request.app[PANEL], request.query.get("key", "").strip()[:_LONGEST_KEY]
    now, numbers = panel.clock(), panel.engine_status().pairing.numbers
    answer = None
    if key:
        answer = await panel.database.read(
            lambda conn: explain(conn, panel.library, panel.planning, panel.settings.zone, key, now, numbers)
        )
    return render(request, "plan/explain.html", key=key, answer=answer, **context(request))


def context(request: web.Request) -> dict[str, object]:
    """What the template `plan/explanation.html` needs; the customer's page gives it, too."""
    text, zone, now = translator_of(request), request.app[PANEL].settings.zone, request.app[PANEL].clock()
    return {
        "words": words,
        "states": FOLLOW_UP_STATE,
        "outcomes": OUTCOME,
        "occasions": OCCASION,
        "facts_told": lambda told: facts_told(told, text),
        "say_reason": lambda word: words.reason(word, text),
        "say_obstacle": lambda word: words.obstacle(word, text),
        "gate_name": lambda gate: words.gate_name(gate, text),
        "gate_value": lambda said: words.gate_value(said, text, zone, now),
        "gate_verdict": lambda gate: words.gate_verdict(gate, text, zone, now),
        "clock": lambda moment: words.clock(moment, zone, now),
    }
