"""Migrations and models say the same, on both databases (design: same models, same migrations)."""

from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, insert, inspect, select
from sqlalchemy.exc import IntegrityError

from dialer.agents.queries import agents_of_extension, session_at
from dialer.agents.service import add_agent
from dialer.customers.tables import phones
from dialer.storage.base import metadata
from dialer.storage.database import Database
from dialer.storage.dialects import is_sqlite, make_server_engine, make_sqlite_migrator
from dialer.storage.feed import after, emit
from dialer.storage.migrating import migrate, migration_config, newest_schema
from qa.search.tables import PASSAGE_WORDS
from tests.support.core import NOW


def newest() -> str | None:
    return ScriptDirectory.from_config(migration_config()).get_current_head()


def is_index(name: str) -> bool:
    """What full text is searched by: each database has its own, which no model can name."""
    return name.startswith(PASSAGE_WORDS) or name == "ix_passages_tokens"


def version(conn: Connection) -> str | None:
    return MigrationContext.configure(conn).get_current_revision()


async def test_an_empty_database_gets_the_newest_schema(empty_url: str) -> None:
    await migrate(empty_url)
    database = Database(empty_url)
    names = await database.read(lambda conn: inspect(conn).get_table_names())
    # SQLite keeps a full-text index in tables of its own.
    tables = {name for name in names if not is_index(name)}
    assert tables == set(metadata.tables) | {"alembic_version"}
    assert await database.read(version) == newest()
    await database.stop()


async def test_migrating_again_leaves_everything_as_it_is(store_url: str, database: Database) -> None:
    """Every start of the service migrates: rows stay."""
    await database.write(lambda conn: emit(conn, "kept", "one", NOW))
    await migrate(store_url)
    assert [row.kind for row in await database.read(lambda conn: after(conn, 0))] == ["kept"]
    assert await database.read(version) == newest()


async def test_the_models_are_what_the_migrations_make(database: Database) -> None:
    def differences(conn: Connection) -> list[object]:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, kind, _of: kind not in ("table", "index") or not is_index(name),
        }
        return list(compare_metadata(MigrationContext.configure(conn, opts=options), metadata))

    assert await database.read(differences) == []


async def test_there_is_one_newest_migration() -> None:
    """Two heads would leave it to chance which one a site gets."""
    assert ScriptDirectory.from_config(migration_config()).get_heads() == [newest_schema()]


async def test_foreign_keys_are_kept(database: Database) -> None:
    """A row that refers to nothing is refused, on SQLite too."""
    row = {"customer_id": "nobody", "number": "13800000001", "position": 0}
    with pytest.raises(IntegrityError):
        await database.write(lambda conn: conn.execute(insert(phones).values(**row)))
    assert await database.read(lambda conn: conn.execute(select(phones)).all()) == []


async def test_rows_of_the_release_before_are_kept(empty_url: str) -> None:
    """A table that others refer to is rebuilt, and nothing that refers to it is lost (0002 to the newest)."""
    at = datetime(2026, 11, 20, tzinfo=UTC)
    agent = {"id": "one", "code": "1", "name": "王", "extension": "8001", "branch": "x", "active": True}
    session = {"agent_id": "one", "state": "ready", "since": at}

    def fill(conn: Connection) -> None:
        config = migration_config()
        config.attributes["connection"] = conn
        command.upgrade(config, "0002")
        known = MetaData()
        known.reflect(conn, only=("agents", "agent_sessions"))
        more = {"skills": [], "head": False, "targets": {}}
        conn.execute(insert(known.tables["agents"]).values(**agent, **more))
        conn.execute(insert(known.tables["agent_sessions"]).values(**session))

    if is_sqlite(empty_url):
        engine = make_sqlite_migrator(empty_url)
        with engine.begin() as conn:
            fill(conn)
        engine.dispose()
    else:
        server = make_server_engine(empty_url)
        async with server.begin() as connection:
            await connection.run_sync(fill)
        await server.dispose()
    await migrate(empty_url)
    database = Database(empty_url)
    await database.start()
    found = await database.read(lambda conn: session_at(conn, "8001"))
    assert found is not None
    assert (found.agent_id, found.state, found.since) == ("one", "ready", at)
    # Two shifts may share a phone now.
    await database.write(lambda c: add_agent(c, code="2", name="李", extension="8001", branch="x"))
    assert [one.code for one in await database.read(lambda c: agents_of_extension(c, "8001"))] == ["1", "2"]
    await database.stop()
