"""`/feed`: event rows as server-sent events, resumed after `Last-Event-ID`."""

import asyncio
from contextlib import suppress

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from dialer.storage.feed import after
from web.auth import queries
from web.auth.guard import requires
from web.auth.queries import User
from web.auth.session import current_user
from web.live.feed import BROKER, Broker, Subscriber
from web.live.rules import as_beat, as_message, as_reset, concerns
from web.panel import PANEL, Panel

# How long a page waits before it comes back, in milliseconds.
_RETRY_MS = 1000
_CHECK_LOGIN_EVERY = 6


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return [web.get("/feed", feed, allow_head=False)]


@requires()
async def feed(request: web.Request) -> web.StreamResponse:
    """The live feed for one page, until the page or the login is gone."""
    panel, broker, user = request.app[PANEL], request.app[BROKER], current_user(request)
    response = web.StreamResponse(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    response.content_type = "text/event-stream"
    response.charset = "utf-8"
    # First listen, then read what was missed: nothing falls in between.
    subscriber = broker.subscribe(panel.settings.feed_backlog)
    try:
        missed, position = await _missed(request, broker, user)
        await response.prepare(request)
        with suppress(ConnectionResetError):
            opening = f"retry: {_RETRY_MS}\n\n{missed}{_beat(panel, broker, position)}"
            await response.write(opening.encode())
            await _serve(panel, broker, response, subscriber, user, position)
    finally:
        broker.unsubscribe(subscriber)
    return response


async def _serve(
    panel: Panel,
    broker: Broker,
    response: web.StreamResponse,
    subscriber: Subscriber,
    user: User,
    sent: int,
) -> None:
    every, loop = panel.settings.heartbeat_seconds, asyncio.get_running_loop()
    beats, next_beat = 0, loop.time() + every
    while not subscriber.closed:
        rows = await subscriber.take(max(0.0, next_beat - loop.time()))
        if subscriber.overrun:
            subscriber.overrun = False
            sent = broker.position
            text = as_reset(sent)
        else:
            news = [row for row in rows if row.id > sent]
            sent = news[-1].id if news else sent
            text = "".join(as_message(row) for row in news if concerns(row, user))
        # However much happens that this page is not told of, it hears that the feed is alive.
        if loop.time() >= next_beat:
            beats, next_beat = beats + 1, loop.time() + every
            if beats % _CHECK_LOGIN_EVERY == 0 and not await _still_in(panel, user):
                return
            text += _beat(panel, broker, sent)
        if text:
            await response.write(text.encode())


async def _missed(request: web.Request, broker: Broker, user: User) -> tuple[str, int]:
    """What the page missed since the id it names, and the id it has then."""
    named = request.headers.get("Last-Event-ID") or request.query.get("last", "")
    position = broker.position
    if not named.isascii() or not named.isdigit():
        return "", position
    last, panel = int(named), request.app[PANEL]
    if last > position:
        # The database is another one than the page has seen.
        return as_reset(position), position
    room = panel.settings.feed_backlog
    rows = await panel.database.read(lambda conn: after(conn, last, limit=room + 1))
    rows = [row for row in rows if row.id <= position]
    if len(rows) > room:
        return as_reset(position), position
    return "".join(as_message(row) for row in rows if concerns(row, user)), position


async def _still_in(panel: Panel, user: User) -> bool:
    now = panel.clock()
    try:
        found = await panel.database.read(lambda conn: queries.user_of_session(conn, user.token_hash, now))
    except SQLAlchemyError:
        # A page is not sent away for the database's trouble; its beats tell how old the news is.
        return True
    return found is not None


def _beat(panel: Panel, broker: Broker, sent: int) -> str:
    return as_beat(sent, int(panel.clock().timestamp() * 1000), int(broker.age_seconds * 1000))
