import pytest
from tests.panel.test_playbooks import editor, check, PATH
from tests.panel.site import *
@pytest.mark.parametrize("language",["zh","en"])
async def test_shots(panel_server, open_page, language):
    site=panel_server
    page=await editor(site,open_page,language)
    async def shot(name, full=False): await page.screenshot(path=f"/tmp/shot_{name}_{language}.png", full_page=full)
    await shot("edit")
    await page.fill("[name=windows]", "9:30-11:30，15:00-19:00")
    await page.fill("[name='coverage.share']", "50")
    await check(page)
    await page.wait_for_selector("#effect")
    await shot("effect")
    await shot("effectfull", True)
    await page.fill("[name=windows]", "9:30")
    await page.fill("[name='steps.0.limit']", "三天")
    await check(page)
    await page.wait_for_selector(".problems")
    await shot("wrong")
    await page.goto(site.url+"/playbooks"); await shot("list")
    await page.goto(site.url+PATH); await shot("show")
    await page.goto(site.url+"/playbooks/e-banking"); await shot("bank", True)
