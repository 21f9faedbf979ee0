"""The lines of the channel event log that are about one call, as they stand: for a person to read."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asterisk.cel import parse_row


@dataclass(frozen=True, slots=True)
class CelLine:
    """One line: what happened to which channel, by Asterisk's own clock."""

    at: datetime
    event: str
    channel: str
    cause: int | None


def lines_of(log: Path, attempt_id: str) -> list[CelLine]:
    """Every line of this attempt's call, from the log and the one rotated away before it. Blocks.

    Raises:
        OSError: the log cannot be read.
    """
    found: list[CelLine] = []
    before = log.with_name(f"{log.name}.1")
    for path in (before, log) if before.exists() else (log,):
        found += _lines(path, attempt_id)
    return sorted(found, key=lambda line: line.at)


def _lines(path: Path, attempt_id: str) -> Iterator[CelLine]:
    wanted = attempt_id.encode()
    with path.open("rb") as file:
        for raw in file:
            if wanted not in raw:
                continue
            columns = next(csv.reader([raw.decode("utf-8", "replace").rstrip("\n")]), [])
            row = parse_row(columns)
            if row is not None and attempt_id in (row.unique_id, row.linked_id):
                yield CelLine(row.at.astimezone(UTC), row.event, columns[4], row.cause)
