"""`dialer rules`: the rule sets, their drafts, what a draft would change in past calls, and publishing it."""

import getpass
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import Connection

from dialer.app.cli.common import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    console,
    fail,
    settings_of,
    show,
    with_database,
)
from dialer.app.cli.scoring import score_labels
from dialer.app.settings import Settings
from dialer.clock import system_clock
from dialer.machine import IllegalMove
from dialer.playbooks.library import shipped_library
from dialer.playbooks.service import library_of
from dialer.storage.database import Database
from qa.changing import queries, replaying, service
from qa.changing.library import Current, current, rule_library
from qa.changing.queries import DraftRow, FlipRow, ReplayRow, VersionRow
from qa.changing.reading import BadRules
from qa.changing.replaying import Replayer
from qa.changing.rules import by_rule
from qa.changing.states import DraftState
from qa.rules.schema import RuleSetError
from qa.speech.executors import place
from web.auth.queries import count_with_role
from web.auth.rules import Role

T = TypeVar("T")

app = typer.Typer(
    help="What must and must not be said: list, change, replay, publish, score.", no_args_is_help=True
)
app.command("score")(score_labels)

_REPLAY_COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
_SETS_SHOWN = 3

RuleSetId = Annotated[str, typer.Argument(help="The rule set's id, as insurance-new-policy.")]
By = Annotated[str, typer.Option("--by", help="Who does it; default: the user of this machine.")]
Since = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only calls since this day.")]


@app.command("list")
def list_sets(data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Every rule set: the version in force, how many rules, and whether a draft is open or offered."""

    def work(conn: Connection) -> list[dict[str, Any]]:
        library, now = rule_library(), system_clock()
        drafts = queries.drafts_of(conn)
        rows = []
        for rule_set in sorted({*library.ids(), *queries.rule_sets(conn)}):
            found = current(conn, library, rule_set, now)
            mine = [one for one in drafts if one.rule_set == rule_set]
            states = {one.state: one.number for one in reversed(mine)}
            rows.append(
                {
                    "id": rule_set,
                    "version": found.version if found else None,
                    "rules": len(found.rules.rules) if found else 0,
                    "approved_by": found.row.approved_by if found and found.row else "",
                    "draft": states.get(DraftState.OPEN),
                    "offered": states.get(DraftState.OFFERED),
                }
            )
        return rows

    rows = _read(settings_of(data), work)
    if as_json:
        show(rows, True, "")
        return
    table = Table(box=None)
    for heading in ("id", "version", "rules", "approved by", "draft", "offered"):
        table.add_column(heading)
    for row in rows:
        values = [row[name] for name in ("id", "version", "rules", "approved_by", "draft", "offered")]
        table.add_row(*("" if value is None else str(value) for value in values))
    console.print(table)


@app.command("show")
def show_set(
    rule_set: RuleSetId,
    version: Annotated[int | None, typer.Option(help="A version; left out: the one in force.")] = None,
    draft: Annotated[int | None, typer.Option(help="A draft, by its number.")] = None,
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """A rule set as it is written; with --json all its versions and drafts."""

    def work(conn: Connection) -> tuple[list[VersionRow], list[DraftRow], Current | None]:
        now_in_force = current(conn, rule_library(), rule_set, system_clock())
        return queries.versions_of(conn, rule_set), queries.drafts_of(conn, rule_set), now_in_force

    versions, drafts, in_force = _read(settings_of(data), work)
    if in_force is None and not drafts:
        fail(f"there is no rule set {rule_set}; `dialer rules list` names those that are")
    if as_json:
        told = [_told(one) for one in versions]
        now = in_force.version if in_force else None
        show(
            {"id": rule_set, "in_force": now, "versions": told, "drafts": [_told(d) for d in drafts]},
            True,
            "",
        )
        return
    texts = {one.version: one.yaml for one in versions}
    if draft is not None:
        found = next((one.yaml for one in drafts if one.number == draft), None)
    elif version is not None:
        found = texts.get(version)
    else:
        found = in_force.yaml if in_force else drafts[0].yaml
    if found is None:
        known = ", ".join(map(str, texts)) or "none"
        fail(f"there is no such version or draft of {rule_set}; known versions are: {known}")
    print(found)


@app.command("draft")
def draft_command(
    rule_set: RuleSetId,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The changed rules (YAML).")],
    by: By = "",
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Keep a file as the open draft of its rule set; what is wrong in it is said with its line."""
    text = file.read_text("utf-8")
    name = by or getpass.getuser()

    def work(conn: Connection) -> DraftRow:
        return service.save_draft(conn, rule_library(), rule_set, text, by=name, now=system_clock())

    kept = _write(settings_of(data), work)
    problems = service.problems_of(text, rule_set)
    for one in problems:
        advice = f" [dim]{escape(one.advice)}[/dim]" if one.advice else ""
        line = f"[red]{escape(file.name)}:{one.line}[/red] {escape(one.where)}: {escape(one.message)}{advice}"
        Console(stderr=True).print(line, highlight=False, soft_wrap=True)
    wrong = [{"line": one.line, "place": one.where, "message": one.message} for one in problems]
    show(
        {"id": rule_set, "draft": kept.number, "based_on": kept.based_on, "problems": wrong},
        as_json,
        f"Draft {kept.number} of {rule_set}, on version {kept.based_on}, is kept.",
    )
    if problems:
        raise typer.Exit(1)


@app.command("replay")
def replay_command(
    rule_set: RuleSetId,
    draft: Annotated[
        str, typer.Option(help="A draft by its number, or a file; left out: the open draft.")
    ] = "",
    since: Since = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The newest so many calls only.")] = None,
    examples: Annotated[int, typer.Option(min=0, help="Examples shown of each change.")] = _SETS_SHOWN,
    by: By = "",
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Judge stored calls by a draft and by the version in force: which verdicts would flip, and where to
    listen. Stopped with Ctrl-C, the same command goes on where it stopped."""
    settings = settings_of(data)
    name = by or getpass.getuser()
    zone = ZoneInfo(settings.calling.time_zone)
    first = since.replace(tzinfo=zone) if since else None

    def begin(conn: Connection) -> ReplayRow:
        text, row = _text_of(conn, rule_set, draft)
        return replaying.begin(
            conn,
            rule_library(),
            library_of(conn, shipped_library()),
            rule_set,
            text,
            draft=row,
            since=first,
            most=limit,
            by=name,
            now=system_clock(),
        )

    async def work(database: Database) -> tuple[ReplayRow, list[FlipRow]]:
        await database.write(lambda conn: service.keep_shipped(conn, rule_library(), system_clock()))
        one = await database.write(begin)
        with Progress(*_REPLAY_COLUMNS, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("Judging", total=one.total, completed=one.done)
            speech = settings.speech
            replayer = Replayer(
                database,
                settings.changing,
                system_clock,
                partial(place, speech.cluster, speech.workers, speech.niceness),
                lambda row: bar.update(task, completed=row.done),
                company=settings.site.company,
            )
            await replayer.carry_out(one)
        done = await database.read(lambda conn: queries.replay(conn, one.id))
        assert done is not None
        return done, await database.read(lambda conn: queries.flips_of(conn, one.id, limit=1000))

    done, flips = _told_errors(lambda: with_database(settings, work))
    if as_json:
        show({**_told(done), "flips": [_told(one) for one in flips]}, True, "")
    else:
        _print_replay(done, flips, examples, zone)


@app.command("publish")
def publish_command(
    rule_set: RuleSetId,
    note: Annotated[str, typer.Option(help="What was changed, and why.")],
    unreplayed: Annotated[str, typer.Option(help="Why it is published without a replay.")] = "",
    since: Annotated[
        datetime | None, typer.Option("--from", help="It judges calls from then on; left out: from now on.")
    ] = None,
    script: Annotated[
        int | None, typer.Option(help="... by this version of the script or a later one; left out: by any.")
    ] = None,
    by: By = "",
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Bring the open draft into force as the next version; verdicts given before keep theirs."""
    settings = settings_of(data)
    name = by or getpass.getuser()
    begins = since.replace(tzinfo=ZoneInfo(settings.calling.time_zone)) if since else None

    def work(conn: Connection) -> VersionRow:
        row = queries.open_draft(conn, rule_set)
        if row is None:
            raise service.NoRules(f"{rule_set} has no open draft: make one with `dialer rules draft`")
        return service.publish(
            conn,
            row.id,
            by=name,
            has_right=True,  # who may use this command may change every row there is
            other_leads=count_with_role(conn, Role.QA_LEAD, but=name),
            four_eyes=settings.changing.four_eyes,
            note=note,
            reason=unreplayed,
            effective_from=begins,
            script_from=script,
            now=system_clock(),
        )

    kept = _write(settings, work)
    show(_told(kept), as_json, f"Version {kept.version} of {rule_set} is in force.")


@app.command("recheck")
def recheck_command(
    rule_set: RuleSetId,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many calls.")] = 500,
    by: By = "",
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Let past calls be checked again by the newest version; until then their verdicts stay as they are."""
    settings = settings_of(data)
    first = since.replace(tzinfo=ZoneInfo(settings.calling.time_zone)) if since else None
    name = by or getpass.getuser()
    count = _write(
        settings,
        lambda conn: service.recheck(conn, rule_set, since=first, limit=limit, by=name, now=system_clock()),
    )
    show({"calls": count}, as_json, f"{count} calls wait to be checked again.")


def _text_of(conn: Connection, rule_set: str, wanted: str) -> tuple[str, DraftRow | None]:
    if not wanted:
        row = queries.open_draft(conn, rule_set)
    elif wanted.isdecimal():
        row = queries.draft_numbered(conn, rule_set, int(wanted))
    else:
        return Path(wanted).read_text("utf-8"), None
    if row is None:
        raise service.NoRules(
            f"{rule_set} has no such draft: make one with `dialer rules draft`, or name a file"
        )
    return row.yaml, row


def _print_replay(done: ReplayRow, flips: list[FlipRow], examples: int, zone: ZoneInfo) -> None:
    table = Table(box=None)
    for heading in ("rule", "change", "calls"):
        table.add_column(heading)
    for rule in by_rule(done.counts):
        for before, after, count in rule.flips:
            table.add_row(rule.rule_id, f"{before or '–'} → {after or '–'}", str(count))
            like = [f for f in flips if (f.rule_id, f.before, f.after) == (rule.rule_id, before, after)]
            for one in like[:examples]:
                where = f"{one.placed_at.astimezone(zone):%m-%d %H:%M} {one.plate or one.name}"
                at = "" if one.start is None else f" {int(one.start // 60)}:{one.start % 60:04.1f}"
                table.add_row("", f"[dim]{escape(where)}{at} {escape(one.words or '')}[/dim]", "")
    console.print(table)
    console.print(
        f"{done.done} of {done.total} calls judged by the draft and by version {done.against}: "
        f"{done.flipped} would have another verdict, {done.unjudged} could not be judged; "
        f"{done.a_second:.0f} transcripts/s. State: {done.state}.",
        highlight=False,
    )


def _told(row: VersionRow | DraftRow | ReplayRow | FlipRow) -> dict[str, Any]:
    """A row without the long texts."""
    long = ("yaml", "rules", "against_rules")
    return {one.name: getattr(row, one.name) for one in fields(row) if one.name not in long}


def _read(settings: Settings, work: Callable[[Connection], T]) -> T:
    async def go(database: Database) -> T:
        await database.write(lambda conn: service.keep_shipped(conn, rule_library(), system_clock()))
        return await database.read(work)

    return _told_errors(lambda: with_database(settings, go))


def _write(settings: Settings, work: Callable[[Connection], T]) -> T:
    async def go(database: Database) -> T:
        await database.write(lambda conn: service.keep_shipped(conn, rule_library(), system_clock()))
        return await database.write(work)

    return _told_errors(lambda: with_database(settings, go))


def _told_errors(work: Callable[[], T]) -> T:
    try:
        return work()
    except (
        service.NoRules,
        service.DraftConflict,
        service.CannotPublish,
        BadRules,
        RuleSetError,
        IllegalMove,
        OSError,
    ) as error:
        fail(escape(str(error)))
