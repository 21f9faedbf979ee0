"""`/playbooks/{id}/edit`: change a playbook, see what is wrong and what it would do, then save (T7).

Nothing is kept between two requests: the form carries the text, and each field what stood in it before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from aiohttp import web
from sqlalchemy import Connection

from dialer.planning.changing.publishing import Preview, Published, preview, publish
from dialer.playbooks.checking import problems
from dialer.playbooks.editing import with_values
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.library import Library, LiveLibrary
from dialer.playbooks.reading import BadPlaybook, Problem, Source, read_text
from dialer.playbooks.service import OpenOnes, StaleVersion, library_of
from qa.changing.library import rule_library
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.days import typed_day
from web.panel import PANEL, Panel
from web.plan.words import LEFT
from web.playbooks import fields, words
from web.playbooks.pages import common, in_force
from web.render import language_of, render, translator_of


@dataclass(frozen=True, slots=True)
class Draft:
    """A playbook as a supervisor is changing it. `playbook` None: its text cannot be read."""

    text: str
    playbook: Playbook | None
    problems: tuple[Problem, ...]
    groups: tuple[fields.Group, ...]

    @property
    def right(self) -> bool:
        """Whether it could be saved."""
        return self.playbook is not None and not self.problems


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [
        web.get("/playbooks/{playbook}/edit", edit_page),
        web.post("/playbooks/{playbook}/edit", act),
        web.get("/playbooks/{playbook}/copy", edit_page),
        web.post("/playbooks/{playbook}/copy", act),
    ]


@requires(Role.SUPERVISOR, Role.ADMIN)
async def edit_page(request: web.Request) -> web.StreamResponse:
    """The editor with the version in force, or with a copy of it that becomes a playbook of its own."""
    library = await _library(request)
    current = in_force(library, request.match_info["playbook"])
    text = current.text
    if _copying(request):
        text = with_values(text, {("id",): f"{current.id}-copy"[:60], ("version",): 1})
    groups = fields.groups(current, language_of(request))
    return _page(request, library, Draft(text, current, (), groups), based_on=current.version)


@requires(Role.SUPERVISOR, Role.ADMIN)
async def act(request: web.Request) -> web.StreamResponse:
    """Check what was changed and show what it would do; or save it."""
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    library = await _library(request)
    current = in_force(library, request.match_info["playbook"])
    based_on = int(form["based_on"]) if form.get("based_on", "").isdecimal() else current.version
    base = library.get(current.id, based_on)
    rule_sets = await request.app[PANEL].database.read(rule_library().known_ids)
    draft = _draft(form, library, rule_sets, base, language_of(request), copying=_copying(request))
    if draft.playbook is None or not draft.right:
        return _page(request, library, draft, based_on=based_on, status=422)
    day = _day(request, form.get("day", ""))
    saving, chosen = form.get("action") == "save", form.get("open_ones", "")
    if saving and chosen in set(OpenOnes):
        return await _save(request, draft, OpenOnes(chosen), based_on, day)
    panel, changed = request.app[PANEL], draft.playbook
    seen = await panel.database.read(
        lambda conn: preview(conn, library, changed, panel.planning, panel.settings.zone, day, panel.clock())
    )
    status = 422 if saving else 200
    return _page(request, library, draft, based_on=based_on, seen=seen, day=day, unsaid=saving, status=status)


async def _save(
    request: web.Request, draft: Draft, open_ones: OpenOnes, based_on: int, day: date
) -> web.StreamResponse:
    panel, now, user = request.app[PANEL], request.app[PANEL].clock(), current_user(request)

    def work(conn: Connection) -> tuple[Published, Library]:
        done = publish(
            conn,
            panel.library,
            draft.text,
            rule_sets=rule_library().known_ids(conn),
            by=user.login,
            open_ones=open_ones,
            zone=panel.settings.zone,
            calendar=panel.planning.calendar(),
            now=now,
            based_on=None if _copying(request) else based_on,
        )
        return done, library_of(conn, panel.library)

    try:
        done, library = await panel.database.write(work)
    except StaleVersion:
        stale = replace(draft, problems=(Problem((), "somebody else saved a version meanwhile"),))
        return _page(request, await _library(request), stale, based_on=based_on, day=day, status=409)
    if isinstance(panel.library, LiveLibrary):
        panel.library.become(library)
    raise web.HTTPSeeOther(f"/playbooks/{done.playbook.id}?published=1&moved={done.moved}")


def _draft(
    form: Mapping[str, str],
    library: Library,
    rule_sets: frozenset[str],
    base: Playbook,
    language: str,
    *,
    copying: bool,
) -> Draft:
    """What the form says: its text, with what was changed in its fields."""
    text = form.get("yaml", base.text).replace("\r\n", "\n")
    shown = fields.groups(_readable(text) or base, language)
    changes, wrong = fields.changes_of([one for group in shown for one in group.fields], form)
    playbook: Playbook | None = None
    try:
        changed = with_values(text, changes)
        playbook = read_text(changed, "playbook")
        text = changed
        wrong += problems(playbook, library, rule_sets)
        wrong += _wrong_id(playbook, base, library, copying=copying)
    except BadPlaybook as error:
        wrong += error.problems
    except ValueError as error:
        wrong += (Problem((), str(error.args[0])),)
    if playbook is not None and not wrong:
        return Draft(text, playbook, (), fields.groups(playbook, language))
    # What was typed stays in its box, and the text as it was: nothing is lost until it is right.
    typed = tuple(
        replace(
            group, fields=tuple(replace(one, value=form.get(one.name, one.value)) for one in group.fields)
        )
        for group in shown
    )
    return Draft(form.get("yaml", base.text).replace("\r\n", "\n"), playbook, wrong, typed)


def _wrong_id(playbook: Playbook, base: Playbook, library: Library, *, copying: bool) -> tuple[Problem, ...]:
    line = Source(playbook.text).line(("id",))
    if copying and library.find(playbook.id) is not None:
        said = f"there is a playbook {playbook.id} already: choose another id"
        return (Problem(("id",), said, line=line),)
    if not copying and playbook.id != base.id:
        said = f"the id must stay {base.id}: another id is another playbook"
        return (Problem(("id",), said, line=line),)
    return ()


def _copying(request: web.Request) -> bool:
    return request.path.endswith("/copy")


def _readable(text: str) -> Playbook | None:
    try:
        return read_text(text, "playbook")
    except BadPlaybook:
        return None


def _page(
    request: web.Request,
    library: Library,
    draft: Draft,
    *,
    based_on: int,
    seen: Preview | None = None,
    day: date | None = None,
    unsaid: bool = False,
    status: int = 200,
) -> web.Response:
    text = translator_of(request)
    current = in_force(library, request.match_info["playbook"])
    base = library.get(current.id, based_on)
    at_field, elsewhere = _placed(draft)
    was = {
        one.name: one.value
        for group in fields.groups(_readable(draft.text) or base, text.language)
        for one in group.fields
    }
    response = render(
        request,
        "playbooks/edit.html",
        draft=draft,
        current=current,
        base=base,
        based_on=based_on,
        copying=_copying(request),
        was=was,
        at_field=at_field,
        labels={one.name: one for group in draft.groups for one in group.fields},
        elsewhere=elsewhere,
        said=lambda problem: words.said(problem, text),
        advised=lambda problem: words.advised(problem, text),
        seen=seen,
        day=day or _yesterday(request),
        today=_yesterday(request) + timedelta(days=1),
        unsaid=unsaid,
        left_out=_left_out(seen),
        open_hours=(
            words.minutes_open(current.windows),
            words.minutes_open((draft.playbook or base).windows),
        ),
        **common(request),
    )
    response.set_status(status)
    return response


def _placed(draft: Draft) -> tuple[dict[str, list[Problem]], list[Problem]]:
    """Problems by the field they belong to, and those that only the text shows."""
    names = {one.path: one.name for group in draft.groups for one in group.fields}
    at_field: dict[str, list[Problem]] = {}
    elsewhere: list[Problem] = []
    for problem in draft.problems:
        known = next(
            (names[problem.path[:n]] for n in range(len(problem.path), 0, -1) if problem.path[:n] in names),
            None,
        )
        if known is None:
            elsewhere.append(problem)
        else:
            at_field.setdefault(known, []).append(problem)
    return at_field, elsewhere


def _left_out(seen: Preview | None) -> list[tuple[str, str, str]]:
    """Why some of the day would not be called: (message id, in force, after the change)."""
    if seen is None:
        return []
    before = {} if seen.before is None else seen.before.excluded
    reasons = [*before, *(reason for reason in seen.after.excluded if reason not in before)]
    none = "–" if seen.before is None else "0"
    return [
        (LEFT.get(reason, reason), str(before.get(reason, none)), str(seen.after.excluded.get(reason, 0)))
        for reason in reasons
    ]


async def _library(request: web.Request) -> Library:
    panel = request.app[PANEL]
    return await panel.database.read(lambda conn: library_of(conn, panel.library))


def _yesterday(request: web.Request) -> date:
    panel = request.app[PANEL]
    return panel.clock().astimezone(panel.settings.zone).date() - timedelta(days=1)


def _day(request: web.Request, typed: str) -> date:
    try:
        return typed_day(typed)
    except ValueError:
        return _yesterday(request)
