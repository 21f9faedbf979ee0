"""What the database knows of playbooks."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from dialer.playbooks.tables import playbook_versions
from dialer.storage.rows import fetch


@dataclass(frozen=True, slots=True)
class SavedVersion:
    """A version that somebody saved. It is never changed again."""

    playbook: str
    version: int
    yaml: str
    saved_at: datetime
    saved_by: str
    open_ones: str


SHIPPED = ""
"""Who saved a version that came with the product, kept for the calls that began with it."""

_ALL = select(playbook_versions).order_by(playbook_versions.c.playbook, playbook_versions.c.version)
_SAVED = _ALL.where(playbook_versions.c.saved_by != SHIPPED)


def saved_versions(conn: Connection, playbook_id: str | None = None) -> list[SavedVersion]:
    """Every version that a person saved, of one playbook or of all, the oldest first."""
    query = _SAVED if playbook_id is None else _SAVED.where(playbook_versions.c.playbook == playbook_id)
    return fetch(conn, query, SavedVersion)


def all_versions(conn: Connection) -> list[SavedVersion]:
    """These, and the shipped ones that were kept."""
    return fetch(conn, _ALL, SavedVersion)
