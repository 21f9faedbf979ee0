"""Playbooks: what each follow-up is, and changing one with its effect seen before it is saved (T7)."""

from aiohttp import web

from web.panel import Panel
from web.playbooks import editor, pages


def routes(panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return [*pages.routes(panel), *editor.routes(panel)]


__all__ = ["routes"]
