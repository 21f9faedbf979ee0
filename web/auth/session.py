"""The session of a request: whose it is, and the token that proves a form is ours."""

import secrets

from aiohttp import web

from web.auth.queries import User
from web.settings import WebSettings

SESSION_COOKIE = "huifang_session"
# Before the login a form is proven ours by this cookie's value in it.
VISIT_COOKIE = "huifang_visit"
LANGUAGE_COOKIE = "huifang_language"

_USER = web.RequestKey("user", User)
_VISIT = web.RequestKey("visit", str)


def find_user(request: web.Request) -> User | None:
    """Who asks, None before the login."""
    return request.get(_USER)


def current_user(request: web.Request) -> User:
    """Who asks. Only behind `@requires(...)`."""
    user = find_user(request)
    if user is None:
        raise web.HTTPUnauthorized
    return user


def remember_user(request: web.Request, user: User) -> None:
    """Keep who asks for the rest of the request."""
    request[_USER] = user


def csrf_token(request: web.Request) -> str:
    """The token that this visitor's forms and requests carry."""
    user = find_user(request)
    if user is not None:
        return user.csrf
    if _VISIT not in request:
        request[_VISIT] = request.cookies.get(VISIT_COOKIE) or secrets.token_urlsafe(32)
    return request[_VISIT]


def set_cookie(
    response: web.StreamResponse, settings: WebSettings, name: str, value: str, hours: float
) -> None:
    """Set a cookie that no script reads and no other site sends along."""
    response.set_cookie(
        name,
        value,
        max_age=int(hours * 3600),
        httponly=True,
        samesite="Lax",
        secure=settings.secure_cookies,
    )
