"""Who used which right when, looked through and signed month by month (R7, R12, X1)."""

from aiohttp import web

from web.panel import Panel
from web.rights import pages


def routes(panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return pages.routes(panel)
