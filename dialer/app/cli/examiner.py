"""`dialer examiner`: everything that proves how a policy was followed up, in one file (Q7)."""

import asyncio
import getpass
import threading
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
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
from dialer.app.library import LibraryKeeper, live_library
from dialer.app.settings import Settings
from dialer.clock import system_clock
from dialer.storage.database import Database
from qa.examiner.packing import PackageError, pack
from qa.examiner.queries import Wanted
from qa.examiner.service import Contents, NothingToPack, gather, note_made
from web.search.sayings import say_in_chinese


def examiner(
    out: Annotated[Path, typer.Option(help="The ZIP file to write.")],
    data: DataDir = DEFAULT_DATA,
    policy: Annotated[str, typer.Option(help="Number of the policy or order.")] = "",
    follow_up: Annotated[str, typer.Option("--follow-up", help="Id of one follow-up.")] = "",
    playbook: Annotated[str, typer.Option(help="With --since and --until: id of the playbook.")] = "",
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the examiner's package: tries, recordings, rules, verdicts, question items, who looked."""
    if not (policy or follow_up or (playbook and since and until)):
        fail("say what to pack: --policy, or --follow-up, or --playbook with --since and --until")
    settings = settings_of(data)
    zone = settings.web.zone
    wanted = Wanted(
        policy,
        follow_up,
        playbook,
        since.replace(tzinfo=zone) if since else None,
        until.replace(tzinfo=zone) + timedelta(days=1) if until else None,
    )
    try:
        contents, digest = with_database(settings, lambda db: _make(db, settings, wanted, out))
    except (NothingToPack, PackageError) as error:
        fail(error)
    sums = contents.sums
    told = {"file": str(out), "sha256": digest, "issued": sums.issued, "adds_up": sums.adds_up}
    show(told, as_json, f"{out}: {sums.issued} issued, {sums.missing} missing. SHA-256 {digest}")


async def _make(db: Database, settings: Settings, wanted: Wanted, out: Path) -> tuple[Contents, str]:
    library = live_library()
    await LibraryKeeper(db, library, system_clock).load()
    by, now = getpass.getuser(), system_clock()
    contents = await db.read(partial(gather, library=library, wanted=wanted, by=by, now=now))
    stopped = threading.Event()
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("pack", total=None)
        write = partial(
            pack,
            contents,
            settings.recordings.root,
            out,
            say_in_chinese(),
            settings.web.zone,
            stopped=stopped.is_set,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
        try:
            digest = await asyncio.to_thread(write)
        except asyncio.CancelledError:
            stopped.set()  # the thread takes away what it has written
            raise
    await db.write(partial(note_made, contents=contents, sha256=digest, now=now))
    return contents, digest
