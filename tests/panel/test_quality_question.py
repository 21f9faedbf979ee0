"""What the check heard in a call, as QA and the supervisor deal with it (Q3, K5, T5, X3)."""

from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect
from sqlalchemy import Connection, insert, select, update

from dialer.calling.incall.tables import in_calls, speaker_turns
from dialer.calling.queries import attempt
from dialer.calling.tables import attempts, call_parties
from dialer.cases.worker import act_on_events
from dialer.customers.tables import customers
from dialer.followups.workdays import WorkCalendar
from dialer.ids import new_id
from dialer.storage.feed import emit
from qa.checks import queries as checks
from qa.checks.tables import checks as checks_table
from tests.panel.recorded import Known, record
from tests.panel.site import OpenPage, Site, async_fixture, snapshot

PROOF = {"channel": "customer", "start": 3.0, "end": 3.5, "words": "你好"}


@async_fixture
async def known(panel_server: Site) -> Known:
    await panel_server.agent("1001", ready=True)
    await panel_server.user("zhou", "qa")
    await panel_server.user("chen", "supervisor", language="en")
    await panel_server.follow_up()
    return await record(panel_server)


async def checked(site: Site, known: Known, need: str | None, **signals: bool) -> None:
    """The check tells, and the worker of cases acts on it."""
    said = {"question_item": [PROOF]} | {name: [PROOF] for name in signals}
    told = {"question_item": need, "signals": signals, "said": said}
    now = site.clock()
    set_need = update(checks_table).where(checks_table.c.attempt_id == known.attempt_id)
    await site.database.write(lambda conn: conn.execute(set_need.values(question_item=need)))
    await site.database.write(lambda conn: emit(conn, "call.checked", known.attempt_id, now, told))
    act = partial(
        act_on_events, library=site.library, zone=ZoneInfo("Asia/Shanghai"), calendar=WorkCalendar()
    )
    await site.database.write(partial(act, now=now))


async def test_qa_finds_listens_and_decides_and_the_supervisor_has_the_item(
    panel_server: Site, known: Known, open_page: OpenPage
) -> None:
    """K5: found in the list, heard in one click, decided with a note; then it is the department's."""
    site = panel_server
    await checked(site, known, "for_person")
    page = await open_page("zhou", "/qa?verdict=question")
    await page.click(".row-link")
    box = page.locator("#question")
    await expect(box).to_contain_text("机器听不出客户有没有疑问")
    await page.wait_for_load_state()
    async with page.expect_response("**/plays"):
        await box.locator(".proof").click()
    await snapshot(page, "question-to-decide")
    supervisor = await open_page("chen", "/cases?show=tasks")
    await expect(supervisor.locator("tbody tr")).to_contain_text("Listen: did the customer have a question?")
    await expect(supervisor.locator("tbody tr")).to_contain_text("QA")
    await snapshot(supervisor, "cases-question-task")
    await box.locator("[name=note]").fill("客户问什么时候能好")
    await box.locator("button[value=needed]").click()
    await expect(box.locator("form")).to_have_count(0)
    await expect(box).to_contain_text("zhou：有疑问 · 客户问什么时候能好")
    await page.goto(f"{site.url}/qa?verdict=question")
    await expect(page.locator(".row-link")).to_have_count(0)
    await supervisor.goto(f"{site.url}/cases?show=items")
    row = supervisor.locator("tbody tr")
    await expect(row).to_contain_text("The customer had a question, or gave no clear yes")
    await snapshot(supervisor, "cases-question-item")
    await row.locator(".heard a").click()
    await expect(supervisor.locator("#at")).to_have_text("0:03")


async def test_what_sounds_dissatisfied_is_a_case_with_its_words(
    panel_server: Site, known: Known, open_page: OpenPage
) -> None:
    """T5: no form said so; the supervisor hears it from the list."""
    await checked(panel_server, known, None, dissatisfied=True)
    page = await open_page("chen", "/cases")
    row = page.locator("tbody tr")
    await expect(row).to_contain_text("The customer sounded dissatisfied in the call")
    await expect(row.locator("q")).to_have_text("你好")


@pytest.mark.parametrize("decision", ["stop", "not_asked"])
async def test_x3_who_asked_for_no_more_calls_is_heard_and_set_in_one_press(
    panel_server: Site, known: Known, open_page: OpenPage, decision: str
) -> None:
    """X3: the words are played in the list; a person sets it, the machine never does."""
    site = panel_server
    await checked(site, known, None, stop_calling=True)
    silent = select(customers.c.do_not_call)
    assert await site.database.read(lambda conn: conn.execute(silent).scalar_one()) is False
    page = await open_page("chen", "/cases?show=tasks")
    row = page.locator("tbody tr")
    await expect(row).to_contain_text("Listen: did the customer ask not to be called any more?")
    await expect(row.locator("q")).to_have_text("你好")
    async with page.expect_response("**/plays"):
        await row.locator(".play-hit").click()
    await page.keyboard.press("Escape")
    await snapshot(page, "cases-stop-calling-en")
    await site.user("mei", "supervisor")
    chinese = await open_page("mei", "/cases?show=tasks")
    await expect(chinese.locator("tbody tr")).to_contain_text("听一听：客户是否要求不再来电")
    await snapshot(chinese, "cases-stop-calling-zh")
    await row.locator(f"button[value={decision}]").click()
    await expect(row).to_have_count(0)
    await expect(chinese.locator("tbody tr")).to_have_count(0)
    stopped = await site.database.read(lambda conn: conn.execute(silent).scalar_one())
    assert stopped is (decision == "stop")
    await page.goto(f"{site.url}/cases?show=tasks&state=done")
    words = {"stop": "Never call again", "not_asked": "Did not ask for it"}
    await expect(row.locator("td").last).to_have_text(words[decision])
    await snapshot(page, f"cases-stop-calling-{decision}")


async def test_who_spoke_after_a_transfer_is_named(
    panel_server: Site, known: Known, open_page: OpenPage
) -> None:
    """D6, Q4: what another agent said stands under his name, in the talk and in the findings."""
    site = panel_server
    other, party = await site.agent("1002", "李梅"), new_id()
    call = await site.database.read(lambda conn: attempt(conn, known.attempt_id))
    assert call is not None
    assert call.answered_at is not None
    began = call.answered_at
    passed = update(attempts).where(attempts.c.id == call.id).values(answered_at=began)
    spell = {"attempt_id": call.id, "began_at": began}
    asked = {"extension": "1002", "agent_id": other, "purpose": "transfer", "mode": "talk", "state": "ended"}

    def work(conn: Connection) -> None:
        at = began + timedelta(seconds=3.2)
        conn.execute(passed)
        conn.execute(insert(in_calls).values(attempt_id=call.id, held=False, muted=False, left_at=at))
        row = {"id": party, "attempt_id": call.id, "asked_by": call.agent_id, "asked_at": began}
        conn.execute(insert(call_parties).values(**row, **asked, muted=False))
        conn.execute(insert(speaker_turns).values(**spell, agent_id=call.agent_id, ended_at=at))
        spoke = {**spell, "began_at": at, "party_id": party, "agent_id": other}
        conn.execute(insert(speaker_turns).values(**spoke))

    await site.database.write(work)
    page = await open_page("zhou", f"/qa/calls/{known.attempt_id}")
    heads = page.locator(".turn-head > span")
    await expect(heads).to_have_text(["坐席 王芳", "客户", "坐席 李梅"])
    await expect(page.locator(".finding.is-fail .proof-who")).to_contain_text("坐席 李梅")


async def test_an_earlier_check_stays_to_be_read(
    panel_server: Site, known: Known, open_page: OpenPage
) -> None:
    """T7: the verdicts of then, by the version of then."""
    site = panel_server
    set_rules = update(checks_table).where(checks_table.c.attempt_id == known.attempt_id)
    values = {"rule_set": "after-sales-satisfaction", "rule_set_version": 1}
    await site.database.write(lambda conn: conn.execute(set_rules.values(**values)))
    await site.database.write(partial(checks.keep_past, attempt_id=known.attempt_id, now=site.clock()))
    page = await open_page("zhou", f"/qa/calls/{known.attempt_id}")
    past = page.locator(".past")
    await expect(past.locator("summary")).to_contain_text("以前的检查：第 1 版")
    await past.locator("summary").click()
    await expect(past.locator("li")).to_have_count(3)
    await snapshot(page, "past-check")


async def test_a_link_opens_the_call_at_its_second(
    panel_server: Site, known: Known, open_page: OpenPage
) -> None:
    """A4: nothing is fetched before somebody listens; the first press plays from there."""
    page = await open_page("zhou", f"/qa/calls/{known.attempt_id}?at=4.6")
    await expect(page.locator("#at")).to_have_text("0:04")
    await expect(page.locator(".w.is-now")).to_have_count(1)
    async with page.expect_response("**/plays"):
        await page.click("#play")
    while await page.evaluate("document.getElementById('sound').currentTime") < 4.7:
        await page.wait_for_timeout(20)  # the test's own time limit is the end of patience
    for wrong in ("-1", "x", "nan"):
        await page.goto(f"{panel_server.url}/qa/calls/{known.attempt_id}?at={wrong}")
        await expect(page.locator("#at")).to_have_text("0:00")
