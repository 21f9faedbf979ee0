"""Statements that are worked out once, for what a telephone call waits for.

SQLAlchemy spends about five times as long on a small statement as SQLite does, most of it on what is the same
at each run: finding the compiled text, naming the parameters, choosing how values are converted. Here that is
kept beside the statement, and only the values go through. On another database, and to tell of an error, it is
SQLAlchemy's own way. Measured with `dialer bench originate`.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Delete, Insert, Select, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

from dialer.storage.dialects import sqlite_of

Process = Callable[[Any], Any]
Values = Mapping[str, Any]
Query = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
_QUERIES = (Select, CompoundSelect)

_NONE: Values = {}


@dataclass(frozen=True, slots=True)
class _Text:
    """What goes to SQLite: for each place the name of its value and its conversion."""

    sql: str
    places: tuple[tuple[str, Process | None], ...]
    fixed: Values

    def bind(self, values: Values) -> list[Any]:
        if self.fixed:
            values = {**self.fixed, **values}
        return [values[name] if process is None else process(values[name]) for name, process in self.places]


class Prepared:
    """A statement made once, at import, and run often.

    `lists` names the values that are lists, for `in_(bindparam(..., expanding=True))`. `columns` names all
    values of an insert or an update; columns with a default are to be among them.
    """

    def __init__(
        self,
        statement: Query | Insert | Update | Delete,
        *,
        lists: Sequence[str] = (),
        columns: Sequence[str] = (),
    ) -> None:
        self.statement = statement
        self.names = tuple(statement.selected_columns.keys()) if isinstance(statement, _QUERIES) else ()
        self._lists = tuple(lists)
        self._columns = list(columns)
        # A text for each length of the lists, which are filled up to the next power of two: so they are few.
        self._texts: dict[tuple[int, ...], _Text] = {}
        self._results: tuple[tuple[int, Process], ...] | None = None

    def rows(self, conn: Connection, values: Values = _NONE) -> list[Sequence[Any]]:
        """Every row of a select, its cells in the order of `names`."""
        if conn.dialect.name != "sqlite":
            return list(conn.execute(self.statement, values))
        if self._results is None:
            self._results = self._conversions(conn.dialect)
        found: list[Sequence[Any]] = self._run(conn, values).fetchall()
        return [self._converted(row) for row in found] if self._results else found

    def run(self, conn: Connection, values: Values = _NONE) -> int:
        """Insert, update or delete; returns how many rows it was."""
        if conn.dialect.name != "sqlite":
            return conn.execute(self.statement, values).rowcount
        return self._run(conn, values).rowcount

    def run_many(self, conn: Connection, rows: Sequence[Values]) -> None:
        """Insert several rows."""
        if conn.dialect.name != "sqlite":
            conn.execute(self.statement, rows)
            return
        for row in rows:
            self._run(conn, row)

    def _run(self, conn: Connection, values: Values) -> sqlite3.Cursor:
        if not conn.in_transaction():
            conn.begin()
        if self._lists:
            values = {**values, **{name: _filled(values[name]) for name in self._lists}}
        lengths = tuple(len(values[name]) for name in self._lists)
        text = self._texts.get(lengths)
        if text is None:
            text = self._texts[lengths] = self._work_out(conn.dialect, values)
        try:
            return sqlite_of(conn).execute(text.sql, text.bind(self._flat(values)))
        except (sqlite3.Error, ValueError, TypeError):
            # It fails once more, in the words that everyone knows.
            conn.execute(self.statement, values)
            raise

    def _flat(self, values: Values) -> Values:
        if not self._lists:
            return values
        flat = dict(values)
        for name in self._lists:
            flat.update((f"{name}_{place}", value) for place, value in enumerate(flat.pop(name), 1))
        return flat

    def _work_out(self, dialect: Dialect, values: Values) -> _Text:
        compiled = self.statement.compile(dialect=dialect, column_keys=self._columns or None)
        assert isinstance(compiled, SQLCompiler)
        left = [column.name for column in compiled.insert_prefetch]
        assert not left, f"columns that are given a value by a default, and not by the statement: {left}"
        state = compiled.construct_expanded_state(dict(values))
        whose = {one: name for name, many in state.parameter_expansion.items() for one in many}
        places = [
            (name, compiled.binds[whose.get(name, name)].type.dialect_impl(dialect).bind_processor(dialect))
            for name in state.positiontup or ()
        ]
        given = set(self._flat(values))
        fixed = {name: state.parameters[name] for name, _ in places if name not in given}
        return _Text(state.statement, tuple(places), fixed)

    def _conversions(self, dialect: Dialect) -> tuple[tuple[int, Process], ...]:
        return tuple(self._each_conversion(dialect))

    def _each_conversion(self, dialect: Dialect) -> Iterator[tuple[int, Process]]:
        assert isinstance(self.statement, _QUERIES)
        for place, column in enumerate(self.statement.selected_columns):
            process = column.type.dialect_impl(dialect).result_processor(dialect, None)
            if process is not None:
                yield place, process

    def _converted(self, row: Sequence[Any]) -> Sequence[Any]:
        cells = list(row)
        for place, process in self._results or ():
            cells[place] = process(cells[place])
        return cells


def _filled(many: Sequence[Any]) -> list[Any]:
    """With the last one again and again: to be among them means the same."""
    filled = list(many)
    return filled + filled[-1:] * ((1 << max(0, len(filled) - 1).bit_length()) - len(filled))
