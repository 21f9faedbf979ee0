"""Every route of the plan's pages."""

from aiohttp import web

from web.panel import Panel
from web.plan import acts, handover, lists, pages
from web.plan.explain import routes as explain_routes


def routes(panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return [
        *(route for part in (pages, acts, lists, handover) for route in part.routes(panel)),
        *explain_routes(panel),
    ]
