"""A supervisor changes a playbook and sees the effect before saving it (T7)."""

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from dialer.followups.tables import follow_ups
from dialer.playbooks.library import LiveLibrary
from dialer.playbooks.queries import saved_versions
from tests.panel.site import OpenPage, Site

PATH = "/playbooks/after-sales-satisfaction"


async def editor(site: Site, open_page: OpenPage, language: str = "zh") -> Page:
    """The editor, for a supervisor; four customers were in the workshop yesterday."""
    await site.user("wang", "supervisor", language=language)
    for number in range(4):
        await site.follow_up("李", f"1380000000{number}", f"豫A1234{number}", days_ago=1)
    return await open_page("wang", f"{PATH}/edit")


async def versions_of_follow_ups(site: Site) -> list[int]:
    """By which versions of the playbook its follow-ups go."""
    query = select(follow_ups.c.playbook_version).where(follow_ups.c.playbook == "after-sales-satisfaction")
    return list(await site.database.read(lambda conn: conn.execute(query).scalars().all()))


async def check(page: Page) -> None:
    await page.click("button[value=check]")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_t7_a_window_is_changed_and_its_effect_seen_before_it_is_saved(
    panel_server: Site, open_page: OpenPage, language: str
) -> None:
    """T7, L3: what would happen, then the question about open follow-ups, then the new version."""
    site = panel_server
    page = await editor(site, open_page, language)
    await page.fill("[name=windows]", "9:30-11:30，15:00-19:00")
    await page.fill("[name='coverage.share']", "50")
    await page.fill("[name='steps.0.limit']", "5d")
    await check(page)
    effect = page.locator("#effect")
    await expect(effect.locator("tbody tr").nth(1).locator("td.end")).to_have_text(["4", "2"])
    changed = effect.locator("tr.is-changed")
    await expect(changed.filter(has_text="09:30-11:30, 15:00-19:00")).to_contain_text("09:00-12:00")
    await expect(changed.last.locator("td.end")).to_have_text(["540", "360"])
    assert await site.database.read(saved_versions) == []
    await page.click("button[value=save]")
    await expect(page.locator(".open-ones .wrong")).to_be_visible()
    await page.check("[name=open_ones][value=move]")
    await page.click("button[value=save]")
    await expect(page).to_have_url(f"{site.url}{PATH}?published=1&moved=4")
    await expect(page.locator(".done")).to_contain_text("4")
    await expect(page.locator(".facts").first).to_contain_text("09:30-11:30, 15:00-19:00")
    (saved,) = await site.database.read(saved_versions)
    assert (saved.version, saved.saved_by, saved.open_ones) == (2, "wang", "move")
    assert '{start: "09:30", end: "11:30"}' in saved.yaml
    assert saved.yaml.startswith("# P1: asks each customer")
    assert await versions_of_follow_ups(site) == [2] * 4
    assert isinstance(site.library, LiveLibrary)
    assert site.library.get("after-sales-satisfaction").version == 2


async def test_t7_open_follow_ups_may_stay_and_the_older_version_is_still_shown(
    panel_server: Site, open_page: OpenPage
) -> None:
    site = panel_server
    page = await editor(site, open_page)
    await page.click("text=题目 >> nth=0")
    await page.fill("[name='questionnaire.0.ask.zh']", "您等了多久？")
    await check(page)
    await expect(page.locator("tr.is-changed")).to_have_count(0)
    await page.check("[name=open_ones][value=stay]")
    await page.click("button[value=save]")
    await expect(page.locator(".done")).to_contain_text("未完成的回访仍按原版本执行")
    await expect(page.locator(".questions")).to_contain_text("您等了多久？")
    await page.goto(f"{site.url}{PATH}?version=1")
    await expect(page.locator(".questions")).to_contain_text("您对预约和到店后的接待等候时间评价如何？")
    await expect(page.locator(".version")).to_contain_text("已不生效")
    assert await versions_of_follow_ups(site) == [1] * 4


async def test_errors_stand_at_their_field_and_nothing_typed_is_lost(
    panel_server: Site, open_page: OpenPage
) -> None:
    site = panel_server
    page = await editor(site, open_page)
    await page.fill("[name='steps.0.limit']", "三天")
    await page.fill("[name=windows]", "12:00-9:00")
    await page.fill("[name='coverage.share']", "500")
    await check(page)
    await expect(page.locator(".problems")).to_contain_text("尚未保存")
    wrong = page.locator(".field.is-wrong")
    await expect(wrong.filter(has=page.locator("[name='steps.0.limit']"))).to_contain_text("不是时限")
    await expect(page.locator("[name='steps.0.limit']")).to_have_value("三天")
    await page.fill("[name='steps.0.limit']", "0d")
    await check(page)
    await expect(page.locator(".field.is-wrong")).to_have_count(2)
    await expect(page.locator("[name='coverage.share']")).to_have_value("500")
    await page.fill("[name='coverage.share']", "100")
    await page.fill("[name=windows]", "09:00-12:00, 14:00-20:00")
    await check(page)
    await expect(page.locator(".problems")).to_contain_text("须满足 最早 ≤ 目标 ≤ 期限")
    await page.fill("[name='steps.0.limit']", "3d")
    await check(page)
    await expect(page.locator("#effect")).to_be_visible()


async def test_the_whole_file_can_be_changed_and_its_errors_have_lines(
    panel_server: Site, open_page: OpenPage
) -> None:
    site = panel_server
    page = await editor(site, open_page)
    await page.click("summary:has-text('YAML')")
    text = await page.input_value("textarea.yaml")
    await page.fill("textarea.yaml", text + "to_head: gradee == 'A'\n")
    await page.fill("[name='expected_minutes']", "6")
    await check(page)
    problems = page.locator(".problems li")
    await expect(problems).to_contain_text(f"第 {len(text.splitlines()) + 1} 行")
    await expect(problems).to_contain_text("没有 gradee 这个字段")
    await page.fill("textarea.yaml", text + "to_head: grade == 'A'\n")
    await check(page)
    await expect(page.locator("#effect")).to_be_visible()
    assert "expected_minutes: 6\n" in await page.input_value("textarea.yaml")
    await page.click("summary:has-text('YAML')")
    await page.fill("textarea.yaml", text.replace("id: after-sales-satisfaction", "id: another", 1))
    await check(page)
    await expect(page.locator(".problems")).to_contain_text("id 必须保持 after-sales-satisfaction")
    await page.fill("textarea.yaml", "id: [")
    await check(page)
    await expect(page.locator(".problems")).to_contain_text("无法读取")


async def test_p_a_company_makes_a_playbook_of_its_own_like_another(
    panel_server: Site, open_page: OpenPage
) -> None:
    """Section 3: a company adds its own as data; an id that is there already is refused."""
    site = panel_server
    page = await editor(site, open_page)
    await page.goto(site.url + PATH)
    await page.click("text=仿照新建")
    text = await page.input_value("textarea.yaml")
    await page.fill("textarea.yaml", text.replace("id: after-sales-satisfaction-copy", "id: lost-deal"))
    await check(page)
    await expect(page.locator(".problems")).to_contain_text("已有方案 lost-deal")
    await page.fill("textarea.yaml", text.replace("id: after-sales-satisfaction-copy", "id: our-own"))
    await check(page)
    await expect(page.locator("#effect tbody tr").nth(1).locator("td.end")).to_have_text(["–", "4"])
    await page.click("button[value=save]")
    await expect(page).to_have_url(f"{site.url}/playbooks/our-own?published=1&moved=0")
    assert site.library.get("our-own").version == 1


async def test_who_is_slower_is_told_that_somebody_saved_meanwhile(
    panel_server: Site, open_page: OpenPage
) -> None:
    site = panel_server
    page = await editor(site, open_page)
    other = await open_page("wang", f"{PATH}/edit")
    for one in (page, other):
        await one.fill("[name='expected_minutes']", "5")
        await check(one)
        await one.check("[name=open_ones][value=stay]")
    await page.click("button[value=save]")
    await expect(page.locator(".done")).to_be_visible()
    await other.click("button[value=save]")
    await expect(other.locator(".problems")).to_contain_text("其间有人保存了新版本")
    assert len(await site.database.read(saved_versions)) == 1


async def test_the_list_leads_to_each_and_only_supervisors_get_in(
    panel_server: Site, open_page: OpenPage
) -> None:
    site = panel_server
    await site.user("wang", "supervisor")
    await site.user("li", "qa")
    page = await open_page("wang", "/playbooks")
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(len(list(site.library)))
    await page.click("text=售后满意度回访")
    await expect(page).to_have_url(f"{site.url}{PATH}")
    for playbook in site.library:
        answer = await page.goto(f"{site.url}/playbooks/{playbook.id}")
        assert answer is not None
        assert answer.status == 200
        answer = await page.goto(f"{site.url}/playbooks/{playbook.id}/edit")
        assert answer is not None
        assert answer.status == 200
    for path in ("/playbooks/nobody", f"{PATH}?version=77", "/playbooks/nobody/edit"):
        answer = await page.goto(site.url + path)
        assert answer is not None
        assert answer.status == 404
    visitor = await open_page("li")
    answer = await visitor.goto(f"{site.url}/playbooks")
    assert answer is not None
    assert answer.status == 403
