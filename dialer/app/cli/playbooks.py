"""`dialer playbook`: what follow-ups there are, and whether their files are right."""

import getpass
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape
from rich.table import Table

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
from dialer.clock import system_clock
from dialer.planning.changing.publishing import Published, publish
from dialer.playbooks.checking import problems
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.library import (
    BadPlaybook,
    Library,
    read_playbook,
    shipped_folder,
    shipped_library,
)
from dialer.playbooks.reading import Problem
from dialer.playbooks.service import OpenOnes, StaleVersion, library_of
from dialer.storage.database import Database
from qa.changing.library import rule_library
from qa.checks.library import shipped_rules

app = typer.Typer(help="The kinds of follow-ups: list, show, check.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A problem as a machine reads it."""

    file: str
    line: int
    path: str
    message: str
    advice: str


@app.command("check")
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Playbook files (YAML).")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Check those that come with the product.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check playbook files; each error says its file, line and place, and what to do. Exit code 1 for any."""
    if not files and not everything:
        fail("name the files to check, or --all for those that come with the product")
    paths = [*(files or []), *(_shipped_files() if everything else [])]
    wrong, playbooks = _read_all(paths)
    rule_sets = shipped_rules().ids()
    shipped = _shipped_where_readable()
    library = Library([*shipped, *(playbook for _, playbook in playbooks)])
    for path, playbook in playbooks:
        wrong += [_wrong(path, problem) for problem in problems(playbook, library, rule_sets)]
    if as_json:
        show([asdict(one) for one in wrong], True, "")
    else:
        for one in wrong:
            console.print(
                f"[red]{escape(one.file)}:{one.line}[/red] {escape(one.path)}: {escape(one.message)}"
                + (f" [dim]{escape(one.advice)}[/dim]" if one.advice else ""),
                highlight=False,
                soft_wrap=True,
            )
        right = len(paths) - len({one.file for one in wrong})
        console.print(f"{right} of {len(paths)} right." + (f" To mend: {len(wrong)}." if wrong else ""))
    if wrong:
        raise typer.Exit(1)


@app.command("list")
def list_playbooks(data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Every playbook in force, with its version and what makes it due."""
    playbooks = sorted(_in_force(data), key=lambda one: one.id)
    if as_json:
        rows = [
            {
                "id": one.id,
                "version": one.version,
                "name": one.name.model_dump(),
                "occasions": list(one.occasions.kinds),
                "trigger": one.trigger.kind.value,
            }
            for one in playbooks
        ]
        show(rows, True, "")
        return
    table = Table(box=None)
    for heading in ("id", "version", "name", "trigger"):
        table.add_column(heading, no_wrap=True)
    table.add_column("occasions", overflow="fold")
    for one in playbooks:
        table.add_row(one.id, str(one.version), one.name.zh, one.trigger.kind, ", ".join(one.occasions.kinds))
    console.print(table)


@app.command("show")
def show_playbook(
    playbook_id: Annotated[str, typer.Argument(help="Its id, as after-sales-satisfaction.")],
    version: Annotated[int | None, typer.Option(help="An older version; left out: the one in force.")] = None,
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """One playbook as it is written."""
    library = _in_force(data)
    try:
        playbook = library.get(playbook_id)
    except BadPlaybook as error:
        fail(error)
    if version is not None:
        if version not in library.versions(playbook_id):
            known = ", ".join(map(str, library.versions(playbook_id)))
            fail(f"there is no version {version} of {playbook_id}; known are: {known}")
        playbook = library.get(playbook_id, version)
    if as_json:
        show(playbook.model_dump(mode="json"), True, "")
    else:
        print(playbook.text)


@app.command("publish")
def publish_command(
    file: Annotated[
        Path, typer.Argument(help="The playbook's file: of a new id, or a change of a known one.")
    ],
    open_ones: Annotated[OpenOnes, typer.Option("--open", help="What its open follow-ups do: stay or move.")],
    by: Annotated[str, typer.Option(help="Who publishes it.")] = "",
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Bring a playbook into force as its next version; a running service takes it up by itself."""
    settings = settings_of(data)
    wrong, playbooks = _read_all([file])
    if wrong:
        fail(f"{file.name}:{wrong[0].line} {wrong[0].path}: {wrong[0].message}")
    text = playbooks[0][1].text

    async def work(database: Database) -> Published:
        shipped, rules, now = shipped_library(), rule_library(), system_clock()
        return await database.write(
            lambda conn: publish(
                conn,
                shipped,
                text,
                rule_sets=rules.known_ids(conn),
                by=by or getpass.getuser(),
                open_ones=open_ones,
                zone=ZoneInfo(settings.calling.time_zone),
                calendar=settings.planning.calendar(),
                now=now,
            )
        )

    try:
        done = with_database(settings, work)
    except (BadPlaybook, StaleVersion) as error:
        fail(error)
    show(
        {"id": done.playbook.id, "version": done.playbook.version, "moved": done.moved},
        as_json,
        f"Version {done.playbook.version} of {done.playbook.id} is in force; {done.moved} follow-ups moved.",
    )


def _shipped_files() -> list[Path]:
    return sorted(shipped_folder().glob("*.yaml"))


def _read_all(paths: list[Path]) -> tuple[list[Wrong], list[tuple[Path, Playbook]]]:
    wrong: list[Wrong] = []
    playbooks: list[tuple[Path, Playbook]] = []
    for path in paths:
        try:
            playbooks.append((path, read_playbook(path)))
        except BadPlaybook as error:
            found = error.problems or (Problem((), str(error).removeprefix(f"{path.name}: ")),)
            wrong += [_wrong(path, problem) for problem in found]
    return wrong, playbooks


def _shipped_where_readable() -> list[Playbook]:
    """The shipped ones besides those that are being mended, which are told of where they are checked."""
    return [playbook for _, playbook in _read_all(_shipped_files())[1]]


def _wrong(path: Path, problem: Problem) -> Wrong:
    return Wrong(path.name, problem.line, problem.where, problem.message, problem.advice)


def _in_force(data: Path) -> Library:
    async def work(database: Database) -> Library:
        shipped = shipped_library()
        return await database.read(lambda conn: library_of(conn, shipped))

    try:
        return with_database(settings_of(data), work)
    except BadPlaybook as error:
        fail(error)
