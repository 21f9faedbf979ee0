"""`POST /api/v1/occasions`: machines send occasions as JSON, and are told of each (C3)."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from sqlalchemy import Connection

from dialer.customers.service import take_in_many
from dialer.customers.values import Occasion, Taken
from dialer.followups.service import correct_number
from dialer.importing.columns.cells import Cell
from dialer.importing.columns.fields import BY_NAME
from dialer.importing.columns.headings import Column, field_named
from dialer.importing.columns.kinds import KINDS
from dialer.importing.rows import BadRow, RowReader
from dialer.planning.service import plan_arrivals
from dialer.storage.feed import emit
from web.imports import openapi
from web.panel import PANEL, Panel

MOST_ROWS = 500
_DEFAULT_SOURCE = "api"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one occasion that was sent."""

    external_id: str
    result: str
    problem: str = ""


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of the API."""
    return [web.post("/api/v1/occasions", receive), web.get("/api/v1/openapi.json", openapi.show)]


async def receive(request: web.Request) -> web.StreamResponse:
    """Take in a list of occasions: `[{"kind": …, "external_id": …, "happened_at": …, "name": …}, …]`.

    The keys are the names of the fields; `source` and `fact:NAME` are understood, too. The answer has a
    line for each, in their order. One that is wrong does not hold up the others.
    """
    panel = request.app[PANEL]
    if not allowed(request.headers.get("Authorization", ""), panel.importing.api_tokens):
        return _error(401, "send Authorization: Bearer TOKEN with a token that the settings know")
    try:
        sent = json.loads(await request.read())
    except ValueError:
        return _error(400, "the body is not JSON")
    if not isinstance(sent, list) or not all(isinstance(one, dict) for one in sent):
        return _error(400, "a list of objects is needed, one for each occasion")
    if len(sent) > MOST_ROWS:
        return _error(413, f"send at most {MOST_ROWS} occasions at once")
    now = panel.clock()
    read = [_read(panel, one, now) for one in sent]
    answers = await panel.database.write(lambda conn: _take(conn, panel, read, now))
    good = sum(answer.result != "rejected" for answer in answers)
    body = {
        "rows": len(answers),
        "accepted": good,
        "rejected": len(answers) - good,
        "results": [
            {"external_id": one.external_id, "result": one.result}
            | ({"problem": one.problem} if one.problem else {})
            for one in answers
        ],
    }
    return web.json_response(body)


def allowed(header: str, hashes: Sequence[str]) -> bool:
    """Whether the header carries a token whose SHA-256 is one of `hashes`."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return False
    sent = hashlib.sha256(token.strip().encode(errors="replace")).hexdigest()
    return any(hmac.compare_digest(sent, known.lower()) for known in hashes)


def _read(panel: Panel, sent: Mapping[str, object], now: datetime) -> Occasion | BadRow:
    kind = str(sent.get("kind", ""))
    source = str(sent.get("source") or _DEFAULT_SOURCE)[:60]
    names = [name for name in sent if name not in ("kind", "source")]
    unknown = [name for name in names if field_named(name) is None]
    if kind not in KINDS:
        return BadRow(0, f"{kind!r} is no kind of occasion; known are {', '.join(KINDS)}", ())
    if unknown:
        return BadRow(0, f"{', '.join(unknown)}: no such field; known are {', '.join(BY_NAME)}", ())
    reader = RowReader(
        [Column(name, name) for name in names],
        kind=kind,
        source=source,
        zone=panel.settings.zone,
        default_branch=panel.branch,
        today=now.astimezone(panel.settings.zone).date(),
    )
    return reader.read(0, [_cell(sent[name]) for name in names])


def _cell(value: object) -> Cell:
    if isinstance(value, list):
        return "、".join(map(str, value))
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _take(conn: Connection, panel: Panel, read: Sequence[Occasion | BadRow], now: datetime) -> list[Answer]:
    good = [one for one in read if isinstance(one, Occasion)]
    taken = iter(take_in_many(conn, good, now))
    answers = []
    for one in read:
        if isinstance(one, BadRow):
            answers.append(Answer("", "rejected", one.why))
            continue
        became = next(taken)
        if became.what is Taken.REFUSED:
            answers.append(Answer(one.external_id, "rejected", "the person asked to be forgotten"))
            continue
        if became.what is Taken.UPDATED:
            correct_number(conn, became.occasion_id, one.numbers[0], now)
        answers.append(Answer(one.external_id, became.what.value))
    plan_arrivals(conn, panel.library, panel.planning, panel.settings.zone, now)
    emit(conn, "import.received", "api", now, {"rows": len(read), "rejected": len(read) - len(good)})
    return answers


def _error(status: int, problem: str) -> web.Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return web.json_response({"error": problem}, status=status, headers=headers)
