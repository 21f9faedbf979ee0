"""HTML tables and SpreadsheetML, which dealer systems write and call .xls; read as they come."""

from collections.abc import Generator, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from dialer.importing.columns.cells import Cell
from dialer.importing.readers.table import Row, Table, UnreadableFile

_CHUNK = 1 << 16
_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
# More is no table: a file made to exhaust the memory.
_MOST_COLUMNS = 1_000
# Text that waits for the end of its tag.
_MOST_OPEN = 1 << 20


def open_html(path: Path, encoding: str) -> Table:
    """Every row of every table of a page, in their order."""
    return Table("HTML", encoding, _html_rows(path, encoding))


def _html_rows(path: Path, encoding: str) -> Generator[Row, None, None]:
    parser = _Rows()
    with path.open(encoding=encoding, errors="replace") as file:
        while chunk := file.read(_CHUNK):
            parser.feed(chunk)
            yield from parser.take()
            if len(parser.rawdata) > _MOST_OPEN:
                raise UnreadableFile(
                    f"{path.name} has a tag that never ends: export it again, or as XLSX or CSV"
                )
    parser.close()
    parser.end_row()
    yield from parser.take()


class _Rows(HTMLParser):
    """Collects rows; a cell over several columns or rows stands in the first column, and in each row."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._done: list[Row] = []
        self._line = 0
        self._row: list[Cell] | None = None
        self._text: list[str] | None = None
        self._span = (1, 1)
        # Column -> (text, rows that it still reaches into), for this row and for the next.
        self._hanging: dict[int, tuple[str, int]] = {}
        self._hanging_next: dict[int, tuple[str, int]] = {}

    def take(self) -> list[Row]:
        """The rows that are whole by now."""
        done, self._done = self._done, []
        return done

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A row or a cell begins."""
        match tag:
            case "table":
                self.end_row()
                self._hanging.clear()
                self._hanging_next.clear()
            case "tr":
                self.end_row()
                self._row = []
            case "td" | "th":
                self._end_cell()
                if self._row is None:
                    self._row = []
                told = dict(attrs)
                self._span = (_span(told.get("colspan")), _span(told.get("rowspan")))
                self._text = []
            case "br" if self._text is not None:
                self._text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """A row or a cell ends."""
        if tag in ("td", "th"):
            self._end_cell()
        elif tag in ("tr", "table"):
            self.end_row()

    def handle_data(self, data: str) -> None:
        """Text, of interest in a cell only."""
        if self._text is not None:
            self._text.append(data)

    def _end_cell(self) -> None:
        if self._text is None or self._row is None:
            return
        text = "".join(self._text).replace("\xa0", " ").strip()
        self._text = None
        self._fill_hanging()
        columns, rows = self._span
        if rows > 1:
            self._hanging_next[len(self._row)] = (text, rows - 1)
        self._row.append(text)
        self._row.extend([None] * min(columns - 1, _MOST_COLUMNS - len(self._row)))

    def _fill_hanging(self) -> None:
        row = self._row
        while row is not None and len(row) in self._hanging:
            text, left = self._hanging.pop(len(row))
            if left > 1:
                self._hanging_next[len(row)] = (text, left - 1)
            row.append(text)

    def end_row(self) -> None:
        """What was collected is a row."""
        self._end_cell()
        if self._row is None:
            return
        for column in sorted(self._hanging):
            self._row.extend([None] * (column - len(self._row)))
            self._fill_hanging()
        self._line += 1
        self._done.append(Row(self._line, self._row))
        self._row = None
        self._hanging, self._hanging_next = self._hanging_next, {}


def _span(text: str | None) -> int:
    return min(int(text), _MOST_COLUMNS) if text and text.isascii() and text.isdigit() and text != "0" else 1


def open_xml(path: Path, encoding: str) -> Table:
    """The rows of the sheets of a SpreadsheetML file, in their order."""
    return Table("XML spreadsheet", encoding, _xml_rows(path, encoding))


def _xml_rows(path: Path, encoding: str) -> Generator[Row, None, None]:
    parser: XMLPullParser[Element] = XMLPullParser(("start", "end"))
    parents: list[Element] = []
    line = 0
    try:
        with path.open(encoding=encoding, errors="replace") as file:
            chunk = _without_declaration(file.read(_CHUNK))
            while chunk:
                parser.feed(chunk)
                for event, element in cast(Iterator[tuple[str, Element]], parser.read_events()):
                    if event == "start":
                        parents.append(element)
                        continue
                    parents.pop()
                    if element.tag == f"{_SS}Row":
                        line = max(line + 1, _index(element))
                        yield Row(line, _xml_cells(element))
                        if parents:
                            parents[-1].remove(element)
                chunk = file.read(_CHUNK)
        parser.close()
    except ParseError as error:
        raise UnreadableFile(
            f"{path.name} is not whole XML after row {line}: {error}. Export it again, or as XLSX or CSV"
        ) from error


def _without_declaration(text: str) -> str:
    # It names the encoding of the bytes; these are characters already.
    text = text.lstrip("\ufeff \r\n\t")
    if text.startswith("<?xml"):
        return text[text.find("?>") + 2 :] if "?>" in text else ""
    return text


def _xml_cells(row: Element) -> list[Cell]:
    cells: list[Cell] = []
    for cell in row.findall(f"{_SS}Cell"):
        index = min(_index(cell), _MOST_COLUMNS)
        cells.extend([None] * (index - 1 - len(cells)))
        data = cell.find(f"{_SS}Data")
        cells.append(None if data is None else _xml_value(data))
        across = cell.get(f"{_SS}MergeAcross")
        if across and across.isascii() and across.isdigit():
            cells.extend([None] * min(int(across), _MOST_COLUMNS - len(cells)))
    return cells


def _xml_value(data: Element) -> Cell:
    text = "".join(data.itertext()).strip()
    if data.get(f"{_SS}Type") == "Number":
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _index(element: Element) -> int:
    text = element.get(f"{_SS}Index", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
