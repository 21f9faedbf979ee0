"""The plan of the day: who is called and who not, by whom, what will be late, and why (L1, L6, L9, R9)."""

from aiohttp import web

from web.panel import Panel
from web.plan import acts, explain, handover, lists, pages


def routes(panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return [route for part in (pages, acts, lists, handover, explain) for route in part.routes(panel)]
