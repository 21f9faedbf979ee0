"""Rows as frozen values."""

from typing import TypeVar

from sqlalchemy import Connection, Select

T = TypeVar("T")


def fetch(conn: Connection, query: Select[*tuple[object, ...]], into: type[T], **values: object) -> list[T]:
    """Every row of `query` as an `into`, whose fields are the query's column names."""
    result = conn.execute(query, values)
    names = tuple(result.keys())
    return [into(**dict(zip(names, row, strict=True))) for row in result]


def fetch_one(
    conn: Connection, query: Select[*tuple[object, ...]], into: type[T], **values: object
) -> T | None:
    """The first row of `query` as an `into`, None where there is none."""
    result = conn.execute(query, values)
    names, row = tuple(result.keys()), result.first()
    return None if row is None else into(**dict(zip(names, row, strict=True)))
