"""The agent's page names a day that no file told: the first service, projected from the delivery (P4)."""

from datetime import datetime, timedelta

from playwright.async_api import expect
from sqlalchemy import Connection, select, update

from dialer.customers.tables import occasions
from dialer.followups.tables import follow_ups
from tests.panel.agent_page import add_caller
from tests.panel.site import OpenPage, Site
from tests.support.planned import SHANGHAI


async def test_p4_the_script_names_the_projected_day(panel_server: Site, open_page: OpenPage) -> None:
    """P4, T1: 50 km a day, so 5,000 km are a hundred days from the delivery."""
    await add_caller(panel_server)

    def sell(conn: Connection) -> str:
        facts = {"daily_mileage": 50}
        conn.execute(update(occasions).values(kind="delivery-order", facts=facts))
        conn.execute(update(follow_ups).values(playbook="first-maintenance", playbook_version=1))
        delivered: datetime = conn.execute(select(occasions.c.happened_at)).scalar_one()
        return (delivered.astimezone(SHANGHAI).date() + timedelta(days=100)).isoformat()

    due = await panel_server.database.write(sell)
    page = await open_page("wang", "/agent")
    await panel_server.talking()
    await expect(page.locator("[data-step=reason]")).to_contain_text(f"大概到{due}该做首次保养")


async def test_p2_p4_p18_p23_a_playbook_shows_what_makes_it_due(
    panel_server: Site, open_page: OpenPage
) -> None:
    await panel_server.user("boss", "supervisor")
    page = await open_page("boss", "/playbooks/first-maintenance")
    await expect(page.locator("main")).to_contain_text("推算满 5000 公里时")
    await page.goto(f"{panel_server.url}/playbooks/regular-customers")
    await expect(page.locator("main")).to_contain_text("旺季半月拜访")
    await page.goto(f"{panel_server.url}/playbooks/opinion-feedback")
    await expect(page.locator("main")).to_contain_text("建议送达责任部门")
