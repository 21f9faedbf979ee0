"""What an import would do, without doing it (C3)."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dialer.importing.columns.cells import text_of
from dialer.importing.columns.headings import Column
from dialer.importing.options import ImportOptions
from dialer.importing.reading import BadRow
from dialer.importing.service import open_with

_SHOWN = 10
_REASONS = 20
_VALUE = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row as it stands in the file, and what is wrong with it, if anything."""

    line: int
    cells: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What is known of a file before it is taken in. `reasons` counts bad rows, values left out."""

    file: str
    form: str
    encoding: str
    kind: str
    kind_guessed: bool
    source: str
    heading_line: int
    columns: tuple[Column, ...]
    first: tuple[PreviewRow, ...]
    bad: tuple[PreviewRow, ...]
    rows: int
    good: int
    rejected: int
    # Rows with the external id of an earlier one: they update it.
    doubles: int
    reasons: Mapping[str, int]
    left_out: Mapping[str, int]
    notes: Mapping[str, int]


def preview(path: Path, options: ImportOptions, now: datetime) -> Preview:
    """Read the whole file and change nothing.

    Raises:
        UnreadableFile: as an import would.
    """
    file = open_with(path, options, now)
    first: list[PreviewRow] = []
    bad: list[PreviewRow] = []
    reasons: Counter[str] = Counter()
    ids: set[int] = set()
    good = 0
    try:
        for row, read in file.pairs():
            problem = read.why if isinstance(read, BadRow) else ""
            if isinstance(read, BadRow):
                reasons[_VALUE.sub("…", read.why)] += 1
            else:
                good += 1
                ids.add(hash(read.external_id))
            if len(first) < _SHOWN or (problem and len(bad) < _SHOWN):
                shown = PreviewRow(row.line, tuple(map(text_of, row.cells)), problem)
                first += [shown] if len(first) < _SHOWN else []
                bad += [shown] if problem and len(bad) < _SHOWN else []
    finally:
        file.close()
    rejected = reasons.total()
    return Preview(
        file=options.shown_name or path.name,
        form=file.form,
        encoding=file.encoding,
        kind=file.kind,
        kind_guessed=file.guessed,
        source=options.source,
        heading_line=file.heading_line,
        columns=file.columns,
        first=tuple(first),
        bad=tuple(bad),
        rows=good + rejected,
        good=good,
        rejected=rejected,
        doubles=good - len(ids),
        reasons=dict(reasons.most_common(_REASONS)),
        left_out=dict(+file.left_out),
        notes=dict(+file.notes),
    )
