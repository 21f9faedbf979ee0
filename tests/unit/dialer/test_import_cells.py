"""Cells as spreadsheets and CRMs write them (C3)."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from dialer.customers.rules import BadValue
from dialer.importing.columns import cells
from dialer.importing.columns.cells import Cell
from tests.support.core import SHANGHAI

HALF_PAST_FOUR = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
ELEVEN = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "at"),
    [
        ("2026-11-21 16:30", HALF_PAST_FOUR),
        ("2026-11-21 16:30:00.000", HALF_PAST_FOUR),
        ("2026/11/21 16:30:00", HALF_PAST_FOUR),
        ("2026.11.21 16:30", HALF_PAST_FOUR),
        ("2026年11月21日", MIDNIGHT),
        ("2026年11月21日 16时30分", HALF_PAST_FOUR),
        ("2026年11月21日16点30分00秒", HALF_PAST_FOUR),
        ("2026年11月21日 星期六 16:30", HALF_PAST_FOUR),
        ("2026-11-21 下午4:30", HALF_PAST_FOUR),
        ("2026/11/21 4:30 PM", HALF_PAST_FOUR),
        ("2026-11-21 上午11:00", ELEVEN),
        ("２０２６－１１－２１ １１：００", ELEVEN),
        ("20261121", MIDNIGHT),
        ("20261121 11:00", ELEVEN),
        ("20261121110000", ELEVEN),
        ("202611211100", ELEVEN),
        (20261121, MIDNIGHT),
        (20261121.0, MIDNIGHT),
        ("2026-11-21T11:00", ELEVEN),
        ("2026-11-21T11:00:00+08:00", ELEVEN),
        ("2026-11-21T03:00:00Z", ELEVEN),
        ("21-Nov-2026 11:00", ELEVEN),
        (46347, MIDNIGHT),
        (46347.6875, HALF_PAST_FOUR),
        ("46347.6875", HALF_PAST_FOUR),
        (datetime(2026, 11, 21, 16, 30), HALF_PAST_FOUR),
        (date(2026, 11, 21), MIDNIGHT),
        ("1795230000000", ELEVEN),
    ],
)
def test_c3_times_as_they_are_written(cell: Cell, at: datetime) -> None:
    assert cells.moment(cell, SHANGHAI) == at


@pytest.mark.parametrize("cell", ["21/11/2026", "11-21-2026", "03/04/26", "26-11-21"])
def test_c3_a_date_that_can_be_read_in_two_ways_is_refused(cell: str) -> None:
    with pytest.raises(BadValue, match="can be read in two ways: write the year first"):
        cells.moment(cell, SHANGHAI)


@pytest.mark.parametrize(
    "cell",
    [
        "",
        None,
        "昨天",
        "2026-13-01",
        "2026-02-30",
        "0001-01-01 00:00:00",
        "9999-12-31",
        True,
        12,
        "2026-11-21 25:00",
    ],
)
def test_c3_what_is_no_time_is_refused(cell: Cell) -> None:
    with pytest.raises(BadValue, match="is not a date and time such as"):
        cells.moment(cell, SHANGHAI)


@pytest.mark.parametrize(
    ("cell", "fen"),
    [
        ("1,280.50", 128050),
        ("¥1,280.50", 128050),
        ("￥1280.5", 128050),
        ("1280.5元", 128050),
        ("RMB 12", 1200),
        ("1.2万", 1200000),
        ("(120.00)", -12000),
        ("-3", -300),
        (12.5, 1250),
        (99.999, 10000),
        (0, 0),
        ("１２．５", 1250),
    ],
)
def test_c3_money_as_it_is_written(cell: Cell, fen: int) -> None:
    assert cells.fen(cell) == fen


READERS: list[tuple[Callable[..., Any], Cell, object]] = [
    (cells.whole, "35,200公里", 35200),
    (cells.whole, "3.5万", 35000),
    (cells.whole, "35200KM", 35200),
    (cells.whole, 35200.0, 35200),
    (cells.yes_or_no, "是", True),
    (cells.yes_or_no, "N", False),
    (cells.yes_or_no, True, True),
    (cells.items, "更换机油、四轮定位；补胎\n洗车", ["更换机油", "四轮定位", "补胎", "洗车"]),
    (cells.tail, "41010519900101123x", "123X"),
    (cells.tail, 1234.0, "1234"),
    (cells.slot, "18:00-20:00", ("18:00", "20:00")),
    (cells.slot, "９:00～11:30", ("09:00", "11:30")),
    (cells.text_of, 13800000001.0, "13800000001"),
    (cells.text_of, datetime(2026, 11, 21, 16, 30), "2026-11-21 16:30:00"),
]


@pytest.mark.parametrize(("read", "cell", "value"), READERS)
def test_c3_other_cells(read: Callable[..., Any], cell: Cell, value: object) -> None:
    assert read(cell) == value


@pytest.mark.parametrize(
    ("read", "cell"),
    [
        (cells.fen, "1280,50"),
        (cells.fen, "很多"),
        (cells.fen, float("nan")),
        (cells.fen, float("inf")),
        (cells.fen, "99999999999"),
        (cells.whole, "三万"),
        (cells.yes_or_no, "也许"),
        (cells.slot, "晚上"),
        (cells.slot, "20:00-18:00"),
        (cells.slot, "25:00-26:00"),
    ],
)
def test_c3_what_cannot_be_understood_is_refused(read: Callable[..., Any], cell: Cell) -> None:
    with pytest.raises(BadValue):
        read(cell)
