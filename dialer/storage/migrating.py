"""Bringing a database to the newest schema."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from dialer.storage.away import as_away
from dialer.storage.dialects import (
    broken_references,
    is_sqlite,
    make_server_engine,
    make_sqlite_migrator,
)


class BrokenMigration(RuntimeError):
    """A migration would have left rows that refer to nothing; the database is as it was."""


def migration_config() -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


async def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema; one that has it is left as it is.

    Raises:
        DatabaseAway, BrokenMigration: see there.
    """
    if is_sqlite(url):
        await asyncio.to_thread(_migrate_sqlite, url)
        return
    # A table may be rebuilt, or an index be made, for longer than anything else may take.
    engine = make_server_engine(url, patient=True)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    except (OSError, DBAPIError) as error:
        raise as_away(error) or error from None
    finally:
        await engine.dispose()


def _migrate_sqlite(url: str) -> None:
    engine = make_sqlite_migrator(url)
    with engine.begin() as connection:
        before = _revision(connection)
        _upgrade(connection)
        # Looked at only after a migration: it reads every row there is.
        broken = broken_references(connection) if _revision(connection) != before else []
        if broken:
            raise BrokenMigration(
                f"After the migration rows of {', '.join(broken)} refer to nothing: it was taken back. "
                "Run the version from before, and give this message to the maintainers."
            )
    engine.dispose()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> None:
    config = migration_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
