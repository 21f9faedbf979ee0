"""Versions of playbooks: saved, never changed again, and gathered with the shipped ones (T7)."""

from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from dialer.playbooks.editing import with_value
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.library import Library
from dialer.playbooks.queries import SHIPPED, all_versions
from dialer.playbooks.reading import BadPlaybook, read_text
from dialer.playbooks.tables import playbook_versions
from dialer.storage.feed import emit

PUBLISHED = "playbook.published"


class OpenOnes(StrEnum):
    """What happens to the open follow-ups of the version before."""

    STAY = "stay"
    MOVE = "move"


class StaleVersion(Exception):
    """Somebody else saved the playbook meanwhile."""


def library_of(conn: Connection, shipped: Library) -> Library:
    """The shipped playbooks, now and before, and all that was saved; the newest saved one of an id counts.

    Raises:
        BadPlaybook: a saved version cannot be read by this version of the product.
    """
    kept: list[Playbook] = []
    saved: list[Playbook] = []
    for one in all_versions(conn):
        playbook = _read(one.yaml, f"{one.playbook} version {one.version}")
        (kept if one.saved_by == SHIPPED else saved).append(playbook)
    return Library([*kept, *shipped.all_versions()], saved)


def keep_shipped(conn: Connection, shipped: Library, now: datetime) -> int:
    """Keep the texts of shipped versions that are not kept yet: an upgrade will replace them (T7).

    They never count before what a person saved, nor before what the product ships now. How many were new.
    """
    known = {(one.playbook, one.version) for one in all_versions(conn)}
    rows = [
        {
            "playbook": playbook.id,
            "version": playbook.version,
            "yaml": playbook.text,
            "saved_at": now,
            "saved_by": SHIPPED,
            "open_ones": OpenOnes.STAY,
        }
        for playbook in shipped
        if (playbook.id, playbook.version) not in known
    ]
    if rows:
        conn.execute(insert(playbook_versions), rows)
    return len(rows)


def save_version(
    conn: Connection,
    shipped: Library,
    yaml_text: str,
    *,
    by: str,
    open_ones: OpenOnes,
    now: datetime,
    based_on: int | None = None,
) -> Playbook:
    """Save a text as the next version of its playbook, with its event; the `version` in it is set to that.

    The caller has checked it (`checking.problems`) and moves open follow-ups where that is wanted:
    `dialer.planning.changing.publishing.publish` does all of it.

    Args:
        based_on: The version that was changed; another one in force now means that somebody was faster.

    Raises:
        BadPlaybook: it is no playbook.
        StaleVersion: somebody else saved a version meanwhile.
    """
    playbook = read_text(yaml_text, "playbook")
    library = library_of(conn, shipped)
    current = library.find(playbook.id)
    in_force = current.version if current else None
    if based_on is not None and in_force != based_on:
        raise StaleVersion(
            f"version {in_force} of {playbook.id} was saved meanwhile: open it, and make your changes again"
        )
    version = max(library.versions(playbook.id), default=0) + 1
    text = with_value(yaml_text, ("version",), version)
    saved = read_text(text, "playbook")
    row = {
        "playbook": saved.id,
        "version": saved.version,
        "yaml": text,
        "saved_at": now,
        "saved_by": by,
        "open_ones": open_ones,
    }
    try:
        conn.execute(insert(playbook_versions).values(**row))
    except IntegrityError as error:
        raise StaleVersion(f"version {version} of {saved.id} was saved at the same moment") from error
    emit(conn, PUBLISHED, saved.id, now, {"version": version, "by": by, "open_ones": open_ones})
    return saved


@lru_cache(maxsize=512)
def _read(text: str, name: str) -> Playbook:
    """A saved text never changes, so it is read once."""
    return read_text(text, name)


__all__ = [
    "PUBLISHED",
    "BadPlaybook",
    "OpenOnes",
    "StaleVersion",
    "keep_shipped",
    "library_of",
    "save_version",
]
