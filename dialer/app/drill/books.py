"""What a drill reads from the database, and the customers it imports."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from dialer.app.demo.cast import Fate, Role, orders_csv
from dialer.calling.queries import Attempt, count_in_flight
from dialer.calling.tables import attempts, repairs
from dialer.clock import system_clock
from dialer.importing.service import import_orders
from dialer.playbooks.editing import Plain, with_values
from dialer.playbooks.library import Library, shipped_folder, shipped_library
from dialer.playbooks.service import OpenOnes, library_of, save_version
from dialer.storage.database import Database
from dialer.storage.rows import fetch
from recordings.queries import waiting
from recordings.service import has_news
from recordings.tables import recordings

# The one that the cast's orders fall under.
_PLAYBOOK = "after-sales-satisfaction"


def customers(size: int, fates: tuple[Fate, ...] = (Fate.ANSWERS,)) -> tuple[Role, ...]:
    """So many customers with one order each; the fates come in turn."""
    return tuple(
        Role(f"JS{index:05d}", f"139{index:08d}", f"豫A{index + 10000}", "测试", fates[index % len(fates)])
        for index in range(size)
    )


async def import_cast(
    database: Database,
    cast: tuple[Role, ...],
    folder: Path,
    zone: ZoneInfo,
    *,
    library: Library | None = None,
) -> None:
    """Import yesterday's orders of the cast: their follow-ups are due, by `library` or the shipped one."""
    file = folder / "orders.csv"
    file.write_bytes(orders_csv(cast, datetime.now(zone).date()))
    await import_orders(
        database,
        library or shipped_library(),
        file,
        zone=zone,
        default_branch="drill",
        clock=system_clock,
    )


def ring_customers_first(conn: Connection) -> Library:
    """Publish the playbook of the cast's orders anew: its customers are rung before an agent (D2)."""
    publish_changed(conn, {("mode",): "customer_first"}, system_clock())
    return library_of(conn, shipped_library())


def publish_changed(
    conn: Connection,
    changes: Mapping[tuple[str | int, ...], Plain],
    now: datetime,
    playbook: str = _PLAYBOOK,
) -> None:
    """Publish a playbook (that of the cast's orders) with these values changed; one with another id beside
    it."""
    text = (shipped_folder() / f"{playbook}.yaml").read_text(encoding="utf-8")
    changed = with_values(text, changes)
    save_version(conn, shipped_library(), changed, by="drill", open_ones=OpenOnes.STAY, now=now)


def unfinished(conn: Connection) -> bool:
    """Whether a call or the archiving of one is not over."""
    # An attempt that ended a moment ago is news to the archive before its recording waits there.
    return bool(count_in_flight(conn) or has_news(conn) or waiting(conn))


def every_attempt(conn: Connection) -> list[Attempt]:
    """Every attempt, oldest first."""
    return fetch(conn, select(attempts).order_by(attempts.c.placed_at), Attempt)


def count_repairs(conn: Connection) -> int:
    """How many repairs were written down."""
    return conn.execute(select(func.count()).select_from(repairs)).scalar_one()


def recording_states(conn: Connection) -> dict[str, str]:
    """The state of each recording, by attempt."""
    query = select(recordings.c.attempt_id, recordings.c.state)
    return {row.attempt_id: row.state for row in conn.execute(query)}
