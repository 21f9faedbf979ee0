"""The playbooks, by id and version: those on disk, and those that were saved since."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.reading import BadPlaybook, read_text

__all__ = [
    "BadPlaybook",
    "Library",
    "LiveLibrary",
    "read_library",
    "read_playbook",
    "shipped_folder",
    "shipped_library",
]


class Library:
    """Playbooks by id, each in its newest version; older versions for the calls that began with them (T7)."""

    def __init__(self, playbooks: Iterable[Playbook], saved: Iterable[Playbook] = ()) -> None:
        """Gather them.

        Args:
            playbooks: What comes with the product.
            saved: What supervisors saved. The newest saved one of an id counts, whatever the product ships.
        """
        versions: dict[str, dict[int, Playbook]] = {}
        current: dict[str, Playbook] = {}
        for playbook in sorted(playbooks, key=lambda one: one.version):
            versions.setdefault(playbook.id, {})[playbook.version] = playbook
            current[playbook.id] = playbook
        for playbook in sorted(saved, key=lambda one: one.version):
            versions.setdefault(playbook.id, {})[playbook.version] = playbook
            current[playbook.id] = playbook
        self._current: Mapping[str, Playbook] = current
        self._versions: Mapping[str, Mapping[int, Playbook]] = versions

    def __iter__(self) -> Iterator[Playbook]:
        return iter(self._current.values())

    def get(self, playbook_id: str, version: int | None = None) -> Playbook:
        """The playbook with this id, in the version that counts now, or in the one asked for.

        A version that is not there any more (the product was upgraded) gives the one that counts now.

        Raises:
            BadPlaybook: there is none of this id.
        """
        playbook = self.find(playbook_id, version)
        if playbook is None:
            known = ", ".join(sorted(self._current))
            raise BadPlaybook(f"there is no playbook {playbook_id!r}; known are: {known}")
        return playbook

    def find(self, playbook_id: str, version: int | None = None) -> Playbook | None:
        """The same, None where there is none of this id."""
        current = self._current.get(playbook_id)
        if version is None or current is None or current.version == version:
            return current
        return self._versions[playbook_id].get(version, current)

    def versions(self, playbook_id: str) -> tuple[int, ...]:
        """Every version of this id that is known, the oldest first."""
        return tuple(sorted(self._versions.get(playbook_id, ())))

    def all_versions(self) -> Iterator[Playbook]:
        """Every version of every playbook."""
        for versions in self._versions.values():
            yield from versions.values()

    def for_occasion(self, kind: str) -> tuple[Playbook, ...]:
        """The playbooks that an occasion of this kind may make due."""
        return tuple(playbook for playbook in self if kind in playbook.occasions.kinds)

    def having(self, playbook: Playbook) -> "Library":
        """This library with `playbook` in force: what would be if it were saved."""
        library = Library(())
        library._current = {**self._current, playbook.id: playbook}
        versions = {**self._versions.get(playbook.id, {}), playbook.version: playbook}
        library._versions = {**self._versions, playbook.id: versions}
        return library


class LiveLibrary(Library):
    """A library that everyone holds and that changes under them when a version is published."""

    def become(self, library: Library) -> None:
        """Hold what `library` holds, from now on."""
        self._current, self._versions = library._current, library._versions


def shipped_folder() -> Path:
    """Where the playbooks that come with the product lie."""
    return Path(str(files("playbooks")))


@cache
def shipped_library() -> Library:
    """The playbooks that come with the product; read once, for they do not change while it runs."""
    return read_library(shipped_folder())


def read_library(folder: Path) -> Library:
    """Every `*.yaml` of `folder` as a playbook.

    Raises:
        BadPlaybook: a file is not a playbook.
    """
    return Library(tuple(read_playbook(path) for path in sorted(folder.glob("*.yaml"))))


def read_playbook(path: Path) -> Playbook:
    """One playbook file.

    Raises:
        BadPlaybook: it is not YAML, or not a playbook.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadPlaybook(f"{path.name}: cannot be read: {error}") from error
    return read_text(text, path.name)
