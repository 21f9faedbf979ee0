"""A database with one customer and one agent, a folder where Asterisk leaves files, and the worker."""

from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, insert

from dialer.agents.tables import agents
from dialer.alarms.service import open_alarms
from dialer.calling.tables import attempts
from dialer.customers.tables import customers, occasions
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.storage.database import Database
from dialer.storage.dialects import sqlite_url
from dialer.storage.feed import emit
from recordings.queries import Recording, recording_of
from recordings.settings import RecordingSettings
from recordings.source import LocalSource
from recordings.worker import ArchiveWorker
from tests.support.stores import new_file
from tests.unit.recordings.sounds import AGENT_TONE, CUSTOMER_TONE, speech, write

START = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
PLATE = "豫A12345"


def create_schema(folder: Path) -> None:
    """The tables of the service in a new database."""
    new_file(folder / "dialer.db")


@dataclass
class World:
    """Everything one archive needs. `now` is the clock's time and stands still until moved."""

    folder: Path
    executor: Executor
    now: datetime = START
    settings: RecordingSettings = field(init=False)

    def __post_init__(self) -> None:
        self.monitor = self.folder / "monitor"
        self.root = self.folder / "recordings"
        self.settings = RecordingSettings(root=self.root, keep_free_bytes=0)
        self.db = Database(sqlite_url(self.folder / "dialer.db"))
        self.customer_id = ""

    async def open(self) -> "World":
        """Begin, with empty tables where there are none yet."""
        self.monitor.mkdir(exist_ok=True)
        if not (self.folder / "dialer.db").exists():
            create_schema(self.folder)
        await self.db.start()
        return self

    async def close(self) -> None:
        """End."""
        await self.db.stop()

    def worker(self, settings: RecordingSettings | None = None) -> ArchiveWorker:
        """A worker as the service composes it, started anew."""
        source = LocalSource(self.monitor)
        return ArchiveWorker(self.db, source, settings or self.settings, self.executor, lambda: self.now)

    async def call(
        self,
        *,
        seconds: float | None = 5.0,
        branch: str = "郑州东店",
        plate: str | None = PLATE,
        ended: bool = True,
    ) -> str:
        """An attempt whose call lasted `seconds`, None where nobody answered; its id."""
        key = new_id()

        def add(conn: Connection) -> None:
            customer, occasion, follow_up, agent = new_id(), new_id(), new_id(), new_id()
            self.customer_id = customer
            now = self.now
            conn.execute(insert(customers).values(id=customer, name="李", branch=branch, created_at=now))
            conn.execute(
                insert(agents).values(
                    id=agent, code=f"8{agent[-6:]}", name="王", extension=agent[-8:], branch=branch
                )
            )
            conn.execute(
                insert(occasions).values(
                    id=occasion,
                    kind="settlement",
                    source="test",
                    external_id=occasion,
                    happened_at=now,
                    branch=branch,
                    customer_id=customer,
                    plate=plate,
                    items=[],
                    staff=[],
                )
            )
            conn.execute(
                insert(follow_ups).values(
                    id=follow_up,
                    playbook="after-sales-satisfaction",
                    playbook_version=1,
                    customer_id=customer,
                    occasion_id=occasion,
                    branch=branch,
                    plate=plate,
                    number="13800001234",
                    state="calling",
                    due_at=now,
                    target_at=now,
                    limit_at=now,
                    tries={},
                    reason="new",
                    created_at=now,
                )
            )
            answered_at = None if seconds is None else now + timedelta(seconds=9)
            conn.execute(
                insert(attempts).values(
                    id=key,
                    follow_up_id=follow_up,
                    agent_id=agent,
                    number="13800001234",
                    state="ended" if ended else "talking",
                    run_id=new_id(),
                    placed_at=now,
                    go_at=now + timedelta(seconds=3),
                    answered_at=answered_at,
                    ended_at=(answered_at or now) + timedelta(seconds=seconds or 20) if ended else None,
                    outcome="answered" if answered_at else "no_answer",
                )
            )
            if ended:
                emit(conn, "attempt.ended", key, now, {"answered": answered_at is not None})

        await self.db.write(add)
        return key

    def leave(self, attempt_id: str, seconds: float = 5.0, *, done: bool = True, early: float = 0.0) -> None:
        """Write what Asterisk writes for an answered call."""
        write(self.monitor / f"{attempt_id}.agent.wav", speech(seconds, AGENT_TONE))
        write(self.monitor / f"{attempt_id}.customer.wav", speech(seconds, CUSTOMER_TONE))
        if done:
            (self.monitor / f"{attempt_id}.done").touch()
        if early:
            self.leave_early(attempt_id, early)
            (self.monitor / f"{attempt_id}.early.done").touch()

    def leave_early(self, attempt_id: str, seconds: float) -> None:
        """Write what was heard before the answer."""
        write(self.monitor / f"{attempt_id}.early.wav", speech(seconds, CUSTOMER_TONE))

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    async def recording(self, attempt_id: str) -> Recording:
        """The row of the attempt's recording."""
        row = await self.db.read(lambda conn: recording_of(conn, attempt_id))
        assert row is not None
        return row

    async def alarms(self) -> dict[str, str]:
        """Subject of each open alarm by its kind."""
        return {alarm.kind: alarm.subject for alarm in await self.db.read(open_alarms)}

    def left(self) -> list[str]:
        """Names of the files that still lie where Asterisk left them."""
        return sorted(path.name for path in self.monitor.iterdir())

    def archived_wavs(self) -> list[Path]:
        """Every WAV file of the archive, relative to its root."""
        return sorted(path.relative_to(self.root) for path in self.root.rglob("*.wav"))
