"""A call's page for QA, in a real browser with real sound (R2, Q4, A2, X1)."""

import re
from functools import partial
from typing import Any

import pytest
from playwright.async_api import Page, expect

from dialer.storage.feed import of_subject
from qa.corrections.service import correct
from recordings.rules import Problem
from tests.panel.recorded import SECONDS, Known, record, segments
from tests.panel.site import OpenPage, Site, async_fixture


@async_fixture
async def reviewer(panel_server: Site) -> Site:
    """A site with an agent who waits for a call, a customer due, and somebody of QA."""
    agent_id = await panel_server.agent("1001", ready=True)
    await panel_server.user("wang", "agent", agent_id=agent_id)
    await panel_server.user("zhou", "qa")
    await panel_server.follow_up()
    return panel_server


@async_fixture
async def known(reviewer: Site) -> Known:
    """A recorded, transcribed and checked call."""
    return await record(reviewer)


async def traces(site: Site, known: Known, kind: str) -> list[dict[str, Any]]:
    """What the trail says of this call."""
    rows = await site.database.read(lambda conn: of_subject(conn, known.attempt_id))
    return [dict(row.data) for row in rows if row.kind == kind]


async def sound(page: Page, what: str) -> Any:
    """A property of the page's audio."""
    return await page.evaluate(f"document.getElementById('sound').{what}")


async def test_a_click_on_a_word_plays_from_it(reviewer: Site, known: Known, open_page: OpenPage) -> None:
    """Q4, X1: heard from that word on, marked while it is said, and on the trail."""
    page = await open_page("zhou", f"/qa/calls/{known.attempt_id}")
    await expect(page.locator("#wave canvas").first).to_be_attached()
    assert await traces(reviewer, known, "recording.fetched") == []
    async with page.expect_response("**/plays"):
        await page.click(".turn.is-customer .w >> nth=1")
    await page.wait_for_function("document.getElementById('sound').currentTime >= 3.25")
    await expect(page.locator(".turn.is-agent >> nth=1").locator(".w.is-now")).not_to_have_count(0)
    (played,) = await traces(reviewer, known, "recording.played")
    assert played["second"] == pytest.approx(3.25, abs=0.06)
    assert played["login"] == "zhou"
    assert await traces(reviewer, known, "recording.fetched") != []
    await page.click("#play")
    assert await sound(page, "paused")


async def test_evidence_is_played_and_no_more(reviewer: Site, known: Known, open_page: OpenPage) -> None:
    """Q4: a click on a finding's words plays them with a little before and after, then stops."""
    page = await open_page("zhou", f"/qa/calls/{known.attempt_id}")
    async with page.expect_response("**/plays"):
        await page.click(".finding.is-fail .proof")
    await page.wait_for_function(
        "until => { const a = document.getElementById('sound'); return a.paused && a.currentTime >= until; }",
        arg=known.forbidden.end + 0.29,
    )
    assert await sound(page, "currentTime") < SECONDS
    (played,) = await traces(reviewer, known, "recording.played")
    assert played["second"] == pytest.approx(known.forbidden.start - 0.3, abs=0.06)


async def test_the_page_shows_what_was_said_found_and_answered(
    reviewer: Site, known: Known, open_page: OpenPage
) -> None:
    """R2, Q4: a two-sided conversation, worst findings first with their names, answers with their second."""
    page = await open_page("zhou", f"/qa/calls/{known.attempt_id}")
    await expect(page.locator(".turn .said")).to_have_text(["您好这里是城东店", "你好", "这个我不知道"])
    names = page.locator(".finding-head strong")
    await expect(names).to_have_text(["无服务忌语", "致谢或祝福并道别", "问候并自报单位"])
    await expect(page.locator(".finding.is-unclear .proof")).to_have_count(0)
    await expect(page.locator(".answer-value")).to_have_text(["满意", "不满意"])
    await expect(page.locator(".answer .time")).to_have_text(["0:02", "0:04"])
    assert "13800000001" not in await page.content()
    assert await traces(reviewer, known, "call.viewed") != []
    async with page.expect_response("**/plays"):
        await page.click(".answer .time >> nth=1")
    await page.wait_for_function("document.getElementById('sound').currentTime >= 1")
    (played,) = await traces(reviewer, known, "recording.played")
    assert 0.9 <= played["second"] <= 1.5


async def test_the_sound_comes_in_pieces_and_only_to_qa(
    reviewer: Site, known: Known, open_page: OpenPage
) -> None:
    """A2, X1: ranges are served; an agent hears nothing, a visitor neither."""
    address = f"{reviewer.url}/qa/calls/{known.attempt_id}/audio"
    page = await open_page("zhou", "/qa")
    piece = await page.request.get(address, headers={"Range": "bytes=0-3"})
    assert (piece.status, await piece.body()) == (206, b"OggS")
    agent = await open_page("wang", "/agent")
    assert (await agent.request.get(address)).status == 403
    visitor = await open_page()
    assert (await visitor.request.get(address)).status == 401
    assert len(await traces(reviewer, known, "recording.fetched")) == 1


async def test_a_recording_that_is_not_whole_says_so(reviewer: Site, open_page: OpenPage) -> None:
    """A1: what is missing of the call is told beside the sound."""
    known = await record(reviewer, checked=False, problems=(Problem.SHORT,))
    page = await open_page("zhou", f"/qa/calls/{known.attempt_id}")
    await expect(page.locator(".problem")).to_have_text("录音缺少 1.5 秒通话。")
    await expect(page.locator(".findings .empty")).to_contain_text("尚未检查")


async def test_a_file_that_is_gone_is_no_error(reviewer: Site, known: Known, open_page: OpenPage) -> None:
    """A1: the words stay readable, and the page says what is wrong with the sound."""
    for file in reviewer.recordings_root.rglob("call.*"):
        file.unlink()
    page = await open_page("zhou", f"/qa/calls/{known.attempt_id}")
    await expect(page.locator(".sound .empty")).to_contain_text("找不到录音文件")
    await expect(page.locator(".turn")).to_have_count(3)


async def test_an_unknown_call_is_not_found(reviewer: Site, open_page: OpenPage) -> None:
    """X1: nothing is told of what is not there."""
    page = await open_page("zhou", "/qa")
    response = await page.goto(f"{reviewer.url}/qa/calls/01HZZZZZZZZZZZZZZZZZZZZZZZ")
    assert response is not None
    assert response.status == 404


async def test_words_that_were_put_right_are_shown_with_what_was_heard(
    reviewer: Site, known: Known, open_page: OpenPage
) -> None:
    """S2, Q7: the text is what was judged; what the machine heard, and who put it right, stand beside it."""
    said = segments()
    put = partial(
        correct, attempt_id=known.attempt_id, segments=said, segment=2, word=5, now=reviewer.clock()
    )
    await reviewer.database.write(partial(put, heard="道", said="倒", by="li"))
    await reviewer.database.write(partial(put, heard="倒", said="到", by="lin"))
    page = await open_page("zhou", f"/qa/calls/{known.attempt_id}")
    await expect(page.locator(".w.is-corrected")).to_have_text(["到"])
    await expect(page.locator(".said del.was")).to_have_text(["道"])
    await page.click(".corrections summary")
    await expect(page.locator(".corrections li")).to_have_text(
        [re.compile("道 倒 li .*再次更正"), re.compile(r"道 到 lin [^：]*$")]
    )
