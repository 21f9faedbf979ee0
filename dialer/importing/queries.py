"""Imports that were, how a source's columns were read, and rows that are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from dialer.customers.tables import occasions
from dialer.importing.tables import import_mappings, imports
from dialer.storage.rows import fetch, fetch_one


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One file that was taken in, or is being: rows = created + updated + unchanged + rejected."""

    id: str
    file: str
    sha256: str
    kind: str
    source: str
    form: str
    encoding: str
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    error_file: str | None
    state: str
    problem: str
    by: str
    began_at: datetime
    ended_at: datetime | None


def past_imports(conn: Connection, limit: int = 50) -> list[ImportRow]:
    """The latest imports, newest first."""
    return fetch(conn, select(imports).order_by(imports.c.began_at.desc()).limit(limit), ImportRow)


def import_of(conn: Connection, import_id: str) -> ImportRow | None:
    """One import."""
    return fetch_one(conn, select(imports).where(imports.c.id == import_id), ImportRow)


def unfinished(conn: Connection, sha256: str, kind: str, source: str) -> ImportRow | None:
    """The import of the same file that was stopped or killed and can go on."""
    same = (imports.c.sha256 == sha256, imports.c.kind == kind, imports.c.source == source)
    query = select(imports).where(*same).order_by(imports.c.began_at.desc(), imports.c.id.desc()).limit(1)
    latest = fetch_one(conn, query, ImportRow)
    return latest if latest is not None and latest.state in ("running", "stopped") else None


def saved_mapping(conn: Connection, source: str) -> Mapping[str, str]:
    """How this source's headings were read before, of whatever kind."""
    query = (
        select(import_mappings.c.mapping)
        .where(import_mappings.c.source == source)
        .order_by(import_mappings.c.saved_at)
    )
    known: dict[str, str] = {}
    for mapping in conn.execute(query).scalars():
        known.update(mapping)
    return known


def last_import(conn: Connection, source: str, since: datetime) -> ImportRow | None:
    """The latest import of this source that began since then and went well."""
    query = (
        select(imports)
        .where(imports.c.source == source, imports.c.state == "done", imports.c.began_at >= since)
        .order_by(imports.c.began_at.desc())
        .limit(1)
    )
    return fetch_one(conn, query, ImportRow)


def known_times(conn: Connection, kind: str, source: str, ids: Sequence[str]) -> dict[str, datetime]:
    """When the occasions with these external ids happened, as far as they are known."""
    query = select(occasions.c.external_id, occasions.c.happened_at).where(
        occasions.c.kind == kind, occasions.c.source == source, occasions.c.external_id.in_(ids)
    )
    return {row.external_id: row.happened_at for row in conn.execute(query)}
