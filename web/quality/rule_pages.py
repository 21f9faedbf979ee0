"""`/quality/rules`: the rule sets, and changing one: write, try on past calls, publish (Q2, T7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiohttp import web
from sqlalchemy import Connection

from dialer.machine import IllegalMove
from dialer.playbooks.reading import Problem
from dialer.playbooks.service import library_of
from qa.changing import queries, replaying, service
from qa.changing.library import Current, current, rule_library
from qa.changing.queries import DraftRow, FlipRow, ReplayRow, VersionRow
from qa.changing.reading import BadRules
from qa.changing.rules import LEAST_CALLS, Refusal, Unproven, by_rule
from qa.changing.states import DraftState, ReplayState
from qa.rules.schema import RuleSet, RuleSetError
from web.auth.guard import current_user, requires
from web.auth.queries import User, count_with_role
from web.auth.rules import Role
from web.days import typed_day
from web.i18n import N_
from web.panel import PANEL, Panel
from web.quality import rule_words as words
from web.quality.rule_diff import changed
from web.quality.words import VERDICT_LOOK
from web.render import language_of, render, translator_of

READERS = (Role.QA, Role.QA_LEAD, Role.SUPERVISOR)
_LIBRARY = rule_library()
# Past calls tried where nobody says otherwise, and examples shown of each change.
_DAYS, _MOST, _SHOWN = 30, 2000, 8
_LONGEST_NOTE = 1000
_STALE = N_("The page was out of date: look again.")
_MEND = N_("Mend what is wrong in the draft first.")
_NO_NOTE = N_("Say what was changed, and why.")


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the page of one rule set shows."""

    in_force: Current | None
    versions: list[VersionRow]
    draft: DraftRow | None
    offer: DraftRow | None
    replay: ReplayRow | None
    # Why the latest replay, if it came to its end, is not enough to publish by it.
    unproven: Unproven | None
    flips: list[FlipRow]
    leads: int

    @property
    def newest(self) -> int:
        """The newest version, whether it judges already or not."""
        return max(
            (one.version for one in self.versions), default=self.in_force.version if self.in_force else 0
        )


class _Refused(Exception):
    """The step cannot be taken; the message, a message id, says why."""


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [
        web.get("/quality/rules", list_page),
        web.get("/quality/rules/{rule_set}", show_page),
        web.get("/quality/rules/{rule_set}/part/replay", replay_part),
        web.post("/quality/rules/{rule_set}", act),
    ]


@requires(*READERS)
async def list_page(request: web.Request) -> web.StreamResponse:
    """Every rule set with the version in force, and what is being written."""
    panel = request.app[PANEL]

    def work(conn: Connection) -> tuple[list[Current], list[DraftRow]]:
        names = sorted({*_LIBRARY.ids(), *queries.rule_sets(conn)})
        found = (_current(conn, name, panel.clock()) for name in names)
        return [one for one in found if one is not None], queries.drafts_of(conn)

    rows, drafts = await panel.database.read(work)
    names = {one.rules: one.name.in_(language_of(request)) for one in panel.library}
    by_state = {(one.rule_set, one.state): one for one in reversed(drafts)}
    return render(request, "rules/list.html", rows=rows, names=names, drafts=by_state, states=DraftState)


@requires(*READERS)
async def show_page(request: web.Request) -> web.StreamResponse:
    """One rule set: its versions, the draft with what is wrong in it, what it would change."""
    return await _page(request)


@requires(*READERS)
async def replay_part(request: web.Request) -> web.StreamResponse:
    """How far the replay is, and what would flip."""
    shown = await _load(request)
    return render(request, "rules/replay.html", **_context(request, shown))


@requires(*READERS)
async def act(request: web.Request) -> web.StreamResponse:
    """Take a step: save, try, stop, go on, take an offer, discard, take over, publish, check again."""
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    panel, user, rule_set = request.app[PANEL], current_user(request), request.match_info["rule_set"]
    now = panel.clock()

    def work(conn: Connection) -> str:
        return _step(conn, panel, user, rule_set, form, now)

    try:
        done = await panel.database.write(work)
    except _Refused as error:
        return await _page(request, refused=str(error), typed=form, status=409)
    except service.CannotPublish as error:
        return await _page(request, refused=words.REFUSED[error.refusal], typed=form, status=409)
    except service.DraftConflict as error:
        return await _page(request, conflict=str(error), typed=form, status=409)
    except (IllegalMove, service.NoRules):
        return await _page(request, refused=_STALE, typed=form, status=409)
    except (BadRules, RuleSetError):
        return await _page(request, refused=_MEND, typed=form, status=422)
    raise web.HTTPSeeOther(f"/quality/rules/{rule_set}?done={done}#{_PLACE.get(done, 'draft')}")


_PLACE = {"published": "versions", "rechecked": "versions", "replaying": "replay"}


def _step(
    conn: Connection, panel: Panel, user: User, rule_set: str, form: Mapping[str, str], now: datetime
) -> str:
    """Take it; give the word for what was done."""
    action, draft_id, revision = form.get("action", ""), form.get("draft", ""), _number(form.get("revision"))
    by = user.login
    match action:
        case "save" | "replay":
            return _write(conn, panel, by, rule_set, form, now)
        case "stop":
            replaying.stop(conn, form.get("replay", ""), now)
            return "replaying"
        case "go_on":
            replaying.go_on(conn, form.get("replay", ""), now)
            return "replaying"
        case "take":
            service.take_offer(conn, draft_id, now)
            return "taken"
        case "discard":
            service.discard_draft(conn, draft_id, now)
            return "discarded"
        case "rebase":
            service.rebase(conn, draft_id, revision or 0, now)
            return "saved"
        case "publish":
            note = form.get("note", "").strip()[:_LONGEST_NOTE]
            if not note:
                raise _Refused(_NO_NOTE)
            service.publish(
                conn,
                draft_id,
                by=by,
                has_right=Role.QA_LEAD in user.roles,
                other_leads=count_with_role(conn, Role.QA_LEAD, but=by),
                four_eyes=panel.changing.four_eyes,
                note=note,
                reason=form.get("reason", "")[:_LONGEST_NOTE],
                effective_from=_day(panel, form.get("from", "")),
                script_from=_number(form.get("script")),
                now=now,
            )
            return "published"
        case "recheck":
            if Role.QA_LEAD not in user.roles:
                raise _Refused(words.REFUSED[Refusal.NO_RIGHT])
            days = _number(form.get("days")) or 1
            since = _midnight(panel, now, days)
            service.recheck(conn, rule_set, since=since, limit=_MOST, by=by, now=now)
            return "rechecked"
        case _:
            raise web.HTTPBadRequest


def _write(
    conn: Connection, panel: Panel, by: str, rule_set: str, form: Mapping[str, str], now: datetime
) -> str:
    """Save the text; and try it on past calls, where that was asked for and nothing is wrong in it."""
    text = form.get("yaml", "").replace("\r\n", "\n")
    draft = service.save_draft(
        conn, _LIBRARY, rule_set, text, by=by, now=now, revision=_number(form.get("revision")) or 0
    )
    if form["action"] == "save":
        return "saved"
    if service.problems_of(text, rule_set):
        return "wrong"
    days = _number(form.get("days"))
    replaying.begin(
        conn,
        _LIBRARY,
        library_of(conn, panel.library),
        rule_set,
        text,
        draft=draft,
        since=_midnight(panel, now, days) if days else None,
        most=_number(form.get("most")),
        by=by,
        now=now,
    )
    return "replaying"


async def _page(
    request: web.Request,
    *,
    refused: str = "",
    conflict: str = "",
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    shown = await _load(request)
    typed = typed or {}
    before = shown.draft.yaml if shown.draft else shown.in_force.yaml if shown.in_force else ""
    text = typed.get("yaml", before)
    problems: tuple[Problem, ...] = ()
    if text != before or shown.draft is not None:
        problems = service.problems_of(text.replace("\r\n", "\n"), request.match_info["rule_set"])
    translate = translator_of(request)
    response = render(
        request,
        "rules/show.html",
        text=text,
        typed=typed,
        refused=refused,
        conflict=translate.told(conflict, words.CONFLICTS),
        changed=_changed(shown),
        problems=problems,
        said=lambda problem: words.said(problem, translate),
        done=request.query.get("done", ""),
        days=_DAYS,
        most=_MOST,
        **_context(request, shown),
    )
    response.set_status(status)
    return response


def _changed(shown: Shown) -> list[tuple[str, str]]:
    """What another version has changed since the draft was begun."""
    if shown.draft is None or shown.draft.based_on == shown.newest:
        return []
    texts = {one.version: one.yaml for one in shown.versions}
    return changed(texts.get(shown.draft.based_on, ""), texts.get(shown.newest, ""))


async def _load(request: web.Request) -> Shown:
    panel, rule_set = request.app[PANEL], request.match_info["rule_set"]
    login = current_user(request).login

    def work(conn: Connection) -> Shown:
        drafts = queries.drafts_of(conn, rule_set)
        draft = next((one for one in drafts if one.state is DraftState.OPEN), None)
        replays = queries.replays_of(conn, draft.id) if draft else []
        replay = replays[0] if replays else None
        return Shown(
            in_force=_current(conn, rule_set, panel.clock()),
            versions=queries.versions_of(conn, rule_set)[::-1],
            draft=draft,
            offer=next((one for one in drafts if one.state is DraftState.OFFERED), None),
            replay=replay,
            unproven=_unproven(conn, draft, replay, panel.clock()) if draft and replay else None,
            flips=queries.flips_of(conn, replay.id, limit=2000) if replay else [],
            leads=count_with_role(conn, Role.QA_LEAD, but=login),
        )

    shown = await panel.database.read(work)
    if shown.in_force is None and shown.draft is None:
        raise web.HTTPNotFound
    return shown


def _unproven(conn: Connection, draft: DraftRow, replay: ReplayRow, now: datetime) -> Unproven | None:
    if replay.state is not ReplayState.DONE:
        return None
    why = service.unproven_of(conn, draft, replay, now)
    return why if why is not None and service.replayed(conn, draft, now) is None else None


def _context(request: web.Request, shown: Shown) -> dict[str, object]:
    user, panel = current_user(request), request.app[PANEL]
    language, rule_set = language_of(request), request.match_info["rule_set"]
    names = {one.rules: one.name.in_(language) for one in panel.library}
    examples: dict[tuple[str, str, str], list[FlipRow]] = {}
    for flip in shown.flips:
        some = examples.setdefault((flip.rule_id, flip.before, flip.after), [])
        if len(some) < _SHOWN:
            some.append(flip)
    draft = shown.draft
    own = draft is not None and user.login in draft.authors
    return {
        "shown": shown,
        "rule_set": rule_set,
        "name": names.get(rule_set, rule_set),
        "titles": _titles(shown, language),
        "changes": by_rule(shown.replay.counts) if shown.replay else (),
        "examples": examples,
        "words": words,
        "least_calls": LEAST_CALLS,
        "look": VERDICT_LOOK,
        "may_publish": Role.QA_LEAD in user.roles,
        "other_must": own and panel.changing.four_eyes and shown.leads > 0,
    }


def _titles(shown: Shown, language: str) -> dict[str, str]:
    sets = [shown.in_force.rules] if shown.in_force else []
    if shown.replay:
        sets.append(RuleSet.model_validate(shown.replay.rules))
    return {rule.id: rule.title.get(language) or rule.title["zh"] for one in sets for rule in one.rules}


def _current(conn: Connection, rule_set: str, now: datetime) -> Current | None:
    try:
        return current(conn, _LIBRARY, rule_set, now)
    except RuleSetError:
        return None  # the alarm of the check says what is wrong


def _number(typed: str | None) -> int | None:
    """A whole number above 0 that was typed, None for anything else."""
    known = typed is not None and typed.isascii() and typed.isdecimal() and len(typed) < 9
    return int(typed) or None if known and typed else None


def _midnight(panel: Panel, now: datetime, days: int) -> datetime:
    """The beginning of the day so many days ago: the same all day, so that a replay can go on."""
    local = now.astimezone(panel.settings.zone) - timedelta(days=days)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _day(panel: Panel, typed: str) -> datetime | None:
    try:
        day = typed_day(typed)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=panel.settings.zone)
