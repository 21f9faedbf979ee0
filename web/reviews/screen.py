"""The review screen and what its keys do (S2, S4)."""

from collections.abc import Mapping
from typing import Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection

from dialer.storage.feed import emit, latest_id
from qa.corrections.service import CannotCorrect, correct
from qa.reviews import queries as reviews
from qa.reviews import service
from qa.reviews.queries import ReviewRow
from qa.reviews.scorecards import BadScore, score
from qa.reviews.service import NotFinished, ReviewRefused, StaleDraft
from qa.transcripts.queries import segments_of
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.i18n import N_, Translator
from web.panel import PANEL
from web.render import language_of, render, render_text, translator_of
from web.reviews import words
from web.reviews.loading import asked_of, changed, load_screen
from web.reviews.site import REVIEWERS, card_of
from web.reviews.view import Screen

# Heard before and after the words of a piece of evidence, in seconds.
_MARGIN = 0.3

Body = TypeVar("Body", bound=BaseModel)


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Change(_Sent):
    """What one key changes in the draft."""

    revision: int
    kind: Literal["verdict", "reason", "verdict_note", "score", "note"]
    id: str = Field(default="", max_length=60)
    verdict: str = ""
    reason: str = ""
    points: int | None = None
    note: str = Field(default="", max_length=1000)
    # Of this press of a key, so that it counts once though its answer was lost and it is sent again.
    key: str = Field(default="", max_length=40)

    @property
    def value(self) -> str | int | None:
        """What the draft gets."""
        return {"verdict": self.verdict, "reason": self.reason, "score": self.points}.get(
            self.kind, self.note
        )


class WordBody(_Sent):
    """A word put right."""

    revision: int
    segment: int = Field(ge=0)
    word: int = Field(ge=0)
    # The word that stands there, as the page shows it.
    heard: str = Field(max_length=200)
    text: str = Field(min_length=1, max_length=60)


class ClipBody(_Sent):
    """A piece of the call for somebody."""

    kind: Literal["agent", "training"]
    rule: str = Field(default="", max_length=40)
    start: float = Field(ge=0)
    end: float = Field(gt=0)


class SubmitBody(_Sent):
    """The revision that was looked at last."""

    revision: int


def routes() -> list[web.RouteDef]:
    """The routes of one review."""
    return [
        web.get("/reviews/{review:[0-9A-Z]{26}}", page),
        web.get("/reviews/{review:[0-9A-Z]{26}}/part", part),
        web.post("/reviews/{review:[0-9A-Z]{26}}/hold", hold),
        web.post("/reviews/{review:[0-9A-Z]{26}}/draft", save),
        web.post("/reviews/{review:[0-9A-Z]{26}}/words", put_right),
        web.post("/reviews/{review:[0-9A-Z]{26}}/clips", clip),
        web.post("/reviews/{review:[0-9A-Z]{26}}/submit", submit),
    ]


@requires(*REVIEWERS)
async def page(request: web.Request) -> web.StreamResponse:
    """Take the review and show its screen."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    review_id, text = request.match_info["review"], translator_of(request)

    def work(conn: Connection) -> tuple[Screen | None, int]:
        position = latest_id(conn)
        row = service.claim(conn, review_id, user.login, now, own_agent_id=user.agent_id)
        told = {"user": user.id, "login": user.login}
        emit(conn, "call.viewed", row.attempt_id, now, told)
        return load_screen(conn, panel, row, user, text), position

    try:
        shown, position = await panel.database.write(work)
    except ReviewRefused as error:
        return _refused_page(request, text.sentence(str(error)))
    if shown is None:
        raise web.HTTPNotFound
    playbook = panel.library.get(shown.call.playbook, shown.call.playbook_version)
    language = language_of(request)
    return render(
        request,
        "reviews/screen.html",
        **_context(request, shown),
        call=shown.call,
        playbook=playbook.name.in_(language),
        may_set_aside=bool(user.roles.intersection({Role.QA_LEAD, Role.SUPERVISOR})),
        feed_position=position,
    )


@requires(*REVIEWERS)
async def part(request: web.Request) -> web.StreamResponse:
    """Rules, scorecard and words as they are now, after the call was judged anew."""
    panel, user, text = request.app[PANEL], current_user(request), translator_of(request)
    shown = await panel.database.read(
        lambda conn: load_screen(conn, panel, _mine(conn, request, user.login), user, text)
    )
    return _answer(request, shown)


@requires(*REVIEWERS)
async def hold(request: web.Request) -> web.StreamResponse:
    """He listens: a long call is held as long as it plays."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()

    def work(conn: Connection) -> None:
        row = _mine(conn, request, user.login)
        service.claim(conn, row.id, user.login, now, own_agent_id=user.agent_id)

    try:
        await panel.database.write(work)
    except ReviewRefused as error:
        return _refused(request, error)
    return web.json_response({})


@requires(*REVIEWERS)
async def save(request: web.Request) -> web.StreamResponse:
    """Keep what one key changed."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    body, text = await _read(request, Change), translator_of(request)

    def work(conn: Connection) -> Screen | None:
        row = _mine(conn, request, user.login)
        if body.key and body.key == row.draft.get("last"):
            return load_screen(conn, panel, row, user, text)
        try:
            stands = body.id in service.standing(conn, row)
            draft = changed(row.draft, body.kind, body.id, body.value, stands=stands)
        except ValueError as error:
            raise web.HTTPBadRequest from error
        score(card_of(row), service.points_of(draft))
        service.save_draft(conn, row.id, user.login, {**draft, "last": body.key}, body.revision, now)
        return load_screen(conn, panel, _mine(conn, request, user.login), user, text)

    try:
        shown = await panel.database.write(work)
    except (ReviewRefused, BadScore) as error:
        return _refused(request, error)
    return _answer(request, shown)


@requires(*REVIEWERS)
async def put_right(request: web.Request) -> web.StreamResponse:
    """Put a word right; the check follows by the event row, and the page hears of it."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    body, text = await _read(request, WordBody), translator_of(request)

    def work(conn: Connection) -> Screen | None:
        row = _mine(conn, request, user.login)
        correct(
            conn,
            row.attempt_id,
            segments_of(conn, row.attempt_id),
            body.segment,
            body.word,
            heard=body.heard,
            said=body.text,
            by=user.login,
            now=now,
        )
        return load_screen(conn, panel, row, user, text)

    try:
        shown = await panel.database.write(work)
    except (ReviewRefused, CannotCorrect) as error:
        return _refused(request, error)
    return _answer(request, shown)


@requires(*REVIEWERS)
async def clip(request: web.Request) -> web.StreamResponse:
    """A piece for the agent or for training (T8)."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    body, text = await _read(request, ClipBody), translator_of(request)

    def work(conn: Connection) -> None:
        row = _mine(conn, request, user.login)
        service.send_clip(
            conn,
            row.attempt_id,
            body.rule or None,
            body.start,
            body.end,
            purpose=body.kind,
            note="",
            by=user.login,
            now=now,
        )

    try:
        await panel.database.write(work)
    except ReviewRefused as error:
        return _refused(request, error)
    said = N_("The agent can hear the clip now.") if body.kind == "agent" else N_("Kept as a training case.")
    return web.json_response({"said": text(said)})


@requires(*REVIEWERS)
async def submit(request: web.Request) -> web.StreamResponse:
    """The review is done; where to go on."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    body, text = await _read(request, SubmitBody), translator_of(request)

    def work(conn: Connection) -> str:
        row = _mine(conn, request, user.login)
        if row.revision != body.revision:
            raise StaleDraft("This review was saved in another tab or by another person: load it anew.")
        asked = [rule.id for rule in asked_of(conn, panel.library, row)]
        service.submit(conn, row.id, user.login, now, asked=asked)
        waiting = reviews.open_for(conn, user.login, user.agent_id, limit=1)
        return f"/reviews/{waiting[0].id}" if waiting else "/reviews"

    try:
        following = await panel.database.write(work)
    except NotFinished as error:
        return web.json_response({"error": _lacking(text, error.lacks)}, status=422)
    except (ReviewRefused, BadScore) as error:
        return _refused(request, error)
    return web.json_response({"next": following})


def _lacking(text: Translator, lacks: Mapping[str, str]) -> str:
    reasons = sum(lack == "reason" for lack in lacks.values())
    said = []
    if waiting := len(lacks) - reasons:
        said.append(text("{n} lines still wait for you: the first of them is shown.", n=waiting))
    if reasons:
        said.append(text("Without a reason: {n}; choose why (1–7).", n=reasons))
    return " ".join(said)


def _mine(conn: Connection, request: web.Request, login: str) -> ReviewRow:
    row = reviews.review(conn, request.match_info["review"])
    if row is None:
        raise web.HTTPNotFound
    if row.reviewer != login:
        raise web.HTTPForbidden
    return row


async def _read(request: web.Request, kind: type[Body]) -> Body:
    try:
        return kind.model_validate_json(await request.read())
    except ValidationError as error:
        raise web.HTTPBadRequest from error


def _context(request: web.Request, shown: Screen) -> dict[str, object]:
    return {"screen": shown, "words": words, "margin": _MARGIN, "lang": language_of(request)}


def _answer(request: web.Request, shown: Screen | None) -> web.Response:
    if shown is None:
        raise web.HTTPNotFound
    context = _context(request, shown)
    side = render_text(request, "reviews/side.html", **context)
    turns = render_text(request, "reviews/turns.html", **context)
    return web.json_response({"revision": shown.revision, "side": side, "turns": turns})


def _refused(request: web.Request, error: Exception) -> web.Response:
    status = 409 if isinstance(error, StaleDraft) else 422
    return web.json_response({"error": translator_of(request).sentence(str(error))}, status=status)


def _refused_page(request: web.Request, sentence: str) -> web.Response:
    shown = render(request, "error.html", sentence=sentence, status_code=409)
    shown.set_status(409)
    return shown
