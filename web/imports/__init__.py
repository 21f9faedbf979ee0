"""Import in the panel and over HTTP: upload, preview, take in, see what was wrong (C3, C4)."""

import asyncio

from aiohttp import web

from web.imports import api, pages
from web.imports.uploads import JOBS, TASKS
from web.panel import Panel

__all__ = ["routes", "set_up"]


def set_up(app: web.Application) -> None:
    """What is being taken in is known to the application that does it."""
    app[JOBS] = {}
    app[TASKS] = set()
    app.on_cleanup.append(_break_off)


async def _break_off(app: web.Application) -> None:
    """The panel stops: what is being taken in goes on when the same file is imported again."""
    running = app[TASKS]
    tasks = list(running)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def routes(panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return [*pages.routes(panel), *api.routes(panel)]
