"""The panel as one aiohttp application."""

from pathlib import Path

from aiohttp import web

from web import (
    agent,
    cases,
    customers,
    halts,
    health,
    imports,
    plan,
    playbooks,
    quality,
    reviews,
    rights,
    search,
)
from web.auth import pages as auth
from web.auth.guard import csrf_middleware, session_middleware
from web.errors import error_middleware
from web.halts.banner import stopped_middleware
from web.health.lag import run_lag
from web.health.pages import run_tally
from web.live import feed
from web.live import stream as live
from web.panel import PANEL, Panel
from web.render import ENVIRONMENT, make_environment, nonce_of
from web.supervisor import pages as supervisor

STATIC = Path(__file__).parent / "static"
_AREAS = (
    auth,
    live,
    supervisor,
    halts,
    plan,
    customers,
    agent,
    cases,
    quality,
    reviews,
    playbooks,
    imports,
    rights,
    search,
    health,
)
# The longest is the form of a playbook: Chinese takes nine characters each on the way.
_LARGEST_BODY = 1024 * 1024


def make_app(panel: Panel) -> web.Application:
    """The panel's application. The database must be started before it, and stopped after it."""
    app = web.Application(
        middlewares=[
            error_middleware,
            feed.position_middleware,
            session_middleware,
            csrf_middleware,
            stopped_middleware,
        ],
        client_max_size=_LARGEST_BODY,
    )
    app[PANEL] = panel
    app[ENVIRONMENT] = make_environment(panel.settings.zone)
    imports.set_up(app)
    app.cleanup_ctx.append(feed.run_broker)
    app.cleanup_ctx.extend((run_lag, run_tally))
    app.on_shutdown.append(feed.let_pages_go)
    for area in _AREAS:
        app.add_routes(area.routes(panel))
    app.router.add_static("/static", STATIC)
    app.on_response_prepare.append(_protect)
    return app


async def _protect(request: web.Request, response: web.StreamResponse) -> None:
    """Nothing is loaded from elsewhere, nothing runs that is not a file of ours (X2)."""
    headers = response.headers
    headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        f"style-src 'self' 'nonce-{nonce_of(request)}'; font-src 'self'; media-src 'self' blob:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    headers["X-Frame-Options"] = "DENY"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    if request.path.startswith("/static/"):
        # Asked for anew each time and answered 304: an update is seen at once.
        headers["Cache-Control"] = "no-cache"
    if request.app[PANEL].settings.secure_cookies:
        headers["Strict-Transport-Security"] = "max-age=31536000"
