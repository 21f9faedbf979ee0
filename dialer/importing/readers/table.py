"""What every reader gives: a table whose rows come one after the other."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dialer.importing.columns.cells import Cell


class UnreadableFile(Exception):
    """The file as a whole cannot be read. The message says why and what to do.

    `headings` are those of the file, as far as they can be told: a person may say what they mean.
    """

    def __init__(self, message: str, headings: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.headings = tuple(headings)


class Row(NamedTuple):
    """A row: its line in the file, its cells, and what is wrong with it as a whole."""

    line: int
    cells: list[Cell]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a file. `form` is what the file is, as "CSV" or "XLSX, sheet 结算"; rows come once."""

    form: str
    encoding: str
    rows: Generator[Row, None, None]
