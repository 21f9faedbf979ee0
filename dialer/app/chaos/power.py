"""What a power cut takes from a log that was written, and was not yet on the disk."""

import csv
import random
from datetime import datetime
from pathlib import Path

from asterisk.cel import parse_row


def lose_tail(log: Path, since: datetime, dice: random.Random) -> str:
    """Cut off what this channel event log was told from `since` on, in the middle of the first such line.

    Returns the lines that are gone, the torn one whole.
    """
    if not log.exists():
        return ""
    kept, lines = 0, log.read_bytes().splitlines(keepends=True)
    for line in lines:
        row = parse_row(next(csv.reader([line.decode("utf-8", "replace").rstrip()]), []))
        if row is not None and row.at >= since:
            break
        kept += len(line)
    gone = b"".join(lines)[kept:]
    if gone:
        with log.open("r+b") as file:
            file.truncate(kept + dice.randrange(gone.index(b"\n") + 1))
    return gone.decode("utf-8", "replace")
