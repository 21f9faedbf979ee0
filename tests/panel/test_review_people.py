"""Reviews and people in a real browser: whose a review is, whose word counts, what is hidden (S1, S4, T7)."""

from dataclasses import replace
from functools import partial

import pytest
from playwright.async_api import expect
from sqlalchemy import Connection, delete, update

from qa.checks.queries import keep_past, replace_findings
from qa.checks.tables import checks, findings
from qa.examiner.worker import PackageWorker
from qa.reviews import queries as reviews
from qa.reviews.scorecards import shipped_scorecard
from qa.reviews.settings import ReviewSettings
from qa.reviews.tables import reviews as reviews_table
from qa.reviews.worker import ReviewWorker
from qa.rules.findings import Finding, Reason, Verdict
from qa.sampling.rules import Pool
from tests.panel.recorded import Known
from tests.panel.site import OpenPage, Site, snapshot
from tests.panel.test_review_samples import CALLS, ZONE, calls, drawn, reviewed
from web.auth.service import set_active
from web.reviews.site import CARD, site_of
from web.search.sayings import say_in_chinese

__all__ = ["calls"]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_person_s_verdict_counts_where_the_call_is_shown(
    panel_server: Site, calls: list[Known], open_page: OpenPage, language: str
) -> None:
    """S4, T7: on the call's page, in the list and by its filter; the agent reads what it was about."""
    site = panel_server
    await site.user("ning", "qa", language=language)
    (row,) = (await drawn(site))[Pool.RANDOM]
    await reviewed(site, row, no_forbidden="pass", thanks="pass")
    page = await open_page("ning", f"/qa/calls/{row.attempt_id}")
    finding = page.locator(".finding[data-rule=no_forbidden]")
    await expect(finding.locator(".chip")).to_have_class("chip good")
    said = {
        "zh": f"由 {row.reviewer} 判定；机器判定为：不合格",
        "en": f"{row.reviewer} says so; the machine said: Failed the rule",
    }
    await expect(finding.locator(".person")).to_have_text(said[language])
    await expect(page.locator(".findings .panel-head .bad")).to_have_count(0)
    await snapshot(page, f"person_says_{language}")
    for query, count in (("verdict=fail", CALLS - 1), ("verdict=pass", 1)):
        await page.goto(f"{site.url}/qa?{query}")
        await expect(page.locator("tbody tr")).to_have_count(count)
    await expect(page.locator("tbody .verdicts")).to_contain_text(
        {"zh": "以人工判定为准", "en": "as people say"}[language]
    )
    await snapshot(page, f"person_says_list_{language}")
    # A rule that the newest check does not know any more.
    gone = delete(findings).where(findings.c.attempt_id == row.attempt_id)
    await site.database.write(lambda conn: conn.execute(gone.where(findings.c.rule_id == "no_forbidden")))
    await page.goto(f"{site.url}/qa/calls/{row.attempt_id}")
    await expect(finding.locator(".chip")).to_have_class("chip good")
    assert len(calls) == CALLS


async def test_a_result_keeps_its_evidence_after_another_check(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """T7: the agent reads and hears what the verdict was about, though a newer check finds nothing there."""
    site = panel_server
    assert len(calls) == CALLS
    (row,) = (await drawn(site))[Pool.RANDOM]
    await reviewed(site, row, no_forbidden="fail")
    site.clock.forward(60)

    def check_again(conn: Connection) -> None:
        known = update(checks).where(checks.c.attempt_id == row.attempt_id)
        conn.execute(known.values(rule_set="after-sales-satisfaction", rule_set_version=1))
        keep_past(conn, row.attempt_id, site.clock())
        found = [Finding("no_forbidden", Verdict.PASS, Reason.NOTHING_FORBIDDEN)]
        told = partial(replace_findings, rule_set="after-sales-satisfaction", version=2, now=site.clock())
        told(conn, row.attempt_id, found)

    await site.database.write(check_again)
    page = await open_page("wang", "/reviews/mine")
    rule = page.locator("[data-rule=no_forbidden]")
    await expect(rule.locator("q")).to_have_text("我")
    heard = await page.request.get(site.url + (await rule.locator("audio").get_attribute("src") or ""))
    assert (heard.status, heard.headers["content-type"]) == (200, "audio/wav")
    await snapshot(page, "evidence_of_then")


async def test_a_changed_scorecard_leaves_an_open_review_as_it_is(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """T7: a grade that the card of today does not have is shown, chosen and saved where it was begun."""
    site = panel_server
    assert len(calls) == CALLS
    (row,) = (await drawn(site))[Pool.RANDOM]
    card = shipped_scorecard(CARD).model_dump(mode="json")
    card["items"][0]["grades"] = [
        {"points": 90, "title": {"zh": "好极了"}},
        {"points": 10, "title": {"zh": "坏极了"}},
    ]
    of_then = update(reviews_table).where(reviews_table.c.id == row.id).values(card=card)
    await site.database.write(lambda conn: conn.execute(of_then))
    page = await open_page(row.reviewer, f"/reviews/{row.id}")
    line = page.locator(f"#score-{card['items'][0]['id']}")
    await line.click()
    await page.keyboard.press("2")
    await expect(line.locator(".own")).to_have_text("坏极了")
    kept = await site.database.read(lambda conn: reviews.review(conn, row.id))
    assert kept is not None
    assert kept.draft["scores"] == {card["items"][0]["id"]: 10}


async def test_a_lead_gives_a_review_to_another(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """S1: on the page of the draw; who has it now finds it in his sample, who had it does not."""
    site = panel_server
    assert len(calls) == CALLS
    (row,) = (await drawn(site))[Pool.RANDOM]
    had, gets = row.reviewer or "", "lin" if row.reviewer == "zhou" else "zhou"
    lead = await open_page("mei", f"/reviews/samples/{row.sample_id}")
    await lead.locator(".give summary").click()
    await lead.select_option(".give select", gets)
    await snapshot(lead, "reviews_give_zh")
    await lead.click(".give button")
    await expect(lead.locator("#taken tbody tr")).to_contain_text(gets)
    for login, count in ((had, 0), (gets, 1)):
        page = await open_page(login, "/reviews")
        await expect(page.locator(f"[data-review='{row.id}']")).to_have_count(count)
        await expect(page.locator(".give")).to_have_count(0)
    # Whoever is shut out leaves nothing behind.
    await site.database.write(lambda conn: set_active(conn, gets, False, site.clock()))
    off = ReviewSettings(draw_daily=False)
    sites = partial(site_of, settings=off, zone=ZONE)
    assert await ReviewWorker(site.database, site.clock, off, ZONE, sites).step() > 0
    after = await site.database.read(lambda conn: reviews.review(conn, row.id))
    assert after is not None
    assert after.reviewer == had


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_no_package_tells_before_ones_own_verdict(
    panel_server: Site, calls: list[Known], open_page: OpenPage, language: str
) -> None:
    """S4: the examiner's package is refused, asked for or ready, until the review is in; others have it."""
    site = panel_server
    await site.user("ning", "qa", language=language)
    (row,) = (await drawn(site))[Pool.RANDOM]
    mine = update(reviews_table).where(reviews_table.c.id == row.id).values(reviewer="ning")
    await site.database.write(lambda conn: conn.execute(mine))
    other = await open_page("mei", f"/qa/calls/{row.attempt_id}")
    await other.click("form[action$=package] button")
    await other.wait_for_url("**/packages#*")
    await expect(other.locator(".package")).to_have_count(1)
    package = other.url.partition("#")[2]
    folder = site.recordings_root.parent / "packages"
    maker = PackageWorker(
        site.database, site.library, site.recordings_root, folder, say_in_chinese(), ZONE, site.clock
    )
    assert await maker.step() == 1
    page = await open_page("ning", "/packages")
    token = await page.locator("input[name=csrf_token]").first.get_attribute("value") or ""

    async def asked_and_fetched() -> list[int]:
        ask = await page.request.post(
            f"{site.url}/qa/calls/{row.attempt_id}/package", form={"csrf_token": token}, max_redirects=0
        )
        file = await page.request.get(f"{site.url}/packages/{package}/file")
        return [ask.status, file.status]

    assert await asked_and_fetched() == [422, 422]
    await page.goto(f"{site.url}/packages/{package}/file")
    told = {"zh": "请先提交您的质检", "en": "submit your review first"}[language]
    await expect(page.locator("main")).to_contain_text(told)
    await snapshot(page, f"package_blind_{language}")
    fetched = await other.request.get(f"{site.url}/packages/{package}/file")
    assert fetched.status == 200
    await reviewed(site, replace(row, reviewer="ning"))
    assert await asked_and_fetched() == [303, 200]
    assert len(calls) == CALLS
