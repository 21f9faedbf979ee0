"""Every route of the reviews."""

from aiohttp import web

from web.panel import Panel
from web.reviews import draws, figures, month, results, sample, screen, trainings


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    areas = (sample, draws, results, figures, month, trainings, screen)
    return [route for area in areas for route in area.routes()]
