"""A file of occasions, row by row: what it is, what its columns mean, and what each row is (C3, C4)."""

import re
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice
from pathlib import Path
from zoneinfo import ZoneInfo

from dialer.customers.values import Occasion
from dialer.importing.columns.cells import Cell, plain, text_of
from dialer.importing.columns.fields import BY_NAME
from dialer.importing.columns.headings import (
    LOOKED_AT,
    Column,
    Headings,
    field_named,
    find_headings,
    guess_kind,
    plain_heading,
    read_columns,
)
from dialer.importing.columns.kinds import KINDS
from dialer.importing.readers.opening import open_tables
from dialer.importing.readers.table import Row, Table, UnreadableFile
from dialer.importing.rows import BadRow, RowReader, missing_columns

__all__ = ["BadRow", "OccasionFile", "UnreadableFile", "open_occasions"]

_TOTAL = re.compile(
    r"(本页|本日|本月|当日|累计|总)?(合计|总计|小计|共计)|总数|total|subtotal|grandtotal|sum", re.IGNORECASE
)
_FOOTER = re.compile(
    r"(制表|打印|导出|审核|复核|统计)(人|时间|日期|员)?[:：]|共\s*\d+\s*(条|行|笔|单|页)|第\s*\d+\s*页"
)


@dataclass(slots=True)
class OccasionFile:
    """A file that can be read. `rows` come once; the counts are whole when all of them came."""

    form: str
    encoding: str
    kind: str
    # Whether the kind was found from the headings.
    guessed: bool
    # The line of the headings, and the columns in the file's order.
    heading_line: int
    columns: tuple[Column, ...]
    reader: RowReader
    first: list[Row]
    _rest: Generator[Row, None, None]
    _tables: Generator[Table, None, None]
    # Totals, footers, headings once more: rows that are no data.
    left_out: Counter[str] = field(default_factory=Counter)

    def close(self) -> None:
        """Let the file go; needed where not every row was read."""
        self._rest.close()
        self._tables.close()

    @property
    def notes(self) -> Counter[str]:
        """What a person should know: derived_id, number_left_out."""
        return self.reader.notes

    def rows(self) -> Iterator[Occasion | BadRow]:
        """Every row of data, good or bad, in its order."""
        for _, read in self.pairs():
            yield read

    def pairs(self) -> Iterator[tuple[Row, Occasion | BadRow]]:
        """Every row of data with its cells.

        Raises:
            UnreadableFile: the file is damaged further down.
        """
        headings = [plain_heading(column.heading) for column in self.columns]
        number_columns = [n for n, column in enumerate(self.columns) if column.field == "number"]
        for row in chain(self.first, self._rest):
            if not any(cell is not None and cell != "" and str(cell).strip() for cell in row.cells):
                continue
            why = "" if row.problem else _no_data(row.cells, headings, number_columns)
            if why:
                self.left_out[why] += 1
                continue
            yield row, self.reader.read(row.line, row.cells, row.problem)


def open_occasions(
    path: Path,
    *,
    zone: ZoneInfo,
    default_branch: str,
    today: date,
    source: str,
    kind: str = "",
    mapped: Mapping[str, str] | None = None,
) -> OccasionFile:
    """Open a file, find its headings and what its columns mean.

    `kind` "" is guessed from the headings; `mapped` says what a heading means, before what we know.

    Raises:
        UnreadableFile: it cannot be read, has no headings we know, or a column is missing.
    """
    mapped = {heading.strip(): name for heading, name in (mapped or {}).items()}
    _check(kind, mapped)
    shown: list[str] = []
    widest: list[str] = []
    misfit: UnreadableFile | None = None
    tables = open_tables(path)
    for table in tables:
        head = list(islice(_not_empty(table.rows), LOOKED_AT))
        found = find_headings([row.cells for row in head], mapped)
        if found is not None:
            try:
                columns, chosen = _understood(path, found, mapped, kind)
            except UnreadableFile as error:
                # A sheet of explanations, perhaps: another one may hold the rows.
                misfit = misfit or error
                continue
            reader = RowReader(
                columns, kind=chosen, source=source, zone=zone, default_branch=default_branch, today=today
            )
            return OccasionFile(
                form=table.form,
                encoding=table.encoding,
                kind=chosen,
                guessed=not kind,
                heading_line=head[found.first_row].line,
                columns=columns,
                reader=reader,
                first=list(head[found.data_from :]),
                _rest=table.rows,
                _tables=tables,
            )
        shown += [", ".join(text_of(cell) for cell in head[0].cells)] if head else []
        widest = max(widest, _widest(head), key=len)
    raise misfit or UnreadableFile(
        f"{path.name}: no headings are known; the first line has: {shown[0][:200] if shown else 'nothing'}. "
        "Say which column is what with a mapping",
        widest,
    )


def _understood(
    path: Path, found: Headings, mapped: Mapping[str, str], kind: str
) -> tuple[tuple[Column, ...], str]:
    """What the columns mean, and of which kind the rows are."""
    columns = read_columns(found, mapped)
    chosen = kind or guess_kind(found)
    there = ", ".join(name for name in found.names if name)
    if not chosen:
        raise UnreadableFile(
            f"{path.name}: its headings do not tell what kind it is; say which of {', '.join(KINDS)}. "
            f"The headings are: {there}",
            found.names,
        )
    missing = missing_columns(chosen, frozenset(column.field for column in columns))
    if missing:
        names = ", ".join(BY_NAME[name].headings[0] for name in missing)
        raise UnreadableFile(f"{path.name}: no column {names}; the headings are: {there}", found.names)
    return columns, chosen


def _check(kind: str, mapped: Mapping[str, str]) -> None:
    if kind and kind not in KINDS:
        raise UnreadableFile(f"{kind!r} is no kind of occasion; known are {', '.join(KINDS)}")
    unknown = [name for name in mapped.values() if name and field_named(name) is None]
    if unknown:
        raise UnreadableFile(
            f"the mapping names {', '.join(unknown)}, which is no field; known are {', '.join(BY_NAME)}, "
            "and fact:NAME for what a playbook of yours asks for"
        )


def _widest(head: Sequence[Row]) -> list[str]:
    """The row that is most likely the headings where none is known: the first with the most cells."""
    rows = [[text_of(cell) for cell in row.cells] for row in head]
    return max(rows, key=lambda row: sum(map(bool, row)), default=[])


def _not_empty(rows: Iterator[Row]) -> Iterator[Row]:
    return (row for row in rows if any(text_of(cell) for cell in row.cells))


def _no_data(cells: Sequence[Cell], headings: Sequence[str], number_columns: Sequence[int]) -> str:
    """Why a row is none of data: "total", "footer", "headings"; or "" where it is one."""
    filled = [text_of(cell) for cell in cells if cell is not None and cell != ""]
    if any(text_of(cells[n]) for n in number_columns if n < len(cells)):
        # A row with a phone number is a customer's, unless the headings stand there once more.
        if plain_heading(filled[0]) not in headings:
            return ""
        pairs = zip(cells, headings, strict=False)
        same = sum(1 for cell, name in pairs if name and plain_heading(cell) == name)
        return "headings" if same > 1 and same * 2 > len(filled) else ""
    if any(_TOTAL.fullmatch(plain(text).rstrip(":").replace(" ", "")) for text in filled):
        return "total"
    if len(filled) <= 4 and any(_FOOTER.search(text) for text in filled):
        return "footer"
    return ""
