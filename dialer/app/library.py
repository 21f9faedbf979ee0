"""The playbooks in force: shipped, and saved since; kept true while the service runs (T7)."""

import structlog
from sqlalchemy import Connection

from dialer.clock import Clock
from dialer.playbooks.library import LiveLibrary, shipped_library
from dialer.playbooks.service import PUBLISHED, keep_shipped, library_of
from dialer.storage.database import Database
from dialer.storage.feed import after, latest_id
from qa.changing.library import rule_library
from qa.changing.service import keep_shipped as keep_shipped_rules

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 5.0


def live_library() -> LiveLibrary:
    """The shipped playbooks, ready to become what is in force."""
    return LiveLibrary(shipped_library().all_versions())


class LibraryKeeper:
    """Lets `library` become what is in force, and again whenever a version is published, by any process."""

    def __init__(self, database: Database, library: LiveLibrary, clock: Clock) -> None:
        self._db = database
        self._library = library
        self._clock = clock
        self._seen = 0

    async def load(self) -> None:
        """Take what is in force now.

        Raises:
            BadPlaybook: a saved version cannot be read by this version of the product.
        """
        shipped = shipped_library()
        await self._db.write(lambda conn: keep_shipped(conn, shipped, self._clock()))
        await self._db.write(lambda conn: keep_shipped_rules(conn, rule_library(), self._clock()))
        self._seen, library = await self._db.read(lambda conn: (latest_id(conn), library_of(conn, shipped)))
        self._library.become(library)

    async def run(self) -> None:
        """Keep it so until cancelled."""
        while True:
            await self._db.feed.wait(_LOOK_SECONDS, kinds=(PUBLISHED,))
            if await self._db.read(self._is_published):
                await self.load()
                log.info("A playbook was published and is in force.", action="playbook_published")

    def _is_published(self, conn: Connection) -> bool:
        return bool(after(conn, self._seen, kinds=(PUBLISHED,), limit=1))
