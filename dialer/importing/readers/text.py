"""CSV and TSV, row by row. A quotation mark that is never closed costs one row, not the rest of the file."""

import csv
import statistics
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from dialer.importing.readers.encodings import encoding_of
from dialer.importing.readers.table import Row, Table

_SEPARATORS = (",", "\t", ";", "|")
_FORMS = {",": "CSV", "\t": "TSV", ";": "CSV (;)", "|": "CSV (|)"}
_SAMPLE_LINES = 40
_INERT = ("'=", "'+", "'-", "'@", "'\t")
_UNCLOSED = "a quotation mark is not closed: add or remove one"


def open_text(path: Path, encoding: str = "") -> Table:
    """The table in a file of text.

    Raises:
        UnreadableFile: it is not text.
    """
    encoding = encoding or encoding_of(path)
    with _open(path, encoding) as file:
        separator = _separator(list(islice(file, _SAMPLE_LINES)))
    return Table(_FORMS[separator], encoding, _rows(path, encoding, separator))


def _open(path: Path, encoding: str) -> TextIO:
    return path.open(encoding=encoding, errors="replace", newline="")


def _separator(lines: list[str]) -> str:
    """What parts the cells: the character that makes the most columns in most of the rows."""

    def columns(separator: str) -> float:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=separator) if any(row)]
        except csv.Error:
            widths = [line.count(separator) + 1 for line in lines]
        return statistics.median_high(widths) if widths else 0

    return max(_SEPARATORS, key=columns)


class _Lines:
    """The lines of a file, and those of the record that is being read."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.number = 0
        self.current: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self.number += 1
        self.current.append(line)
        return line


def _rows(path: Path, encoding: str, separator: str) -> Generator[Row, None, None]:
    with _open(path, encoding) as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=separator)
        width = 0
        while True:
            lines.current.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield from _line_by_line(lines, separator)
                reader = csv.reader(lines, delimiter=separator)
                continue
            if len(lines.current) > 1 and _swallowed(lines.current, separator, width):
                yield from _line_by_line(lines, separator)
                continue
            width = max(width, len(cells))
            yield Row(lines.number, [_unwrapped(cell) for cell in cells])


def _swallowed(lines: list[str], separator: str, width: int) -> bool:
    """Whether a record of several lines holds lines that are rows of their own."""
    return width > 2 and any(line.count(separator) >= width - 1 for line in lines[1:])


def _line_by_line(lines: _Lines, separator: str) -> Generator[Row, None, None]:
    """The lines of a record that is none, each as a row; the first is the one with the mark."""
    first = lines.number - len(lines.current) + 1
    for offset, line in enumerate(tuple(lines.current)):
        text = line.rstrip("\r\n")
        if offset == 0:
            yield Row(first, list(text.split(separator)), _UNCLOSED)
            continue
        try:
            cells = next(csv.reader([text], delimiter=separator), [])
        except csv.Error:
            cells = text.split(separator)
        yield Row(first + offset, [_unwrapped(cell) for cell in cells])


def _unwrapped(cell: str) -> str:
    """The text that spreadsheets and our own error files keep behind `="..."` and `'`."""
    if cell.startswith(_INERT):
        return cell[1:]
    if cell.startswith('="') and cell.endswith('"'):
        return cell[2:-1]
    return cell
