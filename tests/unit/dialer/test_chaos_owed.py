"""What chaos lets be owed: every way of calling, drawn from the seed (D2)."""

import random
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from dialer.app.chaos.owed import owe, publish
from dialer.clock import system_clock
from dialer.followups.tables import follow_ups
from dialer.playbooks.library import shipped_library
from dialer.playbooks.service import library_of
from dialer.storage.database import Database
from tests.support.stores import new_file

NUMBERS = [f"139{index:08d}" for index in range(60)]


async def owed(database: Database, seed: int) -> list[str]:
    """The playbook of each customer's follow-up."""

    def work(conn: Connection) -> list[str]:
        now = system_clock()
        publish(conn, now)
        owe(conn, NUMBERS, ZoneInfo("Asia/Shanghai"), now, random.Random(seed))
        due = (follow_ups.c.state == "waiting") & (follow_ups.c.due_at <= now)
        rows = conn.execute(select(follow_ups.c.playbook, follow_ups.c.number).where(due)).all()
        return [playbook for playbook, _ in sorted(rows, key=lambda row: row.number)]

    return await database.write(work)


async def test_every_customer_is_owed_one_call_now_in_one_of_the_ways(tmp_path: Path) -> None:
    database = Database(new_file(tmp_path / "dialer.db"))
    await database.start()
    found = await owed(database, 7)
    library = await database.read(lambda conn: library_of(conn, shipped_library()))
    await database.stop()
    assert len(found) == len(NUMBERS)
    modes = Counter(library.get(one).mode for one in found)
    assert set(modes) == {"progressive", "customer_first", "preview"}
    assert modes.most_common(1)[0][0] == "progressive"
