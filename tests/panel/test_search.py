"""Words said, doubtful follow-ups and the examiner's package as QA uses them (A4, Q7, promise 10)."""

import json
import zipfile
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.async_api import expect
from sqlalchemy import select

from dialer.customers.tables import occasions
from dialer.forms.rules import Disposition
from dialer.forms.service import save_form
from dialer.storage.feed import after
from qa.examiner.worker import PackageWorker
from qa.falsity import service
from qa.falsity.reasons import DoubtReason
from qa.falsity.rules import Doubt, Judged
from qa.falsity.settings import shipped_settings
from qa.search import queries
from qa.search.worker import SearchWorker
from recordings.tables import recordings
from tests.panel.recorded import record
from tests.panel.site import OpenPage, Site, snapshot
from web.search.sayings import say_in_chinese


async def test_words_are_found_and_played(panel_server: Site, open_page: OpenPage) -> None:
    """A4: by sound, with the hit marked; a key on its button plays from the word."""
    site = panel_server
    await site.agent("1001", ready=True)
    await site.user("zhou", "qa")
    await site.follow_up()
    known = await record(site)
    await site.database.write(partial(queries.queue_all, anew=False))
    await SearchWorker(site.database).index_waiting()
    page = await open_page("zhou", "/search")
    await expect(page.locator("input[name=words]")).to_be_focused()
    await page.keyboard.type("这个我不资道")
    await page.keyboard.press("Enter")
    hit = page.locator(".hit")
    await expect(hit).to_have_count(1)
    await expect(hit.locator("mark")).to_have_text("这个我不知道")
    await expect(hit.locator(".chip.warn")).to_contain_text("读音易混")
    button = hit.locator(".play-hit")
    assert await button.get_attribute("data-from") == "2.0"
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(button).to_have_class("play-hit is-playing")
    while await page.evaluate("document.querySelector('#sound').currentTime") < 2:
        await page.wait_for_timeout(20)  # the test's own time limit is the end of patience
    await page.keyboard.press("Escape")
    await expect(button).to_have_class("play-hit")
    await snapshot(page, "search")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for query, count in (
        ("plate=A99999", 0),
        ("verdict=fail&rule=no_forbidden", 1),
        ("channel=customer", 0),
        # No day after it, and none before: not a day of ours.
        ("until=9999-12-31&since=0001-01-01", 1),
    ):
        await page.goto(f"{site.url}/search?words=不知道&{query}")
        await expect(hit).to_have_count(count)
    looked = await site.database.read(lambda conn: after(conn, 0, kinds=("words.searched",)))
    assert (looked[0].data["login"], looked[0].data["words"]) == ("zhou", "这个我不资道")
    assert known.attempt_id


async def test_a_doubtful_form_is_decided_with_a_note(panel_server: Site, open_page: OpenPage) -> None:
    """Promise 10: reasons with their places, and a person decides."""
    site = panel_server
    await site.agent("1001", ready=True)
    await site.user("zhou", "supervisor")
    await site.follow_up()
    known = await record(site)
    doubts = (
        Doubt(DoubtReason.ANSWER_DIFFERS, 1.0, 3.0, 3.5, "不满意", ("q1",), {"form": "满意"}),
        Doubt(DoubtReason.TALK_TOO_SHORT, 0.5, data={"seconds": 8.0, "needed": 17.0, "count": 4}),
    )
    keep = partial(service.keep, attempt_id=known.attempt_id, judged=Judged(86.0, doubts))
    await site.database.write(partial(keep, settings=shipped_settings(), now=site.clock()))
    page = await open_page("zhou", "/supervisor")
    await expect(page.locator("body")).to_contain_text("疑似虚假（疑点分 86）")
    await page.goto(f"{site.url}/doubts")
    doubt = page.locator(".doubt")
    await expect(doubt).to_contain_text("记录为“满意”，客户说的相反")
    await expect(doubt).to_contain_text("通话 8.0 秒填了 4 个答案，至少需要 17.0 秒")
    await snapshot(page, "doubts")
    await page.fill("input[name=note]", "听过：客户说不满意")
    await page.click("button[value=confirm]")
    await expect(doubt).to_have_count(0)
    await page.goto(f"{site.url}/doubts?state=confirmed")
    await expect(doubt).to_contain_text("zhou：听过：客户说不满意")
    await page.goto(f"{site.url}/supervisor")
    await expect(page.locator("body")).not_to_contain_text("疑点分 86")


async def test_the_examiners_package_in_one_press(
    panel_server: Site, open_page: OpenPage, tmp_path: Path
) -> None:
    """Q7: tries, the original with its hash, rules with clips, who looked; a page to read offline."""
    site = panel_server
    agent_id = await site.agent("1001", ready=True)
    await site.user("zhou", "qa")
    await site.follow_up()
    known = await record(site)
    form = partial(save_form, library=site.library, agent_id=agent_id, attempt_id=known.attempt_id)
    await site.database.write(partial(form, disposition=Disposition.REFUSED, now=site.clock()))
    page = await open_page("zhou", f"/qa/calls/{known.attempt_id}")
    await page.click("form[action$=package] button")
    await page.wait_for_url("**/packages#*")
    mine = page.locator(".package")
    await expect(mine).to_have_attribute("data-state", "waiting")
    await mine.locator("button").click()
    await expect(mine).to_have_attribute("data-state", "stopped")
    await mine.locator("button").click()
    folder = site.recordings_root.parent / "packages"
    zone = ZoneInfo("Asia/Shanghai")
    maker = PackageWorker(
        site.database, site.library, site.recordings_root, folder, say_in_chinese(), zone, site.clock
    )
    assert await maker.step() == 1
    await expect(mine).to_have_attribute("data-state", "ready")  # by itself: nobody loads the page anew
    await snapshot(page, "packages")
    async with page.expect_download() as coming:
        await mine.locator("a[download]").click()
    file = tmp_path / "package.zip"
    await (await coming.value).save_as(file)
    folder = tmp_path / "opened"
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
        names = set(archive.namelist())
    original = f"audio/{known.attempt_id}/original.wav"
    clip = f"audio/{known.attempt_id}/no_forbidden-1.wav"
    assert {"index.html", "data.json", "manifest.sha256", original, clip} <= names
    data = json.loads((folder / "data.json").read_text())
    assert (data["sums"]["issued"], data["sums"]["failed"], data["adds_up"]) == (1, 1, True)
    offline = await page.context.new_page()
    await offline.goto(f"file://{folder}/index.html")
    await expect(offline.locator("body")).to_contain_text("数目相符")
    # The row's hash was made up: the package says that the file is not what was archived.
    await expect(offline.locator("body")).to_contain_text("与归档时的校验值不一致")
    await expect(offline.locator("body")).to_contain_text("不合格")
    await snapshot(offline, "package")
    (made, *_) = await site.database.read(lambda conn: after(conn, 0, kinds=("package.made",)))
    assert made.data["by"] == "zhou"
    (fetched, *_) = await site.database.read(lambda conn: after(conn, 0, kinds=("package.fetched",)))
    assert fetched.data["login"] == "zhou"
    stored = select(recordings.c.sha256).where(recordings.c.attempt_id == known.attempt_id)
    assert await site.database.read(lambda conn: conn.execute(stored).scalar()) == "0" * 64


async def test_an_auditor_asks_by_number_and_a_wrong_number_is_told(
    panel_server: Site, open_page: OpenPage
) -> None:
    """Q7, R7: without the right to open calls; what was typed stays."""
    site = panel_server
    await site.user("sun", "auditor")
    page = await open_page("sun", "/packages")
    await page.fill("[name=policy]", "P-404")
    await page.click("button.primary")
    await expect(page.locator("[role=alert]")).to_contain_text("没有任何单据")
    assert await page.input_value("[name=policy]") == "P-404"
    await site.follow_up()
    number = await site.database.read(lambda conn: conn.execute(select(occasions.c.external_id)).scalar())
    await page.fill("[name=policy]", str(number))
    await page.click("button.primary")
    await expect(page.locator(".package")).to_contain_text(str(number))
