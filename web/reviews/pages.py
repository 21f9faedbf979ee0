"""Every route of the reviews."""

from aiohttp import web

from web.panel import Panel
from web.reviews import figures, results, sample, screen


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return [*sample.routes(), *results.routes(), *figures.routes(), *screen.routes()]
