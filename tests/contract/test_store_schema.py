"""Migrations and models say the same, on both databases (design: same models, same migrations)."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select
from sqlalchemy.exc import IntegrityError

from dialer.customers.tables import phones
from dialer.storage.base import metadata
from dialer.storage.database import Database
from dialer.storage.feed import after, emit
from dialer.storage.migrating import migrate, migration_config
from tests.support.core import NOW


def newest() -> str | None:
    return ScriptDirectory.from_config(migration_config()).get_current_head()


def version(conn: Connection) -> str | None:
    return MigrationContext.configure(conn).get_current_revision()


async def test_an_empty_database_gets_the_newest_schema(empty_url: str) -> None:
    await migrate(empty_url)
    database = Database(empty_url)
    tables = await database.read(lambda conn: set(inspect(conn).get_table_names()))
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
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(conn, opts=options), metadata))

    assert await database.read(differences) == []


async def test_there_is_one_newest_migration() -> None:
    """Two heads would leave it to chance which one a site gets."""
    assert len(ScriptDirectory.from_config(migration_config()).get_heads()) == 1


async def test_foreign_keys_are_kept(database: Database) -> None:
    """A row that refers to nothing is refused, on SQLite too."""
    row = {"customer_id": "nobody", "number": "13800000001", "position": 0}
    with pytest.raises(IntegrityError):
        await database.write(lambda conn: conn.execute(insert(phones).values(**row)))
    assert await database.read(lambda conn: conn.execute(select(phones)).all()) == []
