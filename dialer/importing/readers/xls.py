"""XLS. What the library raises for a damaged file is anything: all of it means unreadable."""

import io
from collections.abc import Generator, Iterator
from pathlib import Path

import xlrd

from dialer.importing.columns.cells import Cell
from dialer.importing.readers.excel import damaged, known
from dialer.importing.readers.table import Row, Table

_CELL = str | int | float | bool


def open_xls(path: Path) -> Iterator[Table]:
    """Every sheet of an XLS file, at most 65,536 rows each.

    Raises:
        UnreadableFile: it is damaged or protected.
    """
    try:
        book = xlrd.open_workbook(str(path), logfile=io.StringIO(), on_demand=True)
    except Exception as error:
        raise damaged(path, "XLS") from error
    try:
        for name in book.sheet_names():
            yield Table(f"XLS, sheet {name}", str(book.encoding or ""), _xls_rows(path, book, name))
    finally:
        book.release_resources()


def _xls_rows(path: Path, book: xlrd.Book, name: str) -> Generator[Row, None, None]:
    try:
        sheet = book.sheet_by_name(name)
        for index in range(sheet.nrows):
            cells = [_xls_cell(cell, book.datemode) for cell in sheet.row(index)]
            yield Row(index + 1, cells)
    except Exception as error:
        raise damaged(path, "XLS") from error


def _xls_cell(cell: xlrd.sheet.Cell, datemode: int) -> Cell:
    value = cell.value
    match cell.ctype:
        case xlrd.XL_CELL_EMPTY | xlrd.XL_CELL_BLANK:
            return None
        case xlrd.XL_CELL_DATE:
            try:
                return known(xlrd.xldate_as_datetime(value, datemode))
            except (xlrd.XLDateError, ValueError, OverflowError):
                return float(value)
        case xlrd.XL_CELL_BOOLEAN:
            return bool(value)
        case xlrd.XL_CELL_ERROR:
            return str(xlrd.error_text_from_code.get(value, "#N/A"))
    return value if isinstance(value, _CELL) else str(value)
