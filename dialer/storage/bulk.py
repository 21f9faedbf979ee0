"""Inserting many rows at once, for imports and plans."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, insert
from sqlalchemy.engine import Dialect

_Process = Callable[[Any], Any]


def insert_many(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, each with a value for every column of the table.

    What `execute` does of many rows, in two thirds of its time: that works out the parameters and the
    defaults of each row anew.
    """
    if not rows:
        return
    sql, columns = _compiled(table, conn.dialect)
    conn.exec_driver_sql(
        sql,
        [
            tuple([row[name] if process is None else process(row[name]) for name, process in columns])
            for row in rows
        ],
    )


@cache
def _compiled(table: Table, dialect: Dialect) -> tuple[str, tuple[tuple[str, _Process | None], ...]]:
    names = [column.name for column in table.columns]
    statement = insert(table).compile(dialect=dialect, column_keys=names)
    processes = (column.type.dialect_impl(dialect).bind_processor(dialect) for column in table.columns)
    return str(statement), tuple(zip(names, processes, strict=True))
