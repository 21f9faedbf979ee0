"""Bringing a database to the newest schema."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from dialer.storage.dialects import is_sqlite, make_server_engine, make_sqlite_writer


def migration_config() -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


async def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema; one that has it is left as it is."""
    if is_sqlite(url):
        await asyncio.to_thread(_migrate_sqlite, url)
        return
    engine = make_server_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade)
    await engine.dispose()


def _migrate_sqlite(url: str) -> None:
    engine = make_sqlite_writer(url)
    with engine.begin() as connection:
        _upgrade(connection)
    engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = migration_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
