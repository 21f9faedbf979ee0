"""Recordings and QA: find a call, hear it with its words, see what was found (R2); the rules it goes by."""

from aiohttp import web

from web.panel import Panel
from web.quality import pages, rule_pages


def routes(panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return [*pages.routes(panel), *rule_pages.routes(panel)]


__all__ = ["routes"]
