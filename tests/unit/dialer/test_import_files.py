"""Files of every form, with headings where dealer systems put them (C3)."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from dialer.customers.values import CustomerFields, Occasion
from dialer.importing.columns.fields import BY_NAME, FIELDS, Form, Goes
from dialer.importing.columns.headings import KNOWN, find_headings, guess_kind, plain_heading, read_columns
from dialer.importing.columns.kinds import KINDS
from dialer.importing.options import ImportOptions
from dialer.importing.preview import preview
from dialer.importing.reading import BadRow, UnreadableFile
from dialer.playbooks.expressions.conditions import Kind as FactKind
from dialer.playbooks.facts import FACTS
from tests.support.core import SHANGHAI
from tests.support.files import Cells, html, opened, read, xls, xlsx, xml
from tests.support.orders import GOOD, HEADINGS, order, text_of

HEADING = ["结算单号", "结算时间", "客户姓名", "手机", "金额"]
ROW = ["JS1", "2026-11-21 16:30", "李女士", "13800000001", "12.5"]
AT = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)


def csv_of(rows: Sequence[Cells], encoding: str = "gbk") -> bytes:
    return "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in rows).encode(
        encoding
    )


def file(tmp_path: Path, content: bytes, name: str = "orders.xls") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


FORMS = [
    (csv_of, "CSV", "gb18030"),
    (lambda rows: csv_of(rows).replace(b",", b"\t"), "TSV", "gb18030"),
    (lambda rows: csv_of(rows, "utf-16"), "CSV", "utf-16"),
    (lambda rows: csv_of(rows, "utf-16-le"), "CSV", "utf-16-le"),
    (xlsx, "XLSX, sheet 明细", "utf-8"),
    (xls, "XLS, sheet 明细", "utf_16_le"),
    (html, "HTML", "gb18030"),
    (lambda rows: html(rows, "utf-8"), "HTML", "utf-8"),
    (xml, "XML spreadsheet", "gb18030"),
]


@pytest.mark.parametrize(("make", "form", "encoding"), FORMS)
def test_c3_every_form_gives_the_same_rows(
    tmp_path: Path, make: Callable[[Sequence[Cells]], bytes], form: str, encoding: str
) -> None:
    """C3: what the file is, is found from what is in it; its name is .xls whatever it is."""
    rows: list[Cells] = [
        ["某某店结算明细"],
        HEADING,
        ROW,
        ["JS2", *ROW[1:]],
        [],
        ["合计", None, None, None, "25"],
    ]
    path = file(tmp_path, make(rows))
    found = opened(path)
    assert (found.form, found.encoding, found.kind, found.guessed) == (
        form,
        encoding,
        "settlement-order",
        True,
    )
    assert found.heading_line == 2
    one, two = found.rows()
    assert isinstance(one, Occasion) and isinstance(two, Occasion)
    assert (one.external_id, one.happened_at, one.name, one.numbers) == ("JS1", AT, "李", ("13800000001",))
    assert (one.amount_fen, two.external_id) == (1250, "JS2")
    assert found.left_out == {"total": 1}
    found.close()


@pytest.mark.parametrize("make", [xlsx, xls])
def test_c3_numbers_and_dates_of_spreadsheets(
    tmp_path: Path, make: Callable[[Sequence[Cells]], bytes]
) -> None:
    """C3: dates as serials, phones as numbers, ids as numbers."""
    rows: list[Cells] = [
        HEADING,
        [1001, datetime(2026, 11, 21, 16, 30), "李女士", 13800000001, 12.5],
        [1002, 46347.6875, *ROW[2:]],
    ]
    one, two = read(file(tmp_path, make(rows)))
    assert isinstance(one, Occasion) and isinstance(two, Occasion)
    assert (one.external_id, one.happened_at, one.numbers, one.amount_fen) == (
        "1001",
        AT,
        ("13800000001",),
        1250,
    )
    assert two.happened_at == AT


def test_c3_headings_in_any_order_under_title_lines_in_two_rows(tmp_path: Path) -> None:
    """C3: a group heading stands over its first column only, as merged cells are written."""
    rows: list[Cells] = [
        ["郑州东店 结算明细"],
        ["统计日期：2026-11-21", None, "制表人：张三"],
        ["金额(元)", "客户", None, "单据", None],
        [None, "姓名", "电话", "结算单号", "结算时间"],
        ["1280.50", "李女士", "13800000001", "JS1", "2026-11-21 16:30"],
        ["制表人：张三", None, None, None, "打印时间：2026-11-22"],
    ]
    found = opened(file(tmp_path, csv_of(rows)))
    assert found.heading_line == 3
    assert [column.field for column in found.columns] == [
        "amount",
        "name",
        "number",
        "external_id",
        "happened_at",
    ]
    (row,) = found.rows()
    assert isinstance(row, Occasion)
    assert (row.amount_fen, row.name, row.external_id) == (128050, "李", "JS1")
    assert found.left_out == {"footer": 1}


def test_c3_headings_repeated_on_each_page_are_left_out(tmp_path: Path) -> None:
    found = opened(
        file(tmp_path, csv_of([HEADING, ROW, HEADING, ["JS2", *ROW[1:]], ["小计", "", "", "", "25"]]))
    )
    assert len(list(found.rows())) == 2
    assert found.left_out == {"headings": 1, "total": 1}


def test_c3_html_cells_over_several_rows(tmp_path: Path) -> None:
    page = (
        "<table><tr><th rowspan=2>结算单号<th colspan=2>送修人<th rowspan=2>结算时间</tr>"
        "<tr><th>姓名<th>电话</tr>"
        "<tr><td rowspan=2>JS1<td>李女士<td>13800000001<td>2026-11-21 16:30</tr>"
        "<tr><td>王先生<br>(代)<td>&#49;3900000002<td>2026-11-21 16:30</tr></table>"
    )
    one, two = read(file(tmp_path, page.encode("gbk")))
    assert isinstance(one, Occasion) and isinstance(two, Occasion)
    assert (one.external_id, one.numbers) == ("JS1", ("13800000001",))
    assert (two.external_id, two.numbers) == ("JS1", ("13900000002",))


def test_c3_the_first_sheet_with_headings_is_read(tmp_path: Path) -> None:
    book = Workbook()
    book.create_sheet("封面", 0).append(["说明", "此表由系统导出"])
    sheet = book.create_sheet("数据")
    sheet.append(HEADING)
    sheet.append(ROW)
    path = tmp_path / "orders.xlsx"
    book.save(path)
    found = opened(path)
    assert found.form == "XLSX, sheet 数据"
    assert len(list(found.rows())) == 1


def test_c3_a_mapping_goes_before_what_we_know(tmp_path: Path) -> None:
    """C3: and keeps a column that we do not know as a fact."""
    rows = [["单", "何时", "谁", "打给", "备胎"], ["1", "2026-11-21", "李", "13800000001", "有"]]
    path = file(tmp_path, csv_of(rows))
    with pytest.raises(UnreadableFile, match="no headings are known"):
        opened(path)
    told = {"单": "external_id", "何时": "happened_at", "谁": "name", "打给": "number", "备胎": "fact:spare"}
    (row,) = read(path, "repair-visit", **told)
    assert isinstance(row, Occasion)
    assert (row.kind, row.external_id, row.facts) == ("repair-visit", "1", {"spare": "有"})
    with pytest.raises(UnreadableFile, match="names nonsense, which is no field"):
        opened(path, "repair-visit", 单="nonsense")


def test_c3_without_an_id_the_same_row_has_the_same_one_again(tmp_path: Path) -> None:
    heading, row = HEADING[1:], ROW[1:]
    rows = [heading, row, [row[0], "王先生", *row[2:]], [*row[:3], "99"]]
    found = opened(file(tmp_path, csv_of(rows)))
    first, other, corrected = [row for row in found.rows() if isinstance(row, Occasion)]
    assert first.external_id == corrected.external_id != other.external_id
    assert first.external_id.startswith("auto-")
    assert found.notes["derived_id"] == 3


def test_c3_what_a_source_tells_of_the_customer(tmp_path: Path) -> None:
    """C1, R12: grade, household, segments, tail of the document (never more of it), slot, birthday."""
    heading = [
        *HEADING,
        "客户等级",
        "户号",
        "所属客群",
        "身份证号",
        "方便联系时间",
        "生日",
        "客户类型",
        "同意营销",
        "行驶里程",
        "下次保养日期",
    ]
    told = [
        "金卡",
        "H1",
        "重点客户、车队",
        "41010519900101123X",
        "18:00-20:00",
        "1990-01-01",
        "公司",
        "否",
        "35200公里",
        "46400",
    ]
    (row,) = read(file(tmp_path, csv_of([heading, [*ROW, *told]])))
    assert isinstance(row, Occasion)
    assert row.customer == CustomerFields(
        kind="company",
        grade="金卡",
        household="H1",
        segments=["重点客户", "车队"],
        document_tail="123X",
        slot_from="18:00",
        slot_to="20:00",
        birthday=date(1990, 1, 1),
        promotion_consent=False,
    )
    assert row.facts == {"mileage": 35200, "due_date": "2027-01-13"}


def test_p4_the_follow_up_sheet_tells_mileages_and_their_day(tmp_path: Path) -> None:
    """P4, C3: 用户回访跟踪表, from which the first service is projected."""
    headings = ["车牌号", "车主", "手机", "交车日期", "里程", "里程日期", "日均里程"]
    row = ["豫A12345", "李", "13800000001", "2026-11-21", "2000", "2026-12-13", "33.5公里"]
    found = opened(file(tmp_path, csv_of([headings, row])))
    (occasion,) = found.rows()
    assert isinstance(occasion, Occasion), occasion
    assert occasion.kind == "delivery-order"
    assert {name: str(value) for name, value in occasion.facts.items()} == {
        "mileage": "2000",
        "mileage_on": "2026-12-13",
        "daily_mileage": "34",
    }


def test_c3_several_columns_of_numbers_are_one_list(tmp_path: Path) -> None:
    rows = [[*HEADING, "备用电话", "座机"], [*ROW, "13900000002/13800000001", "0371-65654321转801"]]
    (row,) = read(file(tmp_path, csv_of(rows)))
    assert isinstance(row, Occasion)
    assert row.numbers == ("13800000001", "13900000002", "037165654321")
    assert row.facts == {"extension": "801"}


def test_c3_a_car_without_a_plate_is_no_error(tmp_path: Path) -> None:
    rows = [[*HEADING, "车牌号"], [*ROW, "未上牌"], [*ROW, "无"], [*ROW, "豫a·1O345"]]
    found = [row.plate for row in read(file(tmp_path, csv_of(rows))) if isinstance(row, Occasion)]
    assert found == [None, None, "豫A10345"]


# The headings of one usual file of each kind, with a row.
USUAL = {
    "settlement-order": ("工单号 出厂时间 送修人 联系方式 车牌号码", "1 2026-11-21 李 13800000001 豫A12345"),
    "delivery-order": ("出库单号 交车日期 客户姓名 手机 销售顾问", "1 2026-11-21 李 13800000001 张"),
    "lost-deal": ("战败日期 客户姓名 手机 战败原因", "2026-11-21 李 13800000001 价格"),
    "maintenance-due": ("车牌号 车主 手机 下次保养日期", "豫A12345 李 13800000001 2026-11-30"),
    "complaint-closed": ("投诉编号 结案时间 客户姓名 联系电话 处理结果", "1 2026-11-21 李 13800000001 道歉"),
    "discharge": ("住院号 患者姓名 联系电话 出院日期 科室", "1 李 13800000001 2026-11-21 内科"),
    "account-opened": ("资金账号 客户姓名 手机 开户日期 营销人员", "1 李 13800000001 20261121 张"),
    "account-activity": ("客户号 客户姓名 手机 最后登录时间 登录次数", "1 李 13800000001 2026-11-21 0"),
    "policy": (
        "保单号 投保人 手机 承保日期 产品名称 缴费方式 保险期间",
        "1 李 13800000001 2026-11-21 寿险 年交 终身",
    ),
    "installation": ("安装单号 安装日期 客户姓名 联系电话 安装人员", "1 2026-11-21 李 13800000001 张"),
    "repair-visit": ("报修单号 上门时间 客户姓名 联系电话 故障现象", "1 2026-11-21 李 13800000001 漏水"),
    "inspection": ("用户编号 户名 电话 安检日期 安检员 安检结果", "1 李 13800000001 2026-11-21 张 合格"),
    "hotline-ticket": ("受理编号 受理时间 来电人 来电号码 诉求类型", "1 2026-11-21 李 13800000001 咨询"),
    "special-service": ("服务单号 服务日期 客户姓名 手机 发型师", "1 2026-11-21 李 13800000001 张"),
    "contact-list": ("会员编号 姓名 手机 名单名称", "1 李 13800000001 续卡"),
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_c3_the_usual_file_of_each_kind_is_known(tmp_path: Path, kind: str) -> None:
    """C2, C3: its kind is found from the headings, and its row is an occasion."""
    headings, row = (line.split() for line in USUAL[kind])
    found = opened(file(tmp_path, csv_of([headings, row])))
    assert (found.kind, found.guessed) == (kind, True)
    assert all(column.field for column in found.columns)
    (occasion,) = found.rows()
    assert isinstance(occasion, Occasion), occasion
    assert (occasion.kind, occasion.name, occasion.numbers) == (kind, "李", ("13800000001",))


def test_c3_the_headings_that_the_issue_names_are_known() -> None:
    named = (
        "车牌号 车牌号码 送修人 客户姓名 车主 手机 联系方式 工单号 结算单号 结算时间 出厂时间 服务顾问 "
        "维修项目 金额 下次保养日期 保单号 投保人 产品名称 缴费方式 保险期间 证件号后四位 交车日期"
    )
    assert [name for name in named.split() if plain_heading(name) not in KNOWN] == []


def test_c3_no_heading_names_two_fields() -> None:
    names = [plain_heading(name) for field in FIELDS for name in field.headings]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []
    assert len(BY_NAME) == len(FIELDS)


def test_c2_conditions_know_every_fact_that_a_file_may_tell() -> None:
    """A condition on a fact that no file tells would never hold."""
    forms = {Form.DAY: FactKind.DATE, Form.WHOLE: FactKind.NUMBER, Form.TEXT: FactKind.TEXT}
    told = {field.name: forms[field.form] for field in FIELDS if field.goes is Goes.FACT}
    assert {name: FACTS.get(name) for name in told} == told


def test_c3_marks_and_brackets_of_headings_do_no_harm() -> None:
    assert plain_heading(" *金额（元）：") == "金额"
    found = find_headings([["＊结算单号", "客户 姓名(必填)", "手机号："]], {})
    assert found is not None
    assert [column.field for column in read_columns(found, {})] == ["external_id", "name", "number"]
    assert guess_kind(found) == "settlement-order"


def test_c3_a_preview_counts_and_changes_nothing(tmp_path: Path) -> None:
    rows = [order(key="1"), order(key="1"), order(key="2", phone="x"), order(key="3", phone="12")]
    path = tmp_path / "orders.csv"
    path.write_text(text_of(rows), "gbk")
    seen = preview(path, ImportOptions(zone=SHANGHAI, default_branch="本店"), AT)
    assert (seen.rows, seen.good, seen.rejected, seen.doubles) == (4, 2, 2, 1)
    assert seen.reasons == {"… is not a phone number: 7 to 12 digits are needed": 2}
    assert [row.line for row in seen.bad] == [4, 5]
    assert [row.line for row in seen.first] == [2, 3, 4, 5]
    assert [(column.heading, column.field) for column in seen.columns][:2] == [
        ("结算单号", "external_id"),
        ("结算时间", "happened_at"),
    ]
    assert len(seen.columns) == len(HEADINGS)
    assert {path.name for path in tmp_path.iterdir()} == {"orders.csv"}


def test_c3_a_row_shorter_than_the_headings_is_read(tmp_path: Path) -> None:
    path = file(tmp_path, (",".join(GOOD) + "\nJS1,2026-11-21,,李,13800000001\nJS2\n").encode())
    one, two = read(path)
    assert isinstance(one, Occasion)
    assert isinstance(two, BadRow) and two.why == "the customer's name is empty"
    assert len(two.cells) == len(HEADINGS)
