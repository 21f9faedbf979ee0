"""What can be seen of a database without changing it: schema, journal, time of a commit (O5)."""

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from sqlalchemy import text

from dialer.storage.dialects import is_sqlite, make_server_engine, make_sqlite_reader
from dialer.storage.migrating import newest_schema, schema_of

_COMMITS = 20


@dataclass(frozen=True, slots=True)
class DatabaseLook:
    """A database as it was found.

    `schema` is None where there are no tables yet. `journal` is SQLite's journal mode, empty for a server.
    `commit_ms` is the median time of a small durable commit, `lock_ms` how long the right to write was
    waited for.
    """

    schema: str | None
    newest: str
    journal: str
    commit_ms: float
    lock_ms: float


def is_there(url: str) -> bool:
    """False where the file of an embedded database is missing: to open it would make it."""
    return not is_sqlite(url) or _path(url).is_file()


async def look_at(url: str) -> DatabaseLook:
    """Look at the database at `url`; a missing one is not made.

    Raises:
        OSError: the file of an embedded database is not there or cannot be read.
        SQLAlchemyError, sqlite3.Error: it does not answer.
    """
    if is_sqlite(url):
        return await asyncio.to_thread(_look_at_file, _path(url), url)
    engine = make_server_engine(url)
    try:
        async with engine.connect() as connection:
            schema = await connection.run_sync(schema_of)
        times = []
        for _ in range(_COMMITS):
            began = perf_counter()
            async with engine.begin() as connection:
                # A message in the log of writes: durable as any change, and no table has it.
                await connection.execute(text("SELECT pg_logical_emit_message(true, 'doctor', 'commit')"))
            times.append(perf_counter() - began)
    finally:
        await engine.dispose()
    return DatabaseLook(schema, newest_schema(), "", sorted(times)[_COMMITS // 2] * 1000, 0.0)


def _look_at_file(path: Path, url: str) -> DatabaseLook:
    if not path.is_file():
        raise FileNotFoundError(f"there is no database at {path}")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as plain:
        journal = str(plain.execute("PRAGMA journal_mode").fetchone()[0])
    engine = make_sqlite_reader(url)
    with engine.connect() as connection:
        schema = schema_of(connection)
    engine.dispose()
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as writer:
        began = perf_counter()
        writer.execute("BEGIN IMMEDIATE")
        waited = perf_counter() - began
        writer.execute("ROLLBACK")
    return DatabaseLook(schema, newest_schema(), journal, _commit_ms(path.parent), waited * 1000)


def _commit_ms(folder: Path) -> float:
    """On a database of its own on the same disk, written as ours is."""
    times = []
    with (
        tempfile.TemporaryDirectory(prefix=".doctor-", dir=folder) as scratch,
        closing(sqlite3.connect(Path(scratch) / "commit.db", isolation_level=None)) as database,
    ):
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE commits (n INTEGER)")
        for n in range(_COMMITS):
            began = perf_counter()
            database.execute("INSERT INTO commits VALUES (?)", (n,))
            times.append(perf_counter() - began)
    return sorted(times)[_COMMITS // 2] * 1000


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))
