"""Reviews say what is missing and why, in a real browser: reasons, the first open line, appeals (S2, S4)."""

import pytest
from playwright.async_api import expect
from sqlalchemy import update

from qa.reviews.tables import reviews as reviews_table
from qa.sampling.rules import Pool
from tests.panel.recorded import Known
from tests.panel.site import OpenPage, Site, snapshot
from tests.panel.test_review_samples import CALLS, calls, drawn, reviewed
from tests.panel.test_reviews import press

__all__ = ["calls"]


async def _given(site: Site, pool: Pool, language: str) -> str:
    """The address of a review of this pool, given to somebody who reads this language."""
    await site.user("ning", "qa", language=language)
    row = (await drawn(site))[pool][0]
    given = update(reviews_table).where(reviews_table.c.id == row.id).values(reviewer="ning")
    await site.database.write(lambda conn: conn.execute(given))
    return f"/reviews/{row.id}"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_missing_reason_is_said_and_the_first_open_line_is_shown(
    panel_server: Site, calls: list[Known], open_page: OpenPage, language: str
) -> None:
    """S2: chip, caption and notice ask why, the first open line shows, nothing lies on the button."""
    assert len(calls) == CALLS
    page = await open_page("ning", await _given(panel_server, Pool.RISK, language))
    rule = page.locator("#rule-no_forbidden")
    await rule.click()
    await press(page, "p")
    await expect(page.locator(".reasons-open")).to_have_text(
        {"zh": "1 项未选原因：请选择原因（1–7）", "en": "1 without a reason: choose why (1–7)"}[language]
    )
    await expect(rule.locator(".reason-caption.is-missing")).to_have_text(
        {"zh": "请选择原因（1–7）", "en": "Choose why (1–7)"}[language]
    )
    await page.locator(".item.score").nth(2).click()
    await page.keyboard.press("Control+Enter")
    notice = page.locator(".notice").last
    await expect(notice).to_contain_text({"zh": "请选择原因（1–7）", "en": "choose why (1–7)"}[language])
    first = page.locator("#side .is-open").first
    await expect(first).to_have_class("item rule is-open is-first is-here")
    await expect(first).to_be_in_viewport()
    await page.locator("[data-act=submit]").click(trial=True)
    await snapshot(page, f"reviews_reason_missing_{language}")
    told, button = await notice.bounding_box(), await page.locator("[data-act=submit]").bounding_box()
    assert told is not None
    assert button is not None
    assert told["x"] + told["width"] <= button["x"]
    await press(page, "4")
    await expect(page.locator(".reason-caption.is-missing, .reasons-open")).to_have_count(0)


async def test_shift_gives_the_verdict_and_goes_on(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """S2: a blind rule needs one key; where the reason is missing, one stays."""
    assert len(calls) == CALLS
    page = await open_page("ning", await _given(panel_server, Pool.RANDOM, "en"))
    here = page.locator(".item.is-here")
    await expect(here).to_have_attribute("id", "rule-greet")
    await press(page, "Shift+P")
    await expect(here).to_have_attribute("id", "rule-no_forbidden")
    await expect(page.locator("#rule-greet .own")).to_have_text("Mine: Passed")
    await press(page, "Shift+P")
    await expect(here.locator(".reason-caption.is-missing")).to_have_count(1)
    await expect(here).to_have_attribute("id", "rule-no_forbidden")
    await page.keyboard.press("?")
    await expect(page.locator("#help")).to_contain_text("the verdict, and on to the next that waits")
    await snapshot(page, "reviews_help_shift_en")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_an_agent_and_who_decides_read_why_a_rule_failed(
    panel_server: Site, calls: list[Known], open_page: OpenPage, language: str
) -> None:
    """S4: the finding's reason or the reviewer's; what may be appealed against most likely stands first."""
    site = panel_server
    assert len(calls) == CALLS
    await site.user("ning", "qa_lead", "supervisor", language=language)
    row = (await drawn(site))[Pool.RANDOM][0]
    await reviewed(site, row, greet="fail", thanks="pass")
    page = await open_page("wang", "/reviews/mine")
    await expect(page.locator("[data-rule=no_forbidden] .finding-why")).to_have_text("说了禁用语。")
    await expect(page.locator("[data-rule=greet] .finding-why")).to_have_text("质检员的理由：上下文另有含义")
    await page.locator(".appeal > summary").click()
    broken = page.locator(".about-broken input")
    values = [await one.get_attribute("value") for one in await broken.all()]
    assert set(values) == {"greet", "no_forbidden"}
    await expect(page.locator(".about-kept input[value=thanks]")).to_be_hidden()
    await expect(page.locator(".about-scores input")).to_have_count(5)
    await expect(page.locator(".about-broken input[value=language]")).to_have_count(0)
    await snapshot(page, f"reviews_mine_why_{language}")
    await page.locator(".about-broken input[value=greet]").check()
    await page.locator(".about-broken input[value=no_forbidden]").check()
    await page.fill(".appeal textarea", "我说了")
    await page.click(".appeal button.primary")
    lead = await open_page("ning", "/reviews/appeals")
    await expect(lead.locator(".decide tbody .finding-why")).to_have_count(2)
    await snapshot(lead, f"reviews_appeals_why_{language}")
