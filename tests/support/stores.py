"""Databases for tests: one of each kind the product runs on, empty and newly migrated for each test.

A conftest imports `store_url`, `database` and what they need; a test that takes `database` runs on both.
"""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
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

MakeUrl = Callable[[str, bool], str]


# The newest so many databases of a server are kept: no test takes more.
_KEPT = 20


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


@pytest.fixture(scope="session")
def make_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeUrl]:
    """The address of a new database of a kind, with the newest schema or with none."""
    makers: dict[str, _Sqlite | _Postgres] = {}

    def make(kind: str, migrated: bool) -> str:
        if kind not in makers:
            folder = quick_folder()
            makers[kind] = (
                _Sqlite(folder) if kind == "sqlite" else _Postgres(folder, tmp_path_factory.mktemp(kind))
            )
        return makers[kind].make(migrated=migrated)

    yield make
    for maker in makers.values():
        maker.close()


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
def store_url(kind: str, make_url: MakeUrl) -> str:
    """The address of a new database with the newest schema."""
    return make_url(kind, True)


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
        self._server.psql("ALTER SYSTEM SET fsync = off;")
        self._server.psql("SELECT pg_reload_conf();")
        self._numbers = count()
        self._server.psql("CREATE DATABASE migrated;")
        asyncio.run(migrate(self._url("migrated")))

    def make(self, *, migrated: bool) -> str:
        number = next(self._numbers)
        self._server.psql(f"CREATE DATABASE test{number} TEMPLATE {'migrated' if migrated else 'template1'};")
        if number >= _KEPT:
            self._server.psql(f"DROP DATABASE IF EXISTS test{number - _KEPT} WITH (FORCE);")
        return self._url(f"test{number}")

    def _url(self, name: str) -> str:
        return str(self._server.get_uri(database=name)).replace("postgresql://", "postgresql+asyncpg://")

    def close(self) -> None:
        self._server.cleanup()
