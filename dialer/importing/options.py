"""How a file is to be read, and what became of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

DEFAULT_SOURCE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How a file is to be read. Empty: `kind` is guessed, `mapped` is what the source had before."""

    zone: ZoneInfo
    default_branch: str
    kind: str = ""
    source: str = DEFAULT_SOURCE
    mapped: Mapping[str, str] = field(default_factory=dict)
    by: str = ""
    # The file's name as people know it, and where bad rows go; default: the path's own and beside it.
    shown_name: str = ""
    error_file: Path | None = None
    # The reasons in the error file in the language of its readers.
    say: Callable[[str], str] = str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of a file's rows: rows = created + updated + unchanged + rejected.

    `left_out` are rows that are no data (totals, footers); `notes` what a person should know
    (derived_id, number_left_out); `state` done or stopped.
    """

    id: str
    form: str
    encoding: str
    kind: str
    kind_guessed: bool
    source: str
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    follow_ups: int
    left_out: Mapping[str, int]
    notes: Mapping[str, int]
    error_file: str | None
    state: str


class Stop:
    """Set by whoever wants the import to stop after the batch it is at."""

    def __init__(self) -> None:
        self.wanted = False
