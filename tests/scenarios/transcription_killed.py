"""Transcribes and checks a call again and again, each time killed one step later; a process of its own.

Prints a line of JSON for each run: where it was killed, and what is there before and after the next run.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, func, select

from dialer.alarms.service import open_alarms
from dialer.storage import feed
from dialer.storage.writer import BatchingWriter
from qa.checks import queries as check_queries
from qa.checks.tables import checks, findings
from qa.transcripts import queries
from qa.transcripts.tables import segments, transcripts
from tests.scenarios.recordings_killed import KILLED, Steps, in_child
from tests.unit.qa_store.world import GOOD_CALL, Says, World, heard

TOLD = ("transcript.waiting", "transcript.done", "check.waiting", "call.checked")


async def prepare(folder: Path) -> None:
    """A call whose recording was archived."""
    world = await World(folder).open()
    world.install_model()
    await world.archived()
    await world.close()


async def work(folder: Path, after: float) -> None:
    """The service, started `after` seconds, and given time."""
    world = await World(folder).open()
    world.later(after)
    transcription, checking = world.transcription(Says(heard(GOOD_CALL))), world.checks()
    for _turn in range(3):
        await transcription.step()
        await checking.step()
    await world.close()


async def look(folder: Path) -> dict[str, Any]:
    """What a person would find."""
    world = await World(folder).open()

    def count(conn: Connection, table: Any) -> int:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()

    def read(conn: Connection) -> dict[str, Any]:
        return {
            "transcripts": [row.state for row in conn.execute(select(transcripts.c.state))],
            "segments": count(conn, segments),
            "checks": [row.state for row in conn.execute(select(checks.c.state))],
            "findings": count(conn, findings),
            "told": {kind: len(feed.after(conn, 0, kinds=(kind,))) for kind in TOLD},
            "alarms": [alarm.kind for alarm in open_alarms(conn)],
        }

    found = await world.db.read(read)
    await world.close()
    return found


def run_once(folder: Path, fatal: int) -> dict[str, Any]:
    """Prepare, run until killed, look, run to the end, look."""
    report = folder / "killed_at"
    folder.mkdir()

    def killed() -> None:
        asyncio.run(prepare(folder))
        steps = Steps(fatal, report)
        steps.watch(feed, "remember", "remember")
        steps.watch(queries, "claim", "claim")
        steps.watch(Says, "run", "decode")
        steps.watch(queries, "replace_segments", "words")
        steps.watch(check_queries, "replace_findings", "findings")
        steps.watch(BatchingWriter, "_write_batch", "commit")
        asyncio.run(work(folder, after=1))

    code = in_child(killed)
    if code not in (0, KILLED):
        raise SystemExit(f"the run that was to be killed ended with {code}")

    def started_again() -> None:
        found = asyncio.run(look(folder))
        asyncio.run(work(folder, after=40))  # the lease of the killed run is over
        (folder / "seen").write_text(json.dumps([found, asyncio.run(look(folder))]))

    if in_child(started_again) != 0:
        raise SystemExit(f"the run after a kill at step {fatal} failed")
    found, after = json.loads((folder / "seen").read_text())
    return {"killed_at": report.read_text() if code == KILLED else "", "found": found, "after": after}


def main() -> None:
    """Kill one step later each time, until a run comes to its end."""
    base = Path(sys.argv[1])
    # Standard output carries the results alone.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    fatal = 1
    while True:
        run = run_once(base / f"run-{fatal}", fatal)
        print(json.dumps(run), flush=True)
        if not run["killed_at"]:
            return
        fatal += 1


if __name__ == "__main__":
    main()
