"""The file of bad rows: the columns of the original, what is wrong in the last one (C3, X2)."""

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dialer.importing.columns.headings import LINE_HEADING, REASON_HEADING, Column, is_ours
from dialer.importing.rows import BadRow

# What makes a spreadsheet take a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ErrorFile:
    """Written row by row; there is none while there is no bad row."""

    def __init__(
        self, path: Path, columns: Sequence[Column], say: Callable[[str], str] = lambda sentence: sentence
    ) -> None:
        self.path = path
        self._say = say
        self._kept = [n for n, column in enumerate(columns) if not is_ours(column.heading)]
        self._headings = [columns[n].heading for n in self._kept]

    def keep(self, rows: int) -> None:
        """Keep the first `rows` of an earlier run that goes on; 0 begins anew."""
        if rows == 0:
            self.path.unlink(missing_ok=True)
            return
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            kept = [row for row, _ in zip(csv.reader(file), range(rows + 1), strict=False)]
        self._write("w", kept)

    def add(self, bad: Iterable[BadRow]) -> None:
        """Append bad rows."""
        rows = [
            [*(inert(self._cell(row, n)) for n in self._kept), str(row.line), self._say(row.why)]
            for row in bad
        ]
        if not rows:
            return
        if not self.path.exists():
            self._write("w", [[*map(inert, self._headings), LINE_HEADING, REASON_HEADING]])
        self._write("a", rows)

    @staticmethod
    def _cell(row: BadRow, column: int) -> str:
        return row.cells[column] if column < len(row.cells) else ""

    def _write(self, mode: str, rows: Iterable[Sequence[str]]) -> None:
        encoding = "utf-8-sig" if mode == "w" else "utf-8"
        with self.path.open(mode, encoding=encoding, newline="") as file:
            csv.writer(file).writerows(rows)


def inert(cell: str) -> str:
    """A cell that a spreadsheet shows and does not run; the quotation mark is taken away on import."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
