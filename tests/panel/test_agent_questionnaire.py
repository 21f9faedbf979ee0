"""The questionnaire by keyboard, in a real browser: no answer is ever lost (T2)."""

import asyncio

import pytest
from playwright.async_api import Route, expect

from dialer.playbooks.form.schema import AnswerType, Question, Text
from tests.panel.agent_page import TALKED, add_caller, answer, at_question, stored, until
from tests.panel.site import OpenPage, Site, async_fixture


@async_fixture
async def agent(panel_server: Site) -> str:
    """An agent who waits for a call, with one customer due."""
    return await add_caller(panel_server)


async def test_a_whole_questionnaire_by_keyboard(agent: str, panel_server: Site, open_page: OpenPage) -> None:
    """T2: fifteen questions with digits and Enter alone, as fast as keys can be pressed."""
    page = await open_page("wang", "/agent")
    attempt_id = await panel_server.talking()
    await at_question(page, "q1")
    panel_server.clock.forward(60)
    questionnaire = panel_server.library.get("after-sales-satisfaction").questionnaire
    wanted = {}
    for index, question in enumerate(item for item in questionnaire if item.when is None):
        good = [choice for choice in question.choices if not choice.bad]
        choice = good[index % len(good)]
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
    await expect(page.locator(".q-choice[aria-checked=true]")).to_have_text("1非常满意")


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


async def test_a_correction_counts_however_long_the_first_answer_was_on_its_way(
    agent: str, panel_server: Site, open_page: OpenPage
) -> None:
    """T2: the first is held up for a second; the correction, pressed meanwhile, goes through at once."""
    page = await open_page("wang", "/agent")
    await panel_server.talking()
    await at_question(page, "q1")
    held_up = [1.0]

    async def slowly(route: Route) -> None:
        if held_up:
            await asyncio.sleep(held_up.pop())
            panel_server.clock.forward(1)
        await route.continue_()

    await page.route("**/answers", slowly)
    await page.keyboard.press("1")
    await page.keyboard.press("2")
    await expect(page.locator(".q-saved.is-saved")).to_be_visible()
    assert (await stored(panel_server))["q1"].value == "satisfied"
    await expect(page.locator(".q-choice[aria-checked=true]")).to_have_attribute("data-value", "satisfied")


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
    monkeypatch.setattr(type(panel_server.library), "get", lambda _library, *_which: asked)
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
