"""Databases for tests: one of each kind the product runs on, empty and newly migrated for each test.

A conftest imports `store_url`, `database` and what they need; a test that takes `database` runs on both.
"""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from itertools import count
from pathlib import Path

import pytest

import dialer.app.service  # noqa: F401  loads every table
from dialer.storage.database import Database
from dialer.storage.dialects import sqlite_url
from dialer.storage.migrating import migrate

KINDS = ("sqlite", "postgresql")

MakeUrl = Callable[[str, bool], str]


@pytest.fixture(scope="session")
def make_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeUrl]:
    """The address of a new database of a kind, with the newest schema or with none."""
    makers: dict[str, _Sqlite | _Postgres] = {}

    def make(kind: str, migrated: bool) -> str:
        if kind not in makers:
            folder = tmp_path_factory.mktemp(kind)
            makers[kind] = _Sqlite(folder) if kind == "sqlite" else _Postgres(folder)
        return makers[kind].make(migrated=migrated)

    yield make
    for maker in makers.values():
        maker.close()


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

    def __init__(self, runtime: Path) -> None:
        # Another run of the tests would take away the right to enter pytest's own folder: as root the
        # server runs as a user of its own.
        self._folder = folder = Path(tempfile.mkdtemp(prefix="hf-"))
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
        name = f"test{next(self._numbers)}"
        self._server.psql(f"CREATE DATABASE {name} TEMPLATE {'migrated' if migrated else 'template1'};")
        return self._url(name)

    def _url(self, name: str) -> str:
        return str(self._server.get_uri(database=name)).replace("postgresql://", "postgresql+asyncpg://")

    def close(self) -> None:
        self._server.cleanup()
        shutil.rmtree(self._folder)
