"""A supervisor imports a messy file, sees what was wrong, mends it and imports it again (C3, C4, X1, X2)."""

import csv
import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

from aiohttp import ClientSession
from playwright.async_api import expect
from sqlalchemy import Connection, select

from dialer.customers.tables import customers, occasions, phones
from dialer.importing.queries import past_imports, saved_mapping
from dialer.importing.settings import ImportSettings
from tests.panel.site import OpenPage, Server, Site, async_fixture
from tests.support.site import until

MESSY = (
    "郑州东店 结算明细\n"
    "打印时间：2026-11-22\n"
    "客户,,车辆,单据,,\n"
    "姓名,联系电话,车牌号码,结算单号,结算时间,实付\n"
    "李女士,13800000001/13900000002,豫a·1O345,JS1,2026年11月21日 16:30,1280.50\n"
    "王先生,1.38E+10,豫A22222,JS2,2026-11-21,20\n"
    "赵先生,13800000003,豫A33333,JS3,21/11/2026,30\n"
    "合计,,,,,1330.50\n"
)


def customers_of(conn: Connection) -> list[tuple[object, ...]]:
    query = select(customers.c.name, phones.c.number).join(phones, phones.c.customer_id == customers.c.id)
    return sorted(tuple(row) for row in conn.execute(query))


async def test_c3_a_messy_file_is_imported_mended_and_imported_again(
    site: Site, open_page: OpenPage, tmp_path: Path
) -> None:
    """C3: preview with form, encoding and mapping; the errors in a table and as a file that comes back."""
    await site.user("boss", "supervisor")
    file = tmp_path / "11月明细.csv"
    file.write_text(MESSY, "gbk")
    page = await open_page("boss", "/supervisor/import")
    await page.set_input_files("input[type=file]", file)
    await page.fill("input[name=source]", "dms")
    await page.click("#send button.primary")
    await page.wait_for_url("**/supervisor/import/files/**")
    await expect(page.locator("main")).to_contain_text("gb18030")
    await expect(page.locator("main")).to_contain_text("标题在第 4 行")
    await expect(page.locator(".reasons")).to_contain_text("在表格中丢失了末几位")
    await expect(page.get_by_label("“结算单号”的含义")).to_have_value("external_id")
    paid = page.get_by_label("“实付”的含义")
    await expect(paid).to_have_value("")
    await paid.select_option("amount")
    await page.get_by_role("button", name="重新预览").click()
    await expect(page.get_by_label("“实付”的含义")).to_have_value("amount")
    assert await site.database.read(past_imports) == []

    await page.get_by_role("button", name="导入 1 行").click()
    await expect(page.get_by_text("已导入")).to_be_visible()
    errors = page.get_by_role("region", name="未导入的行")
    await expect(errors.locator("tbody tr")).to_have_count(2)
    await expect(errors).to_contain_text("请把年写在前面")
    async with page.expect_download() as started:
        await errors.get_by_role("link", name="下载后修改").click()
    text = Path(await (await started.value).path()).read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["行号 line"] for row in rows] == ["6", "7"]

    mended = tmp_path / "mended.csv"
    mended.write_text(
        text.replace("1.38E+10", "13800000002").replace("21/11/2026", "2026-11-21"), "utf-8-sig"
    )
    await page.goto(f"{site.url}/supervisor/import")
    await expect(page.get_by_role("row", name="11月明细.csv")).to_contain_text("已导入")
    await page.set_input_files("input[type=file]", mended)
    await page.fill("input[name=source]", "dms")
    await page.click("#send button.primary")
    await page.get_by_role("button", name="导入 2 行").click()
    await expect(page.get_by_text("已导入")).to_be_visible()
    assert await site.database.read(customers_of) == [
        ("李", "13800000001"),
        ("李", "13900000002"),
        ("王", "13800000002"),
        ("赵", "13800000003"),
    ]
    amounts = await site.database.read(
        lambda conn: conn.execute(select(occasions.c.amount_fen)).scalars().all()
    )
    assert sorted(amounts) == [2000, 3000, 128050]
    assert (await site.database.read(lambda conn: saved_mapping(conn, "dms")))["实付"] == "amount"


async def all_taken_in(site: Site) -> bool:
    taken = await site.database.read(past_imports)
    return bool(taken) and all(one.created for one in taken)


async def test_c3_headings_that_nobody_knows_are_given_a_meaning(
    site: Site, open_page: OpenPage, tmp_path: Path
) -> None:
    """C3: the page asks what the columns are, with the keyboard alone."""
    await site.user("boss", "supervisor", language="en")
    file = tmp_path / "odd.csv"
    file.write_text("who,call,when,no\nLi,13800000001,2026-11-21,1\n", "utf-8")
    page = await open_page("boss", "/supervisor/import")
    await page.set_input_files("input[type=file]", file)
    await page.click("#send button.primary")
    await expect(page.get_by_role("alert").first).to_contain_text("no headings are known")
    await page.get_by_label("Kind").select_option("repair-visit")
    for heading, field in (
        ("who", "name"),
        ("call", "number"),
        ("when", "happened_at"),
        ("no", "external_id"),
    ):
        await page.get_by_label(f"Meaning of {heading}").select_option(field)
    await page.get_by_role("button", name="Look again").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Take in 1 row").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Taken in")).to_be_visible()
    await until(lambda: all_taken_in(site), "the row is taken in", 20)
    (row,) = await site.database.read(past_imports)
    assert (row.kind, row.created, row.by) == ("repair-visit", 1, "boss")


async def test_x2_what_is_no_table_is_not_kept(site: Site, open_page: OpenPage, tmp_path: Path) -> None:
    """X2: uploads are checked; the sentence says what to send."""
    await site.user("boss", "supervisor")
    page = await open_page("boss", "/supervisor/import")
    for name, content, words in (("a.exe", b"MZ", "不是表格文件"), ("a.csv", b"", "是空文件")):
        file = tmp_path / name
        file.write_bytes(content)
        await page.set_input_files("input[type=file]", file)
        await page.click("#send button.primary")
        await expect(page.locator("#send-error")).to_contain_text(words)
    uploads = site.recordings_root.parent / "imports"
    assert not uploads.exists() or not list(uploads.iterdir())


async def test_x1_an_agent_does_not_see_imports(site: Site, open_page: OpenPage) -> None:
    await site.user("clerk", "qa")
    page = await open_page("clerk", "/supervisor/import")
    await expect(page.locator("main")).to_contain_text("角色")
    answer = await page.request.post(f"{site.url}/supervisor/import/files", multipart={"source": "x"})
    assert answer.status == 403


TOKEN = "a token of the CRM"
GOOD = {
    "kind": "settlement-order",
    "external_id": "JS1",
    "happened_at": "2026-11-21T16:30",
    "name": "李女士",
    "number": "138-0000-0001",
    "items": ["更换机油", "补胎"],
    "fact:spare": "有",
}


async def send(site: Site, body: object, token: str | None = TOKEN) -> tuple[int, Mapping[str, object]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        ClientSession() as session,
        session.post(f"{site.url}/api/v1/occasions", json=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


@async_fixture
async def api(site: Site, server: Server) -> Site:
    """A panel whose settings know TOKEN."""
    await server.stop()
    tokens = (hashlib.sha256(TOKEN.encode()).hexdigest(),)
    object.__setattr__(server.panel, "importing", ImportSettings(api_tokens=tokens))
    await server.start()
    return site


async def test_c3_the_api_describes_itself(api: Site) -> None:
    """C3: what is sent in the tests is what the OpenAPI document says."""
    async with ClientSession() as session, session.get(f"{api.url}/api/v1/openapi.json") as answer:
        document = await answer.json()
    post = document["paths"]["/api/v1/occasions"]["post"]
    occasion = post["requestBody"]["content"]["application/json"]["schema"]["items"]
    named = {name for name in GOOD if not name.startswith("fact:")}
    assert named <= occasion["properties"].keys()
    assert GOOD["kind"] in occasion["properties"]["kind"]["enum"]
    assert occasion["properties"]["items"]["type"] == "array"
    _, sent = await send(api, [GOOD])
    told = post["responses"]["200"]["content"]["application/json"]["schema"]
    assert sent.keys() == told["properties"].keys()


async def test_c3_a_machine_sends_occasions_and_is_told_of_each(api: Site) -> None:
    """C3: the same validation as a file; a wrong one does not hold up the others; again changes nothing."""
    bad = {**GOOD, "external_id": "JS2", "number": "1.38E+10"}
    odd = {**GOOD, "external_id": "JS3", "colour": "red"}
    status, answer = await send(api, [GOOD, bad, odd, {**GOOD, "kind": "nonsense"}])
    assert (status, answer["rows"], answer["accepted"], answer["rejected"]) == (200, 4, 1, 3)
    results = answer["results"]
    assert isinstance(results, list)
    assert results[0] == {"external_id": "JS1", "result": "created"}
    assert "has lost its last digits" in results[1]["problem"]
    assert "colour: no such field" in results[2]["problem"]
    assert "is no kind of occasion" in results[3]["problem"]
    (row,) = await api.database.read(lambda conn: conn.execute(select(occasions)).all())
    assert (row.source, row.items, row.facts) == ("api", ["更换机油", "补胎"], {"spare": "有"})
    _, answer = await send(api, [GOOD])
    assert answer["results"] == [{"external_id": "JS1", "result": "unchanged"}]


async def test_x2_without_a_known_token_nothing_is_taken(api: Site) -> None:
    for token in (None, "", "another"):
        status, answer = await send(api, [GOOD], token)
        assert status == 401
        assert "error" in answer
    assert (await send(api, {"not": "a list"}))[0] == 400
    assert (await send(api, [GOOD] * 501))[0] == 413
    assert await api.database.read(customers_of) == []
