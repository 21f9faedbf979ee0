"""A log from any place in it on, through the renaming that logrotate does. Stateless: the reader knows where
it is."""

from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 20


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
    ids = [_id_of(file) for file in files]
    if not file_id:
        at, offset = 0, 0
    elif file_id in ids:
        at = ids.index(file_id)
    else:
        raise LogLost(f"{path} was renamed more than once since it was read last.")
    if not files:
        path.stat()  # tells what is wrong with it
    while True:
        piece = _read(files[at], ids[at], offset)
        if piece.body or at + 1 == len(files):
            return piece
        at, offset = at + 1, 0


def _read(file: Path, file_id: str, offset: int) -> Piece:
    with file.open("rb") as log:
        size = log.seek(0, 2)
        # Emptied in place: it begins anew.
        start = offset if offset <= size else 0
        log.seek(start)
        return Piece(file_id, start, log.read(_CHUNK))


def _id_of(file: Path) -> str:
    found = file.stat()
    return f"{found.st_dev:x}-{found.st_ino:x}"
