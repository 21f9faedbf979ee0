"""The lines of the channel event log that are about one call, as they stand: for a person to read."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from asterisk.cel import CelSource, parse_row


@dataclass(frozen=True, slots=True)
class CelLine:
    """One line: what happened to which channel, by Asterisk's own clock."""

    at: datetime
    event: str
    channel: str
    unique_id: str
    linked_id: str
    cause: int | None


def lines_of(log: CelSource, attempt_id: str) -> list[CelLine]:
    """Every line of this attempt's call, from the oldest there is on. Blocks.

    Raises:
        OSError: the log cannot be read.
    """
    try:
        found = [one for one in lines_with(log, attempt_id) if attempt_id in (one.unique_id, one.linked_id)]
    finally:
        log.close()
    return sorted(found, key=lambda line: line.at)


def lines_with(log: CelSource, text: str) -> Iterator[CelLine]:
    """The lines that hold `text`, up to what is written now. Blocks.

    Raises:
        OSError: the log cannot be read.
    """
    wanted, rest = text.encode(), b""
    while chunk := log.read():
        *lines, rest = (rest + chunk).split(b"\n")
        for raw in lines:
            if wanted not in raw:
                continue
            columns = next(csv.reader([raw.decode("utf-8", "replace")]), [])
            row = parse_row(columns)
            if row is not None:
                yield CelLine(
                    row.at.astimezone(UTC), row.event, columns[4], row.unique_id, row.linked_id, row.cause
                )
