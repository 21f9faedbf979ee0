"""Samples in a real browser: drawn by itself, calls set aside, blind verdicts, months, trainings (S1-S4)."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from playwright.async_api import Page, expect
from sqlalchemy import Connection, delete, insert, update

from qa.checks.tables import checks, findings
from qa.falsity.states import DoubtState
from qa.falsity.tables import doubts
from qa.reviews import queries as reviews
from qa.reviews import service
from qa.reviews.drawing import draw_day
from qa.reviews.queries import ReviewRow
from qa.reviews.scorecards import shipped_scorecard
from qa.reviews.settings import ReviewSettings
from qa.reviews.tables import reviews as reviews_table
from qa.reviews.worker import ReviewWorker
from qa.sampling.proof import Proof, proofs
from qa.sampling.queries import SampleRow, samples_of
from qa.sampling.rules import Pool
from qa.search import queries as search
from qa.search.worker import SearchWorker
from tests.panel.recorded import Known, record
from tests.panel.site import OpenPage, Site, async_fixture, snapshot
from tests.panel.test_quality_list import close
from web.reviews import draws, sample
from web.reviews.site import CARD, site_of

ZONE = ZoneInfo("Asia/Shanghai")
SETTINGS = ReviewSettings()
CALLS = 4


@async_fixture
async def calls(panel_server: Site) -> list[Known]:
    """Four recorded and checked calls of yesterday by one agent, with a reviewer and a QA lead."""
    site = panel_server
    agent_id = await site.agent("1001", ready=True)
    await site.user("wang", "agent", agent_id=agent_id)
    await site.user("zhou", "qa")
    await site.user("lin", "qa", "qa_lead", "supervisor", language="en")
    await site.user("mei", "supervisor")
    made = []
    for number in range(CALLS):
        await site.follow_up("李", f"1380000000{number}", f"豫A1234{number}", days_ago=1.2 + number / 100)
        made.append(await record(site))
        await close(site, agent_id, made[-1].attempt_id)
    site.clock.forward(24 * 3600)
    return made


async def drawn(site: Site) -> dict[Pool, list[ReviewRow]]:
    """Yesterday's draw."""
    now = site.clock()
    day = now.astimezone(ZONE).date() - timedelta(days=1)

    def work(conn: Connection) -> dict[Pool, list[ReviewRow]]:
        draw_day(conn, site_of(conn, SETTINGS, ZONE), day, "42", "lin", now)
        return {one.pool: reviews.of_sample(conn, one.id) for one in samples_of(conn, day)}

    return await site.database.write(work)


async def reviewed(site: Site, row: ReviewRow, **verdicts: str) -> None:
    """Reviewed by whoever has it: as the machine says, but for these."""
    by, now = row.reviewer or "zhou", site.clock()

    def work(conn: Connection) -> None:
        machine = reviews.machine_verdicts(conn, row.attempt_id)
        said = {rule: {"verdict": str(found)} for rule, found in machine.items()}
        said |= {rule: {"verdict": verdict, "reason": "context"} for rule, verdict in verdicts.items()}
        scores = {item.id: 80 for item in shipped_scorecard(CARD).items}
        service.claim(conn, row.id, by, now)
        service.save_draft(conn, row.id, by, {"verdicts": said, "scores": scores}, row.revision, now)
        service.submit(conn, row.id, by, now)

    await site.database.write(work)


async def names(page: Page, selector: str) -> Sequence[str]:
    """The texts of these elements."""
    return [text.strip() for text in await page.locator(selector).all_inner_texts()]


async def test_a_day_is_drawn_once_it_is_over_and_by_itself(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """S1: today is refused with a sentence; yesterday is drawn by the service, and the page says so."""
    site = panel_server
    assert len(calls) == CALLS
    today = site.clock().astimezone(ZONE).date()
    page = await open_page("zhou", "/reviews")
    yesterday = today - timedelta(days=1)
    await expect(page.locator("input[name=day]")).to_have_attribute("max", yesterday.isoformat())
    await expect(page.locator("#daily")).to_contain_text("自动抽样")
    await page.evaluate("document.querySelector('input[name=day]').removeAttribute('max')")
    await page.fill("input[name=day]", today.isoformat())
    await page.click("#draw")
    await expect(page.locator(".form-error")).to_contain_text(f"{today} 还没有过完")
    await snapshot(page, "reviews_today_zh")

    always = ReviewSettings.model_validate({"draw_at": "00:00", "draw_latest": "00:00"})
    worker = ReviewWorker(
        site.database, site.clock, always, ZONE, partial(site_of, settings=always, zone=ZONE)
    )
    assert await worker.step() == 4
    await page.goto(f"{site.url}/reviews")
    await expect(page.locator("tr[data-pool=random]")).to_contain_text("自动抽样")
    await expect(page.locator("tr[data-pool] .chip.good")).to_have_text(["重抽一致"] * 4)
    await snapshot(page, "reviews_by_itself_zh")


async def test_a_drawn_call_is_set_aside_and_its_stand_in_is_seen(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """S1: a lead takes a call out with a reason; who reviews cannot; the draw tells all of it."""
    site = panel_server
    (row,) = (await drawn(site))[Pool.RANDOM]
    reviewer = await open_page("zhou", f"/reviews/samples/{row.sample_id}")
    await expect(reviewer.locator("#taken tbody tr")).to_have_count(1)
    await expect(reviewer.locator(".aside")).to_have_count(0)
    await snapshot(reviewer, "reviews_draw_zh")
    token = await reviewer.locator("input[name=csrf_token]").first.get_attribute("value")
    sent: dict[str, str | float | bool] = {"csrf_token": token or "", "reason": "bad_sound"}
    refused = await reviewer.request.post(f"{site.url}/reviews/{row.id}/aside", form=sent)
    assert refused.status == 403

    lead = await open_page("lin", "/reviews")
    await lead.locator("tr[data-pool=random] a").click()
    await lead.locator(".aside summary").click()
    await lead.select_option(".aside select", "other")
    await snapshot(lead, "reviews_aside_en")
    await lead.click(".aside button")
    await expect(lead.locator(".form-error")).to_have_text("Say why this call cannot be reviewed.")
    await lead.locator(".aside summary").click()
    await lead.select_option(".aside select", "bad_sound")
    await lead.fill(".aside input[name=note]", "全是杂音")
    await lead.click(".aside button")
    await expect(lead.locator("#replaced tbody tr")).to_have_count(1)
    await expect(lead.locator("#replaced tbody tr")).to_contain_text("the sound is too bad: 全是杂音")
    await expect(lead.locator("#taken tbody tr")).to_have_count(2)
    await expect(lead.locator("#taken tbody tr").nth(0)).to_contain_text("Set aside")
    await expect(lead.locator("#taken tbody tr").nth(1)).to_contain_text("replacement")
    await expect(lead.locator(".reviews-head .chip.good")).to_have_text("drawn again: the same")
    await snapshot(lead, "reviews_replaced_en")
    after = await site.database.read(lambda conn: reviews.of_sample(conn, row.sample_id))
    assert [one.state for one in after] == ["set_aside", "waiting"]
    assert after[1].attempt_id in {one.attempt_id for one in calls}
    await reviewer.reload()
    await snapshot(reviewer, "reviews_replaced_zh")


async def test_who_reviews_asks_and_the_lead_decides(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """S1: a call with bad sound goes to the lead with its reason, and the reviewer goes on with the next."""
    site = panel_server
    assert len(calls) == CALLS
    mine = [row for rows in (await drawn(site)).values() for row in rows if row.reviewer == "zhou"]
    page = await open_page("zhou", f"/reviews/{mine[0].id}")
    await page.locator(".unfit summary").click()
    await page.select_option(".unfit select", "no_sound")
    await page.fill(".unfit input[name=note]", "只有一边")
    await snapshot(page, "reviews_unfit_zh")
    await page.click(".unfit button")
    await expect(page).to_have_url(
        f"{site.url}/reviews/{mine[1].id}" if len(mine) > 1 else f"{site.url}/reviews"
    )
    await page.goto(f"{site.url}/reviews")
    await expect(page.locator("#unfit")).to_have_count(0)
    lead = await open_page("lin", "/reviews")
    await expect(lead.locator("#unfit tbody tr")).to_contain_text("there is no recording: 只有一边")
    await snapshot(lead, "reviews_unfit_en")
    await lead.locator("#unfit a").click()
    asked = lead.locator(f"[id='{mine[0].id}']")
    await expect(asked.locator(".asked")).to_have_text("to be set aside: there is no recording")
    await expect(asked.locator(".aside select")).to_have_value("no_sound")
    await asked.locator(".aside button").click()
    await expect(lead.locator("#replaced tbody tr")).to_contain_text("there is no recording: 只有一边")
    await lead.goto(f"{site.url}/reviews")
    await expect(lead.locator("#unfit")).to_have_count(0)


async def test_what_was_said_blind_stays(panel_server: Site, calls: list[Known], open_page: OpenPage) -> None:
    """S4: once the machine's verdict is shown, another key is a second thought beside the first."""
    site = panel_server
    (row,) = (await drawn(site))[Pool.RANDOM]
    # The call's own page would tell what the machine has found: it leads here, until it is submitted.
    page = await open_page(row.reviewer, f"/qa/calls/{row.attempt_id}")
    await expect(page).to_have_url(f"{site.url}/reviews/{row.id}")
    await expect(page.locator(".item.rule .machine").first).to_have_text("?")
    await page.locator("#rule-no_forbidden").click()
    await page.keyboard.press("p")
    await expect(page.locator("#rule-no_forbidden .own")).to_have_class("chip own good is-changed")
    await page.keyboard.press("f")
    await expect(page.locator("#rule-no_forbidden .own")).to_have_class("chip own bad")
    await expect(page.locator("#rule-no_forbidden .first-verdict")).to_be_visible()
    await snapshot(page, "reviews_reconsidered")
    kept = await site.database.read(lambda conn: reviews.review(conn, row.id))
    assert kept is not None
    said = kept.draft["verdicts"]["no_forbidden"]
    assert (said["verdict"], said["reconsidered"]) == ("pass", "fail")
    await page.reload()
    await expect(page.locator("#rule-no_forbidden .first-verdict")).to_have_count(1)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_no_list_tells_before_ones_own_verdict(
    panel_server: Site, calls: list[Known], open_page: OpenPage, language: str
) -> None:
    """S4: in the list, by its filters, in the search and among doubtful calls, until the review is in."""
    site = panel_server
    await site.user("ning", "qa", language=language)
    (row,) = (await drawn(site))[Pool.RANDOM]
    told = {"state": DoubtState.SUSPECTED, "score": 90.0, "reasons": [], "scored_at": site.clock()}

    def give(conn: Connection) -> None:
        conn.execute(update(reviews_table).where(reviews_table.c.id == row.id).values(reviewer="ning"))
        for one in calls:
            conn.execute(insert(doubts).values(attempt_id=one.attempt_id, **told))
        search.queue_all(conn, anew=False)

    await site.database.write(give)
    await SearchWorker(site.database).index_waiting()
    lists = {
        "/qa": "tbody tr",
        "/qa?verdict=fail": "tbody tr",
        "/search?words=不知道&verdict=fail": ".hit",
        "/doubts": ".doubt",
    }
    hidden = {"zh": "您独立判定后可见", "en": "hidden until your own verdict"}[language]
    page = await open_page("ning", "/qa")
    mine = page.locator(f"[data-attempt='{row.attempt_id}']")
    for number, (path, lines) in enumerate(lists.items()):
        await page.goto(f"{site.url}{path}")
        await expect(page.locator(lines)).to_have_count(CALLS - (path != "/qa"))
        if path == "/qa":
            await expect(mine.locator(".verdicts")).to_have_text(hidden)
            await expect(page.locator(".hidden-verdicts")).to_have_count(0)
        else:
            await expect(mine).to_have_count(0)
            await expect(page.locator(".hidden-verdicts")).to_be_visible()
        await snapshot(page, f"blind_{number}_{language}")
    other = await open_page("zhou", "/qa?verdict=fail")
    await expect(other.locator("tbody tr")).to_have_count(CALLS)
    await reviewed(site, replace(row, reviewer="ning"))
    for path, lines in lists.items():
        await page.goto(f"{site.url}{path}")
        await expect(page.locator(lines)).to_have_count(CALLS)
    await page.goto(f"{site.url}/qa/calls/{row.attempt_id}")
    await expect(page.locator(".finding")).to_have_count(3)


async def test_a_draw_is_proven_beside_the_event_loop(
    panel_server: Site, calls: list[Known], open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1: of ten thousand calls it takes a fifth of a second; calls go on, and no connection is held."""
    site = panel_server
    assert calls
    (row,) = (await drawn(site))[Pool.RANDOM]
    threads = []

    def proven(rows: Sequence[SampleRow]) -> dict[str, Proof]:
        threads.append(threading.current_thread())
        return proofs(rows)

    monkeypatch.setattr(sample, "proofs", proven)
    monkeypatch.setattr(draws, "proofs", proven)
    page = await open_page("zhou", "/reviews")
    await page.goto(f"{site.url}/reviews/samples/{row.sample_id}")
    await expect(page.locator(".reviews-head .chip.good")).to_have_text("重抽一致")
    assert len(threads) == 2
    assert threading.main_thread() not in threads
    assert [one.name for one in threads if one.name.startswith("database")] == []


async def test_a_call_that_was_not_checked_is_judged_by_its_rules(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """S1: the random pool holds it, too; every rule of its playbook waits for a person."""
    site = panel_server

    def uncheck(conn: Connection) -> None:
        conn.execute(delete(findings))
        conn.execute(delete(checks))

    await site.database.write(uncheck)
    found = await drawn(site)
    assert [len(rows) for rows in found.values()] == [1, 0, 0, 0]
    (row,) = found[Pool.RANDOM]
    page = await open_page(row.reviewer, f"/reviews/{row.id}")
    assert len(await names(page, ".item.rule")) > 5
    await expect(page.locator("#rule-greet.is-open .machine")).to_have_text("?")
    await page.locator("#rule-greet").click()
    await page.keyboard.press("f")
    await expect(page.locator("#rule-greet:not(.is-open) .own.bad")).to_have_count(1)
    # There was no verdict of the machine to be shown: a slip of the finger is put right.
    await page.keyboard.press("p")
    await expect(page.locator("#rule-greet .own.good")).to_have_count(1)
    await expect(page.locator(".first-verdict")).to_have_count(0)
    await snapshot(page, "reviews_unchecked")


async def test_a_month_is_rolled_up_and_a_training_noted_and_confirmed(
    panel_server: Site, calls: list[Known], open_page: OpenPage
) -> None:
    """S3: from the commonest fault to the training, its record, the agent's word, and the month's sheet."""
    site = panel_server
    for rows in (await drawn(site)).values():
        for row in rows:
            await reviewed(site, row, greet="fail")
    lead = await open_page("lin", "/reviews/figures", width=1600, height=900)
    await expect(lead.locator("#sheet tbody tr")).to_have_count(1)
    await lead.locator("tr", has=lead.locator("a[href*='rule=greet']")).locator(".note-training").click()
    await expect(lead.locator(".training input[name=agent]:checked")).to_have_count(1)
    await expect(lead.locator(".training input[name=call]:checked")).to_have_count(4)
    await expect(lead.locator(".training select[name=rule]")).to_have_value("greet")
    await lead.fill(".training input[name=note]", "角色扮演")
    await snapshot(lead, "reviews_training_en")
    await lead.locator(".training input[name=agent]").uncheck()
    await lead.click(".training button")
    await expect(lead.locator(".form-error")).to_have_text("Choose the agents who were there.")
    await lead.locator(".training input[name=agent]").check()
    await lead.click(".training button")
    await expect(lead.locator("#record tbody tr")).to_have_count(1)
    await expect(lead.locator("#record tbody .chip.good")).to_have_count(0)

    agent = await open_page("wang", "/reviews/mine")
    await expect(agent.locator("#to-confirm tbody tr")).to_have_count(1)
    await snapshot(agent, "reviews_mine_training_zh")
    await agent.locator("#to-confirm button").click()
    await expect(agent.locator("#trained .chip.good")).to_have_text("我已参加")
    assert (await agent.request.get(f"{site.url}/reviews/trainings")).status == 403
    await lead.reload()
    await expect(lead.locator("#record tbody .chip.good")).to_have_count(1)
    await snapshot(lead, "reviews_record_en")

    await lead.goto(f"{site.url}/reviews/month")
    cells = await names(lead, "#month tbody tr:first-child td")
    assert cells[:2] == ["王芳 1001", "4"]
    assert await lead.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await snapshot(lead, "reviews_month_en")
    fetched = await lead.request.get(f"{site.url}{await lead.locator('#xlsx').get_attribute('href')}")
    book = load_workbook(BytesIO(await fetched.body()))
    assert [sheet.max_row >= 2 for sheet in book.worksheets] == [True] * 3
    assert book.worksheets[0].cell(2, 2).value == 4
    assert book.worksheets[2].cell(2, 7).value == "角色扮演"
    manager = await open_page("mei", "/reviews/month")
    await expect(manager.locator("h1")).to_contain_text("服务质量综合考评表")
    await snapshot(manager, "reviews_month_zh")
    await manager.goto(f"{site.url}/reviews/trainings")
    await expect(manager.locator("#record")).to_contain_text("角色扮演")
    await snapshot(manager, "reviews_record_zh")
    await manager.goto(f"{site.url}/reviews/figures")
    await expect(manager.locator(".note-training").first).to_have_text("登记培训")
    await snapshot(manager, "reviews_figures_zh")
    for month in ("9999-12", "0001-01"):
        answer = await lead.goto(f"{site.url}/reviews/month?month={month}")
        assert answer is not None and answer.ok, month
    await lead.goto(f"{site.url}/reviews/month?month=2020-01")
    await expect(lead.locator(".empty")).to_be_visible()
