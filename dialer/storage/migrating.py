"""Bringing a database to the newest schema.

Alembic is loaded where something is to be done: a service that comes back after a crash finds nothing, and is
up a third of a second earlier.
"""

import asyncio
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, column, inspect, select, table
from sqlalchemy.exc import DBAPIError

from dialer.storage.away import as_away
from dialer.storage.dialects import (
    broken_references,
    is_sqlite,
    make_server_engine,
    make_sqlite_migrator,
)

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).with_name("migrations")


class BrokenMigration(RuntimeError):
    """A migration would have left rows that refer to nothing; the database is as it was."""


@cache
def newest_schema() -> str:
    """The revision that `migrate` leads to: the number of the last file."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def schema_of(connection: Connection) -> str | None:
    """The revision that a database has; None where it has no tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(select(column("version_num")).select_from(table("alembic_version"))).scalar()


def migration_config() -> "Config":
    """Alembic's configuration, without a file."""
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
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
        # Looked at only after a migration: it reads every row there is.
        broken = broken_references(connection) if _upgrade(connection) else []
        if broken:
            raise BrokenMigration(
                f"After the migration rows of {', '.join(broken)} refer to nothing: it was taken back. "
                "Run the version from before, and give this message to the maintainers."
            )
    engine.dispose()


def _upgrade(connection: Connection) -> bool:
    """False: there was nothing to do."""
    if schema_of(connection) == newest_schema():
        return False
    from alembic import command  # noqa: PLC0415

    config = migration_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True
