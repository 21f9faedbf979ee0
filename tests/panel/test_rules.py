"""A QA lead changes a rule: writes, tries it on past calls, hears what would flip, publishes (Q2, T7)."""

from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

from playwright.async_api import expect
from sqlalchemy import update

from qa.changing import queries
from qa.changing.replaying import Replayer
from qa.changing.settings import ChangingSettings
from qa.changing.tables import rule_drafts
from qa.transcripts.tables import transcripts
from tests.panel.recorded import record
from tests.panel.site import OpenPage, Site, snapshot

SET = "after-sales-satisfaction"
PATH = f"/quality/rules/{SET}"
NEW_RULE = """
  - id: names_the_shop
    title: {zh: 报出店名, en: Names the shop}
    kind: must_say
    say: [这里是城东店]
"""


class Threads:
    """A place whose workers are threads of this process."""

    at_once = 1

    def executor(self, workers: int) -> Executor:
        self.pool = ThreadPoolExecutor(workers)
        return self.pool

    def kill(self, executor: Executor) -> None:
        pass

    def release(self, executor: Executor) -> None:
        executor.shutdown()

    def close(self) -> None:
        self.pool.shutdown()


async def test_a_rule_is_drafted_tried_heard_and_published(panel_server: Site, open_page: OpenPage) -> None:
    """The whole way, by two people: who writes does not publish."""
    site = panel_server
    await site.agent("8001", ready=True)
    await site.follow_up()
    known = await record(site)
    loud = update(transcripts).values(agent_level=-20.0, customer_level=-20.0)
    await site.database.write(lambda conn: conn.execute(loud))
    await site.user("li", "qa", "qa_lead")
    await site.user("zhao", "qa", "qa_lead")
    page = await open_page("li", "/quality/rules")
    await page.click(f"a[href='{PATH}']")
    text = await page.input_value("#yaml")
    broken = text.replace("rules:\n", "rules:\n" + NEW_RULE.replace("must_say", "must_sing"), 1)
    await page.fill("#yaml", broken)
    await page.click("button[value=replay]")
    line = broken.splitlines().index("    kind: must_sing") + 1
    await expect(page.locator(".problems li").first).to_contain_text(f"第 {line} 行")
    await page.click(".problems a >> nth=0")
    assert await page.evaluate("getSelection().toString().trim()") == "kind: must_sing"
    await snapshot(page, "rules-problem")

    await page.fill("#yaml", broken.replace("must_sing", "must_say"))
    await page.click("button[value=replay]")
    await expect(page.locator("#replay-state")).to_have_attribute("data-state", "running")
    replayer = Replayer(site.database, ChangingSettings(), site.clock, Threads)
    assert await replayer.step() == 1
    await expect(page.locator("#replay-state")).to_have_attribute("data-state", "done")
    flips = page.locator(".flips")
    await expect(flips).to_have_count(1)
    await expect(flips).to_contain_text("报出店名")
    await expect(flips).to_contain_text("这里是城东店")
    await flips.locator("button.play").click()
    while await page.evaluate("document.getElementById('example').currentTime") < 0.7:
        await page.wait_for_timeout(50)
    assert known.attempt_id in await page.evaluate("document.getElementById('example').src")
    await snapshot(page, "rules-tried")
    await expect(page.locator("button[value=publish]")).to_be_disabled()
    await expect(page.locator("#publish")).to_contain_text("须由另一位质检主管发布")

    other = await open_page("zhao", PATH)
    await other.fill("[name=note]", "顾客要知道谁打来的")
    await other.click("button[value=publish]")
    await expect(other.locator(".done")).to_be_visible()
    row = other.locator("#versions tbody tr").first
    await expect(row).to_contain_text("zhao")
    await expect(row).to_contain_text("已试判")
    await snapshot(other, "rules-published")
    width = await other.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0
    versions = await site.database.read(partial(queries.versions_of, rule_set=SET))
    assert [(one.approved_by, list(one.authors)) for one in versions] == [("", []), ("zhao", ["li"])]

    # One who began before that sees what it changed, and any version's text.
    await page.goto(site.url + PATH)
    await page.click("button[value=save]")
    begun = update(rule_drafts).where(rule_drafts.c.state == "open").values(based_on=versions[0].version)
    await site.database.write(lambda conn: conn.execute(begun))
    await page.reload()
    await expect(page.locator(".changed ins").first).to_be_visible()
    shown = await page.locator(".changed pre").inner_text()
    assert any(line.startswith("+version:") for line in shown.splitlines()), "a line of its own each"
    await expect(page.locator(".changed")).to_contain_text("报出店名")
    await page.locator("#versions .whole summary").first.click()
    await expect(page.locator("#versions .whole pre").first).to_contain_text("names_the_shop")
    await snapshot(page, "rules-conflict")
    width = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0


async def test_two_windows_do_not_overwrite_each_other_and_a_reviewer_only_writes(
    panel_server: Site, open_page: OpenPage
) -> None:
    site = panel_server
    await site.user("wang", "qa")
    page, other = await open_page("wang", PATH), await open_page("wang", PATH)
    text = await page.input_value("#yaml")
    await page.fill("#yaml", text + "# one\n")
    await page.click("button[value=save]")
    await expect(page.locator(".done")).to_be_visible()
    await other.fill("#yaml", text + "# two\n")
    await other.click("button[value=save]")
    await expect(other.locator("[role=alert]").first).to_contain_text("您输入的内容仍在这里")
    assert (await other.input_value("#yaml")).endswith("# two\n")
    await expect(page.locator("button[value=publish]")).to_be_disabled()
    await page.click("button[value=discard]")
    await expect(page.locator("#publish")).to_have_count(0)
