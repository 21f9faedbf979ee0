"""`dialer search`: calls found by words said in them; `--reindex` builds the index anew."""

from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress

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
from dialer.storage.database import Database
from qa.search import queries
from qa.search.queries import Filter
from qa.search.rules import NothingToFind
from qa.search.service import Hit, Results, search
from qa.search.worker import SearchWorker


def search_command(
    words: Annotated[
        str, typer.Argument(help="Words said; blanks part phrases that must all be there.")
    ] = "",
    data: DataDir = DEFAULT_DATA,
    agent: Annotated[str, typer.Option(help="Code of the agent.")] = "",
    plate: Annotated[str, typer.Option(help="The plate or a part of it.")] = "",
    playbook: Annotated[str, typer.Option(help="Id of the playbook.")] = "",
    disposition: Annotated[str, typer.Option(help="Result of the talk, as completed.")] = "",
    verdict: Annotated[str, typer.Option(help="With a rule of this verdict: pass, fail, unclear, na.")] = "",
    rule: Annotated[str, typer.Option(help="The rule that has the verdict.")] = "",
    channel: Annotated[str, typer.Option(help="agent or customer: who said it.")] = "",
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    reindex: Annotated[
        bool,
        typer.Option(
            "--reindex", help="Index what is missing; with --all everything. Goes on where it stopped."
        ),
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="With --reindex: every call anew.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find calls by words said, by their characters and by their sound."""
    settings = settings_of(data)
    if reindex:
        with_database(settings, lambda db: _reindex(db, anew=everything))
        return
    zone = settings.web.zone
    wanted = Filter(
        agent_code=agent,
        plate=plate.upper(),
        playbook=playbook,
        disposition=disposition,
        verdict=verdict,
        rule=rule,
        channel=channel,
        since=since.replace(tzinfo=zone) if since else None,
        until=until.replace(tzinfo=zone) + timedelta(days=1) if until else None,
    )

    async def go(db: Database) -> Results:
        return await db.read(lambda conn: search(conn, words, wanted, limit=limit))

    try:
        results = with_database(settings, go)
    except NothingToFind as error:
        fail(error)
    if as_json:
        show([_plain(hit) for hit in results.hits], True, "")
        return
    for hit in results.hits:
        text = "".join(f"[bold yellow]{escape(p.text)}[/]" if p.hit else escape(p.text) for p in hit.pieces)
        call = hit.call
        at = call.placed_at.astimezone(zone)
        who = f"{call.attempt_id}  {call.plate or call.name}  {call.agent_code}  {call.channel}"
        console.print(
            f"{at:%Y-%m-%d %H:%M}  {who}  {hit.start:.1f} s  {text}", highlight=False, soft_wrap=True
        )
    found = f"{_count(results.places, 'place')} in {_count(results.calls, 'call')}"
    console.print(f"{found}; {results.alike} more {'is' if results.alike == 1 else 'are'} alike.")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


async def _reindex(db: Database, *, anew: bool) -> None:
    total = await db.write(lambda conn: queries.queue_all(conn, anew=anew))
    with Progress(console=console) as bar:
        task = bar.add_task("index", total=total)
        await SearchWorker(db).index_waiting(told=lambda done: bar.update(task, completed=done))
    console.print(f"{total} calls indexed.")


def _plain(hit: Hit) -> dict[str, object]:
    call = hit.call
    return {
        "attempt": call.attempt_id,
        "at": call.placed_at.isoformat(),
        "plate": call.plate,
        "agent": call.agent_code,
        "playbook": call.playbook,
        "channel": call.channel,
        "start": hit.start,
        "end": hit.end,
        "nearness": hit.nearness.name.lower(),
        "likeness": round(hit.likeness, 1),
        "text": "".join(piece.text for piece in hit.pieces),
        "hit": "".join(piece.text for piece in hit.pieces if piece.hit),
    }
