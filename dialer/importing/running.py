"""One import on its way: batches of rows, each with its counts in one transaction, then planned."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, insert, update

from dialer.clock import Clock
from dialer.customers.service import take_in_many
from dialer.customers.values import Occasion, Taken, TakenIn
from dialer.followups.service import correct_number
from dialer.ids import new_id
from dialer.importing.columns.kinds import KINDS
from dialer.importing.errors import ErrorFile
from dialer.importing.options import ImportOptions, ImportReport
from dialer.importing.queries import ImportRow, known_times
from dialer.importing.readers.table import Row
from dialer.importing.reading import BadRow, OccasionFile
from dialer.importing.tables import import_mappings, imports
from dialer.planning.rules.owed import Site
from dialer.planning.service import plan_new
from dialer.storage.database import Database
from dialer.storage.dialects import upsert
from dialer.storage.feed import emit

# Bounds how long a call's write may wait for one of ours.
ROWS_A_WRITE = 500
PLANNED_A_WRITE = 500
COUNTS = ("rows", "created", "updated", "unchanged", "rejected")
_FORGOTTEN = "the person asked to be forgotten: not taken in"

Pair = tuple[Row, Occasion | BadRow]


class Run:
    """One import on its way."""

    def __init__(
        self,
        database: Database,
        site: Site,
        file: OccasionFile,
        options: ImportOptions,
        errors: ErrorFile,
        clock: Clock,
    ) -> None:
        self._database = database
        self._site = site
        self._file = file
        self._options = options
        self._errors = errors
        self._clock = clock
        self._rows: Iterator[Pair] = file.pairs()
        self._id = new_id()
        self.counts: Counter[str] = Counter()
        self._follow_ups = 0

    async def begin(self, path: Path, digest: str, earlier: ImportRow | None) -> None:
        """Write the import's row, or take up the one that was stopped."""
        if earlier is not None and earlier.rows:
            self._id = earlier.id
            for name in COUNTS:
                self.counts[name] = getattr(earlier, name)
            await asyncio.to_thread(self._pass_over, earlier.rows)
        self._errors.keep(self.counts["rejected"] if self._errors.path.exists() else 0)
        row = {
            "file": (self._options.shown_name or path.name)[:255],
            "sha256": digest,
            "kind": self._file.kind,
            "source": self._options.source,
            "form": self._file.form[:40],
            "encoding": self._file.encoding[:20],
            "state": "running",
            "problem": "",
            "by": self._options.by,
        }
        await self._database.write(partial(self._begin, row=row, new=not self.counts["rows"]))

    def _begin(self, conn: Connection, *, row: dict[str, str], new: bool) -> None:
        now = self._clock()
        if new:
            zeros = dict.fromkeys(COUNTS, 0)
            conn.execute(insert(imports).values(id=self._id, began_at=now, **zeros, **row))
        else:
            conn.execute(update(imports).where(imports.c.id == self._id).values(**row, ended_at=None))
        if self._options.mapped:
            remember_mapping(
                conn, self._options.source, self._file.kind, self._options.mapped, self._options.by, now
            )
        emit(conn, "import.started", self._id, now, {"file": row["file"], "kind": row["kind"]})

    def _pass_over(self, rows: int) -> None:
        for _ in islice(self._rows, rows):
            pass

    def next_batch(self) -> list[Pair]:
        """The next rows of the file."""
        return list(islice(self._rows, ROWS_A_WRITE))

    async def take(self, batch: list[Pair]) -> None:
        """Take in a batch: rows and counts are one transaction. Then what they make due is planned."""
        bad = [read for _, read in batch if isinstance(read, BadRow)]
        good = [(row.line, read) for row, read in batch if isinstance(read, Occasion)]
        # Before the counts: what a killed run wrote twice is cut off when it goes on.
        await asyncio.to_thread(self._errors.add, bad)
        self.counts, taken = await self._database.write(partial(self._take, good=good, bad=len(bad)))
        # Whom we must forget is not written down once more: the line tells.
        refused = [
            BadRow(line, _FORGOTTEN, ())
            for (line, _), one in zip(good, taken, strict=True)
            if one.what is Taken.REFUSED
        ]
        await asyncio.to_thread(self._errors.add, refused)
        await self.plan()

    def _take(
        self, conn: Connection, *, good: list[tuple[int, Occasion]], bad: int
    ) -> tuple[Counter[str], list[TakenIn]]:
        now = self._clock()
        today = self._file.reader.today
        told = with_known_times(conn, self._file.kind, [one for _, one in good], today)
        taken = take_in_many(conn, told, now)
        became = Counter(one.what for one in taken)
        counts = Counter(self.counts)
        counts["rows"] += len(told) + bad
        counts["created"] += became[Taken.CREATED]
        counts["updated"] += became[Taken.UPDATED]
        counts["unchanged"] += became[Taken.UNCHANGED]
        counts["rejected"] += became[Taken.REFUSED] + bad
        for occasion, one in zip(told, taken, strict=True):
            if one.what is Taken.UPDATED:
                correct_number(conn, one.occasion_id, occasion.numbers[0], now)
        totals = {name: counts[name] for name in COUNTS}
        conn.execute(update(imports).where(imports.c.id == self._id).values(**totals))
        emit(conn, "import.progress", self._id, now, totals)
        return counts, taken

    async def plan(self) -> None:
        """Plan what came in; batches of their own, so that a call's writes come in between."""
        while counts := await self._database.write(self._plan_some):
            self._follow_ups += counts["made"]

    def _plan_some(self, conn: Connection) -> Counter[str]:
        return plan_new(conn, self._site, self._clock(), PLANNED_A_WRITE)

    async def end(self, state: str, problem: str = "") -> ImportReport:
        """Write how the import ended."""
        error_file = str(self._errors.path) if self._errors.path.exists() else None
        now = self._clock()

        def work(conn: Connection) -> None:
            values = {"state": state, "problem": problem, "ended_at": now, "error_file": error_file}
            conn.execute(update(imports).where(imports.c.id == self._id).values(**values))
            emit(conn, f"import.{state}", self._id, now, dict(self.counts))

        await self._database.write(work)
        return ImportReport(
            id=self._id,
            form=self._file.form,
            encoding=self._file.encoding,
            kind=self._file.kind,
            kind_guessed=self._file.guessed,
            source=self._options.source,
            follow_ups=self._follow_ups,
            left_out=dict(+self._file.left_out),
            notes=dict(+self._file.notes),
            error_file=error_file,
            state=state,
            **{name: self.counts[name] for name in COUNTS},
        )


def remember_mapping(
    conn: Connection, source: str, kind: str, mapping: Mapping[str, str], by: str, now: datetime
) -> None:
    """Keep how the headings of this source are read, for its next file."""
    row = {
        "source": source,
        "kind": kind,
        "mapping": dict(mapping),
        "saved_at": now,
        "saved_by": by,
    }
    upsert(conn, import_mappings, row, ["source", "kind"])


def with_known_times(
    conn: Connection, kind: str, good: Sequence[Occasion], undated: datetime
) -> list[Occasion]:
    """What stood on a list before, without a date, keeps its first day: the same file changes nothing."""
    ids = [one.external_id for one in good if one.happened_at == undated]
    if not KINDS[kind].undated or not ids:
        return list(good)
    known = known_times(conn, kind, good[0].source, ids)
    return [
        replace(one, happened_at=known[one.external_id])
        if one.happened_at == undated and one.external_id in known
        else one
        for one in good
    ]
