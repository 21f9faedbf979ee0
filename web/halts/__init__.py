"""Calling is stopped and let go on from here; every page shows what is stopped, and by whom (V2)."""

from aiohttp import web

from web.halts import pages
from web.panel import Panel


def routes(panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return pages.routes(panel)
