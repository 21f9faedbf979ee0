"""Logging in and out, and choosing a language."""

from aiohttp import web

from web.auth import service
from web.auth.guard import requires
from web.auth.rules import home_of, safe_path
from web.auth.service import Refused
from web.auth.session import (
    LANGUAGE_COOKIE,
    SESSION_COOKIE,
    VISIT_COOKIE,
    csrf_token,
    current_user,
    find_user,
    set_cookie,
)
from web.i18n import LANGUAGES
from web.panel import PANEL, Panel
from web.render import render, translator_of

_VISIT_HOURS = 24.0
_YEAR_HOURS = 24.0 * 365


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return [
        web.get("/", home),
        web.get("/login", login_page),
        web.post("/login", log_in),
        web.post("/logout", log_out),
        web.post("/language", choose_language),
        web.get("/session", session_alive),
    ]


@requires()
async def home(request: web.Request) -> web.StreamResponse:
    """To the page of the user's role."""
    raise web.HTTPSeeOther(home_of(current_user(request).roles))


async def login_page(request: web.Request) -> web.StreamResponse:
    """The login form."""
    if find_user(request) is not None:
        raise web.HTTPSeeOther("/")
    return _login_form(request, next_path=safe_path(request.query.get("next", "/")))


async def log_in(request: web.Request) -> web.StreamResponse:
    """Check the form; begin a session with a token of its own."""
    form, panel = await request.post(), request.app[PANEL]
    login, password = str(form.get("login", "")), str(form.get("password", ""))
    next_path = safe_path(str(form.get("next", "/")))
    result = await service.log_in(
        panel.database, panel.settings, login, password, request.remote or "", panel.clock()
    )
    if isinstance(result, Refused):
        _ = translator_of(request)
        if result.wait_seconds:
            text = _(
                "Too many wrong passwords. Wait {n} seconds, then try again; "
                "an administrator can set a new password.",
                n=result.wait_seconds,
            )
            response = _login_form(request, next_path=next_path, login=login, error=text, status=429)
            response.headers["Retry-After"] = str(result.wait_seconds)
            return response
        text = _("User name or password is wrong. Check both and try again.")
        return _login_form(request, next_path=next_path, login=login, error=text, status=401)
    response = web.HTTPSeeOther(next_path)
    set_cookie(response, panel.settings, SESSION_COOKIE, result.token, panel.settings.session_hours)
    response.del_cookie(VISIT_COOKIE)
    raise response


@requires()
async def log_out(request: web.Request) -> web.StreamResponse:
    """End the session."""
    panel, user = request.app[PANEL], current_user(request)
    now = panel.clock()
    await panel.database.write(
        lambda conn: service.log_out(conn, user.token_hash, user.id, now, agent_id=user.agent_id)
    )
    response = web.HTTPSeeOther("/login")
    response.del_cookie(SESSION_COOKIE)
    raise response


async def choose_language(request: web.Request) -> web.StreamResponse:
    """Show pages in another language from now on."""
    form, panel, user = await request.post(), request.app[PANEL], find_user(request)
    language = str(form.get("language", ""))
    if language not in LANGUAGES:
        raise web.HTTPBadRequest
    if user is not None:
        await panel.database.write(lambda conn: service.set_language(conn, user.id, language))
    response = web.HTTPSeeOther(safe_path(str(form.get("next", "/"))))
    set_cookie(response, panel.settings, LANGUAGE_COOKIE, language, _YEAR_HOURS)
    raise response


@requires()
async def session_alive(_request: web.Request) -> web.StreamResponse:
    """204 while the login is good, 401 when not: how a page that lost its feed knows why."""
    return web.Response(status=204)


def _login_form(
    request: web.Request, *, next_path: str, login: str = "", error: str = "", status: int = 200
) -> web.Response:
    response = render(request, "auth/login.html", next_path=next_path, login=login, error=error)
    response.set_status(status)
    set_cookie(response, request.app[PANEL].settings, VISIT_COOKIE, csrf_token(request), _VISIT_HOURS)
    return response
