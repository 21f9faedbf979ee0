"""Rows as frozen values."""

from typing import TypeVar

from sqlalchemy import Connection, Select

T = TypeVar("T")


def fetch(conn: Connection, query: Select[*tuple[object, ...]], into: type[T], **values: object) -> list[T]:
    """Every row of `query` as an `into`, whose fields are the query's column names."""
    return [into(**row) for row in conn.execute(query, values).mappings()]


def fetch_one(
    conn: Connection, query: Select[*tuple[object, ...]], into: type[T], **values: object
) -> T | None:
    """The first row of `query` as an `into`, None where there is none."""
    row = conn.execute(query, values).mappings().first()
    return None if row is None else into(**row)
