"""The live feed: resumes where a page was, says when it is lost, and never drowns a page (V1, X1)."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from playwright.async_api import expect
from sqlalchemy import Connection

from dialer.storage.feed import EventRow, emit, latest_id
from tests.panel.site import PASSWORD, OpenPage, Server, Site
from tests.panel.test_login import Visitor, visitor
from web.live.feed import BROKER, Subscriber

__all__ = ["visitor"]


async def say(site: Site, *kinds: str, subject: str = "S", **data: str) -> None:
    """Leave event rows."""

    def work(conn: Connection) -> None:
        for kind in kinds:
            emit(conn, kind, subject, site.clock(), data)

    await site.database.write(work)


Message = tuple[int, str, dict[str, object]]


async def messages(
    visitor: Visitor, last: int | None = None, path: str = "/feed"
) -> AsyncGenerator[Message, None]:
    """(id, event, data) of the feed, from after `last`."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    async with visitor.session.get(visitor.site.url + path, headers=headers) as feed:
        assert feed.status == 200
        assert feed.content_type == "text/event-stream"
        message: dict[str, str] = {}
        async for line in feed.content:
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field:
                message[field] = value
            elif "data" in message:
                yield int(message["id"]), message["event"], json.loads(message["data"])
                message = {}


async def caught_up(visitor: Visitor) -> int:
    """Wait until the feed has passed the newest row; returns its id."""
    newest = await visitor.site.database.read(latest_id)
    async with aclosing(messages(visitor)) as feed:
        async for position, event, _ in feed:
            if event == "beat" and position >= newest:
                return newest
    raise AssertionError("the feed ended")


async def kinds_until_beat(visitor: Visitor, last: int | None, path: str = "/feed") -> list[object]:
    """The kinds of what was missed; a beat ends it."""
    found: list[object] = []
    async for _, event, data in messages(visitor, last, path):
        if event == "beat":
            return found
        found.append(data["kind"] if event == "row" else event)
    raise AssertionError("the feed ended")


async def test_a_page_resumes_after_the_last_row_it_has_seen(panel_server: Site, visitor: Visitor) -> None:
    await panel_server.user("chen", "supervisor")
    await visitor.log_in("chen")
    await say(panel_server, "x.one", "x.two")
    last = await panel_server.database.read(latest_id)
    await say(panel_server, "x.three", "x.four")
    await caught_up(visitor)
    assert await kinds_until_beat(visitor, last) == ["x.three", "x.four"]
    assert await kinds_until_beat(visitor, last - 1) == ["x.two", "x.three", "x.four"]
    assert await kinds_until_beat(visitor, None, f"/feed?last={last}") == ["x.three", "x.four"]
    assert await kinds_until_beat(visitor, last + 2) == []
    # An id that was never given out: the database is another one.
    assert await kinds_until_beat(visitor, 10**9) == ["reset"]


async def test_rows_come_as_they_are_written(panel_server: Site, visitor: Visitor) -> None:
    await panel_server.user("chen", "supervisor")
    await visitor.log_in("chen")
    await caught_up(visitor)
    seen: list[object] = []
    async for _, event, data in messages(visitor, None):
        if event == "beat" and not seen:
            seen.append("beat")
            await say(panel_server, "x.news", subject="abc", plate="豫A12345")
        elif event == "row" and seen:
            seen.append((data["kind"], data["subject"], data["data"]))
            break
    assert seen == ["beat", ("x.news", "abc", {"plate": "豫A12345"})]


async def test_a_beat_says_how_old_the_news_is(panel_server: Site, visitor: Visitor) -> None:
    await panel_server.user("chen", "supervisor")
    await visitor.log_in("chen")
    async for _, event, data in messages(visitor, None):
        if event == "beat":
            assert isinstance(data["age"], int)
            assert data["age"] >= 0
            assert isinstance(data["now"], int)
            break


async def test_a_database_in_trouble_makes_the_news_old_and_comes_back(
    panel_server: Site, visitor: Visitor
) -> None:
    site = panel_server
    await site.user("chen", "supervisor")
    await visitor.log_in("chen")
    await caught_up(visitor)
    told = False
    await rename_table(site, "events", "events_away")
    async with aclosing(messages(visitor)) as feed:
        async for _, event, data in feed:
            if event == "row":
                assert data["kind"] == "x.back"
                break
            if not told and int(str(data["age"])) > 2000:
                told = True
                await rename_table(site, "events_away", "events")
                await say(site, "x.back")
    assert told


async def rename_table(site: Site, before: str, after: str) -> None:
    """Take a table away, or bring it back."""
    await site.database.write(lambda c: c.exec_driver_sql(f"ALTER TABLE {before} RENAME TO {after}"))


async def test_an_agent_hears_only_of_himself(panel_server: Site, visitor: Visitor) -> None:
    """X1."""
    site = panel_server
    mine, other = await site.agent("8001"), await site.agent("8002")
    await site.user("wang", "agent", agent_id=mine)
    await visitor.log_in("wang")
    last = await site.database.read(latest_id)
    await say(site, "agent_session.paused", subject=other)
    await say(site, "attempt.talking", subject="X", agent=other)
    await say(site, "attempt.talking", subject="Y", agent=mine)
    await say(site, "alarm.raised", subject="asterisk", kind="link_down")
    found: list[object] = []
    async for _, event, data in messages(visitor, last):
        if event == "row":
            found.append(data["subject"])
        if "asterisk" in found:
            break
    assert found == ["Y", "asterisk"]


async def test_one_who_missed_too_much_begins_anew(panel_server: Site, visitor: Visitor) -> None:
    await panel_server.user("chen", "supervisor")
    await visitor.log_in("chen")
    last = await panel_server.database.read(latest_id)
    await say(panel_server, *["x.flood"] * 501)
    await caught_up(visitor)
    assert await kinds_until_beat(visitor, last) == ["reset"]


async def test_a_slow_page_is_told_to_begin_anew_and_holds_no_memory(site: Site) -> None:
    subscriber = Subscriber(room=3)
    rows = [EventRow(n, site.clock(), "x", "s", {}) for n in range(1, 11)]
    for row in rows[:3]:
        subscriber.put(row)
    assert await subscriber.take(1) == rows[:3]
    for row in rows:
        subscriber.put(row)
    assert subscriber.overrun
    assert await subscriber.take(1) == []


async def test_a_lost_feed_is_told_and_comes_back(server: Server, site: Site, open_page: OpenPage) -> None:
    await site.user("chen", "supervisor")
    await site.user("smith", "supervisor", language="en")
    agent_id = await site.agent("8001", ready=True)
    page = await open_page("chen", "/supervisor")
    english = await open_page("smith", "/supervisor")
    bar = page.locator("#feed-bar")
    await expect(bar).to_be_hidden()
    await server.stop()
    await expect(bar).to_contain_text("秒前的数据", timeout=20_000)
    await expect(english.locator("#feed-bar")).to_contain_text("s old", timeout=20_000)
    await site.follow_up("李", "13800000001", "豫A12345")
    await site.reserve()
    await server.start()
    await expect(bar).to_be_hidden(timeout=20_000)
    await expect(page.locator(f"tr[data-agent='{agent_id}']")).to_contain_text("即将来电")
    await expect(page.locator("#calls")).to_contain_text("豫A12345")


async def test_a_page_whose_login_is_over_asks_for_it(panel_server: Site, open_page: OpenPage) -> None:
    site = panel_server
    await site.user("chen", "supervisor")
    page = await open_page("chen", "/supervisor")
    site.clock.forward(13 * 3600)
    await page.wait_for_url("**/login?next=**", timeout=20_000)
    await page.fill("input[name=login]", "chen")
    await page.fill("input[name=password]", PASSWORD)
    await page.click("button.primary")
    await page.wait_for_url("**/supervisor")


async def test_a_page_that_is_told_of_nothing_hears_that_the_feed_is_alive(
    panel_server: Site, visitor: Visitor
) -> None:
    """However busy the others are, an agent's page does not take its feed for lost."""
    site = panel_server
    mine, other = await site.agent("8001"), await site.agent("8002")
    await site.user("wang", "agent", agent_id=mine)
    await visitor.log_in("wang")
    await caught_up(visitor)  # what was said of the agent himself comes late on a busy machine

    async def be_busy() -> None:
        while True:
            await say(site, "agent_session.paused", subject=other)

    busy = asyncio.create_task(be_busy())
    beats = 0
    try:
        async with asyncio.timeout(20):
            async for _, event, _ in messages(visitor):
                assert event == "beat"
                beats += 1
                if beats == 4:
                    break
    finally:
        busy.cancel()
    assert beats == 4


async def test_pages_that_are_closed_are_forgotten(server: Server, site: Site, visitor: Visitor) -> None:
    await site.user("chen", "supervisor")
    await visitor.log_in("chen")
    async with aclosing(messages(visitor)) as one, aclosing(messages(visitor)) as two:
        await anext(one)
        await anext(two)
        assert server.app[BROKER].pages == 2
    async with asyncio.timeout(20):
        while server.app[BROKER].pages:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)
