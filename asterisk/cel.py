"""What Asterisk's own log of channel events (CEL) proves of a call.

CDR is no evidence: it loses calls when Asterisk dies, and shows unanswered ones as answered. CEL is
written line by line as things happen, and lives through the death of Asterisk; not through a power cut, which
takes the seconds that the machine had not put on its disk yet (Asterisk never syncs). Columns: eventtype,
eventtime, uniqueid, linkedid, channame, appname, userfield, extra.
"""

import asyncio
import csv
import glob
import gzip
import json
import os
import re
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

import structlog

from asterisk.callbook import FIRST, FIRST_DIALS, SERVING, first_of, is_attempt
from asterisk.callers import LetGo
from dialer.telephony.events import CustomerCalls
from dialer.telephony.port import CallTrail, TrailUnreadable

log = structlog.get_logger(__name__)

REMEMBERED = 50_000
"""Attempts whose trail is kept in memory: about two weeks of a large site."""

_COLUMNS = 8
_CHUNK = 1 << 20
# At leisure: so many lines (half a millisecond), then a rest for who places calls.
_LINES_AT_ONCE, _REST_SECONDS = 40, 0.004
# How the dialplan marks the agent's leg of a customer-first call.
_AGENTS = "agent:"
# What logrotate makes of a name: cel.csv.1, cel.csv.2.gz; with dateext cel.csv-20261130.
_ROTATED = re.compile(r"(?:\.(?P<number>\d{1,4})|-\d{8,14}(?:\.\d+)?)(?:\.gz)?")


class LogGap(OSError):
    """A part of the log is gone: the source goes on with the oldest there is."""


class CelSource(Protocol):
    """The log as one stream, wherever it lies."""

    def read(self) -> bytes:
        """The next bytes, oldest first; empty when all that is written was read. Blocks.

        Raises:
            LogGap: what came next is gone; the next `read` begins anew.
            OSError: the log cannot be read.
        """

    def close(self) -> None:
        """Let go of what is open; the next `read` begins anew."""


class CelFile:
    """The log on a disk of this machine, with all that logrotate has made of it by renaming.

    `back` is how much older than the newest line a rotated file may end (None: any): what is in doubt is not
    older, and a year of logs would take minutes to read.
    """

    def __init__(self, path: Path, *, back: timedelta | None = timedelta(days=7)) -> None:
        self._path = path
        self._back = back
        self._file: BinaryIO | gzip.GzipFile | None = None

    def read(self) -> bytes:
        """See `CelSource`."""
        if self._file is None:
            self._file = _open(next(iter(self._files()), self._path))
        while not (chunk := _read(self._file)):
            mine = os.fstat(self._file.fileno())
            following = self._after(mine)
            if following is None:
                if isinstance(self._file, gzip.GzipFile) or mine.st_size >= self._file.tell():
                    return b""
                self.close()
                raise LogGap(f"{self._path} was emptied before it was read to its end")
            # Its name is another's now: first what was written between the last look and that.
            if chunk := _read(self._file):
                return chunk
            self._file.close()
            self._file = _open(following)
        return chunk

    def close(self) -> None:
        """See `CelSource`."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def _after(self, mine: os.stat_result) -> Path | None:
        """The file after this one, which was read to its end and may be renamed or compressed by now."""
        files = self._files()
        for index, file in enumerate(files):
            if file.stat().st_ino == mine.st_ino:
                return next(iter(files[index + 1 :]), None)
        return next((one for one in files if one == self._path or _written(one) > mine.st_mtime_ns), None)

    def _files(self) -> list[Path]:
        """All there are, the oldest first and the one that is written now last."""
        found = []
        for file in self._path.parent.glob(glob.escape(self._path.name) + "[.-]*"):
            ending = _ROTATED.fullmatch(file.name.removeprefix(self._path.name))
            # While it is compressed there are two of it.
            if ending is not None and not (file.suffix == ".gz" and file.with_suffix("").exists()):
                found.append((_written(file), -int(ending["number"] or 0), file.name, file))
        now = [self._path] if self._path.exists() else []
        newest = max([*map(_written, now), *(one[0] for one in found)], default=0)
        since = 0 if self._back is None else newest - self._back // timedelta(microseconds=1) * 1000
        return [*(file for written, _, _, file in sorted(found) if written >= since), *now]


def _written(file: Path) -> int:
    """The time of its last line (ns), which compressing keeps."""
    return file.stat().st_mtime_ns


def _open(file: Path) -> BinaryIO | gzip.GzipFile:
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")


def _read(file: BinaryIO | gzip.GzipFile) -> bytes:
    try:
        return file.read(_CHUNK)
    except (EOFError, zlib.error) as error:
        raise OSError(f"{file.name} is not whole: {error}") from error


@dataclass(frozen=True, slots=True)
class CelRow:
    """One line of the log."""

    event: str
    at: datetime
    unique_id: str
    linked_id: str
    cause: int | None
    userfield: str = ""


def parse_row(columns: list[str]) -> CelRow | None:
    """A line's columns; None if they are none of ours."""
    if len(columns) != _COLUMNS:
        return None
    event, stamp, unique_id, linked_id, _name, _app, userfield, extra = columns
    try:
        at = datetime.fromtimestamp(float(stamp), UTC)
    except (ValueError, OverflowError):
        return None
    return CelRow(event, at, unique_id, linked_id, _cause(extra), userfield)


def _cause(extra: str) -> int | None:
    try:
        cause = json.loads(extra)["hangupcause"]
    except (ValueError, KeyError, TypeError):
        return None
    return cause if isinstance(cause, int) else None


class Trails:
    """Trails put together from rows, the newest attempts only."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._trails: dict[str, CallTrail] = {}
        self._agents: dict[str, str] = {}
        self._customers: dict[str, str] = {}
        self._legs: dict[str, str] = {}
        self._forgotten = ""
        self._good = self._bad = 0
        self.let_go = LetGo()

    def add(self, lines: Iterable[str]) -> None:
        """Take up lines of the log."""
        for line in lines:
            # Line by line: an open quotation mark in a torn one must not swallow those that follow.
            columns = next(csv.reader([line]), [])
            row = parse_row(columns)
            if row is None:
                self._bad += 1
                log.warning(
                    "A line of the channel event log cannot be read.", action="read_cel", columns=len(columns)
                )
            else:
                self._good += 1
                self._add_row(row)

    def of(self, attempt_id: str) -> CallTrail:
        """What the lines prove of an attempt.

        Raises:
            TrailUnreadable: no line has our columns, or the attempt is older than what is remembered.
        """
        if self._bad and not self._good:
            raise TrailUnreadable(
                "Asterisk's channel event log has other columns than ours: use the mapping of the shipped "
                "cel_custom.conf for the file that setting cel_file names."
            )
        trail = self._trails.get(attempt_id)
        if trail is None and attempt_id <= self._forgotten:
            raise TrailUnreadable(
                f"Attempt {attempt_id} is older than what is remembered of the channel event log."
            )
        return trail or CallTrail(attempt_id=attempt_id)

    def _add_row(self, row: CelRow) -> None:
        if row.unique_id.startswith(SERVING):  # in the customer's bridge it has the call's Linkedid
            if row.event == "CHAN_START" and row.unique_id.startswith((FIRST, FIRST_DIALS)):
                self._at_gate(row)
            return
        self.let_go.add(row.event, row.at, row.unique_id, row.userfield)
        attempt_id = self._legs.get(row.unique_id)
        if attempt_id is None:
            owned = _owner(row)
            if owned is None:
                return
            attempt_id, is_agent = owned
            # Behind a Local channel, or a third party: the first leg of its side stands for it.
            ours = self._agents if is_agent else self._customers
            if ours.setdefault(attempt_id, row.unique_id) != row.unique_id:
                return
            self._legs[row.unique_id] = attempt_id
        trail = self._trails.get(attempt_id) or CallTrail(attempt_id=attempt_id)
        is_agent = self._agents.get(attempt_id) == row.unique_id
        self._keep((_agent_row if is_agent else _customer_row)(trail, row))

    def _at_gate(self, row: CelRow) -> None:
        attempt_id = row.unique_id[len(FIRST) :]
        trail = self._trails.get(attempt_id) or CallTrail(attempt_id=attempt_id)
        self._keep(replace(trail, gate_at=trail.gate_at or row.at))

    def _keep(self, trail: CallTrail) -> None:
        self._trails[trail.attempt_id] = trail
        if len(self._trails) > self._remembered:
            oldest = next(iter(self._trails))
            self._forget(oldest)
            self._forgotten = max(self._forgotten, oldest)

    def gap(self) -> None:
        """Lines are missing from here on: of calls that went on, what was read proves nothing any more."""
        for attempt_id, trail in list(self._trails.items()):
            if trail.agent_ended_at is None or (trail.customer_started_at and not trail.customer_ended_at):
                self._forget(attempt_id)

    def _forget(self, attempt_id: str) -> None:
        del self._trails[attempt_id]
        for ours in (self._agents, self._customers):
            self._legs.pop(ours.pop(attempt_id, ""), None)


def _owner(row: CelRow) -> tuple[str, bool] | None:
    """The attempt a leg belongs to and whether it is its agent's; None: it is none of ours."""
    if is_attempt(row.unique_id):
        return row.unique_id, True
    if row.userfield.startswith(_AGENTS):
        attempt_id = row.userfield.removeprefix(_AGENTS)
        return (attempt_id, True) if is_attempt(attempt_id) else None
    # A customer who rang has a call of his own, and is marked when he is put through.
    linked_id = first_of(row.linked_id) or row.linked_id
    attempt_id = linked_id if is_attempt(linked_id) else row.userfield
    return (attempt_id, False) if is_attempt(attempt_id) else None


def _agent_row(trail: CallTrail, row: CelRow) -> CallTrail:
    match row.event:
        case "ANSWER":
            return replace(trail, agent_answered_at=trail.agent_answered_at or row.at)
        case "HANGUP" | "CHAN_END":
            return replace(trail, agent_ended_at=trail.agent_ended_at or row.at)
    return trail


def _customer_row(trail: CallTrail, row: CelRow) -> CallTrail:
    # Any line of the leg proves that it was dialled, should its first one be missing.
    trail = replace(trail, customer_started_at=trail.customer_started_at or row.at)
    match row.event:
        # Who rang may have been answered before he was put through: the bridge tells.
        case "ANSWER" | "BRIDGE_ENTER":
            return replace(trail, customer_answered_at=trail.customer_answered_at or row.at)
        case "HANGUP":
            return replace(trail, customer_ended_at=row.at, customer_cause=row.cause)
        case "CHAN_END":
            return replace(trail, customer_ended_at=trail.customer_ended_at or row.at)
    return trail


class CelLog:
    """Trails from a source, read further with each question, in a thread."""

    def __init__(self, source: CelSource, remembered: int = REMEMBERED) -> None:
        self._source = source
        self._remembered = remembered
        self._trails = Trails(remembered)
        self._rest = b""
        self._turn = asyncio.Lock()
        # Who waits for a trail, without which nobody is dialled; and who waits for the reading to end.
        self._asking = self._closing = 0

    async def close(self) -> None:
        """Let go of the log; the next question reads it anew."""
        self._closing += 1
        try:
            async with self._turn:
                self._source.close()
                self._trails, self._rest = Trails(self._remembered), b""
        finally:
            self._closing -= 1

    async def trail(self, attempt_id: str) -> CallTrail:
        """What the log proves of an attempt up to now.

        Raises:
            TrailUnreadable: the log cannot be read.
        """
        self._asking += 1
        try:
            async with self._turn:
                await self._catch_up()
                return self._trails.of(attempt_id)
        finally:
            self._asking -= 1

    async def let_go(self, since: datetime) -> tuple[CustomerCalls, ...]:
        """Customers who rang and were gone since then, before they were put through.

        Read at leisure: parsing a week of lines at once would hold up the calls that are placed meanwhile.

        Raises:
            TrailUnreadable: the log cannot be read.
        """
        async with self._turn:
            await self._catch_up()
            return self._trails.let_go.since(since)

    async def _catch_up(self) -> None:
        try:
            await asyncio.to_thread(self._read_on)
        except OSError as error:
            raise TrailUnreadable(
                f"Asterisk's channel event log cannot be read ({error}). Check setting cel_file, that "
                "Asterisk has cel.conf and cel_custom.conf as shipped, and that this service may read "
                "the file."
            ) from error

    def _read_on(self) -> None:
        try:
            self._read_all()
        except LogGap as error:
            log.error("A part of the channel event log is gone.", action="read_cel", error=str(error))
            self._trails.gap()
            self._rest = b""
            self._read_all()

    def _read_all(self) -> None:
        while chunk := self._source.read():
            # The last line may be half written: it waits for its end.
            whole, end, rest = (self._rest + chunk).rpartition(b"\n")
            self._rest = rest
            if not end:
                continue
            lines = list(filter(None, whole.decode("utf-8", "replace").split("\n")))
            for first in range(0, len(lines), _LINES_AT_ONCE):
                self._trails.add(lines[first : first + _LINES_AT_ONCE])
                if self._asking:
                    continue
                if self._closing:
                    return  # nobody waits for a trail, which half a log would prove wrongly
                time.sleep(_REST_SECONDS)
