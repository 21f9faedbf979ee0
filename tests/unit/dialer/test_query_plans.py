"""What is read is found by its keys, however much there is, and planned once (L1, C3, D7)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Select, event

from dialer.calling import engaged, service
from dialer.calling.reserving import reserve
from dialer.ids import new_id
from dialer.planning import dialling, loading, next_steps, visits
from dialer.storage.database import Database
from dialer.storage.dialects import make_sqlite_reader, sqlite_of, sqlite_url
from dialer.storage.migrating import migrate
from dialer.storage.prepared import Prepared
from tests.support.core import BUSY, LIBRARY, NOW, RUN, add_follow_up, add_ready_agent, pairing

_NOW = datetime(2026, 11, 24, tzinfo=UTC)
_VALUES = {
    "many": [new_id() for _ in range(500)],
    "plates": ["豫A12345"],
    "households": ["H1"],
    "numbers": ["13800000001"],
    "since": _NOW,
    "yesterday": _NOW,
}
# Few in number, whatever the site: read whole.
_SMALL = ("agents",)


def _batch_statements() -> Iterator[tuple[str, Select[Any]]]:
    for module in (dialling, engaged, loading, next_steps, visits):
        for name, value in vars(module).items():
            statement = value.statement if isinstance(value, Prepared) else value
            if isinstance(statement, Select) and "many" in statement.compile().params:
                yield f"{module.__name__}.{name}", statement


@pytest.fixture
async def conn(tmp_path: Path) -> Any:
    url = sqlite_url(tmp_path / "t.db")
    await migrate(url)
    engine = make_sqlite_reader(url)
    with engine.connect() as conn:
        yield conn
    engine.dispose()


def _plan(conn: Connection, statement: Select[Any]) -> list[str]:
    sent: list[tuple[str, Any]] = []

    def note(_conn: object, _cursor: object, text: str, values: Any, *_: object) -> None:
        sent.append((text, values))

    event.listen(conn, "before_cursor_execute", note)
    conn.execute(statement, {name: _VALUES[name] for name in statement.compile().params if name in _VALUES})
    event.remove(conn, "before_cursor_execute", note)
    text, values = sent[0]
    return [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)]


def test_a_batch_is_found_by_its_keys(conn: Connection) -> None:
    statements = dict(_batch_statements())
    assert len(statements) > 10
    for name, statement in statements.items():
        for step in _plan(conn, statement):
            table = step.split()[1] if step.startswith(("SCAN", "SEARCH")) else ""
            assert not step.startswith("SCAN") or table in _SMALL, f"{name}: {step}"
            assert "(state=?" not in step, f"{name}: {step}"


async def test_no_statement_of_a_call_is_worked_out_anew_each_time(tmp_path: Path) -> None:
    """SQLite does so where a value might make a partial index fit: for the search of the next call that
    took three quarters of its time."""
    url = sqlite_url(tmp_path / "t.db")
    await migrate(url)
    database = Database(url)
    await database.start()
    try:
        for number in range(6):
            await database.write(partial(_one_call, number=number))
        runs = await database.write(_runs)
    finally:
        await database.stop()
    again = [(text, anew) for text, times, anew in runs if times > 1 and not text.startswith("PRAGMA")]
    assert len(again) > 20
    assert [text for text, anew in again if anew > 1] == []


def _one_call(conn: Connection, number: int) -> None:
    add_ready_agent(conn, f"80{number:02}")
    add_follow_up(conn, f"1380000{number:04}")
    (order,) = reserve(conn, pairing(), NOW).orders
    assert service.grant_go(conn, order.attempt_id, RUN, NOW)
    service.end(conn, order.attempt_id, BUSY, LIBRARY, NOW)


def _runs(conn: Connection) -> list[tuple[str, int, int]]:
    """The statements kept by this connection: text, runs, and how often each was worked out anew."""
    return list(sqlite_of(conn).execute("SELECT sql, run, reprep FROM sqlite_stmt"))
