"""The database at the start of the service: migrated, and waited for where it is a server."""

import asyncio
from contextlib import suppress

import structlog
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from dialer.storage.away import DatabaseAway
from dialer.storage.dialects import is_sqlite
from dialer.storage.migrating import migrate

log = structlog.get_logger(__name__)

_AGAIN_SECONDS = 2.0
_TELL_AGAIN = 30


class DatabaseRefuses(Exception):
    """The database server answers, and does not let us in. The message says what to do."""


async def migrate_when_there(url: str, stop: asyncio.Event) -> bool:
    """Bring the database to the newest schema as soon as its server answers: at a boot it may come up later.

    False: told to stop meanwhile.

    Raises:
        DatabaseRefuses: user, password or name of the database are wrong; waiting would not help.
        BrokenMigration: see there.
    """
    tries = 0
    while not stop.is_set():
        try:
            await migrate(url)
        except DatabaseAway as away:
            if tries % _TELL_AGAIN == 0:
                log.warning(
                    "The service waits for its database, and then starts by itself. "
                    "See that PostgreSQL runs, and that database_url is right.",
                    action="wait_for_database",
                    database=_shown(url),
                    error=str(away),
                )
            tries += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _AGAIN_SECONDS)
        except DBAPIError as error:
            if is_sqlite(url):
                raise
            why = str(error.orig).partition("\n")[0]
            raise DatabaseRefuses(f"{_shown(url)} refuses: {why}. Set database_url right.") from error
        else:
            if tries:
                log.info("The database is there.", action="wait_for_database")
            return True
    return False


def _shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)
