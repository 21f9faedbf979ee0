"""Pages and fragments from templates, in the user's language and the site's time zone."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dialer.calling.settings import Mode
from dialer.playbooks.library import Library
from web.auth.session import LANGUAGE_COOKIE, csrf_token, find_user
from web.i18n import LANGUAGES, Translator, translator
from web.labels import ROLE
from web.masking import masked
from web.navigation import links
from web.panel import PANEL

ENVIRONMENT = web.AppKey("environment", Environment)
NONCE = web.RequestKey("csp_nonce", str)
# Where the live feed stood when the request came: the page's feed goes on from there.
FEED_POSITION = web.RequestKey("feed_position", int)
# What a supervisor has stopped, for the head of a page.
STOPPED = web.RequestKey("stopped", tuple[object, ...])


@cache
def make_environment(zone: ZoneInfo) -> Environment:
    """The template environment: escapes everything, refuses names it does not know.

    One for all panels of a process: it holds the templates it has compiled.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def local(value: datetime | None, form: str = "%m-%d %H:%M") -> str:
        return "" if value is None else value.astimezone(zone).strftime(form)

    def local_end(value: datetime) -> str:
        # To a reader the end of a day is that day, not 00:00 of the next.
        at = value.astimezone(zone)
        if (at.hour, at.minute) == (0, 0):
            return (at - timedelta(days=1)).strftime("%m-%d")
        return at.strftime("%m-%d %H:%M")

    environment.filters["local"] = local
    environment.filters["local_end"] = local_end
    environment.filters["ms"] = lambda value: "" if value is None else int(value.timestamp() * 1000)
    environment.filters["masked"] = masked
    environment.filters["duration"] = duration
    return environment


def duration(seconds: float | None) -> str:
    """1:05 for 65 seconds, 1:01:05 for an hour and more."""
    if seconds is None:
        return ""
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def language_of(request: web.Request) -> str:
    """The language of this user; before the login that of the cookie, or the site's."""
    user = find_user(request)
    if user is not None:
        return user.language
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else request.app[PANEL].settings.language


def translator_of(request: web.Request) -> Translator:
    """The translator of this request's language."""
    return translator(language_of(request))


def render(request: web.Request, template: str, **context: object) -> web.Response:
    """A page or fragment. Each template knows, besides `context`, what `shared_context` gives."""
    text = render_text(request, template, **context)
    return web.Response(text=text, content_type="text/html", headers={"Cache-Control": "no-store"})


def render_form(
    request: web.Request, template: str, *, problem: object = "", **context: object
) -> web.Response:
    """A page that people send something from. `problem` is the sentence of what could not be done, if any."""
    page = render(request, template, problem=problem, **context)
    if problem:
        page.set_status(422)
    return page


def render_text(request: web.Request, template: str, **context: object) -> str:
    """The text of a template."""
    page = request.app[ENVIRONMENT].get_template(template)
    return page.render({**shared_context(request), **context})


def shared_context(request: web.Request) -> Mapping[str, Any]:
    """What every template knows."""
    panel = request.app[PANEL]
    text = translator_of(request)
    user = find_user(request)
    return {
        "_": text,
        "plural": text.plural,
        "language": text.language,
        "languages": LANGUAGES,
        "user": user,
        "links": links(user.roles, request.path) if user else [],
        "csrf": csrf_token(request),
        "nonce": nonce_of(request),
        "now": panel.clock(),
        "trial": panel.engine_status().pairing.settings.mode is Mode.TRIAL,
        "path": request.path_qs,
        "feed_position": request.get(FEED_POSITION, ""),
        "stopped": request.get(STOPPED, ()),
        "playbook_name": playbook_names(panel.library, text.language),
        "role_names": ROLE,
    }


def playbook_names(library: Library, language: str) -> Callable[[str], str]:
    """The name of each playbook in this language; its id where it was taken away."""

    def name(playbook_id: str) -> str:
        playbook = library.find(playbook_id)
        return playbook.name.in_(language) if playbook is not None else playbook_id

    return name


def nonce_of(request: web.Request) -> str:
    """The value by which this response's own style elements are known."""
    if NONCE not in request:
        request[NONCE] = secrets.token_urlsafe(16)
    return request[NONCE]
