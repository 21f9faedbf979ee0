"""Archives a call again and again, each time killed one step later; a process of its own.

Prints a line of JSON for each run: where it was killed, and what is there after the next run.
"""

import asyncio
import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, func, select

from dialer.alarms.service import open_alarms
from dialer.storage.feed import events
from dialer.storage.writer import BatchingWriter
from recordings import archive
from recordings.queries import list_recordings, waiting
from recordings.source import LocalSource
from recordings.tables import early_clips
from tests.unit.recordings.world import World, create_schema

KILLED = -signal.SIGKILL


class Steps:
    """Counts the steps that leave a trace, and kills this process before or after the chosen one."""

    def __init__(self, fatal: int, report: Path) -> None:
        self._fatal = fatal
        self._report = report
        self._count = 0

    def _pass(self, what: str) -> None:
        self._count += 1
        if self._count == self._fatal:
            self._report.write_text(what)
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, owner: Any, name: str, what: str, *, after: bool = True) -> None:
        """Make every call of `owner.name` a step: one before it and, if asked for, one after it."""
        real: Callable[..., Any] = getattr(owner, name)

        def step(*args: Any, **kwargs: Any) -> Any:
            self._pass(f"{what} before")
            result = real(*args, **kwargs)
            if after:
                self._pass(f"{what} after")
            return result

        setattr(owner, name, step)


async def prepare(folder: Path) -> None:
    """An answered call that ended, with what was heard before the answer."""
    with ThreadPoolExecutor(1) as executor:
        world = await World(folder, executor).open()
        world.leave(await world.call(seconds=1.0), 1.0, early=1.0)
        await world.close()


async def work(folder: Path, after: float, turns: int = 6) -> None:
    """The service, started `after` seconds, and given time."""
    with ThreadPoolExecutor(1) as executor:
        world = await World(folder, executor).open()
        world.later(after)
        worker = world.worker(world.settings.model_copy(update={"parallel": 1}))
        for _turn in range(turns):
            await worker.step()
            world.later(world.settings.settle_seconds)
        await world.close()


async def look(folder: Path) -> dict[str, Any]:
    """What a person would find."""
    with ThreadPoolExecutor(1) as executor:
        world = await World(folder, executor).open()

        def read(conn: Connection) -> dict[str, Any]:
            rows = list_recordings(conn)
            clips = conn.execute(select(early_clips.c.path, early_clips.c.sha256)).all()
            files = [(row.path, row.sha256) for row in rows if row.path] + [tuple(clip) for clip in clips]
            told = select(func.count()).where(events.c.kind == "recording.archived")
            return {
                "states": sorted(row.state for row in rows),
                "intact": [digest(world.root / path) == sha256 for path, sha256 in files],
                "wavs": len([path for path in world.archived_wavs() if path.parts[0] != archive.WORK]),
                "left": world.left(),
                "waiting": waiting(conn),
                "alarms": [alarm.kind for alarm in open_alarms(conn)],
                "told": conn.execute(told).scalar(),
                "unfinished": [path.name for path in world.root.glob(f"{archive.WORK}/*")],
            }

        found = await world.db.read(read)
        await world.close()
    return found


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "gone"


def unlinked(found: dict[str, Any]) -> list[str]:
    """What a kill must never leave: a row whose file is not there, or a call's sound in neither place."""
    wrong = [] if all(found["intact"]) else ["a row names a file that is not there or not the same"]
    linked = found["states"].count("archived")
    lying = len([name for name in found["left"] if name.endswith(("agent.wav", "customer.wav"))])
    if linked * 2 + lying < 2:
        wrong.append("a call is neither at the source nor linked in the archive")
    return wrong


def in_child(act: Callable[[], None]) -> int:
    """Run `act` in a fork of this process; its exit code, negative for a signal."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run_once(folder: Path, fatal: int) -> dict[str, Any]:
    """Prepare, run until killed, look, run to the end, look."""
    report = folder / "killed_at"
    folder.mkdir()
    create_schema(folder)

    def killed() -> None:
        asyncio.run(prepare(folder))
        steps = Steps(fatal, report)
        steps.watch(LocalSource, "fetch", "fetch")
        steps.watch(Path, "write_bytes", "write", after=False)
        steps.watch(Path, "replace", "place")
        steps.watch(Path, "unlink", "remove", after=False)
        steps.watch(BatchingWriter, "_write_batch", "commit")
        asyncio.run(work(folder, after=30))

    code = in_child(killed)
    if code not in (0, KILLED):
        raise SystemExit(f"the run that was to be killed ended with {code}")

    def started_again() -> None:
        found = asyncio.run(look(folder))
        asyncio.run(work(folder, after=120))  # the lease of the killed run is over
        after = asyncio.run(look(folder))
        (folder / "seen").write_text(json.dumps([found, after]))

    if in_child(started_again) != 0:
        raise SystemExit(f"the run after a kill at step {fatal} failed")
    found, after = json.loads((folder / "seen").read_text())
    killed_at = report.read_text() if code == KILLED else ""
    return {"killed_at": killed_at, "unlinked_after_kill": unlinked(found), "after": after}


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
