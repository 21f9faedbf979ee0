"""What is stopped, for the head of every page of whoever is logged in (V2)."""

from aiohttp import web

from web.auth.guard import Handler
from web.auth.session import find_user
from web.halts.queries import stopped
from web.panel import PANEL
from web.render import STOPPED


@web.middleware
async def stopped_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Look it up for what is a whole page; parts of pages do not show it."""
    if find_user(request) is not None and "text/html" in request.headers.get("Accept", ""):
        request[STOPPED] = await request.app[PANEL].database.read(stopped)
    return await handler(request)
