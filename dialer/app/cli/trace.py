"""`dialer trace`: the whole story of one call, in order."""

import asyncio
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from asterisk.cel import CelFile, CelSource
from asterisk.cel_lines import CelLine, lines_of
from asterisk.conf import Layout
from dialer.app.cli.common import DEFAULT_DATA, AsJson, DataDir, console, fail, run, settings_of, show
from dialer.app.logs import set_up_logs
from dialer.app.nodes import Nodes, shares_of
from dialer.app.settings import Settings
from dialer.app.trace.queries import Facts, NoSuchCall, find, gather
from dialer.app.trace.story import Story, tell
from dialer.clock import system_clock
from dialer.storage.database import Database
from dialer.storage.looking import is_there
from web.i18n import N_, Translator, translator
from web.plan import words

_WHY, _STEPS = N_("Why it was called"), N_("The call, step by step")
_A_DAY = timedelta(days=1)
_COLOURS = {"event": "bold", "CEL": "magenta", "repair": "yellow", "agent": "cyan", "plan": "blue"}


def trace(
    attempt: Annotated[str, typer.Argument(help="The attempt's id, or how it begins.")],
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
    language: Annotated[str, typer.Option(help="zh or en; the panel's language by default.")] = "",
) -> None:
    """Print one call from why it was made to what came of it. Changes nothing."""
    set_up_logs(quiet=True)
    settings = settings_of(data)
    if not is_there(settings.url):
        fail(f"there is no database in {data}: give the data folder with --data")
    try:
        story = run(_story(settings, attempt))
    except NoSuchCall as error:
        fail(error)
    if as_json:
        show(asdict(story), True, "")
    else:
        _print(story, settings, translator(language or settings.web.language))


async def _story(settings: Settings, key: str) -> Story:
    database = Database(settings.url)
    try:
        attempt_id = await database.read(lambda conn: find(conn, key))
        facts = await database.read(lambda conn: gather(conn, attempt_id))
    finally:
        await database.stop()
    cel, unread = await asyncio.to_thread(_cel, settings, facts)
    return tell(facts, cel, unread)


def _cel(settings: Settings, facts: Facts) -> tuple[list[CelLine], str]:
    """The lines of the call, or why they cannot be read."""
    log: CelSource
    if settings.private_asterisk is not None:
        path = Layout(run=settings.asterisk_dir, modules=Path(), data=Path()).cel_file
        # What was rotated since the call, and no more: the log of a year takes minutes to read.
        log = CelFile(path, back=system_clock() - facts.attempt.placed_at + _A_DAY)
    else:
        shares = shares_of(settings)
        share = next((one for one in shares if one.has_call(facts.attempt.node)), shares[0])
        log = Nodes(settings, None).cel(share)
    try:
        return lines_of(log, facts.attempt.id, facts.channels), ""
    except OSError as error:
        return [], str(error)


def _print(story: Story, settings: Settings, text: Translator) -> None:
    zone, now = settings.web.zone, system_clock()
    console.print(f"[bold]{story.attempt_id}[/bold]", highlight=False)
    head = Table(box=None, padding=(0, 1), show_header=False)
    for name, value in story.head.items():
        head.add_row(name, escape(value))
    console.print(head, highlight=False)
    if story.gates:
        gates = Table(box=None, padding=(0, 1), show_header=False)
        for gate in story.gates:
            sign = "[green]✓[/green]" if gate.passed else "[red]✗[/red]"
            value = words.gate_value(gate.value, text, zone, now)
            gates.add_row(sign, words.gate_name(gate, text), value, words.gate_verdict(gate, text, zone, now))
        console.print(f"\n[bold]{text(_WHY)}[/bold]")
        console.print(gates, highlight=False)
    console.print(f"\n[bold]{text(_STEPS)}[/bold]")
    steps = Table(box=None, padding=(0, 1), show_header=False)
    first = story.steps[0].at if story.steps else now
    for step in story.steps:
        at = step.at.astimezone(zone)
        colour = _COLOURS.get(step.source, "default")
        told = text(step.text, **step.more) if "{" in step.text else text(step.text)
        more = ", ".join(f"{name}={value}" for name, value in step.more.items())
        steps.add_row(
            f"{at:%m-%d %H:%M:%S}.{at.microsecond // 1000:03}",
            f"+{(step.at - first).total_seconds():.3f}",
            f"[{colour}]{step.source}[/{colour}]",
            escape(f"{told} {more}".strip()),
        )
    console.print(steps, highlight=False)
    if story.unread:
        unread = text(N_("The event log (CEL) was not read: {why}"), why=story.unread)
        console.print(f"[yellow]{escape(unread)}[/yellow]")
