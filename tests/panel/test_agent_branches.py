"""Branches, answers of every type, cards, complaint, identity, by keyboard in a real browser (T1-T5)."""

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, Route, expect
from sqlalchemy import select, update

from dialer.alarms.service import open_alarms
from dialer.calling.progress import Ending
from dialer.cases.queries import list_cases, list_items, list_tasks
from dialer.cases.worker import CaseWorker
from dialer.customers.tables import corrections
from dialer.followups.tables import follow_ups
from dialer.playbooks.form.schema import Playbook
from dialer.telephony.outcomes import DialOutcome
from tests.panel.agent_page import QUESTION, TALKED, add_caller, at_question, stored, until
from tests.panel.site import OpenPage, Site, async_fixture
from tests.support.questionnaires import with_every_type

_SCRIPT = [
    {"id": "greet", "say": {"zh": "您好，请问是{name}吗？", "en": "Am I speaking to {name}?"}},
    {
        "id": "sorry",
        "place": "body",
        "when": "bad(care)",
        "say": {"zh": "实在抱歉，您说{care}，我马上记下来。", "en": "I am sorry that you are {care}."},
    },
    {"id": "repeat", "place": "recap", "say": {"zh": "我跟您确认一下。", "en": "Let me repeat."}},
    {"id": "bye", "place": "closing", "say": {"zh": "再见。", "en": "Goodbye."}},
]
_CARDS = [
    {
        "id": "busy",
        "heard": {"zh": "我现在没空", "en": "I am busy"},
        "say": {"zh": "什么时间方便？", "en": "When?"},
    },
    {
        "id": "source",
        "heard": {"zh": "哪来的号码", "en": "My number?"},
        "say": {"zh": "您留的", "en": "Yours"},
    },
]


def use(monkeypatch: pytest.MonkeyPatch, site: Site, **more: object) -> Playbook:
    """Let every follow-up go by the questionnaire of every type."""
    playbook = with_every_type(script=_SCRIPT, objections=_CARDS, **more)
    library = type(site.library)
    monkeypatch.setattr(library, "get", lambda _library, *_which: playbook)
    monkeypatch.setattr(library, "find", lambda _library, *_which: playbook)
    return playbook


@async_fixture
async def agent(panel_server: Site) -> str:
    """An agent who waits for a call, with one customer due."""
    return await add_caller(panel_server)


async def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        await page.keyboard.press(key)


async def test_t2_a_whole_questionnaire_with_a_dissatisfied_branch_by_keyboard(
    agent: str, panel_server: Site, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T1, T2, T5: so-so opens the branch at once; every type by keyboard; at the end there is a case."""
    use(monkeypatch, panel_server)
    page = await open_page("wang", "/agent")
    attempt_id = await panel_server.talking()
    await at_question(page, "care")
    await expect(page.locator(".q-count")).to_have_text("0/8")
    await keys(page, "3", "Enter")
    await at_question(page, "why")
    await expect(page.locator("[data-step=sorry]")).to_contain_text("您说一般")
    await page.keyboard.type("等了 2 个小时")
    await keys(page, "Enter")
    await at_question(page, "which")
    await keys(page, "2", "1", "3", "3", "Enter")
    await at_question(page, "score")
    await keys(page, "1", "Enter")
    await at_question(page, "order")
    await keys(page, "2", "1", "Backspace", "3", "1")
    await expect(page.locator(".q-choice[data-rank='2']")).to_contain_text("态度")
    await keys(page, "Enter")
    await at_question(page, "knows")
    await keys(page, "2", "Enter")
    await at_question(page, "born")
    await page.keyboard.type("1988-2-30")
    await keys(page, "Enter")
    await expect(page.locator(".q-error")).to_contain_text("日期不对")
    await keys(page, *["Backspace"] * 9)
    await page.keyboard.type("19880305")
    await keys(page, "Enter")
    await at_question(page, "paid")
    await page.keyboard.type("1,286.5")
    await keys(page, "Enter")
    await at_question(page, "mileage")
    await page.keyboard.type("32000")
    await keys(page, "Enter")
    await at_question(page, "source")
    await keys(page, "Enter")
    await expect(page.locator(".q-end.is-done")).to_be_visible()
    recap = page.locator(".q-recap li")
    await expect(recap).to_have_count(4)
    await expect(recap.first).to_contain_text("一般")
    await expect(page.locator("#agent")).to_have_attribute("data-stage", "recap")
    found = await until(lambda known: len(known) == 9, panel_server)
    assert {name: row.value for name, row in found.items()} == {
        "care": "so_so",
        "why": "等了 2 个小时",
        "which": "manner,wait",
        "score": "1",
        "order": "speed,care,price",
        "knows": "no",
        "born": "1988-03-05",
        "paid": "1286.50",
        "mileage": "32000",
    }
    (alarm,) = await panel_server.database.read(open_alarms)
    assert (alarm.kind, alarm.subject) == ("answer_alarm", attempt_id)
    await panel_server.end(attempt_id, TALKED)
    await expect(page.locator("input[value=completed]")).to_be_visible()
    await page.focus("input[value=completed]")
    await keys(page, "Space", "Control+Enter")
    await expect(page.locator(".idle-last")).to_contain_text("已完成")
    cases, items = await panel_server.database.read(
        lambda conn: (list_cases(conn, ["new"], 9), list_items(conn, ["open"], 9))
    )
    assert [case.title for case in cases] == ["接待不满意"]
    assert [item.title for item in items] == ["保养周期待说明"]
    filled = await panel_server.database.read(
        lambda conn: conn.execute(select(corrections.c.after)).scalars().all()
    )
    assert filled == ["1988-03-05"]


async def test_t2_the_branch_goes_on_without_the_network(
    agent: str, panel_server: Site, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server has said beforehand what each answer would lead to; another answer takes the branch away."""
    use(monkeypatch, panel_server)
    page = await open_page("wang", "/agent")
    await panel_server.talking()
    await at_question(page, "care")
    await page.route("**/answers", lambda route: route.abort())
    await keys(page, "5", "Enter")
    await at_question(page, "why")
    await keys(page, "Backspace")
    await at_question(page, "care")
    await keys(page, "1", "Enter")
    await at_question(page, "score")
    await expect(page.locator(".q-count")).to_have_text("1/8")
    await page.unroute("**/answers")
    # A request that was on its way may still bring the first answer: the second is put upon it.
    await until(lambda known: known["care"].value == "very_satisfied" if known else False, panel_server)


async def test_t2_a_refresh_in_the_middle_of_a_branch_keeps_everything(
    agent: str, panel_server: Site, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The branch, half a ranking, and what was promised."""
    use(monkeypatch, panel_server)
    page = await open_page("wang", "/agent")
    await panel_server.talking()
    await at_question(page, "care")
    await keys(page, "4", "Enter")
    await page.keyboard.type("慢")
    await keys(page, "Enter", "1", "Enter", "8", "Enter")
    await at_question(page, "order")
    await keys(page, "3")
    await page.fill("input[name=promise]", "明天回电")
    await until(lambda known: len(known) == 4, panel_server)
    await page.reload()
    await at_question(page, "order")
    await expect(page.locator(".q-choice[data-rank='1']")).to_contain_text("态度")
    await expect(page.locator(".q-dot.is-answered")).to_have_count(4)
    await expect(page.locator("input[name=promise]")).to_have_value("明天回电")


async def test_t2_keys_of_an_input_method_do_not_leave_a_typed_answer(
    agent: str, panel_server: Site, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, panel_server)
    page = await open_page("wang", "/agent")
    await panel_server.talking()
    await at_question(page, "care")
    await keys(page, "3", "Enter")
    await at_question(page, "why")
    press = "e => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, ...e}))"
    await page.evaluate(press, {"key": "Enter", "isComposing": True})
    await page.evaluate(press, {"key": "Enter", "keyCode": 229})
    await at_question(page, "why")


async def test_t1_objection_cards_open_with_a_key_and_a_digit_shows_the_answer(
    agent: str, panel_server: Site, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T1: search, show, Escape; no digit answers the question behind."""
    use(monkeypatch, panel_server)
    page = await open_page("wang", "/agent")
    await panel_server.talking()
    await at_question(page, "care")
    await page.keyboard.press("?")
    await expect(page.locator("dialog.cards .card")).to_have_count(2)
    await page.keyboard.press("2")
    await expect(page.locator(".card-say")).to_have_text("您留的")
    await page.keyboard.type("没空")
    await expect(page.locator("dialog.cards .card")).to_have_count(1)
    await page.keyboard.press("1")
    await expect(page.locator(".card-say")).to_have_text("什么时间方便？")
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog.cards")).to_be_hidden()
    assert await stored(panel_server) == {}
    await page.keyboard.press("1")
    await until(lambda known: known["care"].value == "very_satisfied" if known else False, panel_server)


async def test_t5_a_complaint_with_one_press_and_a_confirmation(
    agent: str, panel_server: Site, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor's pages show it within a second, judge it, and the alarm is over."""
    use(monkeypatch, panel_server)
    await panel_server.user("boss", "supervisor")
    page = await open_page("wang", "/agent")
    await panel_server.talking()
    await at_question(page, "care")
    manager = await open_page("boss", "/cases")
    await page.keyboard.press("c")
    await page.keyboard.type("等了两个小时没人管")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".aids .chip.bad")).to_have_text("已登记投诉")
    await expect(manager.locator(".raised")).to_contain_text("等了两个小时没人管")
    await expect(manager.locator(".raised")).to_contain_text("王芳")
    row = manager.locator(".list tbody tr")
    await expect(row).to_contain_text("等了两个小时没人管")
    await row.locator("select[name=level]").select_option("major")
    await row.locator("input[name=department]").fill("服务部")
    await row.locator("button[value=judge]").click()
    await expect(manager.locator(".raised")).to_have_count(0)
    await expect(row).to_contain_text("已判定")
    await expect(row).to_contain_text("服务部")


async def test_t3_a_promise_is_repeated_and_becomes_a_task_of_the_agent(
    agent: str, panel_server: Site, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, panel_server)
    page = await open_page("wang", "/agent")
    attempt_id = await panel_server.talking()
    await at_question(page, "care")
    await page.fill("input[name=promise]", "周四前回复配件到货时间")
    await page.click(".q-dot-end")
    await expect(page.locator(".q-promised")).to_contain_text("周四前回复配件到货时间")
    await panel_server.end(attempt_id, TALKED)
    await page.check("input[value=cut_off]")
    await page.click("button.finish")
    await expect(page.locator(".result-error")).to_contain_text("承诺回复的时间")
    await page.click(".promise [data-tomorrow]")
    await page.select_option("select[name=satisfaction]", "satisfied")
    await page.click("button.finish")
    await expect(page.locator(".idle")).to_be_visible()
    await page.click(".tasks-link")
    row = page.locator("tbody tr")
    await expect(row).to_contain_text("周四前回复配件到货时间")
    await row.locator("input[name=note]").fill("已电话告知")
    await row.locator("button").click()
    await expect(page.locator(".empty")).to_be_visible()
    (task,) = await panel_server.database.read(lambda conn: list_tasks(conn, ["done"], 9))
    assert task.due_at is not None
    assert task.due_at > panel_server.clock() + timedelta(hours=1)


async def test_l8_the_same_form_is_filled_in_by_other_means(
    agent: str, panel_server: Site, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L8: the last try failed; the task holds the same questions, and asks for its proof."""
    use(monkeypatch, panel_server)
    (attempt_id,) = await panel_server.reserve()
    await panel_server.database.write(
        lambda conn: conn.execute(update(follow_ups).values(tries={"busy": 2, "no_answer": 3}))
    )
    await panel_server.go(attempt_id)
    await panel_server.end(attempt_id, Ending(DialOutcome.BUSY, dialled=True, cause=17))
    zone = ZoneInfo("Asia/Shanghai")
    worker = CaseWorker(panel_server.database, panel_server.library, zone, panel_server.clock)
    assert await worker.step() == 1
    assert await worker.step() == 0
    page = await open_page("wang", "/agent/tasks")
    await page.click("text=填写问卷")
    await page.select_option("select[name='answer.care']", "so_so")
    await page.fill("[name=note]", "上门拜访，客户签字")
    await page.click("button.primary")
    await expect(page.locator(".form-error")).to_contain_text("why, which, score")
    await page.fill("[name='answer.why']", "慢")
    await page.check("[name='answer.which'][value=wait]")
    await page.select_option("select[name='answer.score']", "8")
    await page.fill("[name='answer.order']", "213")
    await page.select_option("select[name='answer.knows']", "yes")
    for name, value in (("born", "19880305"), ("paid", "120"), ("mileage", "32000")):
        await page.fill(f"[name='answer.{name}']", value)
    await page.click("button.primary")
    await expect(page.locator(".empty")).to_be_visible()
    assert (await stored(panel_server))["order"].value == "speed,price,care"
    (task,) = await panel_server.database.read(lambda conn: list_tasks(conn, ["done"], 9))
    assert task.what == "other_means"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_t1_the_call_fits_on_the_screen(
    language: str, panel_server: Site, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: who, plate, what, why, deadline, script and question without scrolling, also with all the aids."""
    use(monkeypatch, panel_server, facts=["owner"], compared=["amount"])
    agent_id = await panel_server.agent("1001", ready=True)
    await panel_server.user("wang", "agent", agent_id=agent_id, language=language)
    await panel_server.follow_up()
    page = await open_page("wang", "/agent", width=1366, height=768)
    await panel_server.talking()
    await at_question(page, "care")
    for shown in (
        ".customer h1",
        ".customer-plate",
        ".deadline",
        ".steps",
        ".q-ask",
        ".q-choices",
        ".aids",
        ".promise",
    ):
        box = await page.locator(shown).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 768, f"{shown} needs scrolling"
    steps = await page.locator(".steps").bounding_box()
    assert steps is not None
    assert steps["height"] >= 60
    assert await page.evaluate("document.documentElement.scrollHeight") <= 768
    await expect(page.locator(QUESTION)).to_have_attribute("data-open", "true")


async def test_t2_an_answer_that_is_changed_while_it_is_sent_is_not_taken_back(
    agent: str, panel_server: Site, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four keys within one millisecond, the first on its way: what was pressed last counts."""
    use(monkeypatch, panel_server)
    page = await open_page("wang", "/agent")
    await panel_server.talking()

    async def slowly(route: Route) -> None:
        await asyncio.sleep(0.2)
        await route.continue_()

    await page.route("**/answers", slowly)
    await at_question(page, "care")
    await keys(page, "3", "Enter")
    await at_question(page, "why")
    await page.keyboard.type("慢")
    await keys(page, "Enter")
    await at_question(page, "which")
    await until(lambda known: "why" in known, panel_server)
    # Keys can be quicker than the clock's ticks.
    await page.clock.set_fixed_time(panel_server.clock())
    await keys(page, "2", "1", "3", "3")
    await keys(page, "Enter")
    await at_question(page, "score")
    await page.keyboard.press("Backspace")
    await at_question(page, "which")
    await expect(page.locator(".q-saved.is-saved")).to_be_visible()
    await page.wait_for_timeout(1000)
    assert (await stored(panel_server))["which"].value == "manner,wait"
