"""The recordings of several telephone systems as one source (D8)."""

from dataclasses import dataclass
from pathlib import Path

from recordings.source import Left, Part, RecordingSource, SourceUnreachable


@dataclass(frozen=True, slots=True)
class SeveralSources:
    """Asks each of `sources`, which are picklable values like any source.

    Ids of attempts are the same nowhere else, so that the first source that has files of one is the one that
    has them all. That none has any is only said when all could be asked.
    """

    sources: tuple[RecordingSource, ...]

    def look(self, attempt_id: str) -> Left:
        """See RecordingSource."""
        return self._where(attempt_id)[1]

    def fetch(self, attempt_id: str, part: Part, to: Path) -> str:
        """See RecordingSource."""
        return self._where(attempt_id)[0].fetch(attempt_id, part, to)

    def remove(self, attempt_id: str, parts: tuple[Part, ...]) -> None:
        """See RecordingSource."""
        source, left = self._where(attempt_id)
        if left.sizes:
            source.remove(attempt_id, parts)

    def attempts(self) -> list[str]:
        """See RecordingSource."""
        return sorted({attempt_id for source in self.sources for attempt_id in source.attempts()})

    def _where(self, attempt_id: str) -> tuple[RecordingSource, Left]:
        silent: SourceUnreachable | None = None
        for source in self.sources:
            try:
                left = source.look(attempt_id)
            except SourceUnreachable as error:
                silent = error
                continue
            if left.sizes:
                return source, left
        if silent is not None:
            raise silent
        return self.sources[0], Left({}, closed=True)
