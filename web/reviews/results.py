"""An agent's own results and his appeals; the second reviewer decides (S4)."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from sqlalchemy import Connection

from dialer.storage.feed import emit, latest_id
from qa.checks.queries import FindingRow, findings_at, findings_of
from qa.reviews import appeals
from qa.reviews import queries as reviews
from qa.reviews.appeals import last_day
from qa.reviews.queries import AppealRow, Clip, ReviewRow, VerdictRow
from qa.reviews.rules import Deadlines
from qa.reviews.scorecards import BadScore, Scorecard
from qa.reviews.service import AGENT, TRAINING, ReviewRefused
from qa.rules.findings import Verdict
from qa.training import queries as trainings
from qa.training.queries import Trained, Training
from recordings.audio import Unreadable, cut
from recordings.queries import Recording, recording_of
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.panel import PANEL
from web.quality.queries import CallRow, call
from web.quality.view import names_of, sound
from web.render import language_of, render, render_form, translator_of
from web.reviews import words
from web.reviews.figures import rule_titles
from web.reviews.site import REVIEWERS, card_of, deadlines_of
from web.reviews.tabs import tabs_of

_LATEST = 30
# Heard around a finding's words, in seconds.
_AROUND = 1.0
_BROKEN = frozenset({Verdict.FAIL, Verdict.UNCLEAR})


@dataclass(frozen=True, slots=True)
class Result:
    """One review as its agent, or who decides his appeal, sees it."""

    review: ReviewRow
    call: CallRow
    card: Scorecard
    verdicts: list[tuple[VerdictRow, FindingRow | None, str]]
    points: dict[str, int | None]
    clips: list[Clip]
    appeal: AppealRow | None
    until: datetime | None

    @property
    def broken(self) -> list[tuple[VerdictRow, FindingRow | None, str]]:
        """The rules that an appeal is about most likely: failed and unclear ones."""
        return [one for one in self.verdicts if one[0].in_force in _BROKEN]

    @property
    def kept(self) -> list[tuple[VerdictRow, FindingRow | None, str]]:
        """All other rules."""
        return [one for one in self.verdicts if one[0].in_force not in _BROKEN]

    def titles(self, language: str) -> dict[str, str]:
        """The names of all that can be appealed against."""
        named = {said.rule_id: title for said, _, title in self.verdicts}
        return named | {item.id: item.title.get(language, item.title["zh"]) for item in self.card.items}


def routes() -> list[web.RouteDef]:
    """The routes of results and appeals."""
    return [
        web.get("/reviews/mine", mine),
        web.post("/reviews/{review:[0-9A-Z]{26}}/appeal", appeal),
        web.get("/reviews/{review:[0-9A-Z]{26}}/heard/{rule}", heard),
        web.get("/reviews/clips/{clip:[0-9A-Z]{26}}", clip_sound),
        web.get("/reviews/appeals", appeals_page),
        web.post("/reviews/{review:[0-9A-Z]{26}}/decide", decide),
        web.get("/reviews/cases", cases),
    ]


@requires(Role.AGENT)
async def mine(request: web.Request) -> web.StreamResponse:
    """My results, newest first."""
    return await _mine(request, "")


async def _mine(request: web.Request, problem: str) -> web.Response:
    panel, user, language = request.app[PANEL], current_user(request), language_of(request)
    agent_id, now, deadlines = user.agent_id or "", panel.clock(), deadlines_of(panel)

    def read(conn: Connection) -> tuple[list[Result], list[Clip], list[tuple[Training, Trained]], int]:
        position = latest_id(conn)
        rows = reviews.of_agent(conn, agent_id, limit=_LATEST)
        clips = reviews.clips_of(conn, purpose=AGENT, agent_id=agent_id)
        results = [r for row in rows if (r := _result(conn, row, language, clips, deadlines))]
        return results, clips, _trained(conn, agent_id), position

    results, clips, trained, position = await panel.database.read(read)
    return render_form(
        request,
        "reviews/mine.html",
        tabs=tabs_of(user.roles),
        here="/reviews/mine",
        results=results,
        clips=clips,
        trained=trained,
        titles=rule_titles(language),
        at=now,
        problem=problem,
        words=words,
        lang=language,
        feed_position=position,
    )


@requires(Role.AGENT)
async def appeal(request: web.Request) -> web.StreamResponse:
    """The agent appeals, with his reason."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    form = await request.post()
    about = [str(one) for one in form.getall("about", [])]
    reason, review_id = str(form.get("reason", ""))[:1000], request.match_info["review"]
    try:
        await panel.database.write(
            lambda conn: appeals.file(
                conn, review_id, user.agent_id or "", about, reason, now, deadlines_of(panel)
            )
        )
    except ReviewRefused as error:
        return await _mine(request, translator_of(request).sentence(str(error)))
    raise web.HTTPSeeOther(f"/reviews/mine#{review_id}")


@requires(*REVIEWERS)
async def appeals_page(request: web.Request) -> web.StreamResponse:
    """Appeals that wait, the first due first; one's own reviews and calls are shown without the decision."""
    return await _appeals(request, "")


async def _appeals(request: web.Request, problem: str) -> web.Response:
    panel, user, language = request.app[PANEL], current_user(request), language_of(request)

    def read(conn: Connection) -> tuple[list[Result], int]:
        position = latest_id(conn)
        rows = [row for one in reviews.open_appeals(conn) if (row := reviews.review(conn, one.review_id))]
        return [r for row in rows if (r := _result(conn, row, language, [], deadlines_of(panel)))], position

    results, position = await panel.database.read(read)
    return render_form(
        request,
        "reviews/appeals.html",
        tabs=tabs_of(user.roles),
        here="/reviews/appeals",
        results=results,
        at=panel.clock(),
        own_agent=user.agent_id,
        problem=problem,
        words=words,
        lang=language,
        feed_position=position,
    )


@requires(*REVIEWERS)
async def decide(request: web.Request) -> web.StreamResponse:
    """The second reviewer's word; what he left as it was is not changed."""
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    form = {name: str(value) for name, value in (await request.post()).items()}
    review_id, granted = request.match_info["review"], form.get("granted") == "yes"

    def work(conn: Connection) -> None:
        row = reviews.review(conn, review_id)
        if row is None:
            raise web.HTTPNotFound
        said, given = reviews.verdicts(conn, review_id), reviews.scores(conn, review_id)
        verdicts = {
            rule: Verdict(new) for rule in said if (new := form.get(f"verdict:{rule}", "")) in set(Verdict)
        }
        points = {
            item: None if new == "na" else int(new)
            for item in given
            if (new := form.get(f"points:{item}", "")) == "na" or (new.isascii() and new.isdigit())
        }
        appeals.decide(
            conn,
            review_id,
            user.login,
            now,
            granted=granted,
            note=form.get("note", "")[:1000],
            verdicts=verdicts if granted else None,
            points=points if granted else None,
            own_agent_id=user.agent_id,
        )

    try:
        await panel.database.write(work)
    except (ReviewRefused, BadScore) as error:
        return await _appeals(request, translator_of(request).sentence(str(error)))
    raise web.HTTPSeeOther("/reviews/appeals")


@requires(*REVIEWERS)
async def cases(request: web.Request) -> web.StreamResponse:
    """Cases worth learning from, to hear (T8)."""
    panel, user, language = request.app[PANEL], current_user(request), language_of(request)

    def read(conn: Connection) -> tuple[list[tuple[Clip, CallRow, str]], int]:
        position, listed = latest_id(conn), []
        for one in reviews.clips_of(conn, purpose=TRAINING):
            row = call(conn, one.attempt_id)
            if row is not None:
                titles = names_of(conn, findings_of(conn, one.attempt_id))
                title = titles.get(one.rule_id or "", {})
                listed.append((one, row, title.get(language) or title.get("zh") or one.rule_id or "—"))
        return listed, position

    listed, position = await panel.database.read(read)
    return render(
        request,
        "reviews/cases.html",
        tabs=tabs_of(user.roles),
        here="/reviews/cases",
        listed=listed,
        words=words,
        lang=language,
        feed_position=position,
    )


@requires(Role.AGENT, *REVIEWERS)
async def heard(request: web.Request) -> web.StreamResponse:
    """What a verdict rests on: a piece of the recording; an agent hears only his own (X1)."""
    panel, user = request.app[PANEL], current_user(request)
    review_id, rule_id = request.match_info["review"], request.match_info["rule"]

    def read(conn: Connection) -> tuple[str, float, float]:
        row = reviews.review(conn, review_id)
        if row is None or not (user.agent_id == row.agent_id or user.roles.intersection(REVIEWERS)):
            raise web.HTTPNotFound
        found = next((one for one in _judged(conn, row) if one.rule_id == rule_id), None)
        if found is None or not found.words or found.start is None or found.end is None:
            raise web.HTTPNotFound
        return row.attempt_id, max(0.0, found.start - _AROUND), found.end + _AROUND

    return await _piece(request, *await panel.database.read(read))


@requires(Role.AGENT, *REVIEWERS)
async def clip_sound(request: web.Request) -> web.StreamResponse:
    """A clip; an agent hears only those that were sent to him (X1)."""
    panel, user, clip_id = request.app[PANEL], current_user(request), request.match_info["clip"]

    def read(conn: Connection) -> Clip | None:
        known = reviews.clips_of(conn, purpose=AGENT, agent_id=user.agent_id) if user.agent_id else []
        if user.roles.intersection(REVIEWERS):
            known += reviews.clips_of(conn, purpose=TRAINING)
        return next((one for one in known if one.id == clip_id), None)

    found = await panel.database.read(read)
    if found is None:
        raise web.HTTPNotFound
    return await _piece(request, found.attempt_id, found.start, found.end)


async def _piece(request: web.Request, attempt_id: str, start: float, end: float) -> web.Response:
    panel, user, now = request.app[PANEL], current_user(request), request.app[PANEL].clock()
    told = {"user": user.id, "login": user.login, "second": round(start, 1)}

    def work(conn: Connection) -> Recording | None:
        emit(conn, "recording.played", attempt_id, now, told)
        return recording_of(conn, attempt_id)

    files = sound(panel.recordings_root, await panel.database.write(work))
    if files is None:
        raise web.HTTPNotFound
    try:
        data = await asyncio.to_thread(cut, files.wav, start, end)
    except (OSError, Unreadable, ValueError) as error:
        raise web.HTTPNotFound from error
    return web.Response(body=data, content_type="audio/wav", headers={"Cache-Control": "private, no-store"})


def _judged(conn: Connection, row: ReviewRow) -> list[FindingRow]:
    """What the machine had found when the review was submitted: its verdicts are about that."""
    return findings_at(conn, row.attempt_id, row.submitted_at) if row.submitted_at else []


def _trained(conn: Connection, agent_id: str) -> list[tuple[Training, Trained]]:
    held = trainings.of_agent(conn, agent_id)
    there = trainings.trained(conn, [one.id for one in held])
    return [(one, mine) for one in held for mine in there[one.id] if mine.agent_id == agent_id]


def _result(
    conn: Connection, row: ReviewRow, language: str, clips: list[Clip], deadlines: Deadlines
) -> Result | None:
    talked = call(conn, row.attempt_id)
    if talked is None:
        return None
    findings = _judged(conn, row)
    names, by_rule = names_of(conn, findings), {one.rule_id: one for one in findings}
    worst = {Verdict.FAIL: 0, Verdict.UNCLEAR: 1, Verdict.PASS: 2, Verdict.NA: 3}
    said = sorted(reviews.verdicts(conn, row.id).values(), key=lambda one: worst[one.in_force])
    verdicts = []
    for one in said:
        title = names.get(one.rule_id, {})
        verdicts.append(
            (one, by_rule.get(one.rule_id), title.get(language) or title.get("zh") or one.rule_id)
        )
    return Result(
        row,
        talked,
        card_of(row),
        verdicts,
        reviews.scores(conn, row.id),
        [one for one in clips if one.attempt_id == row.attempt_id],
        reviews.appeal_of(conn, row.id),
        last_day(row, deadlines),
    )
