"""The playbooks on disk, read once and checked."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from dialer.playbooks.schema import Playbook


class BadPlaybook(Exception):
    """A playbook file cannot be used. The message names the file, the place and what is wrong."""


class Library:
    """Playbooks by id."""

    def __init__(self, playbooks: tuple[Playbook, ...]) -> None:
        self._by_id = {playbook.id: playbook for playbook in playbooks}

    def __iter__(self) -> Iterator[Playbook]:
        return iter(self._by_id.values())

    def get(self, playbook_id: str) -> Playbook:
        """The playbook with this id.

        Raises:
            BadPlaybook: there is none.
        """
        try:
            return self._by_id[playbook_id]
        except KeyError:
            known = ", ".join(sorted(self._by_id))
            raise BadPlaybook(f"there is no playbook {playbook_id!r}; known are: {known}") from None

    def find(self, playbook_id: str) -> Playbook | None:
        """The playbook with this id, None where there is none."""
        return self._by_id.get(playbook_id)

    def for_occasion(self, kind: str) -> tuple[Playbook, ...]:
        """The playbooks that an occasion of this kind may make due."""
        return tuple(playbook for playbook in self if kind in playbook.occasions.kinds)


def shipped_library() -> Library:
    """The playbooks that come with the product."""
    return read_library(Path(str(files("playbooks"))))


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
        return Playbook.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise BadPlaybook(f"{path.name}: cannot be read: {error}") from error
    except ValidationError as error:
        where = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'file'}: {item['msg']}"
            for item in error.errors()
        )
        raise BadPlaybook(f"{path.name}: {where}") from error
