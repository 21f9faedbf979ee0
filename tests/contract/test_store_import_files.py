"""Files into a real database: counted, mapped, stopped and gone on with, on time or late (C3, C4)."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from dialer.alarms.service import open_alarms
from dialer.customers.tables import customers, occasions, phones
from dialer.importing.hot_folder import FAILED, MISSING, HotFolder, late_and_wrong
from dialer.importing.options import ImportOptions, ImportReport, Stop
from dialer.importing.queries import ImportRow, past_imports, saved_mapping
from dialer.importing.reading import UnreadableFile
from dialer.importing.running import ROWS_A_WRITE
from dialer.importing.service import import_file, note_unreadable
from dialer.importing.settings import ExpectedFile, ImportSettings
from dialer.planning.settings import PlanningSettings
from dialer.storage.database import Database
from tests.support.core import LIBRARY, NOW, SHANGHAI
from tests.support.files import Cells, html, xls, xlsx, xml
from tests.support.orders import order, write

OPTIONS = ImportOptions(zone=SHANGHAI, default_branch="本店", by="test")
HEADING = ["客户姓名", "手机", "结算时间", "车牌号"]


def options(**more: object) -> ImportOptions:
    values: dict[str, object] = {"zone": SHANGHAI, "default_branch": "本店", "by": "test"}
    return ImportOptions(**(values | more))  # type: ignore[arg-type]


async def imported(
    database: Database,
    path: Path,
    told: ImportOptions = OPTIONS,
    stop: Stop | None = None,
    now: datetime = NOW,
) -> ImportReport:
    report = await import_file(database, LIBRARY, path, told, clock=lambda: now, stop=stop)
    assert report.rows == report.created + report.updated + report.unchanged + report.rejected
    return report


def counts(report: ImportReport | ImportRow) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.rejected


def rows_of(conn: Connection) -> list[tuple[object, ...]]:
    query = select(occasions.c.kind, occasions.c.source, occasions.c.external_id, occasions.c.plate)
    return sorted(tuple(row) for row in conn.execute(query))


def many(number: int) -> list[dict[str, str]]:
    return [
        order(key=f"JS{n:04}", plate=f"豫A{n:05}", name=f"客户{n}", phone=f"138{n:08}") for n in range(number)
    ]


@pytest.mark.parametrize("make", [xlsx, xls, html, xml])
async def test_c3_the_same_orders_in_another_form_are_the_same_orders(
    database: Database, tmp_path: Path, make: "object"
) -> None:
    """C3: exported as CSV on Monday and as a workbook on Tuesday, nothing is there twice."""
    assert callable(make)
    rows = many(3)
    await imported(database, write(tmp_path / "monday.csv", rows, "gbk"))
    path = tmp_path / "tuesday.xls"
    path.write_bytes(make([["结算明细"], list(rows[0]), *(list(row.values()) for row in rows)]))
    assert counts(await imported(database, path)) == (0, 0, 3, 0)


async def test_c3_without_an_id_one_is_derived_and_said(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(",".join(HEADING) + "\n李女士,13800000001,2026-11-21 16:30,豫A12345\n", "gbk")
    first = await imported(database, path, options(kind="settlement-order"))
    assert first.notes == {"derived_id": 1}
    assert counts(first) == (1, 0, 0, 0)
    assert counts(await imported(database, path, options(kind="settlement-order"))) == (0, 0, 1, 0)


async def test_c3_a_mapping_is_remembered_for_its_source(database: Database, tmp_path: Path) -> None:
    """C3: the next file of this source is read alike; other sources are not."""
    path = tmp_path / "odd.csv"
    path.write_text("谁,打给,结算时间,单\n李,13800000001,2026-11-21,1\n", "utf-8")
    told = {"谁": "name", "打给": "number", "单": "external_id"}
    with pytest.raises(UnreadableFile, match="no column 客户姓名, 手机"):
        await imported(database, path, options(source="dms"))
    assert counts(await imported(database, path, options(source="dms", mapped=told))) == (1, 0, 0, 0)
    assert await database.read(lambda conn: saved_mapping(conn, "dms")) == told
    assert counts(await imported(database, path, options(source="dms"))) == (0, 0, 1, 0)
    with pytest.raises(UnreadableFile):
        await imported(database, path, options(source="crm"))


async def test_c3_a_list_without_a_date_changes_nothing_the_next_day(
    database: Database, tmp_path: Path
) -> None:
    """C3: what was on the list keeps the day it first came."""
    path = tmp_path / "list.csv"
    path.write_text("姓名,手机,名单名称\n李,13800000001,续卡\n王,13800000002,续卡\n", "utf-8")
    assert counts(await imported(database, path)) == (2, 0, 0, 0)
    assert counts(await imported(database, path, now=NOW + timedelta(days=1))) == (0, 0, 2, 0)


async def test_c3_what_was_stopped_goes_on_where_it_was(database: Database, tmp_path: Path) -> None:
    """C3, design 8: each row is counted once, the bad ones stand once in the error file."""
    rows = many(ROWS_A_WRITE + 20)
    rows[3]["手机"] = rows[-1]["手机"] = "无"
    path = write(tmp_path / "orders.csv", rows)
    stop = Stop()
    stop.wanted = True
    first = await imported(database, path, stop=stop)
    assert (first.state, first.rows, first.rejected) == ("stopped", ROWS_A_WRITE, 1)
    # Killed between the error file and the database: the row is in the file once more.
    errors = Path(first.error_file or "")
    errors.write_text(errors.read_text("utf-8-sig") + "x,y\n", "utf-8-sig")
    second = await imported(database, path)
    assert (second.id, second.state, second.rows) == (first.id, "done", ROWS_A_WRITE + 20)
    assert counts(second) == (ROWS_A_WRITE + 18, 0, 0, 2)
    lines = csv.DictReader(io.StringIO(errors.read_text("utf-8-sig")))
    assert [row["行号 line"] for row in lines] == ["5", str(ROWS_A_WRITE + 21)]
    third = await imported(database, path)
    assert third.id != first.id
    assert counts(third) == (0, 0, ROWS_A_WRITE + 18, 2)


async def test_c3_each_import_leaves_a_row_that_tells_of_it(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", [*many(2), order(phone="x")], "gbk")
    await imported(database, path, options(source="dms", shown_name="orders of Monday.csv"))
    bad = tmp_path / "photo.csv"
    bad.write_bytes(bytes(range(32)) * 99)
    await note_unreadable(database, bad, OPTIONS, "it is not text", lambda: NOW + timedelta(hours=1))
    failed, done = await database.read(past_imports)
    assert (done.file, done.kind, done.source, done.form) == (
        "orders of Monday.csv",
        "settlement-order",
        "dms",
        "CSV",
    )
    assert (done.encoding, done.rows, *counts(done), done.state) == ("gb18030", 3, 2, 0, 0, 1, "done")
    assert (len(done.sha256), done.by, done.began_at, done.ended_at) == (64, "test", NOW, NOW)
    assert (failed.file, failed.state, failed.problem) == ("photo.csv", "failed", "it is not text")


async def test_c3_a_cell_that_runs_in_a_spreadsheet_is_inert_and_comes_back_as_it_was(
    database: Database, tmp_path: Path
) -> None:
    """X2: `+86…` of a bad row stands behind a quotation mark in the error file, which import takes away."""
    path = write(tmp_path / "orders.csv", [order(phone="+8613800001234", time="gestern", amount="-5")])
    report = await imported(database, path)
    errors = Path(report.error_file or "")
    text = errors.read_text("utf-8-sig")
    assert "'+8613800001234" in text and "'-5" in text
    errors.write_text(text.replace("gestern", "2026-11-21"), "utf-8-sig")
    assert counts(await imported(database, errors)) == (1, 0, 0, 0)
    (row,) = await database.read(lambda conn: conn.execute(select(phones)).all())
    assert row.number == "13800001234"
    (amount,) = await database.read(lambda conn: conn.execute(select(occasions.c.amount_fen)).scalars().all())
    assert amount == -500


PEOPLE = [(f"客户{n}", f"138{n:08}", f"豫A{n:05}") for n in range(4)]
ROWS = st.lists(st.integers(0, len(PEOPLE) - 1), min_size=1, max_size=8)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(whose=ROWS, order_of=st.randoms(use_true_random=False), parts=st.integers(1, 3))
async def test_c3_the_order_of_rows_and_files_does_not_matter(
    make_url: "object", tmp_path: Path, kind: str, whose: list[int], order_of: "object", parts: int
) -> None:
    """C3: whatever comes first, the same customers with the same phones and occasions are stored."""
    assert callable(make_url) and hasattr(order_of, "shuffle")
    rows: list[Cells] = [[f"JS{n}", f"2026-11-2{n}", *PEOPLE[who]] for n, who in enumerate(whose)]
    shuffled = list(rows)
    order_of.shuffle(shuffled)
    stored = []
    for name, files in (("a", [rows]), ("b", [shuffled[n::parts] for n in range(parts)])):
        database = Database(make_url(kind, True))
        await database.start()
        for number, part in enumerate(files):
            path = tmp_path / f"{name}{number}.csv"
            path.write_text(_csv([["结算单号", "结算时间", "客户姓名", "手机", "车牌号"], *part]), "gbk")
            if part:
                await imported(database, path)
        stored.append(await database.read(_stored))
        await database.stop()
    assert stored[0] == stored[1]


def _csv(rows: Sequence[Cells]) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def _stored(conn: Connection) -> list[tuple[object, ...]]:
    query = (
        select(occasions.c.external_id, occasions.c.plate, customers.c.name, phones.c.number)
        .join(customers, customers.c.id == occasions.c.customer_id)
        .join(phones, phones.c.customer_id == customers.c.id)
    )
    return sorted(tuple(row) for row in conn.execute(query))


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 8, 0, tzinfo=SHANGHAI)

    def __call__(self) -> datetime:
        return self.now

    def at(self, hour: int, minute: int, day: int = 23) -> None:
        self.now = datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


def hot_folder(database: Database, folder: Path, clock: Clock) -> HotFolder:
    told = ImportSettings(folder=folder, expected=(ExpectedFile(source="dms", working_days=True),))
    return HotFolder(
        database,
        LIBRARY,
        told,
        zone=SHANGHAI,
        default_branch="本店",
        clock=clock,
        planning=PlanningSettings(),
    )


async def alarms(database: Database) -> list[tuple[str, str]]:
    return [(alarm.kind, alarm.subject) for alarm in await database.read(open_alarms)]


async def test_c4_a_file_in_the_folder_is_taken_in_once_it_is_whole(
    database: Database, tmp_path: Path
) -> None:
    """C3, C4: one that still grows is left alone; done ones are moved, with their error file."""
    clock, folder = Clock(), tmp_path / "in"
    hot = hot_folder(database, folder, clock)
    assert await hot.step() == []
    path = write(folder / "dms-2026.csv", many(1))
    assert await hot.step() == []
    write(path, [*many(2), order(phone="x")])
    assert await hot.step() == []
    (report,) = await hot.step()
    assert (report.source, report.rows, report.rejected) == ("dms", 3, 1)
    assert sorted(file.name for file in (folder / "done").iterdir()) == [
        "dms-2026.csv",
        "dms-2026.csv.errors.csv",
    ]
    assert not path.exists()
    write(folder / "dms-2026.csv", many(1))
    await hot.step()
    assert len(await hot.step()) == 1
    assert (folder / "done" / "dms-2026-2.csv").exists()


async def test_c4_a_file_that_cannot_be_read_goes_to_failed_with_the_reason(
    database: Database, tmp_path: Path
) -> None:
    clock, folder = Clock(), tmp_path / "in"
    folder.mkdir()
    hot = hot_folder(database, folder, clock)
    (folder / "dms.csv").write_text("a,b\n1,2\n", "utf-8")
    await hot.step()
    assert await hot.step() == []
    assert "no headings are known" in (folder / "failed" / "dms.csv.txt").read_text("utf-8")
    assert await alarms(database) == [(FAILED, "dms")]
    (row,) = await database.read(past_imports)
    assert (row.state, row.source) == ("failed", "dms")
    write(folder / "dms.csv", many(1))
    await hot.step()
    await hot.step()
    assert await alarms(database) == []


async def test_c4_not_there_by_a_quarter_past_eight_is_an_alarm(database: Database, tmp_path: Path) -> None:
    """C4: raised at 8:15, cleared when the file comes; it counts as late then."""
    clock, folder = Clock(), tmp_path / "in"
    folder.mkdir()
    hot = hot_folder(database, folder, clock)
    clock.at(8, 14)
    await hot.step()
    assert await alarms(database) == []
    clock.at(8, 15)
    await hot.step()
    await hot.step()
    assert await alarms(database) == [(MISSING, "dms")]
    write(folder / "dms.csv", [*many(2), order(phone="x")])
    clock.at(9, 0)
    await hot.step()
    await hot.step()
    assert await alarms(database) == []
    told = await database.read(lambda conn: late_and_wrong(conn, clock(), SHANGHAI))
    assert told == {"dms": {"files": 1, "late": 1, "rejected": 1}}


async def test_c4_a_file_in_time_and_a_sunday_are_no_alarm(database: Database, tmp_path: Path) -> None:
    clock, folder = Clock(), tmp_path / "in"
    folder.mkdir()
    hot = hot_folder(database, folder, clock)
    write(folder / "dms.csv", many(1))
    clock.at(7, 30)
    await hot.step()
    await hot.step()
    clock.at(8, 20)
    await hot.step()
    assert await alarms(database) == []
    clock.at(8, 20, day=22)
    await hot.step()
    assert await alarms(database) == []
    clock.at(8, 20, day=24)
    await hot.step()
    assert await alarms(database) == [(MISSING, "dms")]
