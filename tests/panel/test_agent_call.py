"""The agent's page during a call, in a real browser (R1, D1, D5, T1, T2)."""

import asyncio
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from dialer.agents.queries import session
from dialer.agents.states import AgentState
from dialer.calling import service as calling
from dialer.calling.progress import Ending
from dialer.calling.sweeping import sweep
from dialer.forms.queries import Answer, answers_of
from dialer.forms.tables import answers, result_forms
from dialer.playbooks.schema import AnswerType, Question, Text
from dialer.telephony.outcomes import DialOutcome, Leg
from tests.panel.site import OpenPage, Site

QUESTION = ".question"
TALKED = Ending(DialOutcome.ANSWERED, dialled=True, cause=16, hung_up_by=Leg.CUSTOMER)


@pytest.fixture
async def agent(panel_server: Site) -> str:
    """An agent who waits for a call, with one customer due."""
    agent_id = await panel_server.agent("1001", ready=True)
    await panel_server.user("wang", "agent", agent_id=agent_id)
    await panel_server.follow_up("欧阳慧敏", "13800000001", "豫AD12345", days_ago=1.2)
    return agent_id


async def stored(site: Site) -> dict[str, Answer]:
    """Every stored answer by question."""
    found = await site.database.read(lambda conn: conn.execute(select(answers)).mappings().all())
    return {row["question_id"]: Answer(**row) for row in found}


async def until(met: Callable[[dict[str, Answer]], bool], site: Site) -> dict[str, Answer]:
    """The stored answers, once they meet a condition."""
    while True:
        found = await stored(site)
        if met(found):
            return found
        await asyncio.sleep(0.02)


async def answer(page: Page, *keys: str) -> None:
    """Answer one question after another by keyboard, each stored before the next."""
    for key in keys:
        await page.keyboard.press(key)
        await expect(page.locator(".q-saved.is-saved")).to_be_visible()
        await page.keyboard.press("Enter")


async def at_question(page: Page, question: str) -> None:
    """Wait until this question is the one shown, and can be answered."""
    await expect(page.locator(QUESTION)).to_have_attribute("data-question", question)
    await expect(page.locator(QUESTION)).to_have_attribute("data-open", "true")


async def test_the_customers_page_opens_before_the_phone_rings(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """D1, R1: who, plate, what was done, why, deadline and the question, without scrolling."""
    page = await open_page("wang", "/agent", width=1366, height=768)
    await expect(page.locator(".idle")).to_be_visible()
    (attempt_id,) = await panel_server.reserve()
    await expect(page.locator(".customer h1")).to_have_text("欧阳慧敏女士")
    await expect(page).to_have_title("欧阳慧敏女士 豫AD12345")
    for shown, text in (
        (".customer-plate", "豫AD12345"),
        (".customer-number", "13800000001"),
        (".customer-facts", "更换机油机滤"),
        (".customer-facts", "售后满意度回访"),
        (".customer-facts .deadline", "23:59"),
        (".steps", "请问您是欧阳慧敏女士吗"),
        (".steps", "豫AD12345"),
        (".never", "不知道"),
        (".q-ask", "您对预约和到店后的接待等候时间评价如何？"),
        (".q-choices", "非常满意"),
        (".phases [aria-current=step]", "您的话机振铃"),
    ):
        part = page.locator(shown)
        await expect(part).to_contain_text(text)
        box = await part.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 768, f"{shown} needs scrolling"
    in_session = await panel_server.database.read(lambda conn: session(conn, agent))
    assert in_session is not None
    assert in_session.state is AgentState.RESERVED
    assert in_session.attempt_id == attempt_id


async def test_the_page_follows_the_call(agent: str, panel_server: Site, open_page: OpenPage) -> None:
    """D5: phone rings, dialling, ringing, talking, wrap-up; answers only once somebody is there."""
    page = await open_page("wang", "/agent")
    (attempt_id,) = await panel_server.reserve()
    now = page.locator(".phases [aria-current=step]")
    await panel_server.agent_rings(attempt_id)
    await expect(page.locator(".state-name")).to_have_text("话机振铃")
    await expect(page.locator(QUESTION)).to_have_attribute("data-open", "false")
    await page.keyboard.press("1")
    await panel_server.go(attempt_id)
    await expect(now).to_contain_text("正在拨打客户")
    await panel_server.database.write(
        lambda conn: calling.note_customer_ringing(conn, attempt_id, panel_server.clock())
    )
    await expect(now).to_contain_text("客户话机振铃")
    await panel_server.answer(attempt_id)
    await expect(now).to_contain_text("通话中")
    await expect(now.locator("time")).not_to_be_empty()
    await panel_server.end(attempt_id, TALKED)
    await expect(now).to_contain_text("话后整理")
    assert await stored(panel_server) == {}


async def test_a_whole_questionnaire_by_keyboard(agent: str, panel_server: Site, open_page: OpenPage) -> None:
    """T2: fifteen questions with digits and Enter alone, as fast as keys can be pressed."""
    page = await open_page("wang", "/agent")
    attempt_id = await panel_server.talking()
    await at_question(page, "q1")
    panel_server.clock.forward(60)
    questionnaire = panel_server.library.get("after-sales-satisfaction").questionnaire
    wanted = {}
    for index, question in enumerate(questionnaire):
        choice = question.choices[index % len(question.choices)]
        wanted[question.id] = choice.value
        await page.keyboard.press(choice.key)
        await page.keyboard.press("Enter")
    await expect(page.locator(".q-end.is-done")).to_be_visible()
    await expect(page.locator(".q-count")).to_have_text("15/15")
    found = await until(lambda known: len(known) == 15, panel_server)
    assert {name: row.value for name, row in found.items()} == wanted
    assert {row.attempt_id for row in found.values()} == {attempt_id}
    assert all(row.second >= 60 for row in found.values())
    await page.keyboard.press("Backspace")
    await at_question(page, "q17")
    await page.keyboard.press("ArrowUp")
    await at_question(page, "q16")
    await page.click(".q-dot:text-is('3')")
    await at_question(page, "q3")
    await expect(page.locator(".q-choice[aria-checked=true].is-bad")).to_have_text("3一般")


async def test_an_answer_is_stored_when_its_request_returns(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """T2: nothing is answered "saved" before the row is there; a later key corrects it."""
    page = await open_page("wang", "/agent")
    await panel_server.talking()
    await at_question(page, "q1")
    for key, value in (("2", "satisfied"), ("5", "very_dissatisfied")):
        async with page.expect_response("**/answers") as response:
            await page.keyboard.press(key)
        assert (await response.value).status == 200
        assert (await stored(panel_server))["q1"].value == value
    await expect(page.locator(".q-saved")).to_contain_text("已保存")


async def test_refresh_in_the_middle_loses_nothing(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """T2: after a refresh the call goes on at the first question without an answer."""
    page = await open_page("wang", "/agent")
    await panel_server.talking()
    await at_question(page, "q1")
    await page.fill("textarea[name=wishes]", "希望提前通知")
    await page.keyboard.press("Escape")
    await answer(page, "1", "2", "3")
    await page.reload()
    await at_question(page, "q4")
    await expect(page.locator(".q-dot.is-answered")).to_have_count(3)
    await expect(page.locator("textarea[name=wishes]")).to_have_value("希望提前通知")


async def test_a_hang_up_at_question_seven_keeps_six(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """T2: six answers stay; the next call of this follow-up begins at the seventh."""
    page = await open_page("wang", "/agent")
    attempt_id = await panel_server.talking()
    await at_question(page, "q1")
    await answer(page, "1", "1", "1", "1", "1", "1")
    await panel_server.end(attempt_id, TALKED)
    await expect(page.locator("#agent")).to_have_attribute("data-phase", "wrap_up")
    await at_question(page, "q7")
    await page.check("input[value=cut_off]")
    await page.click("button.finish")
    await expect(page.locator(".idle-last")).to_contain_text("通话中断")
    panel_server.clock.forward(16 * 60)
    second = await panel_server.talking()
    assert second != attempt_id
    await at_question(page, "q7")
    await expect(page.locator(".q-count")).to_have_text("6/15")


async def test_a_second_tab_shows_the_same(agent: str, panel_server: Site, open_page: OpenPage) -> None:
    """T2: both tabs live; what is answered or typed in one is in the other."""
    one = await open_page("wang", "/agent")
    await panel_server.talking()
    two = await open_page("wang", "/agent")
    await at_question(one, "q1")
    await at_question(two, "q1")
    await answer(one, "2")
    await at_question(two, "q2")
    await expect(two.locator(".q-dot.is-answered")).to_have_count(1)
    await two.click(".q-dot:text-is('1')")
    await two.keyboard.press("1")
    await one.click(".q-dot:text-is('1')")
    await expect(one.locator(".q-choice[aria-checked=true]")).to_contain_text("非常满意")
    await one.fill("textarea[name=wishes]", "两个页面都能看到")
    await expect(two.locator("textarea[name=wishes]")).to_have_value("两个页面都能看到")
    assert (await stored(panel_server))["q1"].value == "very_satisfied"


async def test_answers_survive_a_lost_network(agent: str, panel_server: Site, open_page: OpenPage) -> None:
    """T2: told, kept on this computer over a refresh, and sent again by itself."""
    page = await open_page("wang", "/agent")
    await panel_server.talking()
    await at_question(page, "q1")
    await page.route("**/answers", lambda route: route.abort())
    await page.keyboard.press("4")
    await page.keyboard.press("Enter")
    await expect(page.locator(".q-waiting")).to_contain_text("1")
    await page.keyboard.press("1")
    await expect(page.locator(".q-dot.is-waiting")).to_have_count(2)
    await page.reload()
    await expect(page.locator(".q-dot.is-waiting")).to_have_count(2)
    assert await stored(panel_server) == {}
    await page.unroute("**/answers")
    found = await until(lambda known: len(known) == 2, panel_server)
    assert {name: row.value for name, row in found.items()} == {"q1": "dissatisfied", "q2": "very_satisfied"}
    await expect(page.locator(".q-waiting")).to_be_hidden()
    await expect(page.locator(".q-dot.is-answered")).to_have_count(2)


async def test_a_late_answer_does_not_undo_a_later_one(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """T2: the last one given counts, not the last one to arrive."""
    page = await open_page("wang", "/agent")
    attempt_id = await panel_server.talking()
    await at_question(page, "q1")
    panel_server.clock.forward(30)
    await answer(page, "1")
    late = await page.evaluate(
        """async (attempt) => (await (await fetch(`/agent/calls/${attempt}/answers`, {
            method: "POST",
            headers: { "X-CSRF-Token": document.querySelector("meta[name=csrf]").content },
            body: JSON.stringify({ question: "q1", value: "dissatisfied", age_ms: 20000 }),
        })).json()).value""",
        attempt_id,
    )
    assert late == "very_satisfied"
    assert (await stored(panel_server))["q1"].value == "very_satisfied"


@pytest.mark.parametrize("how", [{"isComposing": True}, {"keyCode": 229}], ids=["composing", "229"])
async def test_keys_of_an_input_method_answer_nothing(
    how: dict[str, object], agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """T2: the same key without the input method does answer, so the test can fail."""
    page = await open_page("wang", "/agent")
    await panel_server.talking()
    await at_question(page, "q1")
    press = "how => document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, ...how}))"
    await page.evaluate(press, {"key": "5", **how})
    await page.evaluate(press, {"key": "Enter", **how})
    await at_question(page, "q1")
    await expect(page.locator(".q-choice[aria-checked=true]")).to_have_count(0)
    await page.evaluate(press, {"key": "2"})
    found = await until(lambda known: len(known) == 1, panel_server)
    assert found["q1"].value == "satisfied"


async def test_digits_typed_into_a_field_answer_nothing(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """T2: while somebody writes, keys are letters; Escape gives the keys back."""
    page = await open_page("wang", "/agent")
    await panel_server.talking()
    await at_question(page, "q1")
    await page.click("textarea[name=wishes]")
    await page.keyboard.type("3 点 5")
    await at_question(page, "q1")
    assert await stored(panel_server) == {}
    await page.keyboard.press("Escape")
    await page.keyboard.press("1")
    found = await until(lambda known: len(known) == 1, panel_server)
    assert found["q1"].value == "very_satisfied"


async def test_a_question_answered_in_words(
    agent: str, panel_server: Site, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T2: typed words are stored while they are typed, and Enter goes on; digits in them are letters."""
    playbook = panel_server.library.get("after-sales-satisfaction")
    words = Question(id="advice", type=AnswerType.TEXT, ask=Text(zh="您有什么建议？", en="Any advice?"))
    asked = playbook.model_copy(update={"questionnaire": (words, *playbook.questionnaire)})
    monkeypatch.setattr(type(panel_server.library), "get", lambda _library, _id: asked)
    page = await open_page("wang", "/agent")
    await panel_server.talking()
    await at_question(page, "advice")
    await page.click("textarea.q-field")
    await page.keyboard.type("休息区加 2 个插座")
    await until(lambda known: known["advice"].value == "休息区加 2 个插座" if known else False, panel_server)
    await page.keyboard.type("，谢谢")
    await page.keyboard.press("Enter")
    await at_question(page, "q1")
    await until(lambda known: known["advice"].value == "休息区加 2 个插座，谢谢", panel_server)
    await page.keyboard.press("Backspace")
    await expect(page.locator("textarea.q-field")).to_have_value("休息区加 2 个插座，谢谢")


async def test_no_next_call_over_an_unsaved_form(agent: str, panel_server: Site, open_page: OpenPage) -> None:
    """D5, T3: wrap-up stays past its time until the form is saved; an incomplete one is refused."""
    page = await open_page("wang", "/agent")
    await panel_server.follow_up("赵", "13800000002", "豫B00002", days_ago=1.1)
    attempt_id = await panel_server.talking()
    await at_question(page, "q1")
    await answer(page, "1", "1")
    await panel_server.end(attempt_id, TALKED)
    await expect(page.locator("input[value=completed]")).to_be_visible()
    panel_server.clock.forward(120)
    await sweep(panel_server.database, panel_server.clock())
    assert await panel_server.reserve() == []
    await page.reload()
    await expect(page.locator(".result-late")).to_be_visible()
    await page.click("button.finish")
    await expect(page.locator(".result-error")).to_contain_text("请选择本次通话的结果")
    await page.check("input[value=completed]")
    await page.click("button.finish")
    await expect(page.locator(".result-error")).to_contain_text(
        "第 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 16, 17 题"
    )
    await page.check("input[value=call_again]")
    await page.click("button.finish")
    await expect(page.locator(".result-error")).to_contain_text("请填写再次拨打的时间")
    assert await panel_server.reserve() == []
    await page.click("[data-tomorrow]")
    await page.fill("textarea[name=wishes]", "明天上午再打")
    await page.click("button.finish")
    await expect(page.locator(".idle-last")).to_contain_text("再次回访")
    (row,) = await panel_server.database.read(lambda conn: conn.execute(select(result_forms)).all())
    assert (row.attempt_id, row.disposition, row.wishes) == (attempt_id, "call_again", "明天上午再打")
    zone_hour = row.call_again_at.astimezone(ZoneInfo("Asia/Shanghai"))
    assert (zone_hour.hour, zone_hour.minute) == (10, 0)
    assert len(await panel_server.reserve()) == 1
    await expect(page.locator(".customer h1")).to_have_text("赵女士")


async def test_a_saved_form_stays_in_wrap_up_until_it_is_over(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """T3: saved only, the agent finishes what is to be done, then asks for the next call."""
    page = await open_page("wang", "/agent")
    attempt_id = await panel_server.talking()
    await panel_server.end(attempt_id, TALKED)
    await page.check("input[value=refused]")
    await page.click("button[value=stay]")
    await expect(page.locator(".result.is-closed")).to_contain_text("拒绝回访")
    await expect(page.locator(QUESTION)).to_have_attribute("data-open", "false")
    owed = await panel_server.database.read(lambda conn: answers_of(conn, attempt_id))
    assert owed == {}
    await page.click(".result.is-closed button.primary")
    await expect(page.locator(".state-name")).to_have_text("就绪")


async def test_who_was_not_reached_is_told_in_a_line(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """R1: back to the state, with what happened and when the next try comes."""
    page = await open_page("wang", "/agent")
    (attempt_id,) = await panel_server.reserve()
    await expect(page.locator(".customer")).to_be_visible()
    await panel_server.go(attempt_id)
    await panel_server.end(attempt_id, Ending(DialOutcome.BUSY, dialled=True, cause=17))
    last = page.locator(".idle-last")
    await expect(last).to_contain_text("欧阳慧敏女士")
    await expect(last).to_contain_text("占线")
    await expect(last).to_contain_text("再次拨打")
