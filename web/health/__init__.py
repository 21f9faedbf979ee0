"""The service seen from outside: figures for machines, the doctor's findings for people (O1, O5)."""

from aiohttp import web

from web.health import pages
from web.panel import Panel


def routes(panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return pages.routes(panel)
