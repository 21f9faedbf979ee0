"""`/metrics`, `/healthz`, `/readyz` for machines; `/doctor`, the findings of `dialer doctor`, for people."""

import asyncio
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from web.auth.guard import requires
from web.auth.rules import Role
from web.finding import Finding, Level
from web.health.exposition import CONTENT_TYPE, exposition
from web.health.lag import LAG
from web.health.metrics import Tally
from web.health.queries import answers
from web.live.feed import BROKER
from web.panel import PANEL, Panel
from web.render import render, translator_of

_PATIENCE_SECONDS = 2.0
_STUCK_SECONDS = 10.0
# A proxy on this machine would make everybody look as if he were on it.
_PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Real-IP")


@dataclass
class Examined:
    """What the last look at the site found."""

    findings: list[Finding] = field(default_factory=list)
    at: datetime | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


TALLY = web.AppKey("tally", Tally)
EXAMINED = web.AppKey("examined", Examined)


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return [
        web.get("/metrics", metrics),
        web.get("/healthz", healthz),
        web.get("/readyz", readyz),
        web.get("/doctor", doctor),
        web.post("/doctor", examine),
    ]


async def run_tally(app: web.Application) -> AsyncIterator[None]:
    """The counting begins with the application."""
    app[TALLY] = Tally(app[PANEL])
    app[EXAMINED] = Examined()
    await app[TALLY].start()
    yield


async def metrics(request: web.Request) -> web.StreamResponse:
    """Everything counted, for Prometheus; with the token, or from this machine where none is set."""
    if not _may_ask(request):
        raise web.HTTPForbidden
    families = await request.app[TALLY].families(request.app[LAG].worst, request.app[BROKER].pages)
    return web.Response(text=exposition(families), headers={"Content-Type": CONTENT_TYPE})


async def healthz(request: web.Request) -> web.StreamResponse:
    """Whether the process is alive and its event loop keeps up: 200, or 503 to have it restarted."""
    lag = request.app[LAG].worst
    word = "ok" if lag < _STUCK_SECONDS else "stuck"
    return _plain(f"{word} loop_lag_seconds={lag:.3f}", 200 if word == "ok" else 503)


async def readyz(request: web.Request) -> web.StreamResponse:
    """Whether calls can be placed: 200, or 503 with a line for each reason against it."""
    panel, engine = request.app[PANEL], request.app[PANEL].engine_status()
    against = []
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await panel.database.read(answers)
    except (SQLAlchemyError, OSError, TimeoutError):
        against.append("database: does not answer")
    if not engine.link_up:
        against.append("link: no link to the telephone system")
    elif not engine.settled:
        against.append("link: calls in doubt are being settled")
    if engine.stopping:
        against.append("service: stops")
    return _plain("\n".join(against) or "ready", 503 if against else 200)


@requires(Role.ADMIN)
async def doctor(request: web.Request) -> web.StreamResponse:
    """What the last look found."""
    examined = request.app[EXAMINED]
    return render(
        request,
        "health/page.html",
        findings=examined.findings,
        examined_at=examined.at,
        counts={level: sum(one.level is level for one in examined.findings) for level in Level},
        text=translator_of(request),
        possible=request.app[PANEL].examine is not None,
    )


@requires(Role.ADMIN)
async def examine(request: web.Request) -> web.StreamResponse:
    """Look anew: a few seconds. Who asks meanwhile waits for the same look."""
    panel, examined = request.app[PANEL], request.app[EXAMINED]
    if panel.examine is None:
        raise web.HTTPNotFound
    asked_at = panel.clock()
    async with examined.turn:
        if examined.at is None or examined.at < asked_at:
            examined.findings, examined.at = await panel.examine(), panel.clock()
    raise web.HTTPSeeOther("/doctor")


def _may_ask(request: web.Request) -> bool:
    token = request.app[PANEL].settings.metrics_token
    if token:
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        return hmac.compare_digest(sent.encode(errors="replace"), token.encode())
    if any(name in request.headers for name in _PASSED_ON):
        return False
    try:
        return ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


def _plain(told: str, status: int) -> web.Response:
    return web.Response(text=f"{told}\n", status=status, headers={"Cache-Control": "no-store"})
