"""Rows as frozen values."""

from typing import TypeVar

from sqlalchemy import Connection, Select

from dialer.storage.prepared import Prepared

T = TypeVar("T")

Query = Select[*tuple[object, ...]] | Prepared


def fetch(conn: Connection, query: Query, into: type[T], **values: object) -> list[T]:
    """Every row of `query` as an `into`, whose fields are the query's column names."""
    if isinstance(query, Prepared):
        return [into(**dict(zip(query.names, row, strict=True))) for row in query.rows(conn, values)]
    result = conn.execute(query, values)
    names = tuple(result.keys())
    return [into(**dict(zip(names, row, strict=True))) for row in result]


def fetch_one(conn: Connection, query: Query, into: type[T], **values: object) -> T | None:
    """The first row of `query` as an `into`, None where there is none."""
    if isinstance(query, Prepared):
        return next(iter(fetch(conn, query, into, **values)), None)
    result = conn.execute(query, values)
    names, row = tuple(result.keys()), result.first()
    return None if row is None else into(**dict(zip(names, row, strict=True)))
