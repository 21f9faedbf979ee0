"""The lines of the channel event log that are about one call, as they stand: for a person to read."""

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from asterisk.callbook import SERVING
from asterisk.cel import CelSource, parse_row

# Before an attempt's or a party's id where it names a channel, and in a field of the agent's leg.
_BEFORE = (*SERVING, "agent:")


@dataclass(frozen=True, slots=True)
class CelLine:
    """One line: what happened to which channel, by Asterisk's own clock."""

    at: datetime
    event: str
    channel: str
    unique_id: str
    linked_id: str
    cause: int | None
    userfield: str = ""

    @property
    def about(self) -> frozenset[str]:
        """The ids of attempts, parties and calls that it names."""
        return frozenset(_bare(one) for one in (self.unique_id, self.linked_id, self.userfield))


def lines_of(log: CelSource, attempt_id: str, others: Collection[str] = ()) -> list[CelLine]:
    """Every line of this attempt's call, from the oldest there is on. Blocks.

    `others` are the ids of the phones that were asked into it, and of the call by which its customer rang.

    Raises:
        OSError: the log cannot be read.
    """
    ids = {attempt_id, *others}
    try:
        found = [one for one in lines_with(log, *ids) if one.about & ids]
    finally:
        log.close()
    return sorted(found, key=lambda line: line.at)


def _bare(name: str) -> str:
    return next((name.removeprefix(one) for one in _BEFORE if name.startswith(one)), name)


def lines_with(log: CelSource, *texts: str) -> Iterator[CelLine]:
    """The lines that hold one of `texts`, up to what is written now. Blocks.

    Raises:
        OSError: the log cannot be read.
    """
    wanted, rest = [text.encode() for text in texts], b""
    while chunk := log.read():
        *lines, rest = (rest + chunk).split(b"\n")
        for raw in lines:
            if not any(text in raw for text in wanted):
                continue
            columns = next(csv.reader([raw.decode("utf-8", "replace")]), [])
            row = parse_row(columns)
            if row is not None:
                at, name = row.at.astimezone(UTC), columns[4]
                yield CelLine(at, row.event, name, row.unique_id, row.linked_id, row.cause, row.userfield)
