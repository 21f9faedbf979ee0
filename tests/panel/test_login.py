"""Logging in, and who may see what (X1, X2)."""
from tests.panel.site import OpenPage, Site


async def test_login_page(panel_server: Site, open_page: OpenPage) -> None:
    await panel_server.user("chen", "supervisor")
    page = await open_page("chen", "/session")
