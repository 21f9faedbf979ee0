"""One reader of the event rows for all pages, and a bounded backlog for each page."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from functools import partial

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from dialer.storage.database import Database
from dialer.storage.feed import EventRow, after, latest_id
from web.auth.guard import Handler
from web.panel import PANEL
from web.render import FEED_POSITION

log = structlog.get_logger(__name__)

# Another process may have written: look this often even without being woken.
_LOOK_EVERY = 1.0
_BATCH = 500


class Subscriber:
    """What one page has not been sent yet. Past `room` rows it is told to load itself anew."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._rows: deque[EventRow] = deque()
        self._news = asyncio.Event()
        self.overrun = False
        self.closed = False

    def put(self, row: EventRow) -> None:
        """Keep a row for the page."""
        if len(self._rows) >= self._room:
            self._rows.clear()
            self.overrun = True
        if not self.overrun:
            self._rows.append(row)
        self._news.set()

    def close(self) -> None:
        """No more will come."""
        self.closed = True
        self._news.set()

    async def take(self, timeout: float) -> list[EventRow]:
        """All rows that wait, as soon as there is one; nothing after `timeout` seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), timeout)
        self._news.clear()
        rows = list(self._rows)
        self._rows.clear()
        return rows


class Broker:
    """Reads event rows once and hands them to every page."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._subscribers: set[Subscriber] = set()
        self.position = 0
        self._read_at = 0.0

    @property
    def age_seconds(self) -> float:
        """How old the pages' news may be: the time since the rows were last read."""
        return asyncio.get_running_loop().time() - self._read_at

    @property
    def pages(self) -> int:
        """How many pages listen."""
        return len(self._subscribers)

    def subscribe(self, room: int) -> Subscriber:
        """Begin to keep rows for a page."""
        subscriber = Subscriber(room)
        self._subscribers.add(subscriber)
        return subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """The page is gone."""
        self._subscribers.discard(subscriber)

    def close(self) -> None:
        """Let every page go."""
        for subscriber in self._subscribers:
            subscriber.close()

    async def start(self) -> None:
        """Begin after the newest row."""
        self.position = await self._database.read(latest_id)
        self._read_at = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Hand out rows for ever; a database in trouble only makes the news old."""
        in_trouble = False
        while True:
            mark = self._database.feed.mark()
            try:
                await self._hand_out()
                in_trouble = False
            except (SQLAlchemyError, OSError):
                if not in_trouble:
                    log.exception("The live feed cannot read the event rows.", action="read_feed")
                in_trouble = True
            await self._database.feed.wait(_LOOK_EVERY, since=mark)

    async def _hand_out(self) -> None:
        while True:
            rows = await self._database.read(partial(after, last=self.position, limit=_BATCH))
            self._read_at = asyncio.get_running_loop().time()
            for row in rows:
                self.position = row.id
                for subscriber in self._subscribers:
                    subscriber.put(row)
            if len(rows) < _BATCH:
                return


BROKER = web.AppKey("broker", Broker)


async def run_broker(app: web.Application) -> AsyncIterator[None]:
    """The broker lives as long as the application."""
    broker = Broker(app[PANEL].database)
    await broker.start()
    app[BROKER] = broker
    task = asyncio.create_task(broker.run(), name="feed-broker")

    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@web.middleware
async def position_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note where the feed stands before a page reads its data: what comes later is in the feed."""
    request[FEED_POSITION] = request.app[BROKER].position
    return await handler(request)


async def let_pages_go(app: web.Application) -> None:
    """End every page's feed, so that the server can stop without waiting for them."""
    app[BROKER].close()
