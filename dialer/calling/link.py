"""What follows when the link to the telephone system comes or goes, repeated until all of it is done (D7).

A switch that dies takes the database with it: then nothing can be written down at the moment it happens.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.clock import Clock
from dialer.nodes.rules import DEFAULT_NODE, Share, alarm_subject
from dialer.storage.database import Database
from dialer.storage.feed import emit
from dialer.telephony.events import LinkDown, LinkUp

log = structlog.get_logger(__name__)


class Link:
    """The link as the engine has it. `settled`: nothing of before it came up is in doubt unlooked at.

    `settle` looks at every call in flight (False: it cannot be asked), `doubt` puts them in doubt, `rebuild`
    puts right what the calls in progress are in; each may be done again.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        share: Share,
        *,
        settle: Callable[[], Awaitable[bool]],
        doubt: Callable[[], Awaitable[None]],
        rebuild: Callable[[], Awaitable[None]],
    ) -> None:
        self._db = database
        self._clock = clock
        self._share = share
        self._subject = alarm_subject(share.name)
        self._settle, self._doubt, self._rebuild = settle, doubt, rebuild
        self.up = self.settled = False
        self.reason = self.advice = ""
        # What has not been done yet of what the last change brings about.
        self._due: Callable[[], Awaitable[bool]] | None = None
        self._failed = ""
        self._one_at_a_time = asyncio.Lock()

    async def came_up(self, event: LinkUp) -> None:
        """The link is there: everything in flight is looked at."""
        log.info("The link to the telephone system is up.", action="link_up", version=event.version)
        self.up, self.reason, self.advice = True, "", ""
        await self.look_anew()

    async def look_anew(self) -> None:
        """Everything in flight is looked at: what was known of it may not be true any more."""
        self.settled = False
        if self.up:
            self._due = self._come_up
            await self.catch_up()

    async def went_down(self, event: LinkDown) -> None:
        """The link is lost: nothing in flight is seen any more."""
        log.error(
            "The link to the telephone system is down.",
            action="link_down",
            reason=event.reason,
            advice=event.advice,
        )
        self.up, self.reason, self.advice = False, event.reason, event.advice
        self.settled = False
        self._due = partial(self._go_down, event)
        await self.catch_up()

    async def catch_up(self) -> None:
        """Do what is not done yet; what fails of it is done the next time."""
        async with self._one_at_a_time:
            due = self._due
            if due is None:
                return
            try:
                done = await due()
            except Exception as error:
                if repr(error) != self._failed:  # once: it is tried each second
                    self._failed = repr(error)
                    log.exception("What the link brings about is not done yet.", action="link", up=self.up)
                return
            self._failed = ""
            if done and self._due is due:
                self._due = None

    async def _come_up(self) -> bool:
        await self._db.write(lambda c: clear_alarm(c, "link_down", self._subject, self._clock()))
        if not self.settled:
            self.settled = await self._settle() and self.up
        if not self.settled:
            return False
        # New calls do not wait for this: it is about those that go on.
        await self._rebuild()
        told = {"settled": True}
        await self._db.write(lambda c: emit(c, "engine.settled", "engine", self._clock(), told))
        return True

    async def _go_down(self, event: LinkDown) -> bool:
        data = {"reason": event.reason, "advice": event.advice}
        if self._share.name != DEFAULT_NODE:
            data["node"] = self._share.name
        await self._db.write(lambda c: raise_alarm(c, "link_down", self._subject, self._clock(), data))
        await self._doubt()
        return True
