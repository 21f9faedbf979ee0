"""A statement worked out once says what SQLAlchemy itself would say (D7)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, StatementError

from dialer.storage.base import UtcDateTime
from dialer.storage.dialects import make_sqlite_writer, sqlite_url
from dialer.storage.prepared import Prepared

NOW = datetime(2026, 11, 24, 1, 2, 3, 456, tzinfo=UTC)

things = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String(20), nullable=False),
    Column("at", UtcDateTime),
    Column("facts", JSON),
    Column("good", Boolean, default=False),
)
NAMES = ("id", "name", "at", "facts", "good")
ADD = Prepared(insert(things), columns=NAMES)
ALL = select(things).order_by(things.c.id)


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    engine = make_sqlite_writer(sqlite_url(tmp_path / "t.db"))
    with engine.connect() as conn:
        things.metadata.create_all(conn)
        ADD.run_many(
            conn,
            [
                {"id": 1, "name": "车", "at": NOW, "facts": {"a": [1, None]}, "good": True},
                {"id": 2, "name": "b", "at": None, "facts": None, "good": False},
            ],
        )
        yield conn
    engine.dispose()


def test_values_and_rows_are_converted_both_ways(conn: Connection) -> None:
    told = [tuple(row) for row in Prepared(ALL).rows(conn)]
    assert told == [tuple(row) for row in conn.execute(ALL)]
    assert told[0] == (1, "车", NOW, {"a": [1, None]}, True)
    assert Prepared(ALL).names == NAMES


@pytest.mark.parametrize("ids", [[], [1], [1, 2, 3], [2]])
def test_a_list_of_any_length(conn: Connection, ids: list[int]) -> None:
    some = select(things.c.id).where(
        things.c.id.in_(bindparam("ids", expanding=True)), things.c.name.in_(("车", "b"))
    )
    found = Prepared(some.order_by(things.c.id), lists=("ids",)).rows(conn, {"ids": ids})
    assert [row[0] for row in found] == [one for one in ids if one < 3]


def test_a_change_tells_how_many_rows_it_was(conn: Connection) -> None:
    change = Prepared(update(things).where(things.c.id == bindparam("key")), columns=("key", "at", "good"))
    assert change.run(conn, {"key": 2, "at": NOW, "good": True}) == 1
    assert change.run(conn, {"key": 9, "at": NOW, "good": True}) == 0
    assert conn.execute(ALL).all()[1].at == NOW


def test_what_it_writes_is_part_of_the_transaction(conn: Connection) -> None:
    conn.commit()
    ADD.run(conn, {"id": 3, "name": "c", "at": NOW, "facts": {}, "good": True})
    conn.rollback()
    assert Prepared(select(func.count()).select_from(things)).rows(conn) == [(2,)]


def test_an_error_is_told_in_the_usual_words(conn: Connection) -> None:
    with pytest.raises(IntegrityError, match="UNIQUE constraint failed"):
        ADD.run(conn, {"id": 1, "name": "again", "at": None, "facts": None, "good": True})


def test_a_time_without_a_zone_is_refused(conn: Connection) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        ADD.run(conn, {"id": 3, "name": "c", "at": datetime(2026, 1, 1), "facts": {}, "good": True})


def test_a_default_that_would_be_forgotten_is_refused(conn: Connection) -> None:
    with pytest.raises(AssertionError, match="good"):
        Prepared(insert(things), columns=("id", "name")).run(conn, {"id": 3, "name": "c"})
