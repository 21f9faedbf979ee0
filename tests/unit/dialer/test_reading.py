"""A CSV as a dealer system writes it becomes occasions; every bad row says why (C3, C4)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dialer.customers.values import Occasion
from dialer.importing.reading import BadRow, UnreadableFile
from tests.support.files import read
from tests.support.orders import GOOD, HEADINGS, order, text_of, write


def only(path: Path) -> Occasion:
    (row,) = read(path)
    assert isinstance(row, Occasion), row
    return row


def bad(path: Path) -> BadRow:
    (row,) = read(path)
    assert isinstance(row, BadRow), row
    return row


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig"])
def test_the_usual_encodings_are_told_apart(tmp_path: Path, encoding: str) -> None:
    """C3: GBK and UTF-8, with a byte order mark or without."""
    found = only(write(tmp_path / "orders.csv", [GOOD], encoding))
    assert (found.external_id, found.name, found.salutation) == ("JS001", "李", "女士")
    assert (found.plate, found.numbers, found.branch) == ("豫A12345", ("13800001234",), "郑州东店")
    assert found.happened_at == datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    assert found.items == ["更换机油", "四轮定位"]
    assert found.staff == {"adviser": "张伟", "technician": "赵强"}
    assert found.amount_fen == 128050


def test_a_rare_character_needs_gb18030(tmp_path: Path) -> None:
    """C3: 䶮 is in names and not in GBK."""
    assert only(write(tmp_path / "orders.csv", [order(name="王䶮")], "gb18030")).name == "王䶮"


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-11-21 16:30", (21, 8, 30, 0)),
        ("2026-11-21 16:30:15", (21, 8, 30, 15)),
        ("2026/11/21 16:30", (21, 8, 30, 0)),
        ("2026/11/21 16:30:15", (21, 8, 30, 15)),
        ("2026/11/21 7:05", (20, 23, 5, 0)),
        ("2026-11-21", (20, 16, 0, 0)),
        ("2026/11/21", (20, 16, 0, 0)),
    ],
)
def test_times_are_those_of_the_site(tmp_path: Path, written: str, utc: tuple[int, int, int, int]) -> None:
    """C3."""
    day, hour, minute, second = utc
    found = only(write(tmp_path / "orders.csv", [order(time=written)]))
    assert found.happened_at == datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "fen"),
    [("", None), ("0", 0), ("12", 1200), ("0.1", 10), ("1,280.50", 128050), ("99.999", 10000)],
)
def test_money_is_whole_fen(tmp_path: Path, written: str, fen: int | None) -> None:
    """Design 5: no fractions, no floats."""
    assert only(write(tmp_path / "orders.csv", [order(amount=written)])).amount_fen == fen


WRONG = [
    ({"key": "9" * 81}, "the order number is longer than 80 characters"),
    ({"name": ""}, "the customer's name is empty"),
    ({"name": "长" * 101}, "the customer's name is longer than 100 characters"),
    ({"branch": "店" * 61}, "the branch is longer than 60 characters"),
    ({"phone": ""}, "the phone number is empty"),
    ({"phone": "12345"}, "'12345' is not a phone number: 7 to 12 digits are needed"),
    ({"plate": "豫A12"}, "'豫A12' is not a number plate"),
    ({"time": ""}, "'' is not a date and time such as 2026-11-21 16:30"),
    ({"time": "昨天"}, "'昨天' is not a date and time"),
    ({"time": "2026-13-01"}, "'2026-13-01' is not a date and time"),
    ({"time": "0001-01-01 00:00:00"}, "'0001-01-01 00:00:00' is not a date and time"),
    ({"time": "9999-12-31"}, "'9999-12-31' is not a date and time"),
    ({"amount": "很多"}, "'很多' is not an amount of money"),
    ({"amount": "1280,50"}, "'1280,50' is not an amount of money"),
    ({"amount": "Infinity"}, "'Infinity' is not an amount of money"),
    ({"amount": "99999999999"}, "'99999999999' is not an amount of money"),
]


@pytest.mark.parametrize(("cells", "why"), WRONG)
def test_a_bad_row_says_what_is_wrong_with_it(tmp_path: Path, cells: dict[str, str], why: str) -> None:
    """C3: in a sentence, with the value that is wrong."""
    found = bad(write(tmp_path / "orders.csv", [order(**cells)]))
    assert found.why.startswith(why)
    assert (found.line, found.cells) == (2, tuple(order(**cells).values()))


def test_bad_rows_leave_good_ones_alone_and_know_their_lines(tmp_path: Path) -> None:
    """C3, C4: blank lines count as lines and not as rows."""
    rows = [order(key="1"), order(key="2", phone="x"), order(key="3"), order(key="4", time="x")]
    lines = text_of(rows).splitlines()
    lines.insert(3, "")
    lines.insert(4, "," * (len(HEADINGS) - 1))
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(lines), "utf-8")
    found = [row.external_id if isinstance(row, Occasion) else row.line for row in read(path)]
    assert found == ["1", 3, "3", 7]


def test_other_systems_other_headings(tmp_path: Path) -> None:
    """C3: what is not required may be missing; blanks around a heading do no harm."""
    path = tmp_path / "orders.csv"
    path.write_text(" 工单号 ,出厂时间,送修人,联系方式,备注\nA1,2026-11-21,王,13800001234,x\n", "utf-8")
    found = only(path)
    assert (found.external_id, found.name, found.branch) == ("A1", "王", "本店")
    assert (found.plate, found.items, found.staff, found.amount_fen) == (None, [], {}, None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "no headings are known; the first line has: nothing", id="empty"),
        pytest.param(
            "结算单号,手机\n1,2\n".encode(), "no column 结算时间, 客户姓名;.*结算单号, 手机", id="columns"
        ),
        pytest.param(b"PK\x03\x04" + bytes(range(256)) * 4, "cannot be read as XLSX", id="zip-named-csv"),
        pytest.param(bytes(range(32)) * 40, "is not text", id="binary"),
        pytest.param("姓名,手机\n李,1\n".encode(), "do not tell what kind it is; say which of", id="kind"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_as_a_whole(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=words):
        read(path)


def test_lines_may_end_in_any_way(tmp_path: Path) -> None:
    """C3: Windows, Unix, and the old Mac's that some systems still write."""
    for ending in ("\r\n", "\n", "\r"):
        path = tmp_path / "orders.csv"
        path.write_bytes(text_of([GOOD]).replace("\r\n", ending).encode())
        assert only(path).external_id == "JS001"


def test_a_cell_may_hold_commas_quotes_and_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", [order(items='更换"机油", 5W-30\n四轮定位'), order(phone="x")])
    first, second = read(path)
    assert isinstance(first, Occasion) and first.items == ['更换"机油", 5W-30', "四轮定位"]
    assert isinstance(second, BadRow) and second.line == 4


def test_a_quotation_mark_that_is_not_closed_costs_one_row(tmp_path: Path) -> None:
    """C4: it must not swallow the rows below it, however many they are."""
    lines = text_of([order(key=str(n)) for n in range(4)]).splitlines()
    lines[2] = lines[2] + ',"'
    path = tmp_path / "orders.csv"
    path.write_text("\n".join([*lines, "x" * 200_000]), "utf-8")
    found = [row.external_id if isinstance(row, Occasion) else row.line for row in read(path)]
    assert found == ["0", 3, "2", "3", 6]
    assert "a quotation mark is not closed" in next(row.why for row in read(path) if isinstance(row, BadRow))


def test_a_damaged_byte_costs_one_row(tmp_path: Path) -> None:
    """C3: the encoding is still known, and the row is not taken in with a wrong name."""
    path = write(tmp_path / "orders.csv", [order(key=str(n)) for n in range(9)])
    raw = path.read_bytes()
    at = raw.index("李女士".encode())
    path.write_bytes(raw[:at] + b"\xff" + raw[at + 1 :])
    first, *others = read(path)
    assert isinstance(first, BadRow) and "holds a character that is damaged in the file" in first.why
    assert all(isinstance(row, Occasion) and row.name == "李" for row in others)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"orders\.csv cannot be opened: No such file"):
        read(tmp_path / "orders.csv")
