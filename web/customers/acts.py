"""What a supervisor does with a customer: do not call, call again, forget, part; each asks once (X3)."""

from collections.abc import Callable

from aiohttp import web
from sqlalchemy import Connection, select

from dialer.customers.blocks import NoSuchCustomer, block, unblock
from dialer.customers.corrections import set_consent
from dialer.customers.merging import NotMerged, merge, undo_merge
from dialer.customers.tables import merges
from dialer.privacy.service import BeingCalled, forget, what_is_kept
from web.auth.guard import current_user, requires
from web.customers import queries, words
from web.customers.pages import WRITERS, frame
from web.panel import PANEL, Panel
from web.render import render_form, translator_of

_ACTS = ("block", "unblock", "forget", "withdraw", "agree", "part", "join")


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [
        web.get("/customers/{customer}/{act:" + "|".join(_ACTS) + "}", ask),
        web.post("/customers/{customer}/{act:" + "|".join(_ACTS) + "}", act),
    ]


@requires(*WRITERS)
async def ask(request: web.Request) -> web.StreamResponse:
    """The page that names the effect before anything is done."""
    return await _ask(request, request.query.get("merge", ""), request.query.get("other", ""), "")


async def _ask(request: web.Request, merge_id: str, other_id: str, problem: str) -> web.Response:
    panel, customer_id = request.app[PANEL], request.match_info["customer"]
    now = panel.clock()

    def read(conn: Connection) -> dict[str, object] | None:
        shown = queries.head(conn, customer_id, now, 0)
        if shown is None:
            return None
        other = queries.head(conn, other_id, now, 0) if other_id else None
        joined = next((one for one in shown.merges if one.id == merge_id), None)
        kept = what_is_kept(conn, panel.library, customer_id)
        return {"head": shown, "kept": kept, "merged": joined, "other": other}

    values = await panel.database.read(read)
    if values is None:
        raise web.HTTPNotFound
    return render_form(
        request,
        "customers/confirm.html",
        act=request.match_info["act"],
        problem=problem,
        span_text=lambda span: words.span_text(span, translator_of(request)),
        **{**frame(request), **values},
    )


@requires(*WRITERS)
async def act(request: web.Request) -> web.StreamResponse:
    """Do it, and go back to the customer."""
    panel, customer_id = request.app[PANEL], request.match_info["customer"]
    fields = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    by, now, library = current_user(request).login, panel.clock(), panel.library
    merge_id, other_id = fields.get("merge", ""), fields.get("other", "")

    def part(conn: Connection) -> None:
        mine = select(merges.c.id).where(merges.c.id == merge_id, merges.c.kept_id == customer_id)
        if conn.execute(mine).first() is None:
            raise NotMerged(f"there is no merge {merge_id} of this customer")
        undo_merge(conn, merge_id, by, now)

    acts: dict[str, Callable[[Connection], object]] = {
        "block": lambda conn: block(conn, customer_id, by, "asked", now),
        "unblock": lambda conn: unblock(conn, customer_id, by, now),
        "forget": lambda conn: forget(conn, library, customer_id, by, now),
        "withdraw": lambda conn: set_consent(conn, customer_id, False, by, "panel", now),
        "agree": lambda conn: set_consent(conn, customer_id, True, by, "panel", now),
        "part": part,
        "join": lambda conn: merge(conn, customer_id, other_id, by, now),
    }
    try:
        await panel.database.write(acts[request.match_info["act"]])
    except (NoSuchCustomer, LookupError) as error:
        raise web.HTTPNotFound from error
    except (NotMerged, BeingCalled) as error:
        problem = words.BEING_CALLED if isinstance(error, BeingCalled) else words.NOT_MERGED
        return await _ask(request, merge_id, other_id, translator_of(request)(problem))
    raise web.HTTPSeeOther(f"/customers/{customer_id}")
