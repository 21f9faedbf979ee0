"""`dialer explain`: why a customer was called, or not."""

from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import Connection

from dialer.app.cli.common import DEFAULT_DATA, AsJson, DataDir, console, settings_of, show, with_database
from dialer.app.settings import Settings
from dialer.calling.settings import Mode
from dialer.clock import system_clock
from dialer.explaining.service import explain
from dialer.explaining.values import Answer, Explanation
from dialer.planning.rules.gates import Gate
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.library import Library, shipped_library
from dialer.playbooks.service import library_of
from dialer.storage.database import Database
from web.i18n import Translator, translator
from web.labels import FOLLOW_UP_STATE
from web.plan import words

_PASSED, _SHUT = "[green]✓[/green]", "[red]✗[/red]"


def explain_command(
    key: Annotated[str, typer.Argument(help="A plate, a phone number, or the id of anything of a customer.")],
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
    language: Annotated[str, typer.Option(help="zh or en; the panel's language by default.")] = "",
) -> None:
    """Why a customer was called, put off or left out: one line for each gate, now and as decided then."""
    settings, shipped, now = settings_of(data), shipped_library(), system_clock()
    planning: PlanningSettings = getattr(settings, "planning", PlanningSettings())
    numbers = settings.calling.trial_numbers if settings.calling.mode is Mode.TRIAL else None

    def read(conn: Connection) -> tuple[Library, Answer]:
        library = library_of(conn, shipped)
        return library, explain(conn, library, planning, settings.web.zone, key, now, numbers)

    async def work(database: Database) -> tuple[Library, Answer]:
        return await database.read(read)

    library, answer = with_database(settings, work)
    if as_json:
        show(answer, True, "")
    else:
        _print(answer, settings, library, translator(language or settings.web.language))
    if not answer.customers:
        raise typer.Exit(1)


def _print(answer: Answer, settings: Settings, library: Library, text: Translator) -> None:
    if not answer.customers:
        console.print(text(words.NOBODY, key=answer.key))
        return
    names = text(words.COMMA).join(one.name + one.salutation for one in answer.customers)
    console.print(f"[bold]{answer.key}[/bold]  {names}", highlight=False)
    if not answer.explanations:
        console.print(text(words.NOTHING))
    for one in answer.explanations:
        _print_one(one, settings, library, text)


def _print_one(one: Explanation, settings: Settings, library: Library, text: Translator) -> None:
    zone, now = settings.web.zone, system_clock()
    playbook = library.find(one.playbook)
    name = playbook.name.in_(text.language) if playbook is not None else one.playbook or one.occasion_kind
    state = text(FOLLOW_UP_STATE[one.state]) if one.state in FOLLOW_UP_STATE else text(words.NO_CALL)
    when = words.clock(one.happened_at, zone, now)
    console.print(f"\n[bold]{name}[/bold]  {one.plate or ''}  {when}  [bold]{state}[/bold]", highlight=False)
    console.print(_table(text(words.NOW), one.gates, settings, text))
    for then in one.decided:
        title = f"{words.clock(then.at, zone, now)} {text(words.VERDICT.get(then.verdict, then.verdict))}"
        console.print(_table(title, then.gates, settings, text))


def _table(title: str, gates: tuple[Gate, ...], settings: Settings, text: Translator) -> Table:
    zone, now = settings.web.zone, system_clock()
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2), show_header=False)
    for gate in gates:
        table.add_row(
            _PASSED if gate.passed else _SHUT,
            words.gate_name(gate, text),
            words.gate_value(gate.value, text, zone, now),
            text(words.ALLOWED, limit=words.gate_value(gate.limit, text, zone, now)),
            words.gate_verdict(gate, text, zone, now),
        )
    return table
