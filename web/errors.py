"""Whatever goes wrong becomes a sentence that says what to do: a page, or JSON for a script."""

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from dialer.forms.rules import BadAnswer
from dialer.machine import IllegalMove
from web.auth.guard import Handler, StaleForm, wants_page
from web.i18n import N_
from web.render import render, translator_of

log = structlog.get_logger(__name__)

_SENTENCES = {
    400: N_("The request cannot be understood. Load the page again and repeat what you did."),
    401: N_("Your login is over. Log in again."),
    403: N_("Your role does not allow this. Ask an administrator for the role if you need it."),
    404: N_("There is no such page. Check the address, or begin at the start page."),
    405: N_("This address does not do that. Load the page again and repeat what you did."),
    413: N_("What was sent is too large. Shorten it and send it again."),
    503: N_("The database does not answer. Wait a moment; if it lasts, tell the administrator."),
}
_OLD_FORM = N_("This form has grown old. Load the page again and repeat what you did.")
_STALE = N_("This has changed in the meantime. The page shows how it is now; look again and decide anew.")
_OUR_FAULT = N_(
    "Something went wrong on our side and was written to the log. Try again; "
    "if it lasts, tell the administrator."
)


@web.middleware
async def error_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into an answer."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        text = _OLD_FORM if isinstance(error, StaleForm) else _SENTENCES.get(error.status, _OUR_FAULT)
        return _answer(request, error.status, text)
    except BadAnswer as error:
        return _answer(request, 422, str(error))
    except IllegalMove as error:
        log.info("A change came too late.", action="refuse", path=request.path, why=str(error))
        return _answer(request, 409, _STALE)
    except SQLAlchemyError:
        log.exception("The database did not answer a page.", action="answer", path=request.path)
        return _answer(request, 503, _SENTENCES[503])
    except Exception:
        log.exception("A page failed.", action="answer", path=request.path)
        return _answer(request, 500, _OUR_FAULT)


def _answer(request: web.Request, status: int, said: str) -> web.Response:
    text = translator_of(request)
    sentence = text.sentence(text(said))
    if wants_page(request) or request.content_type == "application/x-www-form-urlencoded":
        page = render(request, "error.html", sentence=sentence, status_code=status)
        page.set_status(status)
        return page
    return web.json_response({"error": sentence}, status=status)
