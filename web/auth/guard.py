"""The guard before every page: who asks, whether the form is ours, whether the role fits (X1, X2)."""

import hmac
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import wraps
from urllib.parse import quote

from aiohttp import web

from web.auth import queries
from web.auth.service import hash_token
from web.auth.session import (
    SESSION_COOKIE,
    csrf_token,
    current_user,
    find_user,
    remember_user,
)
from web.panel import PANEL

__all__ = ["current_user", "requires"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SEEN_EVERY = timedelta(minutes=5)


class StaleForm(web.HTTPForbidden):
    """The form or request does not carry this visitor's token."""


def requires(*roles: str) -> Callable[[Handler], Handler]:
    """Let only users with one of `roles` in; any user where none is named."""

    def guard(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            user = find_user(request)
            if user is None:
                if wants_page(request):
                    raise web.HTTPSeeOther(f"/login?next={quote(request.path_qs)}")
                raise web.HTTPUnauthorized
            if roles and not user.roles.intersection(roles):
                raise web.HTTPForbidden
            return await handler(request)

        return guarded

    return guard


def wants_page(request: web.Request) -> bool:
    """Whether a person waits for a page, not a script for a part of one."""
    return request.method in _SAFE and "text/html" in request.headers.get("Accept", "")


@web.middleware
async def session_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who asks."""
    token = request.cookies.get(SESSION_COOKIE)
    if token and not request.path.startswith("/static/"):
        panel = request.app[PANEL]
        now, kept = panel.clock(), hash_token(token)
        user = await panel.database.read(lambda conn: queries.user_of_session(conn, kept, now))
        if user is not None:
            remember_user(request, user)
            if now - user.last_seen_at > _SEEN_EVERY:
                await panel.database.write(lambda conn: queries.touch_session(conn, kept, now))
    return await handler(request)


@web.middleware
async def csrf_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a change that does not carry this visitor's token: another site may have sent it."""
    # Machines prove themselves by a token of their own, no cookie counts there.
    if request.method not in _SAFE and not request.path.startswith("/api/"):
        sent = request.headers.get(CSRF_HEADER)
        if sent is None and request.content_type in (
            "application/x-www-form-urlencoded",
            "multipart/form-data",
        ):
            field = (await request.post()).get(CSRF_FIELD)
            sent = field if isinstance(field, str) else None
        if sent is None or not _same(sent, csrf_token(request)):
            raise StaleForm
    return await handler(request)


def _same(sent: str, expected: str) -> bool:
    return hmac.compare_digest(sent.encode(errors="replace"), expected.encode(errors="replace"))
