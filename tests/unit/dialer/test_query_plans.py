"""What is read for a batch is found by the batch's keys, however much there is of everything (L1, C3)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Select, event

from dialer.ids import new_id
from dialer.planning import dialling, loading, next_steps, visits
from dialer.storage.dialects import make_sqlite_reader, sqlite_url
from dialer.storage.migrating import migrate
from dialer.storage.prepared import Prepared

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
    for module in (dialling, loading, next_steps, visits):
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
