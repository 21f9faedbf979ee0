"""Files of every form that dealer systems write, for tests of the import."""

import io
from collections.abc import Sequence
from datetime import date, datetime
from html import escape
from pathlib import Path

import xlwt
from openpyxl import Workbook

from dialer.customers.values import Occasion
from dialer.importing.reading import BadRow, OccasionFile, open_occasions
from tests.support.core import SHANGHAI

TODAY = date(2026, 11, 24)
Cells = Sequence[object]


def opened(path: Path, kind: str = "", **mapped: str) -> OccasionFile:
    """The file, opened as an import opens it; `mapped` are headings and fields."""
    return open_occasions(
        path, zone=SHANGHAI, default_branch="本店", today=TODAY, source="file", kind=kind, mapped=mapped
    )


def read(path: Path, kind: str = "", **mapped: str) -> list[Occasion | BadRow]:
    """Every row of the file."""
    file = opened(path, kind, **mapped)
    try:
        return list(file.rows())
    finally:
        file.close()


def xlsx(rows: Sequence[Cells]) -> bytes:
    """An XLSX file of one sheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("明细")
    for row in rows:
        sheet.append(list(row))
    return _saved(book)


def _saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def xls(rows: Sequence[Cells]) -> bytes:
    """A real XLS file (BIFF) of one sheet."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("明细")
    dated = xlwt.easyxf(num_format_str="YYYY-MM-DD HH:MM")
    for index, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write(index, column, cell, dated)
            elif cell is not None:
                sheet.write(index, column, cell)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def html(rows: Sequence[Cells], encoding: str = "gbk") -> bytes:
    """A web page with a table, as many systems call .xls."""
    body = "".join(f"<tr>{''.join(f'<td>{escape(_text(cell))}</td>' for cell in row)}</tr>\n" for row in rows)
    return (
        f"<html><head><style>td {{}}</style></head><body><table border=1>{body}</table></body></html>".encode(
            encoding
        )
    )


def xml(rows: Sequence[Cells], encoding: str = "gbk") -> bytes:
    """A spreadsheet in XML, as Excel 2003 wrote it."""
    body = "".join(f"<Row>{''.join(map(_xml_cell, row))}</Row>\n" for row in rows)
    name = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        f'<Workbook xmlns="{name}" xmlns:ss="{name}"><Worksheet ss:Name="明细"><Table>{body}</Table>'
        "</Worksheet></Workbook>"
    ).encode(encoding)


def _xml_cell(cell: object) -> str:
    number = isinstance(cell, int | float)
    return f'<Cell><Data ss:Type="{"Number" if number else "String"}">{escape(_text(cell))}</Data></Cell>'


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)
