"""A database as the release before left it."""

from alembic import command
from sqlalchemy import Connection

from dialer.storage.dialects import is_sqlite, make_server_engine, make_sqlite_migrator
from dialer.storage.migrating import migration_config


async def back_to(url: str, revision: str) -> None:
    """Take the migrations after `revision` away again."""

    def back(conn: Connection) -> None:
        config = migration_config()
        config.attributes["connection"] = conn
        command.downgrade(config, revision)

    if is_sqlite(url):
        engine = make_sqlite_migrator(url)
        with engine.begin() as conn:
            back(conn)
        engine.dispose()
        return
    server = make_server_engine(url)
    async with server.begin() as connection:
        await connection.run_sync(back)
    await server.dispose()
