"""The list of calls, a call's page, its sound, and the trail of who looked and listened (R2, X1)."""

import asyncio
import unicodedata
from collections.abc import Collection
from contextlib import suppress
from functools import partial

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection

from dialer.agents.queries import Agent, all_agents
from dialer.cases.checked import decide_question, title_in
from dialer.machine import IllegalMove
from dialer.storage.feed import emit, latest_id
from qa.reviews.queries import blind_reviews
from recordings.archive import listen_copy
from recordings.queries import early_clip_of, recording_of
from recordings.service import Files
from web.auth.guard import current_user, requires
from web.labels import DISPOSITION, HEARD, ITEM_STATE, OUTCOME
from web.panel import PANEL, Panel
from web.quality import transcription, words
from web.quality.queries import CallRow, Filter, calls
from web.quality.view import early_file, load, sound
from web.render import language_of, render

PAGE_SIZE = 50
# Heard before and after the words of a piece of evidence, in seconds.
_MARGIN = 0.3


class Play(BaseModel):
    """Somebody began to listen at this second."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    second: float = Field(ge=0)


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this area."""
    return [
        *transcription.routes(),
        web.get("/qa", list_page),
        web.get("/qa/part/calls", list_part),
        web.get("/qa/calls/{attempt}", call_page),
        web.get("/qa/calls/{attempt}/audio", audio),
        web.get("/qa/calls/{attempt}/early", early),
        web.get("/qa/calls/{attempt}/peaks", peaks),
        web.post("/qa/calls/{attempt}/plays", note_play),
        web.post("/qa/calls/{attempt}/question", decide),
    ]


@requires("qa", "supervisor")
async def list_page(request: web.Request) -> web.StreamResponse:
    """Calls to find one among (A4)."""
    return await _list(request, "quality/list.html")


@requires("qa", "supervisor")
async def list_part(request: web.Request) -> web.StreamResponse:
    """The same, without the page around it."""
    return await _list(request, "quality/calls.html")


@requires("qa", "supervisor")
async def call_page(request: web.Request) -> web.StreamResponse:
    """One call: sound, words, findings, answers (Q4)."""
    panel, attempt_id = request.app[PANEL], request.match_info["attempt"]
    login = current_user(request).login
    blind = await panel.database.read(lambda conn: blind_reviews(conn, login))
    if attempt_id in blind:
        # His own verdict comes first: the machine's are shown there, one by one (S4).
        raise web.HTTPSeeOther(f"/reviews/{blind[attempt_id]}")
    shown = await panel.database.read(
        lambda conn: load(conn, panel.library, panel.recordings_root, attempt_id)
    )
    if shown is None:
        raise web.HTTPNotFound
    await _leave_trace(request, "call.viewed", {})
    return render(
        request,
        "quality/call.html",
        page=shown,
        call=shown.call,
        playbook=panel.library.get(shown.call.playbook, shown.call.playbook_version),
        feed_position=shown.position,
        margin=_MARGIN,
        at=_second(request),
        title_in=title_in,
        item_states=ITEM_STATE,
        words=words,
        outcome_names=OUTCOME,
        heard_names=HEARD,
        disposition_names=DISPOSITION,
        lang=language_of(request),
    )


@requires("qa", "supervisor")
async def decide(request: web.Request) -> web.StreamResponse:
    """Somebody listened: the customer had a question, or had none (Q3 rule 14, K5)."""
    panel, user, attempt_id = request.app[PANEL], current_user(request), request.match_info["attempt"]
    sent = {name: str(value) for name, value in (await request.post()).items()}
    note = sent.get("note", "").strip()[:500]
    if sent.get("decision") not in ("needed", "not_needed") or not note:
        raise web.HTTPBadRequest
    decide_it = partial(
        decide_question,
        library=panel.library,
        attempt_id=attempt_id,
        needed=sent["decision"] == "needed",
        by=user.login,
        note=note,
        zone=panel.settings.zone,
        calendar=panel.planning.calendar(),
        now=panel.clock(),
    )
    with suppress(IllegalMove):  # somebody was quicker; the page shows how it stands
        await panel.database.write(decide_it)
    raise web.HTTPSeeOther(f"/qa/calls/{attempt_id}#question")


@requires("qa", "supervisor")
async def audio(request: web.Request) -> web.StreamResponse:
    """The small copy, in pieces as the browser asks for them (A2)."""
    files = await _files(request)
    await _leave_trace(request, "recording.fetched", {"range": request.headers.get("Range", "")})
    try:
        file, kind = await asyncio.to_thread(listen_copy, files.wav, files.listen), "audio/ogg"
    except OSError:
        # No room for the copy: the recording itself is larger, and says the same.
        file, kind = files.wav, "audio/wav"
    return web.FileResponse(file, headers={"Content-Type": kind, "Cache-Control": "private, no-store"})


@requires("qa", "supervisor")
async def early(request: web.Request) -> web.StreamResponse:
    """What was heard on the customer's line before the answer, or instead of one (D3)."""
    panel, attempt_id = request.app[PANEL], request.match_info["attempt"]
    kept = await panel.database.read(lambda conn: early_clip_of(conn, attempt_id))
    path = early_file(panel.recordings_root, kept)
    if path is None:
        raise web.HTTPNotFound
    await _leave_trace(request, "early_clip.fetched", {"range": request.headers.get("Range", "")})
    return web.FileResponse(path, headers={"Content-Type": "audio/wav", "Cache-Control": "private, no-store"})


@requires("qa", "supervisor")
async def peaks(request: web.Request) -> web.StreamResponse:
    """The outline of both channels."""
    files = await _files(request)
    return web.FileResponse(files.peaks, headers={"Content-Type": "application/json"})


@requires("qa", "supervisor")
async def note_play(request: web.Request) -> web.StreamResponse:
    """Somebody listens: who, and from where (X1)."""
    await _files(request)
    try:
        play = Play.model_validate_json(await request.read())
    except ValidationError as error:
        raise web.HTTPBadRequest from error
    await _leave_trace(request, "recording.played", {"second": round(play.second, 1)})
    return web.Response(status=204)


def _second(request: web.Request) -> float | None:
    """The second a link leads to."""
    try:
        second = float(request.query.get("at", ""))
    except ValueError:
        return None
    return second if 0 <= second < 100_000 else None


async def _list(request: web.Request, template: str) -> web.Response:
    panel, query = request.app[PANEL], request.query
    wanted = Filter(
        agent_id=query.get("agent", ""),
        plate="".join(unicodedata.normalize("NFKC", query.get("plate", "")).upper().split()),
        verdict=query.get("verdict", ""),
        all_tries=query.get("tries") == "all",
    )
    number = query.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and 0 < len(number) < 7 else 1
    page = max(page, 1)
    offset, login = (page - 1) * PAGE_SIZE, current_user(request).login

    def read(conn: Connection) -> tuple[list[CallRow], Collection[str], list[Agent], int]:
        hidden = blind_reviews(conn, login)
        rows = calls(conn, wanted, hidden=hidden, limit=PAGE_SIZE + 1, offset=offset)
        return rows, hidden, all_agents(conn), latest_id(conn)

    rows, hidden, agents, position = await panel.database.read(read)
    kept = {name: value for name, value in query.items() if name != "page" and value}
    return render(
        request,
        template,
        calls=rows[:PAGE_SIZE],
        more=len(rows) > PAGE_SIZE,
        page=page,
        address=request.url.with_path("/qa").with_query(kept).path_qs,
        link=lambda to: request.url.with_path("/qa").with_query({**kept, "page": str(to)}).path_qs,
        part=request.url.with_path("/qa/part/calls").path_qs,
        wanted=wanted,
        hidden=hidden,
        agents=agents,
        playbooks={playbook.id: playbook.name for playbook in panel.library},
        feed_position=position,
        words=words,
        outcome_names=OUTCOME,
        heard_names=HEARD,
        disposition_names=DISPOSITION,
        lang=language_of(request),
    )


async def _files(request: web.Request) -> Files:
    panel, attempt_id = request.app[PANEL], request.match_info["attempt"]
    recording = await panel.database.read(lambda conn: recording_of(conn, attempt_id))
    files = sound(panel.recordings_root, recording)
    if files is None:
        raise web.HTTPNotFound
    return files


async def _leave_trace(request: web.Request, kind: str, data: dict[str, object]) -> None:
    panel, user, attempt_id = request.app[PANEL], current_user(request), request.match_info["attempt"]
    now, told = panel.clock(), {"user": user.id, "login": user.login, **data}

    def work(conn: Connection) -> None:
        emit(conn, kind, attempt_id, now, told)

    await panel.database.write(work)
