"""Takes up the tests of a node's phones, and keeps what the telephone system says of them (V3).

An agent's page may be open at any service of a site: the row is the message.
"""

import asyncio

import structlog

from dialer.clock import Clock
from dialer.nodes.rules import Share
from dialer.phonetests import service
from dialer.phonetests.queries import open_tests
from dialer.phonetests.rules import PhoneTest
from dialer.storage.database import Database
from dialer.telephony.phonetest import PhoneHeard, PhoneTests
from dialer.telephony.port import TelephonyError

log = structlog.get_logger(__name__)

# Rows of another process wake nobody here.
_LOOK_SECONDS = 1.0


class PhoneTester:
    """Tests the phones of `share` through `telephony`."""

    def __init__(self, database: Database, telephony: PhoneTests, clock: Clock, share: Share) -> None:
        self._db, self._telephony, self._clock, self._share = database, telephony, clock, share
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Test what is asked for, until cancelled."""
        try:
            while True:
                mark = self._db.feed.mark()
                try:
                    await self.look()
                except Exception as error:
                    log.exception("Phones cannot be tested now.", action="test_phone", error=str(error))
                await self._db.feed.wait(_LOOK_SECONDS, since=mark, kinds=(service.ASKED, service.SAID))
        finally:
            for task in self._running.values():
                task.cancel()

    async def look(self) -> None:
        """Begin what is asked for, end what was said enough of; what an earlier service had begun is over."""
        for test in await self._db.read(open_tests):
            if not self._share.has_phone(test.extension):
                continue
            if test.id in self._running:
                if test.said is not None:
                    await self._telephony.end_phone_test(test.id)
            elif test.taken_at is None:
                self._running[test.id] = asyncio.create_task(self._test(test))
            else:
                await self._end(test.id, None)

    async def stop(self) -> None:
        """Hang up every phone under test: the service ends."""
        for test_id in list(self._running):
            try:
                await self._telephony.end_phone_test(test_id)
            except TelephonyError as error:
                log.warning(
                    "A phone under test goes on until it ends by itself.", action="stop", error=str(error)
                )

    async def _test(self, test: PhoneTest) -> None:
        try:
            if not await self._db.write(lambda c: service.take(c, test.id, self._clock()), urgent=True):
                return
            heard = None
            try:
                heard = await self._telephony.test_phone(test.order)
            except TelephonyError as error:
                log.warning("A phone could not be tested.", action="test_phone", error=str(error))
            await self._end(test.id, heard)
        finally:
            del self._running[test.id]

    async def _end(self, test_id: str, heard: PhoneHeard | None) -> None:
        await self._db.write(lambda c: service.end(c, test_id, heard, self._clock()))
