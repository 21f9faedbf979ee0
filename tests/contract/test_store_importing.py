"""Importing a file into a real database: nothing twice, nothing lost silently (C2, C3, C4)."""

import csv
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from dialer.customers.service import Taken, take_in
from dialer.customers.tables import customers, occasions, phones, vehicles
from dialer.followups.queries import call_sheet, count_by_state, queue
from dialer.importing.reading import UnreadableFile
from dialer.importing.running import ROWS_A_WRITE
from dialer.importing.service import ImportReport, import_orders
from dialer.storage.database import Database
from dialer.storage.feed import after
from tests.support.core import LIBRARY, NOW, SHANGHAI, YESTERDAY, occasion
from tests.support.orders import order, write


async def imported(database: Database, path: Path) -> ImportReport:
    report = await import_orders(
        database, LIBRARY, path, zone=SHANGHAI, default_branch="本店", clock=lambda: NOW
    )
    assert report.rows == report.created + report.updated + report.unchanged + report.rejected
    return report


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.rejected, report.follow_ups


def many(number: int) -> list[dict[str, str]]:
    return [
        order(key=f"JS{n:04}", plate=f"豫A{n:05}", name=f"客户{n}", phone=f"138{n:08}") for n in range(number)
    ]


async def test_each_order_makes_an_occasion_a_customer_and_a_follow_up(
    database: Database, tmp_path: Path
) -> None:
    """C2, P1."""
    report = await imported(database, write(tmp_path / "orders.csv", [order()], "gbk"))
    assert counts(report) == (1, 0, 0, 0, 1)
    assert (report.encoding, report.error_file) == ("gb18030", None)
    (row,) = await database.read(queue)
    assert (row.plate, row.name, row.salutation, row.number) == ("豫A12345", "李", "女士", "13800001234")
    sheet = await database.read(lambda conn: call_sheet(conn, row.id))
    assert sheet is not None
    assert (sheet.items, sheet.amount_fen) == (["更换机油", "四轮定位"], 128050)
    assert (sheet.staff["technician"], sheet.external_id) == ("赵强", "JS001")


async def test_a_corrected_phone_is_called_in_place_of_the_old_one(
    database: Database, tmp_path: Path
) -> None:
    """C3, L9: the order comes again with another number; what waits is called there."""
    await imported(database, write(tmp_path / "first.csv", [order()]))
    report = await imported(database, write(tmp_path / "again.csv", [order(phone="13900000009")]))
    assert counts(report) == (0, 1, 0, 0, 0)
    (row,) = await database.read(queue)
    assert row.number == "13900000009"


async def test_a_rejected_row_cannot_run_in_a_spreadsheet(database: Database, tmp_path: Path) -> None:
    """X2: a cell that looks like a formula is text in the error file."""
    rows = [order(name="=HYPERLINK(1)", phone="none")]
    report = await imported(database, write(tmp_path / "orders.csv", rows))
    assert report.error_file is not None
    assert "'=HYPERLINK(1)" in Path(report.error_file).read_text("utf-8-sig")


async def test_the_same_file_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    """C3: idempotent by external id; more rows than one write takes."""
    path = write(tmp_path / "orders.csv", many(ROWS_A_WRITE + 10))
    assert counts(await imported(database, path)) == (ROWS_A_WRITE + 10, 0, 0, 0, ROWS_A_WRITE + 10)
    before = await database.read(everything)
    assert counts(await imported(database, path)) == (0, 0, ROWS_A_WRITE + 10, 0, 0)
    assert await database.read(everything) == before


def everything(conn: Connection) -> list[list[tuple[object, ...]]]:
    tables = (customers, phones, vehicles, occasions)
    return [
        sorted((tuple(map(str, row)) for row in conn.execute(select(table))), key=str) for table in tables
    ]


async def test_every_row_is_counted_once(database: Database, tmp_path: Path) -> None:
    """C4: created, updated, unchanged and rejected add up, doubles in the file included."""
    path = tmp_path / "orders.csv"
    await imported(database, write(path, many(4)))
    rows = many(6)
    rows[0]["维修项目"] = "补胎"
    rows[1]["金额"] = "0"
    rows[2]["手机"] = "无"
    rows.append(rows[5])
    report = await imported(database, write(path, rows))
    assert (report.rows, *counts(report)) == (7, 2, 2, 2, 1, 2)


def rows_of(report: ImportReport) -> list[dict[str, str]]:
    with Path(report.error_file or "").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


async def test_bad_rows_go_to_a_file_with_line_and_reason(database: Database, tmp_path: Path) -> None:
    """C3: the row as it was, so that it can be mended and imported."""
    rows = many(4)
    rows[1]["手机"] = "12345"
    rows[3]["结算时间"] = "昨天"
    report = await imported(database, write(tmp_path / "orders.csv", rows, "gbk"))
    assert (report.rejected, report.error_file) == (2, str(tmp_path / "orders.csv.errors.csv"))
    bad = rows_of(report)
    assert [{name: row[name] for name in rows[1]} for row in bad] == [rows[1], rows[3]]
    assert [(row["行号 line"], row["原因 reason"].split(":")[0]) for row in bad] == [
        ("3", "'12345' is not a phone number"),
        ("5", "'昨天' is not a date and time such as 2026-11-21 16"),
    ]


def mend(report: ImportReport, wrong: str, right: str) -> Path:
    errors = Path(report.error_file or "")
    errors.write_text(errors.read_text("utf-8-sig").replace(wrong, right), "utf-8")
    return errors


async def test_a_mended_error_file_can_be_imported_as_it_is(database: Database, tmp_path: Path) -> None:
    """C3: its two columns more do no harm."""
    report = await imported(database, write(tmp_path / "orders.csv", [order(phone="138-00")]))
    errors = mend(report, "138-00", "13800001234")
    assert counts(await imported(database, errors)) == (1, 0, 0, 0, 1)


async def test_a_file_of_bad_rows_only_takes_nothing_in(database: Database, tmp_path: Path) -> None:
    report = await imported(database, write(tmp_path / "orders.csv", [order(phone="")] * 3))
    assert counts(report) == (0, 0, 0, 3, 0)
    assert await database.read(count_by_state) == {}


async def test_a_file_that_cannot_be_read_takes_nothing_in(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(UnreadableFile, match="no headings are known; the first line has: a, b"):
        await imported(database, path)
    assert await database.read(lambda conn: after(conn, 0)) == []


async def test_a_second_order_of_one_customer_is_not_a_second_customer(
    database: Database, tmp_path: Path
) -> None:
    """C3: the same plate and name, or the same number and name; another name is another person."""
    rows = [
        order(key="1"),
        order(key="2", phone="139-0000-9999"),
        order(key="3", plate=""),
        order(key="4", plate="", name="王先生"),
    ]
    assert counts(await imported(database, write(tmp_path / "orders.csv", rows)))[:4] == (4, 0, 0, 0)
    query = (
        select(customers.c.name, func.count(phones.c.number))
        .join_from(customers, phones)
        .group_by(customers.c.id)
    )
    found = await database.read(lambda conn: conn.execute(query).all())
    assert sorted(tuple(row) for row in found) == [("李", 2), ("王", 1)]


async def test_progress_is_told_to_whoever_asked(database: Database, tmp_path: Path) -> None:
    """Design 8: a bar on long work."""
    told: list[tuple[int, int]] = []
    await import_orders(
        database,
        LIBRARY,
        write(tmp_path / "orders.csv", [*many(ROWS_A_WRITE + 5), order(phone="x")]),
        zone=SHANGHAI,
        default_branch="本店",
        clock=lambda: NOW,
        progress=lambda done, of: told.append((done, of)),
    )
    lines = ROWS_A_WRITE + 7
    assert told == [(ROWS_A_WRITE, lines), (ROWS_A_WRITE + 6, lines)]


async def test_one_external_id_may_come_from_two_sources(database: Database) -> None:
    """C2: ids are a source's own."""

    def work(conn: Connection) -> None:
        first = take_in(conn, occasion(external_id="1", source="csv"), NOW)
        second = take_in(conn, occasion(external_id="1", source="api"), NOW)
        again = take_in(conn, occasion(external_id="1", source="api"), NOW)
        assert (first.what, second.what, again.what) == (Taken.CREATED, Taken.CREATED, Taken.UNCHANGED)
        assert first.customer_id == second.customer_id
        assert second.occasion_id == again.occasion_id != first.occasion_id

    await database.write(work)


async def test_an_order_that_changed_is_updated_in_place(database: Database) -> None:
    """C3."""

    def work(conn: Connection) -> None:
        first = take_in(conn, occasion(external_id="1", amount_fen=100), NOW)
        second = take_in(conn, occasion(external_id="1", amount_fen=90, items=["补胎"]), NOW)
        assert (second.what, second.occasion_id) == (Taken.UPDATED, first.occasion_id)
        row = conn.execute(select(occasions)).one()
        assert (row.amount_fen, row.items, row.happened_at) == (90, ["补胎"], YESTERDAY)

    await database.write(work)
