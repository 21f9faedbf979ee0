"""XLSX. What the library raises for a damaged file is anything: all of it means unreadable."""

import warnings
import zipfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import cast

from openpyxl import load_workbook
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet.worksheet import Worksheet

from dialer.importing.columns.cells import Cell
from dialer.importing.readers.table import Row, Table, UnreadableFile

# A file that unpacks to more is made to fill the disk, or should be sent as CSV.
_MOST_UNPACKED = 4 << 30
_MOST_STRINGS = 256 << 20
_MOST_ROWS = 1 << 20


def open_xlsx(path: Path) -> Iterator[Table]:
    """Every sheet of an XLSX file, read row by row.

    Raises:
        UnreadableFile: it is damaged, or unpacks to more than can be meant.
    """
    # A file and not its name: openpyxl refuses an XLSX that is called .xls.
    with path.open("rb") as file:
        try:
            _check_size(path)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of styles and extensions that are of no use here
                book = load_workbook(file, read_only=True, data_only=True)
        except UnreadableFile:
            raise
        except Exception as error:
            raise damaged(path, "XLSX") from error
        try:
            for sheet in book.worksheets:
                if isinstance(sheet, ReadOnlyWorksheet):
                    yield Table(f"XLSX, sheet {sheet.title}", "utf-8", _xlsx_rows(path, sheet))
        finally:
            book.close()


def _check_size(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    if sum(part.file_size for part in parts) > _MOST_UNPACKED or any(
        part.file_size > _MOST_STRINGS for part in parts if part.filename.endswith("sharedStrings.xml")
    ):
        raise UnreadableFile(f"{path.name} is too large when it is unpacked: export it as CSV")


def _xlsx_rows(path: Path, sheet: ReadOnlyWorksheet) -> Generator[Row, None, None]:
    try:
        # Dealer systems write a size that is not the sheet's.
        sheet.reset_dimensions()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for line, cells in enumerate(cast(Worksheet, sheet).iter_rows(values_only=True), 1):
                if line > _MOST_ROWS:
                    raise ValueError("more rows than a sheet can have")
                yield Row(line, [known(cell) for cell in cells])
    except Exception as error:
        raise damaged(path, "XLSX") from error


def known(cell: object) -> Cell:
    """The cell, or its text where it is nothing that a cell can be."""
    return cell if isinstance(cell, Cell) else str(cell)


def damaged(path: Path, form: str) -> UnreadableFile:
    """What is said of a workbook that its library cannot read."""
    return UnreadableFile(
        f"{path.name} cannot be read as {form}: it is damaged or has a password. Open it in a spreadsheet, "
        "save it again as XLSX or CSV, and import that"
    )
