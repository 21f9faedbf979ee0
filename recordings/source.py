"""Where the telephone system leaves its recordings, behind a small port.

The port is all a remote telephone system has to serve: look, fetch with a checksum, remove.
It is called from worker threads or processes, so a source is a picklable value.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

_BLOCK_BYTES = 1 << 20
_NAME = re.compile(r"^([0-9A-HJKMNP-TV-Z]{26})\.(agent|customer|early)\.wav$")


class Part(StrEnum):
    """The files of one attempt: the agent's and the customer's side of the call, and the early media."""

    AGENT = "agent"
    CUSTOMER = "customer"
    EARLY = "early"


CALL_PARTS = (Part.AGENT, Part.CUSTOMER)


class SourceUnreachable(Exception):
    """What the telephone system left cannot be reached. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Left:
    """Bytes of each part that lies at the source; `closed` when each is marked as come to its end."""

    sizes: Mapping[Part, int]
    closed: bool

    @property
    def has_call(self) -> bool:
        """Whether there is a side of the call."""
        return any(part in self.sizes for part in CALL_PARTS)


class RecordingSource(Protocol):
    """Files of attempts, as the telephone system wrote them. Every method raises SourceUnreachable."""

    def look(self, attempt_id: str) -> Left:
        """What there is for this attempt now."""

    def fetch(self, attempt_id: str, part: Part, to: Path) -> str:
        """Copy a part to the file `to`, resuming what may lie there; give its SHA-256.

        Raises:
            OSError: `to` cannot be written.
        """

    def remove(self, attempt_id: str, parts: tuple[Part, ...]) -> None:
        """Take these parts and their marks away; what is gone already is no error."""

    def attempts(self) -> list[str]:
        """The attempts that have files here. Files that no attempt can have written are passed over."""


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A folder here, or mounted here: `<attempt>.agent.wav`, `.customer.wav`, `.early.wav`.

    Files of their own mark the end: `<attempt>.done` of the call, `<attempt>.early.done` of the early media.
    """

    folder: Path

    def look(self, attempt_id: str) -> Left:
        """See RecordingSource."""
        self._demand_folder()
        sizes = {}
        for part in Part:
            try:
                sizes[part] = self._file(attempt_id, part).stat().st_size
            except FileNotFoundError:
                continue
            except OSError as error:
                raise self._unreachable(error) from error
        return Left(sizes, all(self._mark(attempt_id, part).exists() for part in sizes))

    def fetch(self, attempt_id: str, part: Part, to: Path) -> str:
        """See RecordingSource. A copy on one machine is quicker made again than resumed."""
        digest = hashlib.sha256()
        try:
            file = self._file(attempt_id, part).open("rb")
        except OSError as error:
            raise self._unreachable(error) from error
        with file, to.open("wb") as copy:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                copy.write(block)
        return digest.hexdigest()

    def remove(self, attempt_id: str, parts: tuple[Part, ...]) -> None:
        """See RecordingSource."""
        # Marks first: one that stays behind would lie there for ever.
        marks = [self._mark(attempt_id, part) for part in parts]
        for file in (*marks, *(self._file(attempt_id, part) for part in parts)):
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise self._unreachable(error) from error

    def attempts(self) -> list[str]:
        """See RecordingSource."""
        self._demand_folder()
        try:
            names = [entry.name for entry in self.folder.iterdir()]
        except OSError as error:
            raise self._unreachable(error) from error
        return sorted({match[1] for name in names if (match := _NAME.match(name))})

    def _file(self, attempt_id: str, part: Part) -> Path:
        return self.folder / f"{attempt_id}.{part}.wav"

    def _mark(self, attempt_id: str, part: Part) -> Path:
        return self.folder / f"{attempt_id}.{'early.' if part is Part.EARLY else ''}done"

    def _demand_folder(self) -> None:
        # Without this an unmounted folder would look like calls without a recording.
        if not self.folder.is_dir():
            raise SourceUnreachable(
                f"The folder {self.folder}, where Asterisk leaves recordings, is not there. "
                "Mount or create it, or correct the setting recordings_dir."
            )

    def _unreachable(self, error: OSError) -> SourceUnreachable:
        return SourceUnreachable(
            f"A file in {self.folder}, where Asterisk leaves recordings, cannot be used: {error}. "
            "Let the service's user read and delete there."
        )
