"""The supervisor sees each trunk, which one is broken, and how many answer each number (V1, D4, D8)."""

from dataclasses import replace

import pytest
from playwright.async_api import expect
from sqlalchemy import Connection

from dialer.alarms.service import raise_alarm
from dialer.calling.progress import Ending
from dialer.calling.settings import CallingSettings, Mode
from dialer.nodes.rules import Share
from dialer.telephony.outcomes import DialOutcome
from dialer.trunks.choosing import Verdict
from dialer.trunks.service import note_call
from dialer.trunks.settings import BreakerSettings, ReachSettings, TrunkSettings
from tests.panel.site import OpenPage, Site, snapshot

TRUNKS = (
    TrunkSettings(name="ims", channels=30, priority=1, caller_id="037160000000"),
    TrunkSettings(name="gsm", priority=2),
)


def settings() -> CallingSettings:
    return CallingSettings(
        mode=Mode.LIVE, keep_hours=False, trunks=TRUNKS, reach=ReachSettings(least_calls=1, share=0.9)
    )


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_trunks_and_numbers_are_on_the_page(
    panel_server: Site, open_page: OpenPage, language: str
) -> None:
    site = panel_server
    site.change_status(pairing=replace(site.status.pairing, settings=settings()))
    await site.user("chen", "supervisor", language=language)
    await site.agent("8001", ready=True)
    await site.follow_up("李", "13800000001", "豫A12345")
    page = await open_page("chen", "/supervisor")
    trunks = page.locator("#trunks")
    row = trunks.locator("tr[data-trunk='ims']")
    await expect(row).to_contain_text("正常" if language == "zh" else "Works")
    (attempt_id,) = await site.reserve()
    await expect(row).to_contain_text("1 / 30")
    await site.go(attempt_id)
    await site.end(attempt_id, Ending(DialOutcome.BUSY, True))

    def break_it(conn: Connection) -> None:
        now = site.clock()
        for call in range(3):
            told, rules = Verdict.BAD, BreakerSettings(failures=3)
            note_call(conn, "ims", f"{call:026d}", told, "CONGESTION 34", rules, now)
        raise_alarm(conn, "caller_id_marked", "0371", now, {"number": "0371", "share": 4, "others": 40})

    await site.database.write(break_it)
    await expect(row).to_contain_text("故障" if language == "zh" else "Broken")
    await expect(row).to_contain_text("CONGESTION 34")
    await expect(trunks.locator("tr[data-number='037160000000']")).to_contain_text("0%")
    alarms = page.locator("#alarms")
    await expect(alarms).to_contain_text("打不出去" if language == "zh" else "does not take calls")
    await expect(alarms).to_contain_text("接通率远低于" if language == "zh" else "Far fewer customers answer")
    await expect(alarms).not_to_contain_text("{")
    await snapshot(page, f"trunks-{language}")


async def test_each_of_several_telephone_systems_has_its_link(
    panel_server: Site, open_page: OpenPage
) -> None:
    """D8."""
    site = panel_server
    await site.user("chen", "supervisor")
    east = replace(site.status, pairing=replace(site.status.pairing, share=Share("east")))
    reason = "Another service has this telephone system."
    west = replace(east, link_up=False, link_reason=reason)
    site.change_status(link_up=False, nodes={"east": east, "west": west})
    page = await open_page("chen", "/supervisor")
    await expect(page.locator("[data-node=east]")).to_contain_text("已连接")
    await expect(page.locator("[data-node=west]")).to_contain_text("由另一服务进程负责")
    await snapshot(page, "nodes")
