"""Databases for tests: one of each kind the product runs on, empty and newly migrated for each test.

A conftest imports `store_url`, `database` and what they need; a test that takes `database` runs on both.
"""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from functools import cache
from importlib import import_module
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy import make_url as engine_url

import dialer.app.service  # noqa: F401  loads every table
from dialer.storage.base import metadata
from dialer.storage.database import Database
from dialer.storage.dialects import sqlite_url
from dialer.storage.migrating import migrate
from tests.support.folders import quick_folder

KINDS = ("sqlite", "postgresql")

# Every row goes, and every connection that a test left open. Deleted without looking at references: to
# truncate would make the files of all tables anew.
_EMPTIED = """
DO $$
DECLARE
    name regclass;
    used boolean;
BEGIN
    SET LOCAL session_replication_role = replica;
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
            AND relname <> 'alembic_version' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', name) INTO used;
        IF used THEN
            EXECUTE format('DELETE FROM %s', name);
        END IF;
    END LOOP;
    PERFORM setval(oid, 1, false) FROM pg_class WHERE relkind = 'S';
END
$$
"""
_SIZE = "SELECT pg_database_size(current_database())"
# Larger ones are not emptied: what is deleted leaves its room behind.
_MOST_GROWN_BYTES = 8_000_000
_EMPTYING_SECONDS = 20


@cache
def _every_table() -> Path:
    folder = quick_folder()
    engine = create_engine(sqlite_url(folder / "empty.db"))
    with engine.begin() as conn:
        conn.exec_driver_sql("PRAGMA synchronous=OFF")
        metadata.create_all(conn)
    engine.dispose()
    return folder / "empty.db"


def new_file(path: Path) -> str:
    """The address of a new database file with every table: copied, as making them takes a second or more."""
    shutil.copy(_every_table(), path)
    return sqlite_url(path)


class MakeUrl:
    """Makes databases of each kind."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self._makers: dict[str, _Sqlite | _Postgres] = {}

    def __call__(self, kind: str, migrated: bool) -> str:
        """The address of a new database, with the newest schema or with none."""
        if kind not in self._makers:
            folder = quick_folder()
            self._makers[kind] = (
                _Sqlite(folder) if kind == "sqlite" else _Postgres(folder, self._folders.mktemp(kind))
            )
        return self._makers[kind].make(migrated=migrated)

    def used(self, kind: str, url: str) -> None:
        """A migrated database that nobody needs any more: its schema must be as it was."""
        self._makers[kind].used(url)

    def close(self) -> None:
        """All of them go."""
        for maker in self._makers.values():
            maker.close()


@pytest.fixture(scope="session")
def make_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeUrl]:
    """Makes new databases."""
    make = MakeUrl(tmp_path_factory)
    yield make
    make.close()


def socket_of(url: str) -> Path:
    """The Unix socket on which the tests' PostgreSQL takes connections to the database at `url`."""
    return Path(str(engine_url(url).query["host"])) / ".s.PGSQL.5432"


def at_port(url: str, port: int) -> str:
    """The same database, reached through a port of this machine."""
    return f"postgresql+asyncpg://postgres:@127.0.0.1:{port}/{engine_url(url).database}"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database this test runs on."""
    return str(request.param)


@pytest.fixture
def store_url(kind: str, make_url: MakeUrl) -> Iterator[str]:
    """The address of an empty database with the newest schema."""
    url = make_url(kind, True)
    yield url
    make_url.used(kind, url)


@pytest.fixture
def empty_url(kind: str, make_url: MakeUrl) -> str:
    """The address of a new database with nothing in it."""
    return make_url(kind, False)


@pytest.fixture
async def database(store_url: str) -> AsyncIterator[Database]:
    """A started database with the newest schema."""
    database = Database(store_url)
    await database.start()
    yield database
    await database.stop()


class _Sqlite:
    """Copies of one migrated file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._template = folder / "template.db"
        asyncio.run(migrate(sqlite_url(self._template)))

    def make(self, *, migrated: bool) -> str:
        path = self._folder / f"{next(self._numbers)}.db"
        if migrated:
            shutil.copy(self._template, path)
        return sqlite_url(path)

    def used(self, url: str) -> None:
        path = Path(str(engine_url(url).database))
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink(missing_ok=True)

    def close(self) -> None:
        """The files go with the folder."""


class _Postgres:
    """Databases of one real server, made from one migrated template."""

    def __init__(self, folder: Path, runtime: Path) -> None:
        # Not in pytest's own folder: another run of the tests would take away the right to enter it, and as
        # root the server runs as a user of its own.
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", str(runtime))  # the package warns where the system has none
            get_server = import_module("pgserver").get_server
            try:
                self._server = get_server(folder / "server")
            except subprocess.TimeoutExpired:  # a busy machine: by now it runs
                self._server = get_server(folder / "server")
        # Whether PostgreSQL itself survives a loss of power is not what we test.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            self._server.psql(f"ALTER SYSTEM SET {setting} = off;")
        self._server.psql("SELECT pg_reload_conf();")
        self._numbers = count()
        self._free: list[str] = []
        self._server.psql("CREATE DATABASE migrated;")
        asyncio.run(migrate(self._url("migrated")))
        self._size, _ = self._run("migrated", _SIZE)

    def make(self, *, migrated: bool) -> str:
        if migrated and self._free:
            return self._free.pop()
        number = next(self._numbers)
        self._server.psql(f"CREATE DATABASE test{number} TEMPLATE {'migrated' if migrated else 'template1'};")
        return self._url(f"test{number}")

    def used(self, url: str) -> None:
        name = str(engine_url(url).database)
        size, emptied = self._run(name, _SIZE, _EMPTIED)
        if emptied and size < self._size + _MOST_GROWN_BYTES:
            self._free.append(url)
        else:
            self._server.psql(f"DROP DATABASE {name} WITH (FORCE);")

    def _run(self, name: str, asked: str, *done: str) -> tuple[int, bool]:
        """What is asked of a database, and whether all was done with it."""

        async def run() -> tuple[int, bool]:
            connection = await import_module("asyncpg").connect(self._server.get_uri(database=name))
            try:
                found = await connection.fetchval(asked)
                async with asyncio.timeout(_EMPTYING_SECONDS):
                    for statement in done:
                        await connection.execute(statement)
            except TimeoutError:
                return found, False
            finally:
                connection.terminate()
            return found, True

        return asyncio.run(run())

    def _url(self, name: str) -> str:
        return str(self._server.get_uri(database=name)).replace("postgresql://", "postgresql+asyncpg://")

    def close(self) -> None:
        self._server.cleanup()
