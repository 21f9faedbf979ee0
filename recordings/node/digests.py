"""SHA-256 of files that do not change, worked out once each."""

import hashlib
from pathlib import Path

_BLOCK = 1 << 20
_REMEMBERED = 2000


class Digests:
    """Remembers the digest of each file for as long as its size and time of change are the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, int, int], str] = {}

    def of(self, file: Path) -> tuple[int, str]:
        """Bytes and SHA-256 of a file. Blocks.

        Raises:
            OSError: it cannot be read.
        """
        found = file.stat()
        key = (file, found.st_size, found.st_mtime_ns)
        if key not in self._known:
            digest = hashlib.sha256()
            with file.open("rb") as source:
                left = found.st_size
                while left and (block := source.read(min(_BLOCK, left))):
                    digest.update(block)
                    left -= len(block)
            self._known[key] = digest.hexdigest()
            if len(self._known) > _REMEMBERED:
                del self._known[next(iter(self._known))]
        return found.st_size, self._known[key]
