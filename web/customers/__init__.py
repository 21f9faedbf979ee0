"""Customers: found by plate, number or name; each with all that ever happened, and why (C5, R12, X3)."""

from aiohttp import web

from web.customers import acts, pages, segments
from web.panel import Panel


def routes(panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return [*pages.routes(panel), *acts.routes(panel), *segments.routes(panel)]
