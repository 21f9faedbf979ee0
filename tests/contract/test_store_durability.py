"""kill -9 of the writing process: every write that was acknowledged is there (D7)."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from dialer.storage.database import Database
from dialer.storage.feed import after, emit, latest_id
from dialer.storage.migrating import migrate
from tests.support import writes_until_killed
from tests.support.core import NOW

ENOUGH = 200
LIMIT = 100_000


def write_until_killed(url: str) -> set[str]:
    """The numbers that were acknowledged before the process was killed."""
    child = subprocess.Popen(
        [sys.executable, str(writes_until_killed.__file__), url],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    with child:
        assert child.stdout is not None
        acknowledged = [child.stdout.readline() for _ in range(ENOUGH)]
        child.send_signal(signal.SIGKILL)
        acknowledged += child.stdout.readlines()
    assert child.returncode == -signal.SIGKILL
    # A last line without its end was cut by the kill.
    return {line.strip() for line in acknowledged if line.endswith("\n")}


async def test_every_acknowledged_write_survives_a_kill(store_url: str) -> None:
    """D7: a commit guards a call; what was promised before the kill is found after it."""
    acknowledged = write_until_killed(store_url)
    assert len(acknowledged) >= ENOUGH
    await migrate(store_url)  # as the next start does
    database = Database(store_url)
    await database.start()
    kept = [row.subject for row in await database.read(lambda conn: after(conn, 0, limit=LIMIT))]
    assert acknowledged <= set(kept)
    assert len(kept) == len(set(kept)), "none was written twice"
    before = await database.read(latest_id)
    await database.write(lambda conn: emit(conn, "after", "the kill", NOW))
    assert await database.read(latest_id) > before
    await database.stop()
