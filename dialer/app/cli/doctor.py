"""`dialer doctor`: is everything as it must be, and what to do where it is not (O5)."""

from typing import Annotated

import typer
from rich.table import Table

from dialer.app.cli.common import DEFAULT_DATA, AsJson, DataDir, console, run, settings_of, show
from dialer.app.doctor.examine import examine
from dialer.app.logs import set_up_logs
from web.finding import Finding, Level, worst
from web.i18n import N_, Translator, translator

_SIGNS = {
    Level.OK: "[green]✓[/green]",
    Level.UNKNOWN: "[blue]?[/blue]",
    Level.WARN: "[yellow]![/yellow]",
    Level.FAIL: "[red]✗[/red]",
}
# For scripts: all is well, or something should be mended, or calls will fail.
_EXIT = {Level.OK: 0, Level.UNKNOWN: 1, Level.WARN: 1, Level.FAIL: 2}


def doctor(
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
    language: Annotated[str, typer.Option(help="zh or en; the panel's language by default.")] = "",
) -> None:
    """Look at the whole site and say what to do. Changes nothing; may be run while the service runs.

    Ends with 0 where all is well, 1 where something should be looked at, 2 where something must be mended.
    """
    set_up_logs(quiet=True)
    settings = settings_of(data)
    found = run(examine(settings))
    if as_json:
        show([one.as_json() for one in found], True, "")
    else:
        _print(found, translator(language or settings.web.language))
    raise typer.Exit(_EXIT[worst(found)])


def _print(found: list[Finding], text: Translator) -> None:
    table = Table(box=None, padding=(0, 1), show_header=False)
    for one in found:
        table.add_row(_SIGNS[one.level], f"[bold]{one.named(text)}[/bold]", one.seen.in_words(text))
        if one.advice is not None:
            table.add_row(
                "", "", f"→ {one.advice.in_words(text)}", style="cyan" if one.level is not Level.OK else "dim"
            )
    console.print(table, highlight=False)
    bad = sum(one.level in (Level.WARN, Level.FAIL) for one in found)
    summary = (
        text.plural(N_("1 thing to mend."), N_("{n} things to mend."), bad)
        if bad
        else text(N_("All is well."))
    )
    console.print(f"\n{summary}", highlight=False)
