"""The list of calls, a call's page, its sound, and the trail of who listened."""

from aiohttp import web

from web.panel import Panel


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return []
