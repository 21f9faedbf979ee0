"""Words said found again (A4), doubtful follow-ups, and the examiner's package (Q7)."""

from aiohttp import web

from web.panel import Panel
from web.search import doubts, package, pages

__all__ = ["routes"]


def routes(panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return [*pages.routes(panel), *doubts.routes(panel), *package.routes(panel)]
