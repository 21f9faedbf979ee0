"""A log from any place in it on, through the renaming that logrotate does. Stateless: the reader knows where
it is."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 20
_LONGEST_LINE = 1 << 16


class LogLost(Exception):
    """What the reader has read last is gone: the log was renamed more than once since."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of the file `file_id` (which keeps its id when it is renamed), and where the next ones begin."""

    file_id: str
    start: int
    body: bytes

    @property
    def next_offset(self) -> int:
        """Where to read on."""
        return self.start + len(self.body)


def read_log(path: Path, file_id: str, offset: int) -> Piece:
    """The next bytes after `offset` of this file; of the following one where it has come to its end.

    Without `file_id` it begins with the oldest there is: `cel.csv.1`, then `cel.csv`.

    Raises:
        LogLost: no file has this id any more.
        OSError: the log cannot be read.
    """
    before = path.with_name(path.name + ".1")
    files = [file for file in (before, path) if file.exists()]
    if not files:
        path.stat()  # tells what is wrong with it
    at = 0
    if file_id:
        known = [index for index, file in enumerate(files) if _is(file, file_id)]
        if not known:
            raise LogLost(f"{path} was renamed more than once since it was read last.")
        at = known[0]
    else:
        offset = 0
    while True:
        piece = _read(files[at], offset)
        if piece.body or at + 1 == len(files):
            return piece
        at, offset = at + 1, 0


def _read(file: Path, offset: int) -> Piece:
    with file.open("rb") as log:
        size = log.seek(0, 2)
        # Emptied in place: it begins anew.
        start = offset if offset <= size else 0
        log.seek(start)
        return Piece(_id_of(file), start, log.read(_CHUNK))


def _id_of(file: Path) -> str:
    # A number of an inode is given to a new file again; the first line, with its time, is not.
    found = file.stat()
    with file.open("rb") as log:
        first = log.readline(_LONGEST_LINE)
    line = hashlib.sha256(first).hexdigest()[:16] if first.endswith(b"\n") else ""
    return f"{found.st_dev:x}-{found.st_ino:x}-{line}"


def _is(file: Path, file_id: str) -> bool:
    now = _id_of(file)
    inode, _, line = file_id.rpartition("-")
    # Read before its first line was whole, it is known by its inode alone.
    return now == file_id or (not line and now.startswith(f"{inode}-"))
