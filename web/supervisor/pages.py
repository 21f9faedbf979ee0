from aiohttp import web
from web.panel import Panel
def routes(_panel: Panel) -> list[web.RouteDef]:
    return []
